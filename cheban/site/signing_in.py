"""What follows when somebody signs in, out, or changes how they do: marks and audit rows. R019."""

from __future__ import annotations

from allauth.mfa.signals import authenticator_added, authenticator_removed, authenticator_reset
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest

from cheban.core import clock
from cheban.core.live import STAFF, announce
from cheban.org.commands import note_sign_in
from cheban.org.models import Staff
from cheban.site import idle


def _origin(request: HttpRequest | None) -> str:
    return request.META.get("REMOTE_ADDR", "") if request is not None else ""


@receiver(user_logged_in)
def begin(sender, request: HttpRequest | None, user: Staff, **_) -> None:
    """The desk's lock counts from here."""
    if request is not None:
        request.session[idle.BEGAN] = clock.now().timestamp()
    note_sign_in(user, "session.began", origin=_origin(request))


@receiver(user_logged_out)
def over(sender, request: HttpRequest | None, user: Staff | None, **_) -> None:
    """Signed out by hand, or by the desk's lock."""
    if user is not None:
        note_sign_in(user, "session.ended", origin=_origin(request))
        announce(STAFF, user.pk)


@receiver(authenticator_added)
def added(sender, request: HttpRequest, user: Staff, authenticator, **_) -> None:
    """A second factor more."""
    note_sign_in(user, "second_factor.added", origin=_origin(request), kind=authenticator.type)


@receiver(authenticator_removed)
def removed(sender, request: HttpRequest, user: Staff, authenticator, **_) -> None:
    """A second factor less."""
    note_sign_in(user, "second_factor.removed", origin=_origin(request), kind=authenticator.type)


@receiver(authenticator_reset)
def reset(sender, request: HttpRequest, user: Staff, authenticator, **_) -> None:
    """Recovery codes made anew."""
    note_sign_in(user, "second_factor.renewed", origin=_origin(request), kind=authenticator.type)
