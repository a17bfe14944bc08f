"""The list of customers, declared: columns, filters, orders. Y09, R015."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from uuid import UUID

from django.db.models import Exists, OuterRef, Q
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cheban.core import clock
from cheban.customers import choices, inline, outgoing, quality, queries, search
from cheban.customers.fields import lists as fields
from cheban.customers.models import Customer, Vehicle
from cheban.lists.spec import Column, Filter, ListSpec, Sort, declare

MONTHS = [
    ("6", gettext_lazy("6 个月未到店")),
    ("9", gettext_lazy("9 个月未到店")),
    ("12", gettext_lazy("12 个月未到店")),
    ("24", gettext_lazy("24 个月未到店")),
]


def months_before(today: date, months: int) -> date:
    """The day so many months ago; the 29th to 31st count as the 28th."""
    month = today.year * 12 + today.month - 1 - months
    return date(month // 12, month % 12 + 1, min(today.day, 28))


def dress(rows: Sequence[Customer]) -> None:
    """Vehicles, masked phones and words of choices for the cells. Two queries, one more for each of the two columns about the file."""
    ids = [c.id for c in rows]
    reach = queries.phones(ids)
    cars: dict[UUID, list[Vehicle]] = defaultdict(list)
    for v in Vehicle.objects.filter(owner_id__in=ids).order_by("-last_visit_on"):
        cars[v.owner_id].append(v)
    tiers = dict(choices.TIER)
    # Asked only where the arrangement shows these columns.
    complete = SimpleLazyObject(lambda: quality.of(ids, today=clock.today()))
    keepers = SimpleLazyObject(lambda: quality.names({c.keeper_id for c in rows if c.keeper_id}))
    for c in rows:
        c.complete = SimpleLazyObject(lambda c=c: complete[c.id])
        c.keeper = SimpleLazyObject(lambda c=c: keepers.get(c.keeper_id, ""))
        c.reach, c.cars, c.tier_label = reach.get(c.id, []), cars.get(c.id, []), tiers.get(c.tier, c.tier)


def _series(stores: Sequence[int]) -> list[tuple[str, str]]:
    return [(name, name) for name in queries.series_choices(stores)]


def _keepers(stores: Sequence[int]) -> list[tuple[str, str]]:
    return [("none", _("没有负责人")), *quality.keepers(stores)]


SPEC = declare(
    ListSpec(
        code="customers",
        title=gettext_lazy("客户与车辆"),
        permission="customer.see",
        url="customers:list",
        model=Customer,
        row_name="customer",
        cells="customers/cells",
        dress=dress,
        base=Q(erased_at=None),
        counts_people=True,
        export_permission="customer.export",
        light=outgoing.vectors,
        more=fields.more,
        columns=[
            Column("name", gettext_lazy("客户"), css="nowrap s-main", fixed=True, out=outgoing.OUT["name"]),
            Column("cars", gettext_lazy("车辆"), css="s-sub", out=outgoing.OUT["cars"]),
            Column("phone", gettext_lazy("电话"), css="nowrap s-sub", out=outgoing.OUT["phone"]),
            Column(
                "marks",
                gettext_lazy("等级与标签"),
                css="c-marks",
                out=outgoing.OUT["marks"],
                edit=inline.EDITS["marks"],
            ),
            Column(
                "last_visit", gettext_lazy("上次到店"), sort="visited", css="num s-end", out=outgoing.OUT["last_visit"]
            ),
            Column("visits", gettext_lazy("到店"), css="num c-visits", out=outgoing.OUT["visits"]),
            Column("spent", gettext_lazy("累计消费"), sort="spent", css="num c-spent", out=outgoing.OUT["spent"]),
            Column("complete", gettext_lazy("档案完整度"), css="c-more", shown=False, out=outgoing.OUT["complete"]),
            Column(
                "keeper",
                gettext_lazy("档案负责人"),
                css="c-more",
                shown=False,
                out=outgoing.OUT["keeper"],
                edit=inline.EDITS["keeper"],
            ),
            Column(
                "review",
                gettext_lazy("下次核查"),
                sort="review",
                css="num c-more",
                shown=False,
                out=outgoing.OUT["review"],
                edit=inline.EDITS["review"],
            ),
            Column("source", gettext_lazy("来源"), css="c-more", shown=False, out=outgoing.OUT["source"]),
            Column(
                "channel",
                gettext_lazy("偏好渠道"),
                css="c-more",
                shown=False,
                out=outgoing.OUT["channel"],
                edit=inline.EDITS["channel"],
            ),
            Column(
                "preferred_time",
                gettext_lazy("偏好时间"),
                css="c-more",
                shown=False,
                out=outgoing.OUT["preferred_time"],
                edit=inline.EDITS["preferred_time"],
            ),
            Column("region", gettext_lazy("地区"), css="c-more", shown=False, out=outgoing.OUT["region"]),
            Column("customer_no", gettext_lazy("客户编号"), css="c-more", shown=False, out=outgoing.OUT["customer_no"]),
            Column(
                "created",
                gettext_lazy("建档"),
                sort="newest",
                css="num c-more",
                shown=False,
                out=outgoing.OUT["created"],
            ),
        ],
        filters=[
            Filter(
                "q",
                gettext_lazy("找姓名、拼音、车牌"),
                "search",
                lambda v, today: Q(id__in=search.few(v)),
                few=search.few,
            ),
            Filter(
                "quiet",
                gettext_lazy("未到店"),
                "choice",
                lambda value, today: Q(last_visit_on__lt=months_before(today, int(value))),
                choices=MONTHS,
                words=lambda value: str(dict(MONTHS)[value]),
            ),
            Filter(
                "series",
                gettext_lazy("车系"),
                "choice",
                lambda value, today: Q(Exists(Vehicle.objects.filter(owner=OuterRef("pk"), series=value))),
                choices=_series,
            ),
            Filter("tier", gettext_lazy("等级"), "choice", lambda v, today: Q(tier=v), choices=choices.TIER),
            Filter("kind", gettext_lazy("类型"), "choice", lambda v, today: Q(kind=v), choices=choices.KIND),
            Filter("source", gettext_lazy("来源"), "choice", lambda v, today: Q(source=v), choices=choices.SOURCE),
            Filter(
                "channel",
                gettext_lazy("偏好渠道"),
                "choice",
                lambda v, today: Q(preferred_channel=v),
                choices=choices.CHANNEL,
            ),
            Filter(
                "tag", gettext_lazy("标签"), "text", lambda v, today: Q(tags__contains=[v]), few=queries.few_with_tag
            ),
            Filter(
                "spent_from",
                gettext_lazy("累计消费不少于"),
                "number",
                lambda v, today: Q(spent_fen__gte=v * 100),
                unit=gettext_lazy("元"),
            ),
            Filter(
                "visits_from",
                gettext_lazy("到店不少于"),
                "number",
                lambda v, today: Q(visits__gte=v),
                unit=gettext_lazy("次"),
            ),
            Filter(
                "missing",
                gettext_lazy("缺少"),
                "choice",
                lambda v, today: quality.lacks(v, today),
                choices=[(f.code, f.label) for f in quality.FIELDS],
            ),
            Filter(
                "keeper",
                gettext_lazy("档案负责人"),
                "choice",
                lambda v, today: Q(keeper_id=int(v)) if v != "none" else Q(keeper_id=None),
                choices=_keepers,
            ),
            Filter("review", gettext_lazy("该核查了"), "flag", lambda v, today: quality.overdue(today)),
            Filter("refused", gettext_lazy("拒绝过联系"), "flag", lambda v, today: ~Q(refused_purposes=[])),
        ],
        sorts=[
            Sort("newest", "created_at", "timestamptz", gettext_lazy("最近建档在前"), gettext_lazy("最早建档在前")),
            Sort(
                "visited",
                "last_visit_on",
                "date",
                gettext_lazy("最近到店在前"),
                gettext_lazy("最久未到店在前"),
                skips_empty=True,
            ),
            Sort(
                "review",
                "review_on",
                "date",
                gettext_lazy("最晚核查在前"),
                gettext_lazy("最早核查在前"),
                skips_empty=True,
            ),
            Sort("spent", "spent_fen", "bigint", gettext_lazy("消费最多在前"), gettext_lazy("消费最少在前")),
        ],
    )
)
