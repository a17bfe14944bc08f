"""Tables of the voice room, by sub-room."""

from cheban.voice.complaints.models import *  # noqa: F403
from cheban.voice.hearing.models import *  # noqa: F403
