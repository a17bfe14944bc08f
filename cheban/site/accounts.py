"""How allauth behaves here: no sign-up, staff are made by managers."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class Adapter(DefaultAccountAdapter):
    """Sign-in only."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody signs up: a manager adds staff."""
        return False

    def send_mail(self, *args, **kwargs) -> None:
        """Staff have no e-mail address here; nothing to send."""
