"""What goes in and out, a file for each room; `values` are the kinds of values that all use.

The rooms that every endpoint file knows stand here by name; those of sales, voice and arrivals are imported by theirs.
"""

from cheban.api.schemas.customers import *  # noqa: F403
from cheban.api.schemas.house import *  # noqa: F403
from cheban.api.schemas.imports import *  # noqa: F403
from cheban.api.schemas.orders import *  # noqa: F403
from cheban.api.schemas.tasks import *  # noqa: F403
from cheban.api.schemas.values import *  # noqa: F403
from cheban.api.schemas.vehicles import *  # noqa: F403
