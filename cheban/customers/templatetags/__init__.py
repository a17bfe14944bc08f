"""Display components of the customers room."""
