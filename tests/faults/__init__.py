"""Long fault tests: the product as a whole, run as a person runs it, and what befalls it."""
