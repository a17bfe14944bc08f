"""What customers say. For now the reading of it (`detection`); no tables yet."""
