"""Cheban (车伴): after-sales customer lifecycle management for dealer stores and their groups."""

__version__ = "0.1.0"
