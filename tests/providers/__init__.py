"""Providers on this machine that behave as the providers' documents say, and fail in their ways."""
