"""A customer, sales and service in one conversation, with an answer clock of ten working minutes. R037, R038, R041."""
