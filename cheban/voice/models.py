"""Tables of the voice room, from its sub-rooms."""

from cheban.voice.complaints.models import *  # noqa: F403
from cheban.voice.conversations.models import Conversation, Question, Said  # noqa: F401
from cheban.voice.hearing.models import *  # noqa: F403
from cheban.voice.surveys.models import Survey  # noqa: F401
