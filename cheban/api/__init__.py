"""Interfaces for programs: REST, tokens, webhooks."""
