"""The files that the dealer's old system writes each night, and how they come into the house: as any file does."""

from __future__ import annotations

import csv
import tempfile
from datetime import date, datetime
from pathlib import Path
from uuid import UUID

from cheban.customers.importing import pipeline
from cheban.org import scope
from cheban.site.simulation.world import Car, Person

CUSTOMERS = {
    "customer_no": "客户编号",
    "name": "车主姓名",
    "phone": "手机",
    "plate": "车牌号",
    "vin": "车架号",
    "brand": "品牌",
    "series": "车系",
    "energy": "能源类型",
    "bought": "购车日期",
    "insured": "商业险到期日",
    "seller": "销售顾问",
}
ORDERS = {
    "order_no": "工单号",
    "name": "车主姓名",
    "phone": "手机",
    "plate": "车牌号",
    "vin": "车架号",
    "in_at": "进厂时间",
    "out_at": "出厂时间",
    "km": "进厂里程",
    "advisor": "服务顾问",
    "technician": "维修技师",
    "kind": "维修类型",
    "pays": "付费类型",
    "concern": "故障描述",
    "item_code": "项目代码",
    "item": "项目名称",
    "quantity": "数量",
    "labour": "工时费",
    "material": "材料费",
    "total": "小计",
}
ENERGY = {"fuel": "燃油", "hybrid": "混动", "electric": "纯电"}


def customer_row(car: Car, person: Person, *, seller: str = "") -> dict[str, str]:
    """A line of the customers' file: a car and whose it is."""
    return {
        "customer_no": person.customer_no,
        "name": person.name,
        "phone": person.phone,
        "plate": car.plate,
        "vin": car.vin,
        "brand": car.brand,
        "series": car.series,
        "energy": ENERGY[car.energy],
        "bought": car.bought.isoformat(),
        "insured": car.insured_until.isoformat() if car.insured_until else "",
        "seller": seller,
    }


def bring_in(store_id: int, kind: str, rows: list[dict[str, str]], *, on: date) -> UUID:
    """Write the rows as a csv file and import it into the store; returns the import's id."""
    headings = CUSTOMERS if kind == "customers" else ORDERS
    with tempfile.TemporaryDirectory(prefix="simulate-") as folder:
        path = Path(folder) / f"{'客户' if kind == 'customers' else '工单'}-{on:%Y%m%d}.csv"
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.DictWriter(file, list(headings))
            writer.writerow(headings)
            writer.writerows(rows)
        with scope.use([store_id]):
            batch = pipeline.create(path, store_id=store_id, file_name=path.name, kind=kind, keep=False)
        pipeline.write(batch.id, store_id=store_id, path=path)
    return batch.id


def written(at: datetime) -> str:
    """A moment as the old system writes it."""
    return at.strftime("%Y-%m-%d %H:%M")
