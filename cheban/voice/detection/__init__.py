"""What customers say, read for danger and for leads. Pure: no tables, no clock, no network. R104-R107, R119.

>>> from cheban.voice.detection import detect
>>> detect("昨天高速上刹车突然失灵").kinds
('brakes',)
>>> detect("刹车没问题").red_alert
False
"""

from cheban.voice.detection.detecting import Detected, Span, detect

__all__ = ["Detected", "Span", "detect"]
