"""`cheban voice detect|evaluate`: safety alerts and sales leads in a table of texts. R104-R107, R119; docs/detection.md."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cheban.cli.say import note
from cheban.cli.voice_files import Row, table, wrong

if TYPE_CHECKING:
    from cheban.voice.detection.evaluating import Evaluation, Labelled, Rate, Score

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="从文字里找安全预警和购车线索 · alerts and leads in texts"
)
EVERY = 10_000  # rows between two lines of progress
SHOWN = 60  # characters of a text in the list of differences
FileName = Annotated[Path, typer.Argument(help="csv 或 csv.gz；- 为标准输入 · a csv, plain or gzip")]
TextColumn = Annotated[str, typer.Option(help="文字所在的列 · column of the text")]
IdColumn = Annotated[str, typer.Option(help="编号所在的列；没有就用行号 · column of the id, else the row number")]
Encoding = Annotated[str, typer.Option(help="文件编码，例如 gb18030 · encoding of the file")]
AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON · print JSON")]
WHAT = {"missed": "漏报 · missed", "false_alarm": "误报 · false alarm", "lead": "线索 · lead"}


@app.command()
def detect(
    file: FileName,
    text_column: TextColumn = "text",
    id_column: IdColumn = "id",
    encoding: Encoding = "utf-8",
    as_json: AsJson = False,
) -> None:
    """逐行读一个表，输出红色预警、线索和依据的词 · one line for each row: red alert, lead, the words that show it."""
    from cheban.voice.detection import detect as read

    began, rows, alerts, leads = time.monotonic(), 0, 0, 0
    with table(file, encoding=encoding, needs=[text_column]) as (_names, found):
        for rows, row in enumerate(_with_progress(found), 1):
            identifier, text = row.get(id_column) or str(rows), row[text_column]
            said = read(text)
            alerts += said.red_alert
            leads += said.lead_type != "none"
            evidence = [asdict(span) | {"text": text[span.start : span.end]} for span in said.evidence]
            if as_json:
                line = {
                    "id": identifier,
                    "red_alert": said.red_alert,
                    "lead_type": said.lead_type,
                    "evidence": evidence,
                }
                print(json.dumps(line | {"kinds": said.kinds, "grade": said.grade}, ensure_ascii=False))
            elif evidence:
                what = "、".join(said.kinds) if said.red_alert else ""
                lead = f"{said.lead_type} {said.grade}" if said.grade else ""
                print(f"{identifier}\t{what}\t{lead}\t{' '.join(each['text'] for each in evidence)}")
    note(f"{rows:,} 行，红色预警 {alerts:,}，线索 {leads:,}，{time.monotonic() - began:.1f} s · rows, alerts, leads")


@app.command()
def evaluate(
    file: FileName,
    text_column: TextColumn = "text",
    id_column: IdColumn = "id",
    texts: Annotated[
        list[str] | None, typer.Option(help="标注表里没有文字时：编号前缀=文件 · prefix=file with the texts")
    ] = None,
    part: Annotated[str | None, typer.Option(help="只看 dev 或 held_out · only one half by the hash of the id")] = None,
    encoding: Encoding = "utf-8",
    as_json: AsJson = False,
) -> None:
    """与人工标注比较：准确率、召回率、F1（95% 区间）和不一致的清单 · compare with labels: figures and differences.

    列：id、text、red_alert（0 或 1）、lead_type；空着表示有争议，不计。 An empty label is left out as arguable.
    """
    from cheban.voice.detection import evaluating

    if part not in (None, "dev", "held_out"):
        raise wrong(f"--part 只能是 dev 或 held_out，不是 {part}。 --part is dev or held_out.")
    known = _known_texts(texts or [], encoding)
    needs = [id_column, "red_alert", "lead_type", *([] if known else [text_column])]
    with table(file, encoding=encoding, needs=needs) as (_names, found):
        chosen = (row for row in found if part is None or evaluating.part_of(row[id_column]) == part)
        labelled = (_labelled(row, id_column, text_column, known) for row in _with_progress(chosen))
        evaluation = evaluating.evaluate(labelled)
    if as_json:
        print(json.dumps(_plain(asdict(evaluation)), ensure_ascii=False))
    else:
        _show(evaluation)


def _with_progress(rows: Iterable[Row]) -> Iterator[Row]:
    for number, row in enumerate(rows, 1):
        yield row
        if number % EVERY == 0:
            note(f"已读 {number:,} 行 · rows read …")


def _known_texts(files: list[str], encoding: str) -> dict[str, str]:
    """Texts by id from other tables: the first column is the id, `text` the text."""
    known: dict[str, str] = {}
    for each in files:
        prefix, sign, name = each.partition("=")
        if not sign:
            raise wrong(f"--texts 应写成 前缀=文件，例如 c=data.csv.gz，不是 {each}。 --texts is prefix=file.")
        with table(Path(name), encoding=encoding, needs=["text"]) as (names, rows):
            for row in rows:
                known.setdefault(prefix + row[names[0]], row["text"])
    return known


def _labelled(row: Row, id_column: str, text_column: str, known: dict[str, str]) -> Labelled:
    from cheban.voice.detection import evaluating

    identifier, red, lead = row[id_column], row["red_alert"].strip(), row["lead_type"].strip()
    if red not in ("", "0", "1"):
        raise wrong(f"编号 {identifier}：red_alert 应是 0、1 或空，不是“{red}”。 red_alert is 0, 1 or empty.")
    if lead not in ("", *evaluating.LEADS):
        raise wrong(f"编号 {identifier}：lead_type 应是 {'、'.join(evaluating.LEADS)} 或空，不是“{lead}”。")
    text = row.get(text_column) or known.get(identifier)
    if text is None:
        raise wrong(f"编号 {identifier} 没有文字：标注表和 --texts 的文件里都找不到。 No text for this id.")
    return evaluating.Labelled(identifier, text, bool(int(red)) if red else None, lead or None)


def _show(evaluation: Evaluation) -> None:
    print(f"{evaluation.rows:,} 条 · texts")
    print("                 precision              recall                 F1                     TP   FP   FN    TN")
    _line("red_alert", evaluation.red_alert)
    _line("lead_type", evaluation.lead)
    alarms = evaluation.red_alert.false_alarms_per_100
    print(f"误报 · false red alerts per 100 texts without one: {alarms:.2f}")
    for each in evaluation.confused:
        text = " ".join(each.text.split())
        short = text if len(text) <= SHOWN else text[:SHOWN] + "…"
        words = " ".join(each.evidence)
        print(f"  {WHAT[each.what]}  {each.id}  {each.expected} → {each.found}  [{words}]  {short}")


def _line(name: str, score: Score) -> None:
    rates = "  ".join(_percent(rate) for rate in (score.precision, score.recall, score.f1))
    counts = (score.true_positives, score.false_positives, score.false_negatives, score.true_negatives)
    print(f"{name:<15}  {rates}  {counts[0]:>4} {counts[1]:>4} {counts[2]:>4} {counts[3]:>5}")


def _percent(rate: Rate) -> str:
    if math.isnan(rate.value):
        return f"{'-':<21}"
    return f"{rate.value:.3f} ({rate.low:.3f}-{rate.high:.3f})".ljust(21)


def _plain(value: object) -> object:
    """For JSON: no NaN, which is none."""
    if isinstance(value, float):
        return None if math.isnan(value) else value
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    return value
