"""Whose account an identity is. It is linked once, by a claim that only the provider's administrator can change, to an
account that exists; from then on by issuer and subject alone. Nobody signs up, no mail address or name is kept."""

from __future__ import annotations

import hashlib
from typing import Any

from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.db import transaction

from cheban.core.errors import Refused
from cheban.org.commands import note_sign_in
from cheban.org.models import Staff

PROVIDER = "sso"


class NobodyHere(Refused):
    """No active account belongs to this identity."""


class LinkedToAnother(Refused):
    """The account already belongs to another identity: a staff number given anew, or one made anew at the provider."""


def uid_of(claims: dict[str, Any]) -> str:
    """What stands for issuer and subject: another provider's same subject is somebody else."""
    return hashlib.sha256(f"{claims['iss']}\n{claims['sub']}".encode()).hexdigest()


def login_of(claims: dict[str, Any]) -> str:
    """The login that the provider vouches for; '' when it vouches for none."""
    name = settings.OIDC["claim"]
    value = claims.get(name)
    if not isinstance(value, str):
        return ""
    value = value.strip()
    if name == "email":
        if claims.get("email_verified") is not True:
            return ""
        if domain := settings.OIDC["email_domain"]:
            local, _at, of = value.rpartition("@")
            return local if of.casefold() == domain.casefold() else ""
    return value


def staff_of(claims: dict[str, Any], *, origin: str) -> Staff:
    """The person; linked now if this is their first time. A stopped one who is linked is given back as stopped.

    Raises NobodyHere and LinkedToAnother.
    """
    uid = uid_of(claims)
    with transaction.atomic():
        linked = SocialAccount.objects.filter(provider=PROVIDER, uid=uid).select_related("user").first()
        if linked:
            return linked.user
        login = login_of(claims)
        staff = Staff.objects.select_for_update().filter(login__iexact=login, is_active=True).first() if login else None
        if staff is None:
            raise NobodyHere
        theirs = SocialAccount.objects.filter(provider=PROVIDER, user=staff).first()  # under the lock: one each
        if theirs is None:
            SocialAccount.objects.create(provider=PROVIDER, uid=uid, user=staff)
            note_sign_in(staff, "sso.linked", origin=origin)
        elif theirs.uid != uid:
            raise LinkedToAnother
        return staff


def unlink(staff: Staff) -> bool:
    """Forget which identity an account belongs to (operator's command); the next sign-in links it anew."""
    with transaction.atomic():
        deleted, _rows = SocialAccount.objects.filter(provider=PROVIDER, user=staff).delete()
        if deleted:
            note_sign_in(staff, "sso.unlinked")
    return bool(deleted)
