"""What the collaboration health board measures: each figure as data, with its formula in words. R161-R168, R181-R182.

A definition says how an event of another room becomes a `Reading`: something was opened, something was fulfilled, or
both at once. Nothing here reads the database. Events that no room of this house declares are left aside, so a figure
comes to life with the room that tells of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_noop

from cheban.core import events
from cheban.core.models import Event


@dataclass(frozen=True, slots=True)
class Reading:
    """What one event says about one counted thing.

    `subject` is the thing (an id as text). `opens`: it counts from now on, with `whole` (1, or the number of fields),
    for `person_id`; `worth` is its part where nothing has to follow (an answer in points, correct fields), None where
    the part is earned by closing. `closes`: it was fulfilled at `at`; `is_kept` where the event itself knows whether in
    time, else the time limit of the definition decides.
    """

    subject: str
    at: datetime
    opens: bool = False
    closes: bool = False
    person_id: int | None = None
    whole: int = 1
    worth: int | None = None
    is_kept: bool | None = None


Read = Callable[[Event], Reading | None]


@dataclass(frozen=True, slots=True)
class Definition:
    """One figure of the board.

    unit: `percent` (100 x part / whole), `points` or `hours` (part / whole, a mean). `better`: `more` or `less`.
    `target` and `least` (the fewest that give a light) are the house's; a group or a store may set others. `margin`:
    kept, but by less than this, is amber. `reads` maps event name -> how it is read. `within`: the time limit; what is
    opened counts on the day on which it ends. `last_word`: of several decisions on one thing the newest counts.
    `from_tasks`: computed from the playbook's tasks instead of events. `is_tile`: one of the four tiles of the board.
    `thing`: what is counted. `opens_case`: two red weeks open an improvement. Pages of the counted things are found by
    the subjects that rooms register (`core.facts`): the event names the subject, the subject its page.
    """

    code: str
    title: str
    short: str
    formula: str
    side: str
    target: Decimal
    reads: Mapping[str, Read] = field(default_factory=dict)
    unit: str = "percent"
    better: str = "more"
    least: int = 5
    margin: Decimal = Decimal(1)
    within: timedelta | None = None
    last_word: bool = False
    from_tasks: bool = False
    is_tile: bool = False
    is_listed: bool = True
    thing: str = ""
    opens_case: bool = True

    def counts(self, event: Event) -> Iterator[Reading]:
        """What this event says to this figure; nothing for events it does not read."""
        read = self.reads.get(event.name)
        if read is not None and (found := read(event)) is not None and found.subject:
            yield found


def _subject(event: Event, *names: str) -> str:
    return next((str(event.facts[name])[:64] for name in names if event.facts.get(name)), "")


def _person(event: Event, *names: str) -> int | None:
    for name in names:
        value = event.facts.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    return None


def opened(*keys: str, who: tuple[str, ...] = ()) -> Read:
    """It counts from this event on; `keys`: facts that name the thing, the first that is there; `who`: whose it is."""
    return lambda e: Reading(_subject(e, *keys), e.at, opens=True, person_id=_person(e, *who))


def closed(*keys: str, who: tuple[str, ...] = ("by",)) -> Read:
    """It was fulfilled, in time if the fact `kept` says so or, without one, by the definition's limit."""

    def read(event: Event) -> Reading:
        kept = event.facts.get("kept")
        return Reading(
            _subject(event, *keys),
            event.at,
            closes=True,
            person_id=_person(event, *who) or event.actor_id,
            is_kept=kept if isinstance(kept, bool) else None,
        )

    return read


def decided(part: int | str, *keys: str, who: tuple[str, ...] = ()) -> Read:
    """One event says it all: `part` is a number, or the fact that holds it."""

    def read(event: Event) -> Reading | None:
        worth = event.facts.get(part) if isinstance(part, str) else part
        if not isinstance(worth, int) or isinstance(worth, bool):
            return None
        return Reading(
            _subject(event, *keys), event.at, opens=True, person_id=_person(event, *who) or event.actor_id, worth=worth
        )

    return read


def _sheet(event: Event) -> Reading | None:
    fields, wrong = event.facts.get("fields_count") or 0, event.facts.get("wrong_count") or 0
    if fields <= 0:
        return None
    return Reading(
        _subject(event, "sheet_id"),
        event.at,
        opens=True,
        person_id=_person(event, "author_id"),
        whole=fields,
        worth=max(fields - wrong, 0),
    )


def of_service(read: Read) -> Read:
    """Only leads that service found; those of the sales system are no service leads. R166."""
    return lambda e: read(e) if e.facts.get("source", "service") == "service" else None


LEAD = ("lead_id",)
TURN = ("turn_id", "lead_id")
SURVEY = ("response_id", "survey_id")
COMPLAINT = ("complaint_id",)
ASKED = ("question_id", "message_id", "conversation_id")

DEFINITIONS: tuple[Definition, ...] = (
    Definition(
        "handover_accuracy",
        gettext_noop("信息传递准确率"),
        gettext_noop("准确率"),
        gettext_noop(
            "期间内确认的客户服务交接表：没有被标错过的字段数 ÷ 字段总数。任何一版标错过的字段算错。算在填表人名下。"
        ),
        "sales",
        Decimal(98),
        {"handover.confirmed": _sheet},
        least=20,
        margin=Decimal("0.5"),
        is_tile=True,
        thing=gettext_noop("交接表"),
    ),
    Definition(
        "lead_conversion",
        gettext_noop("售后线索转化率"),
        gettext_noop("转化率"),
        gettext_noop(
            "期间内有结果的售后线索：成交 ÷（成交 + 战败）。还在跟进的不算；先战败后成交的，按最后一次结果算一次。"
        ),
        "sales",
        Decimal(30),
        {
            "lead.won": of_service(decided(1, *LEAD, who=("owner_id",))),
            "lead.lost": of_service(decided(0, *LEAD, who=("owner_id",))),
        },
        last_word=True,
        margin=Decimal(2),
        is_tile=True,
        thing=gettext_noop("线索"),
    ),
    Definition(
        "joint_satisfaction",
        gettext_noop("联合服务满意度"),
        gettext_noop("满意度"),
        gettext_noop("期间内收到的评价的平均分（0-100 分，销售一题、售后一题各占一半；一天内改过的按改后的算）。"),
        "both",
        Decimal(90),
        {
            "survey.answered": decided("joint_points_count", *SURVEY),
            "survey.changed": decided("joint_points_count", *SURVEY),
        },
        unit="points",
        last_word=True,
        margin=Decimal("0.5"),
        is_tile=True,
        thing=gettext_noop("答卷"),
    ),
    Definition(
        "complaint_24h",
        gettext_noop("投诉 24 小时响应率"),
        gettext_noop("投诉 24h"),
        gettext_noop("24 小时时限在期间内到的投诉中，在 24 小时内答复了客户的比例。一直没有答复的算未答复。"),
        "service",
        Decimal(95),
        {
            "complaint.filed": opened(*COMPLAINT, who=("owner_id",)),
            "complaint.answered": closed(*COMPLAINT),
            "complaint.dismissed": closed(*COMPLAINT),
        },
        within=timedelta(hours=24),
        least=3,
        is_tile=True,
        thing=gettext_noop("投诉"),
    ),
    Definition(
        "lead_answered",
        gettext_noop("线索 24 小时跟进率"),
        gettext_noop("线索跟进"),
        gettext_noop(
            "推给销售顾问、跟进时限在期间内到的线索中，按时跟进的比例；没有跟进、转给下一位的，对两位各算一次。"
        ),
        "sales",
        Decimal(95),
        {
            "lead.pushed": opened(*TURN, who=("to", "owner_id")),
            "lead.passed_on": opened(*TURN, who=("to",)),
            "lead.answered": closed(*TURN),
        },
        within=timedelta(hours=24),
        thing=gettext_noop("线索"),
    ),
    Definition(
        "lead_cycle",
        gettext_noop("线索成交周期"),
        gettext_noop("成交周期"),
        gettext_noop("期间内成交的线索，从售后提交到成交的平均小时数。"),
        "sales",
        Decimal(336),
        {"lead.won": decided("hours_count", *LEAD, who=("owner_id",))},
        unit="hours",
        better="less",
        margin=Decimal(24),
        least=3,
        thing=gettext_noop("线索"),
        opens_case=False,
    ),
    Definition(
        "sales_satisfaction",
        gettext_noop("销售满意度"),
        gettext_noop("销售满意"),
        gettext_noop("期间内收到的答卷里，客户给销售部分的平均分（0-100 分），算在客户的销售顾问名下。"),
        "sales",
        Decimal(90),
        {
            name: decided("sales_points_count", *SURVEY, who=("sales_staff_id",))
            for name in ("survey.answered", "survey.changed")
        },
        unit="points",
        last_word=True,
        thing=gettext_noop("答卷"),
        opens_case=False,  # the joint figure does
    ),
    Definition(
        "consultant_satisfaction",
        gettext_noop("名下客户的联合满意度"),
        gettext_noop("客户满意"),
        gettext_noop(
            "期间内收到的联合满意度答卷（销售与售后一起）的平均分，算在客户的销售顾问名下；销售提成的系数用它。"
        ),
        "sales",
        Decimal(85),
        {
            name: decided("joint_points_count", *SURVEY, who=("sales_staff_id",))
            for name in ("survey.answered", "survey.changed")
        },
        unit="points",
        last_word=True,
        is_listed=False,
        thing=gettext_noop("答卷"),
        opens_case=False,
    ),
    Definition(
        "service_satisfaction",
        gettext_noop("售后满意度"),
        gettext_noop("售后满意"),
        gettext_noop("期间内收到的答卷里，客户给售后部分的平均分（0-100 分），算在客户的售后负责人名下。"),
        "service",
        Decimal(90),
        {
            name: decided("service_points_count", *SURVEY, who=("service_staff_id",))
            for name in ("survey.answered", "survey.changed")
        },
        unit="points",
        last_word=True,
        thing=gettext_noop("答卷"),
        opens_case=False,
    ),
    Definition(
        "first_feedback",
        gettext_noop("3 天首次反馈率"),
        gettext_noop("首次反馈"),
        gettext_noop("交车满 3 天落在期间内的新车中，3 天内登记了首次服务反馈的比例。一直没有登记的算未完成。"),
        "service",
        Decimal(95),
        {
            "delivery.completed": opened("delivery_id", who=("service_specialist_id",)),
            "feedback.recorded": closed("delivery_id"),
        },
        within=timedelta(days=3),
        least=3,
        thing=gettext_noop("交车"),
    ),
    Definition(
        "alert_15min",
        gettext_noop("红色预警 15 分钟响应率"),
        gettext_noop("预警 15 分"),
        gettext_noop("期间内发出的红色预警中，15 分钟内有人接手的比例。一直没有人接手的算未响应。"),
        "both",
        Decimal(95),
        {"alert.raised": opened("alert_id"), "alert.acknowledged": closed("alert_id")},
        within=timedelta(minutes=15),
        least=3,
        thing=gettext_noop("预警"),
    ),
    Definition(
        "answers_10min",
        gettext_noop("咨询 10 分钟应答率"),
        gettext_noop("应答 10 分"),
        gettext_noop("期间内客户的提问中，10 分钟内有人回答的比例（营业时间外的提问从开门起算，由会话自己记录）。"),
        "both",
        Decimal(95),
        {"conversation.asked": opened(*ASKED, who=("owner_id",)), "conversation.answered": closed(*ASKED)},
        within=timedelta(minutes=10),
        thing=gettext_noop("提问"),
    ),
    Definition(
        "follow_up",
        gettext_noop("回访率"),
        gettext_noop("回访率"),
        gettext_noop("期间内到期的客户联系中，联系上客户的比例。没有联系、或三次未接通的算未回访；取消的不计。"),
        "service",
        Decimal(80),
        from_tasks=True,
        least=10,
        margin=Decimal(2),
        thing=gettext_noop("联系"),
    ),
    Definition(
        "kept_word",
        gettext_noop("按时完成率"),
        gettext_noop("按时率"),
        gettext_noop("期间内到期的任务中，在时限前登记了结果的比例；仍未登记且已过时限的算未完成，取消的不计。"),
        "both",
        Decimal(95),
        from_tasks=True,
        least=10,
        margin=Decimal(2),
        thing=gettext_noop("任务"),
    ),
    Definition(
        "lead_heard",
        gettext_noop("推送线索的跟进"),
        gettext_noop("已跟进"),
        gettext_noop("期间内推给销售的线索中，到今天为止按时跟进了的。"),
        "sales",
        Decimal(0),
        {
            "lead.pushed": opened(*LEAD, who=("to", "owner_id")),
            "lead.answered": closed(*LEAD),
            "lead.won": closed(*LEAD),
            "lead.lost": closed(*LEAD),
        },
        is_listed=False,
        thing=gettext_noop("线索"),
        opens_case=False,
    ),
    Definition(
        "lead_cohort",
        gettext_noop("推送线索的成交"),
        gettext_noop("成交"),
        gettext_noop("期间内推给销售的线索中，到今天为止成交的。"),
        "sales",
        Decimal(0),
        {"lead.pushed": opened(*LEAD, who=("to", "owner_id")), "lead.won": closed(*LEAD)},
        is_listed=False,
        thing=gettext_noop("线索"),
        opens_case=False,
    ),
)
BY_CODE: dict[str, Definition] = {definition.code: definition for definition in DEFINITIONS}
LISTED: tuple[Definition, ...] = tuple(d for d in DEFINITIONS if d.is_listed)


def live() -> list[Definition]:
    """Figures that something in this house tells of: from tasks, or from an event that a room declares."""
    known = events.all_declared()
    return [d for d in LISTED if d.from_tasks or any(name in known for name in d.reads)]


def event_names() -> list[str]:
    """Events that figures read and that a room declares."""
    known = events.all_declared()
    return sorted({name for d in DEFINITIONS for name in d.reads if name in known})


def values(part: int, whole: int, unit: str) -> Decimal | None:
    """The exact figure of a part and a whole; None when there is nothing to measure."""
    if not whole:
        return None
    return Decimal(100 * part if unit == "percent" else part) / Decimal(whole)


def light(value: Decimal | None, whole: int, *, definition: Definition, target: Decimal, least: int) -> str:
    """'kept', 'close' (kept with less than the margin to spare), 'broken' (misses the target), '' with too few."""
    if value is None or whole < least:
        return ""
    spare = value - target if definition.better == "more" else target - value
    if spare < 0:
        return "broken"
    return "close" if spare < definition.margin and value != 100 else "kept"


def shown(value: Decimal | None, definition: Definition) -> Any:
    """One digit, cut to the worse side: 97.96 % never reads as 98.0 %."""
    if value is None:
        return None
    step = Decimal("0.1")
    cut = (value // step) * step
    return cut if definition.better == "more" or cut == value else cut + step
