"""A statement in words: each line with how it is made, what it comes to and where its records are. R182.

Words are made from what a statement keeps when it is read, in the reader's language; the numbers are those that were
approved.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from cheban.core import events
from cheban.core.models import Event
from cheban.core.money import format_fen, plain_yuan
from cheban.customers.models import Customer
from cheban.org.access import Actor
from cheban.org.models import Staff, Store
from cheban.org.roles import Role
from cheban.scorecard import figures, lists
from cheban.scorecard.board import Period
from cheban.scorecard.definitions import BY_CODE
from cheban.scorecard.improvement import review
from cheban.scorecard.incentives import months
from cheban.scorecard.incentives.terms import (
    KINDS,
    OF_SALES,
    Terms,
    factor_words,
    from_json,
    shown,
    value_of,
)
from cheban.scorecard.models import Counted, PayMonth, Statement


@dataclass(frozen=True, slots=True)
class Line:
    """One line: `code` opens its records, '' where it has none. `quantity` and `rate` are words; `fen` an amount."""

    code: str
    part: str  # factor, pay, bonus, correction
    title: str
    words: str
    quantity: str = ""
    rate: str = ""
    fen: int | None = None
    factor: int | None = None

    @property
    def amount(self) -> str:
        """What stands in the last column."""
        if self.fen is not None:
            return format_fen(self.fen)
        return f"× {factor_words(self.factor)}" if self.factor is not None else ""


def side_words(side: str) -> str:
    """售后 or 销售."""
    return _("售后") if side == "service" else _("销售")


def _points(text: str | None) -> Fraction | None:
    return Fraction(text) if text else None


def figure_lines(content: Mapping[str, Any]) -> list[Line]:
    """One line for each figure of the factor."""
    terms, found = from_json(content["terms"]), []
    for kept in content["figures"]:
        metric, part, whole = kept["metric"], kept["part"], kept["whole"]
        definition = BY_CODE[metric]
        value, points = value_of(metric, part, whole), _points(kept["points"])
        unit = "" if definition.unit == "points" else "%"
        reads = _("%(value)s 分") % {"value": shown(value)} if not unit else f"{shown(value)}%"
        if definition.unit == "points":
            quantity = _("%(n)d 份") % {"n": whole}
        else:
            quantity = _("%(part)d / %(whole)d 件") % {"part": part, "whole": whole}
        if points is None:
            words = _("记录不够：%(whole)d 件，至少要 %(least)d 件才算。") % {"whole": whole, "least": kept["least"]}
            words += _("这部分按满分算，系数 1。") if metric == OF_SALES else _("这项不计，它的权重由其他几项分担。")
            rate = "—"
        elif metric == OF_SALES:
            words = _("%(n)d 位客户的评价，平均 %(value)s；%(step)s，得满意度这部分的 %(share)d%%。") % {
                "n": whole,
                "value": reads,
                "step": band(terms.steps, content["step"][0]),
                "share": content["step"][1],
            }
            rate = f"{content['step'][1]}%"
        else:
            words = _("%(value)s ÷ 目标 %(target)s × 100 = %(points)s 分（最高 100），权重 %(weight)d%%。") % {
                "value": reads,
                "target": _plain(kept["target"]) + unit,
                "points": shown(points),
                "weight": kept["weight"],
            }
            rate = _("%(points)s 分 × %(weight)d%%") % {"points": shown(points), "weight": kept["weight"]}
        found.append(Line(metric, "factor", _(definition.title), words, quantity, rate))
    return found


def _plain(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


def band(steps: Iterable[tuple[int, int]], floor: int) -> str:
    """'85 分及以上', '80 到 85 分', '低于 70 分'."""
    floors = sorted(step[0] for step in steps)
    place = floors.index(floor)
    above = floors[place + 1] if place + 1 < len(floors) else None
    if above is None:
        return _("%(n)d 分及以上") % {"n": floor}
    return _("%(a)d 到 %(b)d 分") % {"a": floor, "b": above} if floor else _("低于 %(b)d 分") % {"b": above}


def factor_line(content: Mapping[str, Any]) -> Line | None:
    """What multiplies the commission, with its formula."""
    terms, step, value = from_json(content["terms"]), content["step"], content["factor"]
    if not content["figures"]:
        return None
    if content["role"] == Role.SALES_CONSULTANT:
        title = _("提成系数")
        if step is None:
            words = _("评价不到 %(least)d 份，不按分数调整：系数 1。") % {"least": terms.least}
        else:
            words = _("（100 − %(w)d + %(w)d × %(share)d%%）÷ 100 = %(factor)s") % {
                "w": terms.weight,
                "share": step[1],
                "factor": factor_words(value),
            }
    else:
        title = _("绩效系数")
        if step is None:
            words = _("本月没有足够的记录可以评分：系数 1。")
        else:
            used = [f for f in content["figures"] if f["points"] is not None and f["weight"]]
            sum_words = " + ".join(f"{shown(_points(f['points']))} × {f['weight']}" for f in used)
            words = _("（%(sum)s）÷ %(whole)d = %(points)s 分，%(band)s，系数 %(factor)s") % {
                "sum": sum_words,
                "whole": sum(f["weight"] for f in used),
                "points": shown(_points(content["points"])),
                "band": band(terms.coefficients, step[0]),
                "factor": factor_words(value),
            }
    return Line("", "factor", title, words, factor=value)


def pay_line(content: Mapping[str, Any]) -> Line | None:
    """Base x factor, where somebody entered a base; never an invented amount."""
    if content["base_fen"] is None:
        return None
    factor = factor_words(content["factor"])
    title = _("提成") if content["role"] == Role.SALES_CONSULTANT else _("绩效提成")
    words = _("基数 %(base)s × 系数 %(factor)s，四舍五入到分。") % {
        "base": format_fen(content["base_fen"]),
        "factor": factor,
    }
    return Line(
        "", "pay", title, words, quantity=format_fen(content["base_fen"]), rate=f"× {factor}", fen=content["pay_fen"]
    )


def bonus_line(kept: Mapping[str, Any], customers: Mapping[int, str], *, part: str = "bonus") -> Line:
    """One side of a won lead."""
    kind = str(KINDS.get(kept["kind"], kept["kind"]))
    who = customers.get(kept["event"], "")
    title = _("线索成交：%(kind)s") % {"kind": kind} + (f" · {who}" if who else "")
    if part == "correction":
        title = _("上月补记 · %(title)s") % {"title": title}
    words = _("%(day)s 成交；奖励 %(whole)s，%(side)s一方 %(share)d%%。") % {
        "day": kept["on"],
        "whole": format_fen(kept["whole_fen"]),
        "side": side_words(kept["side"]),
        "share": kept["share"],
    }
    if part == "correction":
        words += _("那个月核定之后才到，补在本月，只补一次。")
    return Line(
        f"lead-{kept['event']}",
        part,
        title,
        words,
        quantity=format_fen(kept["whole_fen"]),
        rate=f"{kept['share']}%",
        fen=kept["fen"],
    )


def made_up_line(kept: Mapping[str, Any]) -> Line:
    """An approved month whose factor is another one by now."""
    month = months.words(date.fromisoformat(kept["month"]))
    words = _("%(month)s核定之后，记录有变化：系数 %(was)s → %(now)s") % {
        "month": month,
        "was": factor_words(kept["was"]),
        "now": factor_words(kept["now"]),
    }
    if kept["base_fen"] is None:
        words += _("。那个月没有填基数，没有金额。")
    else:
        words += _("，按基数 %(base)s 补差额。") % {"base": format_fen(kept["base_fen"])}
    fen = kept["fen"] if kept["base_fen"] is not None else None
    return Line(
        "",
        "correction",
        _("上月补记 · %(month)s系数") % {"month": month},
        words,
        rate=f"{factor_words(kept['was'])} → {factor_words(kept['now'])}",
        fen=fen,
        factor=None if fen is not None else kept["now"],
    )


def customers_of(contents: Iterable[Mapping[str, Any]]) -> dict[int, str]:
    """Event -> name of its customer, for the leads of these statements, where the reader's scope knows them. Two
    queries, none without leads."""
    ids = {b["event"] for content in contents for b in [*content["bonuses"], *content["late"]]}
    if not ids:
        return {}
    told = dict(Event.objects.filter(id__in=ids, customer_id__isnull=False).values_list("id", "customer_id"))
    names = dict(Customer.objects.filter(id__in=set(told.values())).values_list("id", "name"))
    return {event: names[customer] for event, customer in told.items() if customer in names}


def lines(content: Mapping[str, Any], customers: Mapping[int, str]) -> list[Line]:
    """All lines of a statement, in the order of a pay slip."""
    found = [*figure_lines(content), factor_line(content), pay_line(content)]
    found += [bonus_line(b, customers) for b in content["bonuses"]]
    found += [bonus_line(b, customers, part="correction") for b in content["late"]]
    found += [made_up_line(m) for m in content["made_up"]]
    return [line for line in found if line is not None]


def scheme_words(terms: Terms) -> list[dict[str, Any]]:
    """A scheme in words: parts with sentences and tables, for whoever is measured by it."""
    first = terms.steps[0]
    return [
        {
            "title": _("销售顾问：提成系数"),
            "words": [
                _("提成里有 %(w)d%% 看客户的满意度：这个月评价过的客户的平均分（销售与售后一起，只算自己名下的客户）。")
                % {"w": terms.weight},
                _("系数 =（100 − %(w)d + %(w)d × 得的比例）÷ 100。") % {"w": terms.weight},
                _("低于 %(n)d 分，系数下调；评价不到 %(least)d 份的月份不调整，系数 1。")
                % {"n": first[0], "least": terms.least},
            ],
            "heads": [_("平均分"), _("得满意度部分的"), _("系数")],
            "rows": [
                [
                    band(terms.steps, floor),
                    f"{share}%",
                    factor_words((100 - terms.weight) * 100 + terms.weight * share),
                ]
                for floor, share in terms.steps
            ],
        },
        {
            "title": _("售后专员与服务顾问：绩效系数"),
            "words": [
                _("三项指标对照门店的目标打分：得分 = 数值 ÷ 目标 × 100，最高 100；按权重合成总分。"),
                _("记录不够的指标这个月不计，权重由其他几项分担；三项都不够，系数 1。"),
            ],
            "heads": [_("指标"), _("权重")],
            "rows": [[_(BY_CODE[metric].title), f"{share}%"] for metric, share in terms.weights.items()],
            "heads_2": [_("总分"), _("系数")],
            "rows_2": [
                [band(terms.coefficients, floor), factor_words(rate * 10)] for floor, rate in terms.coefficients
            ],
        },
        {
            "title": _("线索成交的奖励"),
            "words": [
                _("售后推给销售的线索成交一台，奖励一次；售后与销售按登记成交时商定的比例分，两份合起来正好是全额。"),
                _("已核定的月份里晚到的成交，补在下一个月，只补一次。"),
            ],
            "heads": [_("线索"), _("每台")],
            "rows": [[str(KINDS[kind]), format_fen(fen)] for kind, fen in terms.bonus.items()],
        },
    ]


def page(statement: Statement, content: Mapping[str, Any], actor: Actor) -> dict[str, Any]:
    """What the statement's page shows. About eight queries."""
    customers = customers_of([content])
    people = dict(
        Staff.objects.filter(
            id__in=[i for i in (statement.person_id, statement.approved_by_id) if i is not None]
        ).values_list("id", "name")
    )
    month = date.fromisoformat(content["month"])
    found = lines(content, customers)
    is_own = statement.person_id == actor.staff_id
    siblings = list(
        Statement.objects.filter(store_id=statement.store_id, person_id=statement.person_id)
        .order_by("-month")
        .values("id", "month", "state", "total_fen")[:13]
    )
    return {
        "statement": statement,
        "content": content,
        "lines": found,
        "parts": [
            (title, [line for line in found if line.part == code])
            for code, title in (
                ("factor", _("系数怎样算")),
                ("pay", _("提成")),
                ("bonus", _("线索成交的奖励")),
                ("correction", _("上月补记")),
            )
        ],
        "person": people.get(statement.person_id, "—"),
        "approved_by": people.get(statement.approved_by_id, _("系统")),
        "role_words": Role(content["role"]).label if content["role"] else _("已离店"),
        "store": Store.objects.get(id=statement.store_id),
        "month": month,
        "month_words": months.words(month),
        "factor": factor_words(content["factor"]) if content["figures"] else "",
        "total_fen": content["total_fen"],
        "base_yuan": plain_yuan(content["base_fen"]) if content["base_fen"] is not None else "",
        "terms": scheme_words(from_json(content["terms"])),
        "siblings": siblings,
        "is_own": is_own,
        "is_approved": statement.state == Statement.State.APPROVED,
        "can_approve": actor.may("incentive.approve") and not is_own,
    }


def month_of(paymonth_id: UUID) -> PayMonth | None:
    """A store's month of the scope."""
    return PayMonth.objects.filter(id=paymonth_id).first()


def mine(actor: Actor) -> list[Statement]:
    """One's own statements of the scope, the newest first. One query."""
    return list(Statement.objects.filter(person_id=actor.staff_id).order_by("-month", "store_id")[:36])


def records(statement: Statement, content: Mapping[str, Any], code: str, *, at: Any) -> dict[str, Any] | None:
    """The very records behind a line; None for a line that has none. About six queries."""
    month = date.fromisoformat(content["month"])
    kept = next((f for f in content["figures"] if f["metric"] == code), None)
    if kept is not None:
        definition = BY_CODE[code]
        rows, count, part, whole = _of_figure(statement, code, month, at)
        return {
            "title": _(definition.title),
            "formula": _(definition.formula),
            "rows": rows,
            "count": count,
            "said": (kept["part"], kept["whole"]),
            "has_moved": (kept["part"], kept["whole"]) != (part, whole),
            "is_points": definition.unit == "points",
            "part": part,
            "whole": whole,
        }
    for each in [*content["bonuses"], *content["late"]]:
        if code == f"lead-{each['event']}":
            return _of_lead(each)
    return None


def _of_lead(kept: Mapping[str, Any]) -> dict[str, Any]:
    """The events of one lead, the newest first."""
    event = Event.objects.filter(id=kept["event"]).first()
    found = Event.objects.filter(id=kept["event"])
    if event is not None and event.customer_id:
        found = Event.objects.filter(
            customer_id=event.customer_id, name__startswith="lead.", facts__lead_id=kept["lead"]
        )
    told = list(found.order_by("-at", "-id")[:50])
    name = Customer.objects.filter(id=event.customer_id).values_list("name", flat=True).first() if event else ""
    people = lists.names_of({e.actor_id for e in told})
    known = events.all_declared()
    return {
        "title": _("线索成交：%(kind)s") % {"kind": str(KINDS.get(kept["kind"], kept["kind"]))},
        "formula": bonus_line(kept, {}).words,
        "url": lists.page_of(event),
        "customer": name or "",
        "events": [
            {
                "title": str(known[e.name].title) if e.name in known else e.name,
                "at": e.at,
                "by": people.get(e.actor_id, ""),
                "is_it": e.id == kept["event"],
            }
            for e in told
        ],
    }


def _of_figure(statement: Statement, code: str, month: date, at: Any) -> tuple[list[Any], int, int, int]:
    figure = figures.person_figure(statement.person_id, code, month, store_id=statement.store_id)
    until = months.following(month)
    if BY_CODE[code].from_tasks:
        when = Period("", month, date.fromordinal(until.toordinal() - 1))
        rows, count = review.task_records(
            code, [statement.store_id], when, person=statement.person_id, only_bad=False, at=at, most=300
        )
        return rows, count, figure.part, figure.whole
    found = Counted.objects.filter(
        store_id=statement.store_id, metric=code, person_id=statement.person_id, day__gte=month, day__lt=until
    )
    rows = list(found.order_by("-day", "-id")[:300])
    lists.COUNTED.dress(rows)
    return rows, found.count(), figure.part, figure.whole


def difference_words(fen: int) -> str:
    """+¥12.00, −¥12.00, ¥0.00."""
    return f"+{format_fen(fen)}" if fen > 0 else format_fen(fen)


def whose(statement: Statement) -> dict[str, Any]:
    """Whose statement, and of which month. One query."""
    person = Staff.objects.filter(id=statement.person_id).values_list("name", flat=True).first()
    return {"person": person or "—", "month_words": months.words(statement.month)}


def figure_titles(metrics: Iterable[str]) -> list[tuple[str, str]]:
    """(code, title) of figures."""
    return [(metric, _(BY_CODE[metric].title)) for metric in metrics]


def changes(row: Mapping[str, Any], house: Terms) -> list[str]:
    """What a version of a scheme says otherwise than the house's beginning, in short sentences."""
    terms = row["terms"]
    if terms is None:
        return [_("跟随集团的方案")]
    found = []
    if terms.weight != house.weight:
        found.append(_("满意度权重 %(n)d%%") % {"n": terms.weight})
    if terms.steps != house.steps:
        found.append(
            _("满意度表：%(steps)s")
            % {"steps": "，".join(f"{band(terms.steps, floor)} {share}%" for floor, share in terms.steps)}
        )
    if terms.least != house.least:
        found.append(_("至少 %(n)d 份评价") % {"n": terms.least})
    if dict(terms.bonus) != dict(house.bonus):
        found.append(
            _("奖励：%(kinds)s")
            % {"kinds": "，".join(f"{KINDS[kind]} {format_fen(fen)}" for kind, fen in terms.bonus.items())}
        )
    if dict(terms.weights) != dict(house.weights):
        found.append(
            _("权重：%(weights)s")
            % {"weights": "，".join(f"{_(BY_CODE[m].short)} {share}%" for m, share in terms.weights.items())}
        )
    if terms.coefficients != house.coefficients:
        found.append(
            _("系数表：%(steps)s")
            % {
                "steps": "，".join(
                    f"{band(terms.coefficients, floor)} {factor_words(rate * 10)}" for floor, rate in terms.coefficients
                )
            }
        )
    return found or [_("与系统的起始方案相同")]


def tried(found: dict[str, Any]) -> dict[str, Any]:
    """A simulation with its words."""
    for row in found["rows"]:
        row["old_factor"], row["new_factor"] = factor_words(row["old"].factor), factor_words(row["new"].factor)
        row["difference"] = difference_words(row["difference_fen"])
    return found | {"difference_words": difference_words(found["difference_fen"])}
