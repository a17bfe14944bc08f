"""Choices that forms of the voice room offer."""

from cheban.voice.complaints.tables import CAUSES, CHANNELS, KINDS, RANK

__all__ = ["CAUSES", "CHANNELS", "KINDS", "RANK"]
