"""Events of rooms that are not built yet are declared for a test and forgotten after it."""

import pytest

from cheban.core import events


@pytest.fixture(autouse=True)
def forget_declared():
    """What a test declares does not outlive it."""
    declared = dict(events._declared)
    reactions = {name: dict(held) for name, held in events._reactions.items()}
    yield
    events._declared.clear()
    events._declared.update(declared)
    events._reactions.clear()
    events._reactions.update(reactions)
