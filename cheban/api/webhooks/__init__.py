"""Webhooks: events told to other systems, signed, at least once each. Standard Webhooks 1.0.0. R023, R030."""
