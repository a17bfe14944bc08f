"""Defining custom fields: made, changed, put aside and taken back. No migration, no restart. Y09, decision 0027."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db.models import Max, Q
from django.utils.translation import gettext as _

from cheban.core import clock
from cheban.core.errors import NotFound, Refused, WrongState
from cheban.customers.fields import definitions
from cheban.customers.fields.models import CustomerValue, FieldDefinition, SealedValue, VehicleValue
from cheban.customers.fields.values import CHOOSING, Kind, looks_personal
from cheban.customers.names import search_key
from cheban.org import levels
from cheban.org.access import Actor, audit, command
from cheban.org.levels import Level
from cheban.org.models import Store

PERMISSION = "field.manage"
MOST_FIELDS = 40
"""Fields of one subject at one level that are in use: more, and no form is filled in any more."""
MOST_CHOICES = 50
_RESERVED = frozenset(["id", "store", "name", "custom"])


class FieldRefused(Refused):
    """A definition that cannot be: `facts` maps what was asked -> sentence."""

    status = 422


def slug(label: str, taken: Iterable[str], *, most: int = 32, other: str = "field") -> str:
    """A stable ascii code out of a label, by its pinyin: 来店交通方式 -> laidianjiaotongfangshi; a second one gets _2."""
    spelled = search_key(label).split(" ")[0] if label.strip() else ""
    word = re.sub(r"[^a-z0-9]+", "_", spelled.lower()).strip("_")
    if not word or not word[0].isalpha():
        word = f"{other}_{word}".rstrip("_")
    word = word[: most - 3].rstrip("_")
    used, found, count = {*taken, *_RESERVED}, word, 1
    while found in used:
        count += 1
        found = f"{word}_{count}"
    return found


def level_of(text: str, actor: Actor) -> Level:
    """'group' or a store's id. Raises NotFound, NotPermitted."""
    return levels.level_of(text, actor, permission=PERMISSION)


def levels_for(actor: Actor) -> list[tuple[str, str]]:
    """For whom this person may define fields: (value, words), the whole group first."""
    stores = list(Store.objects.filter(id__in=actor.stores).order_by("id"))
    found = [(str(s.id), s.name) for s in stores]
    groups = {s.group_id for s in stores}
    if len(groups) == 1:
        of_group = set(Store.objects.filter(group_id__in=groups).values_list("id", flat=True))
        if levels.may_for_group(actor, of_group, permission=PERMISSION):
            found.insert(0, ("group", _("全集团")))
    return found


SUBJECTS = FieldDefinition.Subject.choices


def kinds_explained() -> list[tuple[str, str, str]]:
    """(kind, its name, an example) for the form."""
    examples = {
        Kind.TEXT: _("一句话，如 常走的高架"),
        Kind.NUMBER: _("如 6.5，可比较、排序"),
        Kind.MONEY: _("元，到分，可比较、排序"),
        Kind.DATE: _("如 贴膜日期"),
        Kind.YES_NO: _("如 是否加装脚垫"),
        Kind.CHOICE: _("从几项里选一项"),
        Kind.CHOICES: _("从几项里选几项"),
    }
    return [(kind, str(Kind(kind).label), examples[kind]) for kind in Kind.values]


def overview(actor: Actor) -> dict[str, Any]:
    """The settings page: {parts: [{subject, title, rows}], archived, has_any}. Three queries and those of rights."""
    filled = definitions.counts()
    stores = dict(Store.objects.filter(id__in=actor.stores).values_list("id", "name"))
    may_group = any(value == "group" for value, _words in levels_for(actor))
    rows = [
        {
            "field": field,
            "kind": str(Kind(field.kind).label),
            "where": _("全集团") if field.store_id is None else stores.get(field.store_id, ""),
            "filled": filled.get(field.id, 0),
            "is_more": filled.get(field.id, 0) > definitions.MOST_COUNTED,
            "most": definitions.MOST_COUNTED,
            "can_change": field.store_id is not None or may_group,
            "choices": [label for _code, label in field.shape.offered],
        }
        for field in FieldDefinition.objects.order_by("position", "id")
    ]
    return {
        "parts": [
            {
                "subject": subject,
                "title": title,
                "rows": [r for r in rows if r["field"].subject == subject and r["field"].archived_at is None],
            }
            for subject, title in SUBJECTS
        ],
        "archived": [r for r in rows if r["field"].archived_at is not None],
        "has_any": bool(rows),
    }


@command(PERMISSION)
def define(
    *,
    by: Actor,
    level: Level,
    subject: str,
    label: str,
    kind: str,
    choices: Sequence[str] = (),
    hint: str = "",
    is_personal: bool = False,
    is_required: bool = False,
    in_list: bool = False,
) -> FieldDefinition:
    """A new field; it stands in forms, lists, files and the API at once. Raises FieldRefused naming what is wrong."""
    levels.one_at_a_time(level)
    wrong: dict[str, str] = {}
    if subject not in FieldDefinition.Subject.values:
        wrong["subject"] = _("请选择客户或车辆。")
    if kind not in Kind.values:
        wrong["kind"] = _("请选择类型。")
    if is_personal and (kind != Kind.TEXT or subject != FieldDefinition.Subject.CUSTOMER):
        wrong["is_personal"] = _("个人信息只能是客户的文字字段，加密保存。")
    label, wrong_label = _label(label, level, subject)
    if wrong_label:
        wrong["label"] = wrong_label
    offered, wrong_choices = _choices([(None, text) for text in choices], kind, [])
    if wrong_choices:
        wrong["choices"] = wrong_choices
    if wrong:
        raise FieldRefused(_("有几处需要改正。"), **wrong)
    seen = _near(level).filter(subject=subject)
    if seen.filter(archived_at=None).count() >= MOST_FIELDS:
        raise FieldRefused(_("最多同时用 %(n)d 个字段，请先停用不用的。") % {"n": MOST_FIELDS})
    at = clock.now()
    made = FieldDefinition.objects.create(
        group_id=level.group_id,
        store_id=level.store_id,
        subject=subject,
        code=slug(label, seen.values_list("code", flat=True)),
        label=label,
        hint=" ".join(hint.split())[:100],
        kind=kind,
        choices=offered,
        is_personal=is_personal,
        is_required=is_required,
        in_list=in_list and not is_personal,
        position=(seen.aggregate(most=Max("position"))["most"] or 0) + 1,
        by_id=by.staff_id,
        created_at=at,
        changed_at=at,
    )
    _tell("field.defined", made, by, level.stores)
    return made


@command(PERMISSION)
def change(
    field: FieldDefinition,
    *,
    by: Actor,
    label: str,
    choices: Sequence[tuple[str | None, str]] = (),
    hint: str = "",
    is_required: bool = False,
    in_list: bool = False,
) -> FieldDefinition:
    """Change words, choices, where it stands. Kind, subject and code stay: programs and values rely on them.

    `choices`: (code or None for a new one, label) in their order; one that is left out goes, or is only no longer
    offered where rows have it. Raises FieldRefused.
    """
    field = _mine(field, by)
    wrong: dict[str, str] = {}
    level = _level(field)
    label, wrong_label = _label(label, level, field.subject, but=field.id)
    if wrong_label:
        wrong["label"] = wrong_label
    offered, wrong_choices = _choices(choices, field.kind, field.choices)
    if wrong_choices:
        wrong["choices"] = wrong_choices
    if wrong:
        raise FieldRefused(_("有几处需要改正。"), **wrong)
    left_out = [c for c in field.choices if c["code"] not in {o["code"] for o in offered}]
    used = _used(field, [c["code"] for c in left_out])
    field.label, field.hint = label, " ".join(hint.split())[:100]
    field.choices = [*offered, *({**c, "off": True} for c in left_out if c["code"] in used)]
    field.is_required, field.in_list = is_required, in_list and not field.is_personal
    field.changed_at = clock.now()
    field.save()
    _tell("field.changed", field, by, level.stores)
    return field


@command(PERMISSION)
def archive(field: FieldDefinition, *, by: Actor) -> FieldDefinition:
    """Put a field aside: no form, list or program offers it; its values stay. Raises WrongState."""
    field = _mine(field, by)
    if field.archived_at is not None:
        raise WrongState(_("“%(label)s”已经停用。") % {"label": field.label})
    field.archived_at = field.changed_at = clock.now()
    field.save(update_fields=["archived_at", "changed_at"])
    _tell("field.archived", field, by, _level(field).stores)
    return field


@command(PERMISSION)
def restore(field: FieldDefinition, *, by: Actor) -> FieldDefinition:
    """Take a field back, with the values that it had. Raises WrongState, FieldRefused when its name is taken."""
    field = _mine(field, by)
    if field.archived_at is None:
        raise WrongState(_("“%(label)s”正在使用。") % {"label": field.label})
    level = _level(field)
    _same, wrong = _label(field.label, level, field.subject, but=field.id)
    if wrong:
        raise FieldRefused(wrong, label=wrong)
    field.archived_at, field.changed_at = None, clock.now()
    field.save(update_fields=["archived_at", "changed_at"])
    _tell("field.restored", field, by, level.stores)
    return field


@command(PERMISSION)
def move(field: FieldDefinition, *, by: Actor, up: bool) -> None:
    """One place up or down among the fields of its level and subject."""
    field = _mine(field, by)
    own = FieldDefinition.objects.filter(
        group_id=field.group_id, store_id=field.store_id, subject=field.subject, archived_at=None
    )
    order = list(own.order_by("position", "id"))
    at = next((n for n, each in enumerate(order) if each.id == field.id), None)
    to = None if at is None else at - 1 if up else at + 1
    if to is None or not 0 <= to < len(order):
        return
    order[at], order[to] = order[to], order[at]
    for position, each in enumerate(order, 1):
        each.position = position
    FieldDefinition.objects.bulk_update(order, ["position"])
    _tell("field.moved", field, by, _level(field).stores)


def may_change(field: FieldDefinition, actor: Actor) -> bool:
    """Whether they may change this field: a group's only those who may in all of its stores."""
    try:
        level_of("group" if field.store_id is None else str(field.store_id), actor)
    except Refused:
        return False
    return actor.may(PERMISSION)


def _mine(field: FieldDefinition, by: Actor) -> FieldDefinition:
    """The field, locked. Raises NotFound, NotPermitted for a group's field and somebody of one store."""
    levels.one_at_a_time(level_of("group" if field.store_id is None else str(field.store_id), by))
    found = FieldDefinition.objects.select_for_update().filter(id=field.id).first()
    if found is None:
        raise NotFound(_("没有这个字段，或不属于您的门店。"))
    return found


def _level(field: FieldDefinition) -> Level:
    if field.store_id is not None:
        return Level(field.group_id, field.store_id, (field.store_id,))
    stores = Store.objects.filter(group_id=field.group_id).order_by("id").values_list("id", flat=True)
    return Level(field.group_id, None, tuple(stores))


def _near(level: Level):
    """Fields beside which a new one of this level would stand: its own, its group's; for a group all of its stores'."""
    of_group = FieldDefinition.objects.filter(group_id=level.group_id)
    return of_group if level.store_id is None else of_group.filter(Q(store=None) | Q(store_id=level.store_id))


def _label(text: str, level: Level, subject: str, *, but: int | None = None) -> tuple[str, str]:
    """(the label, what is wrong with it)."""
    label = " ".join(text.split())
    if not label:
        return label, _("请写字段名称，例如 来店交通方式。")
    if len(label) > 40:
        return label, _("名称最多 40 个字。")
    if looks_personal(label):
        return label, _("名称里不能写电话、证件号。")
    same = _near(level).filter(subject=subject, label__iexact=label, archived_at=None).exclude(id=but)
    return label, _("已经有同名的字段。") if same.exists() else ""


def _choices(
    asked: Sequence[tuple[str | None, str]], kind: str, before: Sequence[Mapping[str, Any]]
) -> tuple[list[dict[str, Any]], str]:
    """(choices as kept, what is wrong with them)."""
    if kind not in CHOOSING:
        return [], ""
    known = {c["code"] for c in before}
    found: list[dict[str, Any]] = []
    for code, text in asked:
        label = " ".join(text.split())
        if not label:
            continue
        if len(label) > 40:
            return [], _("选项“%(label)s”超过 40 个字。") % {"label": label[:40]}
        if looks_personal(label):
            return [], _("选项里不能写电话、证件号。")
        if label.casefold() in {c["label"].casefold() for c in found}:
            return [], _("选项“%(label)s”写了两次。") % {"label": label}
        if code not in known or code in {c["code"] for c in found}:
            code = slug(label, known | {c["code"] for c in found}, other="choice")
        found.append({"code": code, "label": label})
    if len(found) < 2:
        return [], _("至少写两个选项。")
    if len(found) > MOST_CHOICES:
        return [], _("最多 %(n)d 个选项。") % {"n": MOST_CHOICES}
    return found, ""


def _used(field: FieldDefinition, codes: Sequence[str]) -> set[str]:
    model = CustomerValue if field.subject == FieldDefinition.Subject.CUSTOMER else VehicleValue
    return {code for code in codes if model.objects.filter(field_id=field.id, text=code).exists()}


def is_filled(field: FieldDefinition) -> bool:
    """Whether any row of the scope has a value."""
    if field.is_personal:
        return SealedValue.objects.filter(field_id=field.id).exists()
    model = CustomerValue if field.subject == FieldDefinition.Subject.CUSTOMER else VehicleValue
    return model.objects.filter(field_id=field.id).exists()


def _tell(action: str, field: FieldDefinition, by: Actor, stores: Sequence[int]) -> None:
    audit(
        action,
        by=by,
        subject=f"field:{field.id}",
        store_id=stores[0],
        code=field.code,
        label=field.label,
        kind=field.kind,
        of=field.subject,
        level="group" if field.store_id is None else "store",
    )
    definitions.forget_kept()
