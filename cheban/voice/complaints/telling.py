"""Owners hear where their complaint stands: the link to its page goes out by itself, as far as the gate lets it. R118, R121.

Once the customer was spoken to, and each time that a solution was carried out and waits for their word. A colleague may
send the link again, at most once a day.
"""

from __future__ import annotations

from django.utils.translation import gettext as _

from cheban.core import clock
from cheban.core.errors import WrongState
from cheban.core.events import reaction
from cheban.core.models import Event
from cheban.messaging import commands as messaging
from cheban.messaging.commands import Owed
from cheban.org.access import Actor, audit, command
from cheban.org.models import Staff
from cheban.voice import kinds
from cheban.voice.complaints import links
from cheban.voice.models import Complaint, OwnerLink


@reaction("complaint.answered")
def tell_who_is_on_it(event: Event) -> None:
    """The customer was spoken to: now they can follow it. Safe to run twice."""
    found = Complaint.objects.filter(id=event.facts["complaint_id"], customer__isnull=False).first()
    if found is not None:
        _owe(found, kinds.ANSWERED.code, key=f"complaint:{found.id}:answered", speaker=_speaker(found))


@reaction("complaint.carried_out")
def ask_whether_it_is_solved(event: Event) -> None:
    """The solution was carried out: the customer says on their page whether it is solved. Safe to run twice."""
    found = Complaint.objects.filter(id=event.facts["complaint_id"], customer__isnull=False).first()
    if found is not None and found.state == Complaint.State.CARRIED_OUT:
        _owe(found, kinds.CARRIED_OUT.code, key=f"complaint:{found.id}:done:{event.facts['solution_id']}")


@command("complaint.answer")
def send_link(complaint: Complaint, *, by: Actor) -> None:
    """Send the owner the link of their complaint now. Raises WrongState for a claim that is nobody's yet, or when it
    went out today."""
    if complaint.customer_id is None:
        raise WrongState(_("还没有核对是哪位客户，不能发短信。"))
    link = links.of_complaint(complaint, by_id=by.staff_id)
    key = f"complaint-link:{link.id}:{clock.today():%Y%m%d}"
    _once(_owe(complaint, kinds.ANSWERED.code, key=key, speaker=_speaker(complaint)))
    audit("complaint.link_sent", by=by, subject=f"complaint:{complaint.id}", store_id=complaint.store_id)


@command("complaint.file")
def send_invitation(link: OwnerLink, *, by: Actor) -> None:
    """Send a customer the link at which they may complain. Raises WrongState when it went out today."""
    key = f"complaint-link:{link.id}:{clock.today():%Y%m%d}"
    _once(
        messaging.send(
            Owed(
                key=key,
                kind=kinds.INVITED.code,
                channel="sms",
                store_id=link.store_id,
                customer_id=link.customer_id,
                vehicle_id=link.vehicle_id,
                facts={"link_id": str(link.id)},
            )
        )
    )
    audit("complaint.link_sent", by=by, subject=f"customer:{link.customer_id}", store_id=link.store_id)


def _once(is_new: bool) -> None:
    if not is_new:
        raise WrongState(_("今天已经发过一次。发没发到，在发件箱里看得到。"))


def _owe(found: Complaint, kind: str, *, key: str, **facts: str) -> bool:
    link = links.of_complaint(found, by_id=None)
    return messaging.send(
        Owed(
            key=key,
            kind=kind,
            channel="sms",
            store_id=found.store_id,
            customer_id=found.customer_id,
            vehicle_id=found.vehicle_id,
            facts={"link_id": str(link.id), **facts},
        )
    )


def _speaker(found: Complaint) -> str:
    """The one voice; the store itself where nobody is named yet."""
    name = Staff.objects.filter(id=found.speaker_id).values_list("name", flat=True).first() if found.speaker_id else ""
    return name or found.store.name
