"""Made-up exports of dealer systems, with one fault in some rows and a key of what is right. No real persons."""

from __future__ import annotations

import csv
import io
import random
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from cheban.customers.vin import check_digit

SIGNS = "ABCDEFGHJKLMNPRSTUVWXYZ0123456789"


@dataclass
class Export:
    """Rows of one sheet, and by row number (from 1): the wrong column, or the typed values of a good row."""

    rows: list[list[Any]] = field(default_factory=list)
    wrong: dict[int, str] = field(default_factory=dict)
    good: dict[int, dict[str, Any]] = field(default_factory=dict)
    merged: list[tuple[int, int]] = field(default_factory=list)  # first and last row of an order, from 1

    def add(self, row: list[Any], *, wrong: str = "", good: dict[str, Any] | None = None) -> None:
        self.rows.append(row)
        if wrong:
            self.wrong[len(self.rows)] = wrong
        elif good is not None:
            self.good[len(self.rows)] = good


class Maker:
    """Random but repeatable people, vehicles and ways of writing them."""

    def __init__(self, seed: int) -> None:
        self.r = random.Random(seed)

    def pick(self, *of: Any) -> Any:
        return self.r.choice(of)

    def vin(self) -> str:
        text = (
            self.pick("LSV", "LFV", "LGX", "LBV")
            + "".join(self.r.choices(SIGNS, k=10))
            + f"{self.r.randrange(10_000):04d}"
        )
        return text[:8] + check_digit(text) + text[9:]

    def mobile(self) -> str:
        return f"1{self.r.randint(3, 9)}{self.r.randrange(10**9):09d}"

    def plate(self) -> str:
        return (
            self.pick(*"京沪粤苏浙豫川鲁") + self.pick(*"ABCD") + self.pick(*SIGNS) + f"{self.r.randrange(10_000):04d}"
        )

    def name(self) -> str:
        return self.pick(*"王李张刘陈杨赵黄周吴徐孙𬎆") + self.pick(
            "伟", "芳芳", "娜", "秀英", "静㛃", "强", "磊", "军"
        )

    def day(self, first: date, last: date) -> date:
        return first + timedelta(days=self.r.randrange((last - first).days))

    def write_day(self, on: date) -> str:
        return self.pick(
            f"{on:%Y-%m-%d}",
            f"{on.year}/{on.month}/{on.day}",
            f"{on.year}年{on.month}月{on.day}日",
            f"{on:%Y%m%d}",
            f"{on:%Y.%m.%d}",
            str((on - date(1899, 12, 30)).days),
        )

    def write_mobile(self, m: str) -> str:
        wide = "".join(chr(ord(c) + 0xFEE0) for c in m)
        return self.pick(
            m,
            m,
            "+86 " + m,
            "86-" + m,
            "0086" + m,
            f"{m[:3]}-{m[3:7]}-{m[7:]}",
            f"{m[:3]} {m[3:7]} {m[7:]}",
            wide,
            m + " ",
        )

    def write_moment(self, at: datetime) -> str:
        half, hour = ("上午", at.hour) if at.hour < 12 else ("下午", at.hour - 12 or 12)
        return self.pick(
            f"{at.month}月{at.day}日{half}{hour}:{at:%M}",
            f"{at.year}年{at.month}月{at.day}日 {at:%H:%M}",
            f"{at:%Y-%m-%d %H:%M}",
            f"{at:%Y/%m/%d %H:%M:%S}",
            f"{at.month}月{at.day}日 {half}{hour}点" + ("半" if at.minute else ""),
            f"{at:%Y%m%d %H:%M}",
        )


OWNERS = [
    "序号",
    "车主编号",
    "车主",
    "车主性质",
    "车主手机",
    "车主电话",
    "邮编",
    "城市",
    "地址",
    "车牌号",
    "VIN",
    "品牌",
    "车系",
    "车型",
    "车辆销售日期",
    "开票日期",
    "客户经理",
    "销售顾问",
    "保修结束日期",
    "建档日期",
    "建档日期",
    "购车目的",
    "购车目的",
    "备注",
]


def owners(seed: int, count: int = 150) -> Export:
    """The owners' list of a dealer system: page titles and headings between rows, post code and city exchanged."""
    make, made = Maker(seed), Export()
    for title in (["某某汽车销售服务有限公司 保有客户清单"], [], ["导出时间：2026-06-30 10:00:00"], list(OWNERS)):
        made.add(title)
    for i in range(count):
        if i and i % 40 == 0:
            for title in ([f"第{i // 40}页 共5页"], ["某某汽车销售服务有限公司 保有客户清单"], list(OWNERS)):
                made.add(title)
        sold, mobile, vin, plate, name = (
            make.day(date(2016, 1, 1), date(2026, 5, 1)),
            make.mobile(),
            make.vin(),
            make.plate(),
            make.name(),
        )
        row = [
            i + 1,
            f"K{i:06d}",
            name,
            make.pick("个人", "单位", "1"),
            make.write_mobile(mobile),
            f"021-6234{i:04d}",
            "上海市",
            f"200{i:03d}",
            f"浦东新区某路{i}号,3楼",
            plate,
            vin,
            "大众",
            "朗逸",
            "朗逸 1.5L",
            make.write_day(sold),
            make.write_day(sold),
            "李顾问",
            "陈喆",
            make.write_day(sold + timedelta(days=1095)),
            "2020-01-01",
            "张三",
            "家用",
            "家用",
            "备注\n第二行" if i % 9 == 0 else "",
        ]
        faults = {
            "VIN": (10, vin[:16], vin[:5] + "O" + vin[6:]),
            "车牌号": (9, "A12345", "京A12", "沪Z-"),
            "车主": (2, ""),
            "车主手机": (4, "1.38123E+10", "138123456", "无", "2" + mobile[1:]),
            "车辆销售日期": (14, "2031-05-01", "2021-02-30", "2022/13/05"),
        }
        fault = make.pick(*faults) if i % 7 == 5 else ""
        if fault:
            column, *values = faults[fault]
            row[column] = make.pick(*values)
        made.add(
            row,
            wrong=fault,
            good={
                "name": name,
                "mobile": mobile,
                "vin": vin,
                "plate": plate,
                "purchased_on": sold,
                "sales_consultant": "陈喆",
                "customer_no": f"K{i:06d}",
                "service_advisor": "李顾问",
            },
        )
    made.add(["合计", f"{count}人"])
    made.add(["制表人：", "张三", "审核：", "李四"])
    return made


INSURANCE = [
    "序号",
    "互助会员姓名",
    "手机号",
    "互助会员身份证号",
    "车牌号",
    "车架号",
    "发动机号",
    "车辆注册日期",
    "最近一次投保保险公司",
    "交强险到期日",
    "商业保险到期日",
    "保费（元）",
]


def id_number(make: Maker) -> str:
    """A made-up identity number with the right check digit."""
    text = (
        f"310101{make.r.randint(1960, 1999)}0{make.r.randint(1, 9)}{make.r.randint(10, 28)}{make.r.randint(100, 999)}"
    )
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return text + "10X98765432"[sum(int(a) * b for a, b in zip(text, weights, strict=True)) % 11]


def insurance(seed: int, count: int = 120) -> Export:
    """A list of policies that end, with sub-totals."""
    make, made = Maker(seed), Export()
    made.add(["2026年续保清单"])
    made.add(list(INSURANCE))
    for i in range(count):
        mobile, vin, plate, name, number = make.mobile(), make.vin(), make.plate(), make.name(), id_number(make)
        first, ends = make.day(date(2016, 1, 1), date(2026, 5, 1)), make.day(date(2026, 7, 1), date(2027, 6, 1))
        row = [
            i + 1,
            name,
            make.write_mobile(mobile),
            number,
            plate,
            vin,
            f"EA{i:06d}",
            make.write_day(first),
            make.pick("人保", "平安"),
            make.write_day(ends),
            make.write_day(ends),
            make.pick("3,250.00", "￥3250", "3250元", 3250),
        ]
        faults = {
            "手机号": (2, "1.39E+10"),
            "互助会员身份证号": (3, number[:17] + ("1" if number[17] != "1" else "2")),
            "车牌号": (4, "粤BO123I"),
            "车架号": (5, vin[:12]),
            "车辆注册日期": (7, "2029-01-01"),
            "商业保险到期日": (10, "2027-02-30", "待定", "2027/13/1"),
            "保费（元）": (11, "-300", "三千"),
        }
        fault = make.pick(*faults) if i % 6 == 3 else ""
        if fault:
            column, *values = faults[fault]
            row[column] = make.pick(*values)
        made.add(
            row,
            wrong=fault,
            good={
                "name": name,
                "mobile": mobile,
                "vin": vin,
                "plate": plate,
                "insurance_until": ends,
                "compulsory_until": ends,
                "premium_fen": 325_000,
                "id_number": number,
            },
        )
        if i % 40 == 39:
            made.add(["小计", *[""] * 10, 40 * 3250])
    made.add(["合计", *[""] * 10, count * 3250])
    return made


APPOINTMENTS = [
    "预约单号",
    "姓名",
    "手机号",
    "车牌号",
    "车系",
    "选择的4S店",
    "预计到店时间",
    "服务顾问",
    "预约项目",
    "行驶里程",
    "补充说明",
    "受理状态",
    "来源",
]


def appointments(seed: int, count: int = 120) -> Export:
    """A month's bookings, times as people say them, most without the year."""
    make, made = Maker(seed), Export()
    for title in (["2026年7月 预约登记表"], ["打印时间:2026-07-31 18:00"], list(APPOINTMENTS)):
        made.add(title)
    for i in range(count):
        mobile, plate, name, km = make.mobile(), make.plate(), make.name(), make.r.randint(1000, 90_000)
        at = datetime(2026, 7, make.r.randint(1, 31), make.r.randint(8, 17), make.pick(0, 30))  # noqa: DTZ001
        row = [
            f"YY2607{i:04d}",
            name,
            make.write_mobile(mobile),
            plate,
            "速腾",
            "浦东店",
            make.write_moment(at),
            "赵敏",
            "小保养",
            make.pick(km, f"{km}公里", f"{km:,}km", f"{km / 10_000}万公里", str(km)),
            "请准备代步车",
            "已受理",
            "APP",
        ]
        faults = {
            "手机号": (2, "1381234", "电话见备注"),
            "预计到店时间": (6, "7月32日下午2:30", "2026-13-01 10:00", "", "尽快", "7月3日25:10"),
            "车牌号": (3, "沪A-1"),
            "行驶里程": (9, "-5", "约几万", "3000000"),
            "姓名": (1, ""),
        }
        fault = make.pick(*faults) if i % 6 == 2 else ""
        if fault:
            column, *values = faults[fault]
            row[column] = make.pick(*values)
        made.add(
            row,
            wrong=fault,
            good={"name": name, "mobile": mobile, "plate": plate, "appointment_at": at, "odometer_km": km},
        )
    made.add(["备注：以上预约以电话确认为准"])
    return made


ORDERS = [
    "工单号",
    "工单类型",
    "车牌号",
    "VIN",
    "车主",
    "送修人",
    "送修人电话",
    "进厂时间",
    "预交车时间",
    "出厂时间",
    "进厂里程(km)",
    "服务顾问",
    "维修技师",
    "维修项目",
    "工时费",
    "材料费",
    "合计",
]
_HEAD_FAULTS = {
    "VIN": "vin",
    "车牌号": "plate",
    "送修人电话": "deliverer_mobile",
    "进厂时间": "in_at",
    "出厂时间": "out_at",
    "进厂里程(km)": "odometer_km",
}


def orders(
    seed: int, count: int = 80, *, mode: str = "repeat", pages: int = 0, month: int = 1, as_text: bool = True
) -> Export:
    """Orders of one to three lines with sub-totals. `mode`: order fields on each line ('repeat'), on the first only
    ('blank'), or merged downwards ('merged'). `pages`: orders after which the page's title and headings come again."""
    make, made = Maker(seed), Export()
    for title in ([f"某店维修结算明细 2026年{month}月"], [], list(ORDERS)):
        made.add(title)
    for i in range(count):
        if pages and i and i % pages == 0:
            for title in (["本页小计", *[""] * 13, 1, 2, 3], [], [f"某店维修结算明细 2026年{month}月"], list(ORDERS)):
                made.add(title)
        _order(make, made, i, mode, month, as_text)
    made.add(["总计", *[""] * 13, 1, 2, 3])
    return made


def _order(make: Maker, made: Export, i: int, mode: str, month: int, as_text: bool) -> None:
    mobile, vin, plate, km = make.mobile(), make.vin(), make.plate(), make.r.randint(3000, 150_000)
    came = datetime(2026, month, make.r.randint(4, 28), make.r.randint(8, 12), make.pick(0, 15, 30))  # noqa: DTZ001
    left = came + timedelta(hours=make.r.randint(1, 60))

    def moment(at: datetime) -> Any:
        return (
            make.pick(
                f"{at:%Y-%m-%d %H:%M}", f"{at:%Y/%m/%d %H:%M:%S}", f"{at.year}年{at.month}月{at.day}日 {at:%H:%M}"
            )
            if as_text
            else at
        )

    head = [
        f"RO26{month:02d}{i:05d}",
        make.pick("普通维修", "保养"),
        plate,
        vin,
        make.name(),
        "王强",
        make.write_mobile(mobile),
        moment(came),
        moment(left + timedelta(hours=3)),
        moment(left),
        km,
        "李顾问",
    ]
    faults = {
        "VIN": (3, vin[:16]),
        "车牌号": (2, "京A12"),
        "送修人电话": (6, "1.38E+10"),
        "进厂时间": (7, "2031-05-01 10:00", "2026-02-30 10:00"),
        "出厂时间": (9, moment(came - timedelta(days=3))),
        "进厂里程(km)": (10, -5, "不清楚了", 9_999_999),
    }
    head_fault = make.pick(*faults) if make.r.random() < 0.1 else ""
    if head_fault:
        column, *values = faults[head_fault]
        head[column] = make.pick(*values)
    first, lines = len(made.rows) + 1, make.pick(1, 1, 2, 3)
    for number in range(lines):
        labour, material = make.pick(0, 30, 120, 180.5), make.pick(0, 150, 380, 620.25)
        tail = [
            make.pick("张师傅", "李师傅"),
            make.pick("小保养（机油机滤）", "更换前刹车片", "合计检查费", "空调滤芯,2只"),
            labour,
            material,
            labour + material,
        ]
        fault = make.pick("工时费", "材料费", "合计") if make.r.random() < 0.1 else ""
        if fault:
            tail[ORDERS.index(fault) - 12] = {"工时费": -30, "材料费": "赠送?", "合计": "#REF!"}[fault]
        good = {
            "order_no": head[0],
            "plate": plate,
            "vin": vin,
            "deliverer": "王强",
            "deliverer_mobile": mobile,
            "in_at": came,
            "out_at": left,
            "odometer_km": km,
            "item": tail[1],
            "labour_fen": round(labour * 100),
            "material_fen": round(material * 100),
            "total_fen": round((labour + material) * 100),
        }
        inherited = number > 0 and mode == "blank"
        if inherited and head_fault:
            del good[_HEAD_FAULTS[head_fault]]
        made.add(
            (list(head) if mode != "blank" or number == 0 else [""] * 12) + tail,
            wrong=fault or ("" if inherited else head_fault),
            good=good,
        )
    if lines > 1:
        made.merged.append((first, len(made.rows)))
        made.add(["小计", *[""] * 13, 1, "", ""])


def csv_bytes(
    made: Export, *, encoding: str, separator: str = ",", after: str = "", quoting: int = csv.QUOTE_MINIMAL
) -> bytes:
    """As a csv file; `after`: a TAB behind each separator, as some systems keep long numbers."""
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=separator, quoting=quoting).writerows(made.rows)
    text = buffer.getvalue()
    if after:
        text = (
            "\r\n".join(
                (separator + after).join(
                    '"' + str(c) + '"' if separator in str(c) or "\n" in str(c) else str(c) for c in row
                )
                for row in made.rows
            )
            + "\r\n"
        )
    return text.encode(encoding)


def write_sheet(book: Any, name: str, made: Export, *, hidden: tuple[int, ...] = ()) -> None:
    """As a sheet of an xlsxwriter book, order fields merged downwards, totals as formulas without a result."""
    sheet, moment = book.add_worksheet(name), book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    covered = {row for first, last in made.merged for row in range(first, last + 1)}
    for column in hidden:
        sheet.set_column(column, column, 8, None, {"hidden": True})
    for number, row in enumerate(made.rows, 1):
        for column, cell in enumerate(row):
            is_sum = len(row) == 17 and column == 16 and number in made.good
            if cell == "" or number in covered and column < 12:
                continue
            if isinstance(cell, datetime):
                sheet.write_datetime(number - 1, column, cell, moment)
            elif is_sum or cell == "#REF!":
                sheet.write_formula(
                    number - 1,
                    column,
                    f"=O{number}+P{number}" + ("+#REF!" if cell == "#REF!" else ""),
                    None,
                    "" if number % 2 else 0,
                )
            else:
                sheet.write(number - 1, column, cell)
    for first, last in made.merged:
        for column in range(12):
            cell = made.rows[first - 1][column]
            sheet.merge_range(first - 1, column, last - 1, column, cell, moment if isinstance(cell, datetime) else None)


def save(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path
