"""The handbook read aloud: every rule as it holds in a store, where its numbers come from, who changed them when."""

from __future__ import annotations

from typing import Any

from django.db.models import Count
from django.utils.translation import gettext as _

from cheban.core.errors import NotFound
from cheban.org.access import Actor
from cheban.org.models import Staff, Store
from cheban.org.roles import Role
from cheban.playbook import changing, effective, knobs, words
from cheban.playbook.models import RuleSetting, Task
from cheban.playbook.outcomes import OUTCOMES
from cheban.playbook.rules import HANDBOOK, Rule


def purposes() -> dict[str, str]:
    """What a customer may refuse, by the purpose's code; '' is the house's own business."""
    return {
        "service": _("服务联系"),
        "insurance": _("保险联系"),
        "care": _("关怀问候"),
        "marketing": _("营销"),
        "internal": "",
    }


def source_words() -> dict[str, str]:
    """Where a value comes from."""
    return {"house": _("默认"), "group": _("集团"), "store": _("本店")}


def in_words(rule: Rule) -> dict[str, Any]:
    """One rule as sentences: what sets it off, who owes what by when, when it goes up, when it ends."""
    return {
        "code": rule.code,
        "title": _(rule.title),
        "requirement": rule.requirement,
        "when": rule.when.read(),
        "only_if": [_(c.says) for c in rule.only_if],
        "joined": rule.joined,
        "weight": rule.weight,
        "owes": [
            {
                "role": str(Role(o.role).label),
                "title": _(o.title),
                "within": str(o.within),
                "escalate": [{"after": str(b), "role": str(Role(r).label)} for b, r in o.escalate],
            }
            for o in rule.owes
        ],
        "reason": words.spoken(rule.reason, rule.shows),
        "script": words.spoken(rule.script, rule.shows),
        "done": [
            _(rule.done_label) if rule.done_label and not i else str(OUTCOMES[c].label)
            for i, c in enumerate(rule.done_when)
        ],
        "purpose": purposes().get(rule.purpose, rule.purpose),
        "keeps_gap": rule.keeps_gap,
    }


def handbook(actor: Actor, *, store_id: int, search: str = "", only: str = "") -> list[dict[str, Any]]:
    """Chapters of rules as they hold in a store; `only` is '', 'changed' or 'off'. Two queries."""
    open_by = dict(
        Task.objects.filter(state="open", store_id=store_id).values_list("rule").annotate(n=Count("id")).order_by()
    )
    held, sources = effective.of_store(store_id), source_words()
    wanted = search.strip().casefold()
    chapters = []
    for chapter, codes in HANDBOOK.chapters.items():
        rows = []
        for code in codes:
            here = held[code]
            changed = sorted({s for s in here.source.values() if s != "house"})
            row = in_words(here.rule) | {
                "open": open_by.get(code, 0),
                "is_on": here.is_on,
                "changed": [sources[s] for s in changed],
            }
            if (only == "changed" and not changed) or (only == "off" and here.is_on):
                continue
            if wanted and wanted not in " ".join(_texts(row)).casefold():
                continue
            rows.append(row)
        if rows:
            chapters.append({"title": _(chapter) if chapter else _("其他"), "rules": rows})
    return chapters


def _texts(row: dict[str, Any]) -> list[str]:
    owed = [f"{o['role']} {o['title']}" for o in row["owes"]]
    return [row["code"], row["title"], row["requirement"], row["when"], row["reason"], *row["only_if"], *owed]


def levels(actor: Actor) -> list[dict[str, str]]:
    """For whom this person may look at rules, and change them if they may change rules at all."""
    stores = list(Store.objects.filter(id__in=actor.stores).order_by("id"))
    found = [{"value": str(s.id), "label": s.name} for s in stores]
    if len(stores) > 1:
        groups = {s.group_id for s in stores}
        of_group = set(Store.objects.filter(group_id__in=groups).values_list("id", flat=True))
        if len(groups) == 1 and changing.may_for_group(actor, of_group):
            found.insert(0, {"value": "group", "label": _("全集团")})
    return found


def one_rule(code: str, level: changing.Level) -> dict[str, Any]:
    """A rule at a level: its words, its knobs with value and source, its history. Raises NotFound."""
    if code not in HANDBOOK.rules:
        raise NotFound(_("没有这条规则。"))
    rule = HANDBOOK.rules[code]
    sources, house = source_words(), knobs.defaults(rule)
    rows = list(
        RuleSetting.objects.filter(rule=code, group_id=level.group_id, store_id=level.store_id).order_by("-id")[:50]
    )
    above: dict[str, Any] = dict(house)
    source = dict.fromkeys(house, "house")
    if level.store_id:
        of_group = changing.newest(code, changing.Level(level.group_id, None, ()))
        if of_group:
            above |= of_group.values
            source |= dict.fromkeys(of_group.values, "group")
    values = dict(above)
    if rows:
        values |= rows[0].values
        source |= dict.fromkeys(rows[0].values, "store" if level.store_id else "group")
    fields = [
        {
            "knob": knob,
            "name": f"k-{knob.key}",
            "value": values[knob.key],
            "source": sources[source[knob.key]],
            "is_own": source[knob.key] != "house",
            "above": knob.read(above[knob.key]),
            "reads": knob.read(values[knob.key]),
            "choices": [{"value": c, "label": str(Role(c).label)} for c in knob.choices],
        }
        for knob in knobs.knobs(rule)
    ]
    return {
        "rule": in_words(knobs.applied(rule, values)),
        "is_on": bool(values["on"]),
        "fields": fields,
        "open": Task.objects.filter(rule=code, state="open", store_id__in=level.stores).count(),
        "history": _history(rule, rows),
        "seen": rows[0].id if rows else 0,
    }


def _history(rule: Rule, rows: list[RuleSetting]) -> list[dict[str, Any]]:
    """Newest first: who, when, from what to what, why."""
    names = dict(Staff.objects.filter(id__in=[r.by_id for r in rows if r.by_id]).values_list("id", "name"))
    known = {knob.key: knob for knob in knobs.knobs(rule)}
    found = []
    for row, before in zip(rows, [*rows[1:], None][: len(rows)], strict=True):
        old, new = before.values if before else {}, row.values
        steps = [
            {
                "label": known[key].label,
                "old": known[key].read(old[key]) if key in old else _("默认"),
                "new": known[key].read(new[key]) if key in new else _("默认"),
            }
            for key in dict.fromkeys([*old, *new])
            if key in known and old.get(key) != new.get(key)
        ]
        found.append(
            {
                "who": names.get(row.by_id, _("系统")),
                "at": row.at,
                "why": row.reason,
                "steps": steps,
                "dropped": row.dropped,
            }
        )
    return found
