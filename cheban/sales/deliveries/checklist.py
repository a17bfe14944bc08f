"""What the two people explain to a buyer at the delivery: one table. R036."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from cheban.sales.models import SalesPromise

Side = SalesPromise.Side


@dataclass(frozen=True, slots=True)
class Point:
    """One point: whose it is (sales or service) and what is shown or handed over."""

    code: str
    side: str
    label: str


POINTS = (
    Point("functions", Side.SALES, _("整车功能：灯光、雨刮、座椅、后备箱")),
    Point("driver_assistance", Side.SALES, _("驾驶辅助：能做什么，不能做什么")),
    Point("rights", Side.SALES, _("购车权益：质保年限、三包、置换补贴")),
    Point("gifts", Side.SALES, _("赠品与承诺：逐项当面点清")),
    Point("papers", Side.SALES, _("随车文件：发票、合格证、保单、两把钥匙")),
    Point("booklet", Side.SERVICE, _("保养手册：首保时间与里程，保养包含什么")),
    Point("car_system", Side.SERVICE, _("车机：账号登录、导航、语音、远程控制")),
    Point("emergency", Side.SERVICE, _("应急处理：爆胎、亏电、救援电话、故障灯")),
    Point("charging", Side.SERVICE, _("加油或充电：油号、充电口、家用桩")),
    Point("service_card", Side.SERVICE, _("售后专员名片：预约、救援、答疑都找谁")),
)
BY_CODE = {point.code: point for point in POINTS}


def of_side(side: str) -> list[Point]:
    """The points of one side, in order."""
    return [point for point in POINTS if point.side == side]
