"""`cheban voice`: a table of texts in, one line for each out."""

from __future__ import annotations

import gzip
import json

import pytest

from cheban.cli.tests.house import cheban

pytestmark = pytest.mark.req("R119")
TEXTS = 'id,text\n1,刹车失灵\n2,天窗异响\n3,"我想换车，\n开了八年"\n'


def lines(done) -> list[dict]:
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.req("R104", "R105")
def test_every_row_is_one_line_of_json_and_progress_goes_elsewhere(tmp_path):
    (tmp_path / "t.csv").write_text(TEXTS, encoding="utf-8-sig")
    done = cheban(tmp_path, "voice", "detect", str(tmp_path / "t.csv"), "--text-column", "text", "--json")
    found = lines(done)
    assert [(row["id"], row["red_alert"], row["lead_type"]) for row in found] == [
        ("1", True, "none"),
        ("2", False, "none"),
        ("3", False, "trade_in"),
    ]
    assert [span["text"] for span in found[0]["evidence"]] == ["刹车", "失灵"]
    assert found[1]["evidence"] == []
    assert "3 行" in done.stderr
    assert not (tmp_path / "run").exists(), "no database is started"


def test_other_columns_encodings_and_gzip_are_read(tmp_path):
    with gzip.open(tmp_path / "t.csv.gz", "wt", encoding="gb18030") as file:
        file.write("内容,编号\n刹车失灵,甲\n,乙\n发动机异响\n")
    words = ("voice", "detect", str(tmp_path / "t.csv.gz"), "--text-column", "内容", "--id-column", "编号")
    found = lines(cheban(tmp_path, *words, "--encoding", "gb18030", "--json"))
    assert [(row["id"], row["red_alert"]) for row in found] == [("甲", True), ("乙", False), ("3", True)]


def test_a_pipe_is_read_too(tmp_path):
    done = cheban(tmp_path, "voice", "detect", "-", given="text\n刹车失灵\n天窗漏水\n")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["1", "brakes", "刹车", "失灵"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "是空的"),
        (b"\n\n", "是空的"),
        ("id,words\n1,刹车失灵\n".encode(), "“text”"),
        ("id,text\n1,刹车失灵\n".encode("gb18030"), "gb18030"),
        (b"id,text\n1,a\x00b\n", "不是文本表格"),
        ('id,text\n1,"刹车"失灵\n'.encode(), "引号"),
    ],
)
def test_a_table_that_cannot_be_read_is_told_in_one_sentence(tmp_path, content, told):
    (tmp_path / "t.csv").write_bytes(content)
    done = cheban(tmp_path, "voice", "detect", str(tmp_path / "t.csv"), "--json")
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("detect", "nowhere.csv"), "没有文件"),
        (("detect", "."), "没有文件"),
        (("detect", "t.csv", "--encoding", "klingon"), "klingon"),
        (("evaluate", "t.csv"), "red_alert"),
        (("evaluate", "l.csv", "--part", "all"), "held_out"),
        (("evaluate", "l.csv", "--texts", "t.csv"), "前缀=文件"),
        (("evaluate", "bad.csv"), "red_alert"),
        (("evaluate", "orphan.csv", "--texts", "t=t.csv"), "没有文字"),
    ],
)
def test_what_is_asked_wrongly_is_told(tmp_path, words, told):
    (tmp_path / "t.csv").write_text(TEXTS, encoding="utf-8")
    (tmp_path / "l.csv").write_text("id,text,red_alert,lead_type\n1,刹车失灵,1,none\n", encoding="utf-8")
    (tmp_path / "bad.csv").write_text("id,text,red_alert,lead_type\n1,刹车失灵,yes,none\n", encoding="utf-8")
    (tmp_path / "orphan.csv").write_text("id,red_alert,lead_type\nt9,1,none\n", encoding="utf-8")
    at = [str(tmp_path / word) if word.endswith(".csv") and "=" not in word else word for word in words]
    at = [word.replace("=t.csv", f"={tmp_path / 't.csv'}") for word in at]
    done = cheban(tmp_path, "voice", *at)
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.req("R107")
def test_labels_are_compared_and_differences_listed(tmp_path):
    rows = "id,text,red_alert,lead_type\na,刹车失灵,1,none\nb,天窗异响,1,none\nc,我想换车,0,trade_in\nd,刹车失灵,,\n"
    (tmp_path / "l.csv").write_text(rows, encoding="utf-8")
    shown = cheban(tmp_path, "voice", "evaluate", str(tmp_path / "l.csv"))
    assert shown.returncode == 0, shown.stderr
    assert "漏报" in shown.stdout and "  b  " in shown.stdout
    found = json.loads(cheban(tmp_path, "voice", "evaluate", str(tmp_path / "l.csv"), "--json").stdout)
    assert found["red_alert"]["recall"]["value"] == 0.5
    assert found["lead"]["f1"]["value"] == 1
    assert [each["id"] for each in found["confused"]] == ["b"]


def test_labels_without_texts_find_them_in_another_table(tmp_path):
    (tmp_path / "t.csv").write_text(TEXTS, encoding="utf-8")
    (tmp_path / "l.csv").write_text("id,red_alert,lead_type\nx1,1,none\nx2,0,none\n", encoding="utf-8")
    words = ("voice", "evaluate", str(tmp_path / "l.csv"), "--texts", f"x={tmp_path / 't.csv'}", "--json")
    found = json.loads(cheban(tmp_path, *words).stdout)
    assert (found["rows"], found["confused"]) == (2, [])
