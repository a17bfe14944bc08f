"""The invented exports with the dirt of real ones, judged row by row against their key. R021."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pytest

from cheban.customers.importing import reading

SAMPLES = Path(__file__).parents[5] / "shared" / "data" / "dms_exports"
TODAY = date(2026, 11, 23)


def needs_samples() -> Path:
    """The folder of samples; a clear failure where it is missing."""
    assert SAMPLES.is_dir(), "the samples stand beside the project in shared/data/dms_exports"
    return SAMPLES


def read(path: Path):
    plan = reading.inspect_file(path)
    rows = {}
    for chunk in reading.plan_chunks(path, plan):
        for row in reading.convert_chunk(chunk, today=TODAY).rows:
            rows[row.sheet, row.row] = row
    return plan, rows


@pytest.mark.req("R021")
@pytest.mark.parametrize(("name", "kind"), [("1_客户档案", "customers"), ("3_维修工单_按月", "repair_orders")])
def test_exactly_the_wrong_rows_are_refused(name, kind):
    folder = needs_samples()
    plan, rows = read(folder / f"{name}.xlsx")
    key = {
        (r["sheet"], int(r["row"])): r
        for r in csv.DictReader((folder / "key.csv").open(encoding="utf-8"))
        if r["file"] == f"{name}.xlsx"
    }
    wrong = {k for k, r in key.items() if r["kind"] == "wrong"}
    refused = {k for k, row in rows.items() if row.problems}
    flagged = {k for k, row in rows.items() if row.flags}
    assert plan.kind == kind
    assert refused - wrong == set()
    assert {k for k in wrong - refused if "check digit" not in key[k]["why"]} == set()
    assert flagged <= wrong
    assert {k for k, r in key.items() if r["kind"] == "not_data"} & set(rows) == set()
    for k in wrong & refused:
        assert key[k]["field"] in [p.column.split("(")[0] for p in rows[k].problems]


@pytest.mark.req("R021")
def test_good_customer_rows_hold_what_the_file_says():
    folder = needs_samples()
    _plan, rows = read(folder / "1_客户档案.xlsx")
    for truth in csv.DictReader((folder / "truth_1_客户档案.csv").open(encoding="utf-8")):
        v = rows["客户档案", int(truth["row"])].values
        assert (
            v["name"],
            v["mobile"][0][1],
            str(v["birth_on"]),
            v["plate"][0],
            v["vin"][0],
            v["series"],
            str(v["purchased_on"]),
            v["sales_consultant"],
        ) == (
            truth["name"],
            "+86" + truth["mobile"],
            truth["birthday"],
            truth["plate"],
            truth["vin"],
            truth["series"],
            truth["sold_on"],
            truth["advisor"],
        )


@pytest.mark.req("R021")
def test_good_order_lines_hold_what_the_file_says():
    folder = needs_samples()
    _plan, rows = read(folder / "3_维修工单_按月.xlsx")
    for truth in csv.DictReader((folder / "truth_3_维修工单_按月.csv").open(encoding="utf-8")):
        v = rows[truth["sheet"], int(truth["row"])].values
        assert (
            v["order_no"],
            v["vin"][0],
            v["deliverer"],
            str(v["in_at"].date()),
            str(v["out_at"].date()),
            v["odometer_km"],
            v["item"],
            v["labour_fen"],
            v["material_fen"],
            v["total_fen"],
        ) == (
            truth["order_no"],
            truth["vin"],
            truth["deliverer"],
            truth["in_on"],
            truth["out_on"],
            int(truth["odometer_km"]),
            truth["item"],
            int(truth["labour"]) * 100,
            int(truth["material"]) * 100,
            int(truth["total"]) * 100,
        )
