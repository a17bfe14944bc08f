"""The fields of the handover sheet in their three dimensions: one table. R024-R027.

Base fields are read from the files of customer and car (R021: nothing is typed twice); the others are what sales heard.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cheban.core.errors import BadValue

BASE, NEEDS, PREFERENCES = "base", "needs", "preferences"
DIMENSIONS = {BASE: gettext_lazy("基础信息"), NEEDS: gettext_lazy("需求信息"), PREFERENCES: gettext_lazy("服务偏好")}


@dataclass(frozen=True, slots=True)
class Field:
    """One line of the sheet. kind: `file` (read from the files), `choice`, `choices` (several), `text`."""

    code: str
    dimension: str
    label: str
    kind: str
    choices: tuple[tuple[str, str], ...] = ()
    is_required: bool = True
    most: int = 200  # characters of a text


FIELDS = (
    Field("name", BASE, gettext_lazy("客户姓名"), "file"),
    Field("model", BASE, gettext_lazy("车型"), "file"),
    Field("purchased", BASE, gettext_lazy("购车时间"), "file"),
    Field("configuration", BASE, gettext_lazy("关键配置"), "file"),
    Field(
        "motive",
        NEEDS,
        gettext_lazy("买车的主要原因"),
        "choice",
        (
            ("family", gettext_lazy("家庭：空间、安全座椅、出游")),
            ("business", gettext_lazy("商务：舒适、接待、形象")),
            ("commuting", gettext_lazy("通勤：省油、好停车")),
            ("first_car", gettext_lazy("第一辆车：好开、省心")),
            ("upgrade", gettext_lazy("换车：性能、品牌、智能")),
        ),
    ),
    Field(
        "worries",
        NEEDS,
        gettext_lazy("担心什么"),
        "choices",
        (
            ("upkeep", gettext_lazy("养护成本")),
            ("consumption", gettext_lazy("油耗或续航")),
            ("faults", gettext_lazy("质量与故障")),
            ("value", gettext_lazy("保值")),
            ("operation", gettext_lazy("车机不会用")),
            ("none", gettext_lazy("没有说")),
        ),
    ),
    Field("needs_note", NEEDS, gettext_lazy("客户原话"), "text", is_required=False),
    Field(
        "channel",
        PREFERENCES,
        gettext_lazy("希望怎样联系"),
        "choice",
        (("wechat", gettext_lazy("微信")), ("phone", gettext_lazy("电话")), ("sms", gettext_lazy("短信"))),
    ),
    Field("channel_time", PREFERENCES, gettext_lazy("方便的时间"), "text", is_required=False, most=64),
    Field(
        "events",
        PREFERENCES,
        gettext_lazy("愿意参加的活动"),
        "choices",
        (
            ("self_drive", gettext_lazy("自驾游")),
            ("care_class", gettext_lazy("养护课堂")),
            ("family_day", gettext_lazy("亲子活动")),
            ("none", gettext_lazy("不参加")),
        ),
    ),
)
BY_CODE = {field.code: field for field in FIELDS}
ASKED = tuple(field for field in FIELDS if field.kind != "file")


def read(data: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """What sales filled in, typed, and what is wrong by field; a choice that does not exist is wrong, an empty field
    is simply left out. `data` maps codes to a text or, for `choices`, a list of codes."""
    said: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for field in ASKED:
        value = data.get(field.code)
        try:
            typed = _typed(field, value)
        except BadValue as error:
            wrong[field.code] = str(error.problem)
            continue
        if typed:
            said[field.code] = typed
    return said, wrong


def _typed(field: Field, value: Any) -> Any:
    known = dict(field.choices)
    if field.kind == "choices":
        chosen = list(dict.fromkeys(value or []))
        if not set(chosen) <= set(known):
            raise BadValue(_("请从列出的选项里选。"))
        if "none" in chosen and len(chosen) > 1:
            raise BadValue(_("“%(none)s”不能和别的一起选。") % {"none": known["none"]})
        return chosen
    text = " ".join(str(value or "").split())
    if field.kind == "choice":
        if text and text not in known:
            raise BadValue(_("请从列出的选项里选。"))
        return text
    if len(text) > field.most:
        raise BadValue(_("最多 %(n)d 个字。") % {"n": field.most})
    return text


def missing(said: Mapping[str, Any], of_files: Mapping[str, str]) -> list[Field]:
    """Required fields without a value."""
    return [f for f in FIELDS if f.is_required and not (of_files if f.kind == "file" else said).get(f.code)]


def words(field: Field, value: Any) -> str:
    """A value as people read it."""
    known = dict(field.choices)
    if isinstance(value, list):
        return _("、").join(str(known.get(code, code)) for code in value)
    return str(known.get(value, value or ""))


def of_files(customer: Any, vehicle: Any) -> dict[str, str]:
    """The base dimension, read from the files of customer and vehicle."""
    parts = [vehicle.get_energy_display() if vehicle.energy else "", vehicle.trim, vehicle.driver_assistance]
    return {
        "name": customer.name,
        "model": " ".join(part for part in (vehicle.brand, vehicle.series, vehicle.model) if part),
        "purchased": vehicle.purchased_on.isoformat() if vehicle.purchased_on else "",
        "configuration": _("、").join(part for part in map(str, parts) if part),
    }


def suggested(customer: Any, vehicle: Any) -> dict[str, Any]:
    """What the files already say about needs and preferences: a start for the one who fills the sheet in."""
    found: dict[str, Any] = {}
    if vehicle.use in dict(BY_CODE["motive"].choices):
        found["motive"] = vehicle.use
    if customer.preferred_channel in dict(BY_CODE["channel"].choices):
        found["channel"] = customer.preferred_channel
    if customer.preferred_time:
        found["channel_time"] = customer.preferred_time
    return found
