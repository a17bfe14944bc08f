"""Every word of a customer that any room records is kept and read for danger and wishes. R042, R104-R107, R119."""
