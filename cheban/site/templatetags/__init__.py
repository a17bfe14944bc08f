"""Display components for templates."""
