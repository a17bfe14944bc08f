"""What customers say: read for danger and for wishes (`detection`), and answered."""
