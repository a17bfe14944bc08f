"""Tables of texts for `cheban voice`: csv as a stream, plain or gzip, with one sentence for everything that is wrong."""

from __future__ import annotations

import csv
import gzip
import io
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from cheban.cli import Failed

LONGEST = 64 << 20  # characters of one cell
Row = dict[str, str]


def wrong(message: str) -> Failed:
    """Input that cannot be read, or was asked for wrongly: exit code 2."""
    return Failed(message, exit_code=2)


@contextmanager
def table(path: Path, *, encoding: str, needs: Sequence[str]) -> Iterator[tuple[list[str], Iterator[Row]]]:
    """The column names and the rows, read as they are asked for. `-` is standard input.

    A row shorter than the heading has empty cells. Raises Failed (exit code 2) for a file that is missing, empty, no
    text in this encoding, no csv, or without a column of `needs`.
    """
    csv.field_size_limit(LONGEST)
    with _open(path, encoding) as file:
        try:
            reader = csv.reader(_without_nul(file, path), strict=True)
            names = [name.strip() for name in next(reader, [])]
            if not any(names):
                raise wrong(f"{path} 是空的，或第一行不是列名。第一行应写列名，例如 id,text。 The file is empty.")
            for need in needs:
                if need not in names:
                    raise wrong(f"{path} 里没有“{need}”这一列，有：{'、'.join(names)}。 No column {need}.")
            yield names, _rows(reader, names)
        except UnicodeDecodeError as error:
            raise wrong(
                f"{path} 不是 {encoding} 编码（第 {error.start} 字节附近）。中文 Windows 导出的表请加 --encoding gb18030，"
                "或另存为 UTF-8。 Not in this encoding: try --encoding gb18030."
            ) from None
        except csv.Error as error:
            raise wrong(f"{path} 第 {reader.line_num} 行读不下去：{error}。请检查引号是否成对。 Not a csv.") from None
        except (gzip.BadGzipFile, EOFError):
            raise wrong(f"{path} 压缩文件不完整。请重新复制一次。 The gzip file is damaged.") from None


def _rows(reader: Iterator[list[str]], names: list[str]) -> Iterator[Row]:
    for cells in reader:
        if cells:
            yield dict(zip(names, [*cells, *[""] * (len(names) - len(cells))], strict=False))


def _without_nul(file: TextIO, path: Path) -> Iterator[str]:
    for number, line in enumerate(file, 1):
        if "\0" in line:
            raise wrong(f"{path} 第 {number} 行有不可见的零字符，不是文本表格。请另存为 csv。 Not a text file.")
        yield line


@contextmanager
def _open(path: Path, encoding: str) -> Iterator[TextIO]:
    codec = "utf-8-sig" if encoding.lower().replace("-", "") == "utf8" else encoding
    try:
        if str(path) == "-":
            yield io.TextIOWrapper(sys.stdin.buffer, encoding=codec, newline="")
            return
        if path.is_dir() or not path.exists():
            raise wrong(f"没有文件 {path}。请检查路径。 No such file.")
        if path.suffix == ".gz":
            with gzip.open(path, "rt", encoding=codec, newline="") as file:
                yield file
        else:
            with path.open(encoding=codec, newline="") as file:
                yield file
    except LookupError:
        raise wrong(f"不认识编码 {encoding}。常用：utf-8、gb18030、big5。 Unknown encoding.") from None
