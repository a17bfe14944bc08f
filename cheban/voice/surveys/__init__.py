"""Two questions after a delivery and after a visit: one score for sales and service together. R132, R135, R164, R167."""
