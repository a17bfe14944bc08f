"""Files that are damaged, hostile or strangely made: refused with what to do, or read all the same. C 26-29, 34."""

from __future__ import annotations

import contextlib
import random
import struct
import time
import zipfile
import zlib
from datetime import date
from pathlib import Path

import pytest
import xlsxwriter

from cheban.customers.importing import reading
from cheban.customers.importing.csvfile import find_encoding, find_separator
from cheban.customers.importing.files import Unreadable, open_tables
from cheban.customers.importing.tests.test_rows import book, read

SHEET = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">%s</worksheet>'
CELLS = [["客户名称", "手机", "备注"], ["张伟", "13812345678", "老客户"]]


def with_part(path: Path, name: str, content: bytes, *, into: Path | None = None) -> Path:
    """The workbook with one part replaced."""
    with zipfile.ZipFile(path) as archive:
        parts = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    parts[name] = content
    into = into or path
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as archive:
        for key, value in parts.items():
            archive.writestr(key, value)
    return into


@pytest.mark.req("R021")
def test_two_cells_far_apart_do_not_take_all_memory(tmp_path):
    path = tmp_path / "far.xlsx"
    made = xlsxwriter.Workbook(str(path))
    sheet = made.add_worksheet("名单")
    sheet.write_row(0, 0, CELLS[0])
    sheet.write(1_048_575, 16_383, "x")
    made.close()
    with pytest.raises(Unreadable) as caught:
        reading.inspect_file(path)
    assert "名单" in str(caught.value.problem)
    rows = (
        SHEET
        % '<sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>客户名称</t></is></c><c r="xfd1048576"><v>1</v></c></row></sheetData>'
    )
    with pytest.raises(Unreadable):
        reading.inspect_file(with_part(book(tmp_path / "b.xlsx", CELLS), "xl/worksheets/sheet1.xml", rows.encode()))


def test_a_directory_that_lies_about_sizes_is_not_believed(tmp_path):
    large = b"<sst><si><t>" + b"a" * 30_000_000 + b"</t></si></sst>"
    path = with_part(book(tmp_path / "a.xlsx", CELLS), "xl/sharedStrings.xml", large)
    content = bytearray(path.read_bytes())
    at = content.rindex(b"xl/sharedStrings.xml") - 46
    struct.pack_into("<I", content, at + 24, 30_000)  # size when unpacked
    struct.pack_into("<I", content, at + 16, zlib.crc32(large[:30_000]))
    path.write_bytes(content)
    with pytest.raises(Unreadable) as caught:
        reading.inspect_file(path)
    assert "大小与内容不符" in str(caught.value.problem)  # before any parser has seen it


@pytest.mark.parametrize(
    "entity",
    [
        '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>',
        '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>',
    ],
)
def test_entities_are_never_expanded(tmp_path, entity):
    text = (
        entity
        + SHEET % '<sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>客户名称&b;&a;</t></is></c></row></sheetData>'
    )
    path = with_part(book(tmp_path / "a.xlsx", CELLS), "xl/worksheets/sheet1.xml", text.encode())
    try:
        cells = [row for table in open_tables(path) for _n, row in table.rows]
    except Unreadable:
        return
    assert "aaaa" not in str(cells) and Path("/etc/hostname").read_text().strip() not in str(cells)


def test_sheets_of_other_writers_are_read(tmp_path):
    strings = "".join(
        f'<x:c r="{c}1" t="inlineStr"><x:is><x:t>{t}</x:t></x:is></x:c>'
        for c, t in zip("ABC", ["工单号", "维修项目", "合计"], strict=True)
    )
    xml = (
        '<x:worksheet xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><x:dimension ref="A1"/><x:sheetData>'
        f'<x:row r="1">{strings}</x:row><x:row r="2"><x:c t="inlineStr" r="A2"><x:is><x:t>R1</x:t></x:is></x:c>'
        '<x:c r="B2" t="inlineStr"><x:is><x:t>保养</x:t></x:is></x:c><x:c r="C2"><x:f>100+20.5</x:f></x:c></x:row></x:sheetData></x:worksheet>'
    )
    path = with_part(book(tmp_path / "a.xlsx", CELLS), "xl/worksheets/sheet1.xml", xml.encode())
    _plan, rows, _ = read(path)
    assert [(r.values["order_no"], r.values["total_fen"]) for r in rows] == [("R1", 12050)]


def test_shared_formulas_are_moved_to_their_rows(tmp_path):
    head = "".join(
        f'<c r="{c}1" t="inlineStr"><is><t>{t}</t></is></c>'
        for c, t in zip("ABCDE", ["工单号", "维修项目", "工时费", "材料费", "合计"], strict=True)
    )
    lines = "".join(
        f'<row r="{r}"><c r="A{r}" t="inlineStr"><is><t>R{r}</t></is></c><c r="B{r}" t="inlineStr"><is><t>保养</t></is></c><c r="C{r}"><v>{r}</v></c>'
        f'<c r="D{r}"><v>1</v></c><c r="E{r}">'
        + ('<f t="shared" ref="E2:E4" si="0">C2+D2</f>' if r == 2 else '<f t="shared" si="0"/>')
        + "</c></row>"
        for r in (2, 3, 4)
    )
    path = with_part(
        book(tmp_path / "a.xlsx", CELLS),
        "xl/worksheets/sheet1.xml",
        (SHEET % f'<sheetData><row r="1">{head}</row>{lines}</sheetData>').encode(),
    )
    assert [r.values["total_fen"] for r in read(path)[1]] == [300, 400, 500]


def test_errors_stored_in_cells_are_refused_where_the_column_is_read(tmp_path):
    xml = SHEET % (
        '<sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>工单号</t></is></c><c r="B1" t="inlineStr"><is><t>维修项目</t></is></c>'
        '<c r="C1" t="inlineStr"><is><t>合计</t></is></c></row><row r="2"><c r="A2" t="inlineStr"><is><t>R1</t></is></c>'
        '<c r="B2" t="inlineStr"><is><t>保养</t></is></c><c r="C2" t="e"><f>VLOOKUP(A2,Z:Z,1)</f><v>#N/A</v></c></row></sheetData>'
    )
    _plan, rows, _ = read(with_part(book(tmp_path / "a.xlsx", CELLS), "xl/worksheets/sheet1.xml", xml.encode()))
    assert [(p.column, p.value) for p in rows[0].problems] == [("合计", "#N/A")]


@pytest.mark.parametrize("suffix", [".xls", ".csv", ".bin", ""])
def test_the_content_decides_and_not_the_suffix(tmp_path, suffix):
    assert len(read(book(tmp_path / "a.xlsx", CELLS).rename(tmp_path / f"a{suffix}"))[1]) == 1


@pytest.mark.parametrize(
    "content",
    [
        "<html><head><meta charset='gb2312'></head><table><tr><td>客户名称</td></tr></table>".encode("gb18030"),
        b'<?xml version="1.0"?><Workbook/>',
        b"\xef\xbb\xbf<table><tr><td>x",
        b"Rar!\x1a\x07\x00",
        b"\x1f\x8b\x08\x00",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600,
        bytes(range(256)) * 40,
    ],
)
def test_other_kinds_of_files_are_refused_with_what_to_do(tmp_path, content):
    path = tmp_path / "a.xls"
    path.write_bytes(content)
    with pytest.raises(Unreadable) as caught:
        reading.inspect_file(path)
    assert "请" in str(caught.value.problem)


def test_bytes_changed_at_random_never_end_the_process(tmp_path):
    """A hundred damaged files of each sort: read or refused, nothing else, none slow."""
    chance = random.Random(20261123)
    old = (Path(__file__).parent / "files" / "orders_1904.xls").read_bytes()
    new = book(tmp_path / "a.xlsx", CELLS * 20).read_bytes()
    text = ("客户名称,手机\n" + '张伟,13812345678\n"李娜",139\n' * 20).encode("gb18030")
    path = tmp_path / "damaged"
    for source, times in ((old, 25), (new, 100), (text, 100)):
        for _ in range(times):
            content = bytearray(source)
            for _change in range(chance.choice((1, 4, 30))):
                content[chance.randrange(len(content))] = chance.randrange(256)
            path.write_bytes(content[: chance.randrange(1, len(content))] if chance.random() < 0.2 else content)
            begun = time.monotonic()
            with contextlib.suppress(Unreadable):
                read(path)
            assert time.monotonic() - begun < 10


@pytest.mark.parametrize(
    ("cell", "field", "is_refused"),
    [
        ("=cmd|' /C calc'!A0", "name", True),
        ('=HYPERLINK("http://a","b")', "remarks", True),
        ("=====", "remarks", False),
        ("+8613812345678", "mobile", False),
        ('="13812345678"', "mobile", False),
        ("'13812345678", "mobile", False),
        ("\t13812345678\t", "mobile", False),
        ("@老王", "remarks", False),
        ("张\x00伟", "name", False),
        ("-", "remarks", False),
        ("张\ufffd伟", "name", True),
        ("A" * 40_000, "remarks", True),
        ("1.23E+14", "customer_no", True),
        ("1.38E+10", "mobile", True),
        ("9e99999999", "price_fen", True),
        ("１３８１２３４５６７８", "mobile", False),
        ("13812345678/13912345678", "mobile", False),
        ("13812345678 13912345678", "mobile", False),
    ],
)
def test_single_cells_that_want_to_do_harm_or_have_lost_something(tmp_path, cell, field, is_refused):
    headings = {
        "name": "客户名称",
        "mobile": "手机",
        "remarks": "备注",
        "customer_no": "客户编号",
        "price_fen": "成交价",
    }
    values = {"客户名称": "张伟", "手机": "13712345678", headings[field]: cell}
    path = tmp_path / "a.csv"
    quoted = ['"' + v.replace('"', '""') + '"' for v in values.values()]
    path.write_text(",".join(values) + "\n" + ",".join(quoted) + "\n", encoding="utf-8")
    _plan, rows, _ = read(path)
    assert [p.column for p in rows[0].problems] == ([headings[field]] if is_refused else [])
    if not is_refused and field == "mobile":
        assert rows[0].values["mobile"][0] == ("mobile", "+8613812345678")


def test_a_row_of_a_million_cells_is_only_a_row(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("客户名称,手机\n张伟,13812345678" + "," * 1_000_000 + "\n李娜,13912345678\n", encoding="utf-8")
    assert [r.values["name"] for r in read(path)[1]] == ["张伟", "李娜"]


def test_half_characters_do_not_turn_a_utf8_file_into_nonsense(tmp_path):
    path = tmp_path / "a.csv"
    cut = "客户地址很长被系统截断".encode()[:-1]
    lines = "".join(f"客户{c},138{i:08d}\n" for i, c in enumerate("甲乙丙丁戊己庚辛壬癸" * 30)).encode()
    path.write_bytes(
        "客户名称,手机,地址\n".encode() + lines + b"\xe5\xbc\xa0\xe4\xbc\x9f,13912345678," + cut + b"\n" + lines
    )
    assert find_encoding(path) == "utf-8"
    _plan, rows, _ = read(path)
    assert len(rows) == 601 and [p.column for r in rows for p in r.problems] == ["地址"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
def test_encodings_are_found_from_few_and_from_many_lines(tmp_path, encoding):
    path = tmp_path / "a.csv"
    for count in (1, 3000):
        path.write_bytes(("客户名称,手机\n" + "阿卜杜拉·买买提𬎆,13812345678\n" * count).encode(encoding))
        assert {r.values["name"] for r in read(path)[1]} == {"阿卜杜拉·买买提𬎆"}


@pytest.mark.parametrize(
    ("sample", "separator"),
    [
        ("a,b,c\n1,2,3\n", ","),
        ("a\tb\tc\n1\t2\t3\n", "\t"),
        ("a;b;c\n1,5;2,5;3,5\n", ";"),
        ("a|b\n1|2\n", "|"),
        ("a,\tb,\tc\n1,\t2,\t3\n", ","),
        ('a,b\n"x\ty\tz","1;2;3;4"\n', ","),
        ("标题\n\n打印：张三，2026\na\tb\tc,d\n1\t2\t3,4\n", "\t"),
        ("客户名称\n张伟\n", ","),
    ],
)
def test_separators_are_found_by_how_evenly_they_divide(sample, separator):
    assert find_separator(sample) == separator


@pytest.mark.req("R021")
def test_thirty_thousand_rows_are_read_in_seconds(tmp_path):
    path = tmp_path / "large.xlsx"
    made = xlsxwriter.Workbook(str(path), {"constant_memory": True})
    sheet = made.add_worksheet()
    sheet.write_row(0, 0, ["客户名称", "手机", "车牌号", "购车日期", "备注", "车系"])
    for i in range(1, 30_001):
        sheet.write_row(i, 0, ["张伟", f"138{i:08d}", f"沪A{i:05d}", "2024-03-05", "", "朗逸"])
    made.close()
    begun = time.process_time()
    _plan = reading.inspect_file(path)
    count = sum(len(reading.convert_chunk(c, today=date(2026, 11, 23)).rows) for c in reading.plan_chunks(path, _plan))
    assert count == 30_000 and time.process_time() - begun < 25
