"""The English catalogue: collects every text of the product and keeps the translations. GNU gettext is not needed.

    bin/messages.py            writes django.po: new texts come in empty, those gone are dropped
    bin/messages.py --check    lists what is missing, untranslated or has other placeholders; exits 1 if anything

Texts come from calls in Python, from tags in templates, and from data that is shown: the handbook's rules, the
names of facts, festivals and days off. Lines are not kept in the file, so that a diff shows only what changed.
"""

from __future__ import annotations

import ast
import base64
import os
import re
import secrets
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
CHEBAN = ROOT / "cheban"
PO = CHEBAN / "site" / "locale" / "en" / "LC_MESSAGES" / "django.po"
LEFT_OUT = ("tests", "migrations", "cli", "static_built", "__pycache__")
"""Folders without texts of the catalogue; the command line speaks both languages in place."""
KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
PLACEHOLDER = re.compile(r"%\(\w+\)[-#0 +]*\d*(?:\.\d+)?[a-zA-Z]|%%|\{\w+")
"""%(name)s with its form, %%, and the name of {field:form}: a language may choose another form of a field."""
YEARS = range(2023, 2030)
"""Years whose festivals and days off are named; their names do not change from year to year."""
CJK = re.compile(r"[\u3400-\u9fff]")

Text = tuple[str, str | tuple[str, str], str | None]
"""Where a text stands (a file), the text (or singular and plural), its context."""


def _files(suffix: str) -> Iterator[Path]:
    for path in sorted(CHEBAN.rglob(f"*{suffix}")):
        if not set(path.relative_to(CHEBAN).parts) & set(LEFT_OUT):
            yield path


def from_python() -> Iterator[Text]:
    """The texts of gettext calls in the product's modules, by their syntax: Babel does not look into f-strings."""
    for path in _files(".py"):
        calls = [node for node in ast.walk(ast.parse(path.read_bytes())) if isinstance(node, ast.Call)]
        for call in sorted(calls, key=lambda node: (node.lineno, node.col_offset)):
            name = getattr(call.func, "id", getattr(call.func, "attr", ""))
            if name not in KEYWORDS:
                continue
            spec = KEYWORDS[name] or (1,)
            wanted = [place[0] if isinstance(place, tuple) else place for place in spec]
            words = [getattr(call.args[n - 1], "value", None) if n <= len(call.args) else None for n in wanted]
            if not all(isinstance(word, str) for word in words):
                continue  # the text of a variable: it comes from data, below
            context = words.pop(0) if isinstance(spec[0], tuple) else None
            yield str(path.relative_to(ROOT)), words[0] if len(words) == 1 else (words[0], words[1]), context


def from_templates() -> Iterator[Text]:
    """The texts of translate and blocktranslate tags, and of _("...") in the arguments of other tags."""
    from django.utils.translation.template import templatize

    for path in _files(".html"):
        where = str(path.relative_to(ROOT))
        source = "\n".join(line.strip() for line in templatize(path.read_text(), origin=where).splitlines())
        for _line, message, _comments, context in extract(
            "python", BytesIO(source.encode()), keywords=KEYWORDS, options={"encoding": "utf-8"}
        ):
            yield where, message, context


def from_data() -> Iterator[Text]:
    """The texts that live as data: rules, facts, festivals."""
    from cheban.core import chinese_days, facts, lunar
    from cheban.playbook.rules import HANDBOOK

    for rule in HANDBOOK.rules.values():
        yield from (("cheban/handbook", text, None) for text in _chinese(rule))
    for subject in facts._subjects.values():
        yield from (("cheban/core/facts.py", fact.label, None) for fact in subject.facts.values())
    for year in YEARS:
        yield from (("cheban/core/lunar.py", festival.name, None) for festival in lunar.festivals(year))
        days = chinese_days.year_days(year) or {}
        yield from (("cheban/core/chinese_days.py", name, None) for _kind, name in days.values())


def _chinese(value: object) -> Iterator[str]:
    """The Chinese texts anywhere in a value of dataclasses and tuples."""
    if isinstance(value, str):
        if CJK.search(value):
            yield value
    elif is_dataclass(value):
        for part in fields(value):
            yield from _chinese(getattr(value, part.name))
    elif isinstance(value, (tuple, list)):
        for part in value:
            yield from _chinese(part)


def start() -> None:
    """Django with the product's settings, without a database or secrets of anybody."""
    import django

    folder = tempfile.mkdtemp(prefix="cheban-messages-")
    os.environ.setdefault("CHEBAN_ENV", "test")
    os.environ.setdefault("CHEBAN_DATA_DIR", folder)
    os.environ.setdefault("CHEBAN_MASTER_KEY", base64.b64encode(secrets.token_bytes(32)).decode())
    os.environ.setdefault("CHEBAN_DJANGO_SECRET_KEY", secrets.token_urlsafe(48))
    os.environ.setdefault("CHEBAN_DB_APP_URL", "postgresql://none@/none?host=/nowhere")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cheban.site.settings")
    sys.path.insert(0, str(ROOT))
    django.setup()
    os.rmdir(folder)


def collected() -> Catalog:
    """Every text of the product, untranslated; where it stands, without lines."""
    found = Catalog(locale="en", domain="django", project="cheban", charset="utf-8", fuzzy=False)
    for where, message, context in (*from_python(), *from_templates(), *from_data()):
        first = message[0] if isinstance(message, tuple) else message
        if not first:
            continue
        known = found.get(first, context)
        if known is not None and isinstance(message, tuple) and not known.pluralizable:
            known.id = message
            known.string = ("", "")
        places = {place for place, _line in known.locations} if known else set()
        found.add(
            known.id if known else message,
            None if known else (("", "") if isinstance(message, tuple) else ""),
            locations=[] if where in places else [(where, None)],
            context=context,
            flags=set(),
        )
    return found


def kept() -> Catalog:
    """The catalogue as it stands in the repository."""
    if not PO.exists():
        return Catalog(locale="en")
    with PO.open("rb") as file:
        return read_po(file, locale="en", abort_invalid=True)


def _key(message: Message) -> tuple[str, str | None]:
    return (message.id[0] if isinstance(message.id, (tuple, list)) else message.id), message.context


def _forms(value: str | Iterable[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def faults(texts: Catalog, translated: Catalog) -> list[str]:
    """What is wrong with the catalogue, one line each; empty when it is complete."""
    wrong = []
    for message in texts:
        if not message.id:
            continue
        first, context = _key(message)
        name = f"{first!r}" + (f" ({context})" if context else "")
        known = translated.get(first, context)
        if known is None:
            wrong.append(f"missing: {name}")
            continue
        if len(_forms(known.id)) != len(_forms(message.id)):
            wrong.append(f"plural differs: {name}")
            continue
        if known.fuzzy or not all(_forms(known.string)):
            wrong.append(f"untranslated: {name}")
            continue
        wrong += [f"placeholders differ: {name} -> {form!r}" for form in _other_placeholders(message, known)]
    return wrong


def _other_placeholders(text: Message, known: Message) -> Iterator[str]:
    """The forms of a translation that do not hold just the placeholders of the text."""
    wanted = {mark for form in _forms(text.id) for mark in PLACEHOLDER.findall(form)}
    for form in _forms(known.string):
        marks = set(PLACEHOLDER.findall(form))
        is_singular = len(_forms(text.id)) > 1 and form is _forms(known.string)[0]
        if marks - wanted or (wanted - marks and not is_singular):
            yield form


def merged(texts: Catalog, translated: Catalog) -> Catalog:
    """The texts with the translations that are known."""
    for message in texts:
        known = translated.get(*_key(message)) if message.id else None
        if known is None or known.fuzzy:
            continue
        if len(_forms(known.id)) == len(_forms(message.id)):
            message.string = known.string
    return texts


def write(catalog: Catalog) -> None:
    """Write django.po: stable order, no lines, no dates."""
    PO.parent.mkdir(parents=True, exist_ok=True)
    body = BytesIO()
    write_po(body, catalog, width=120, omit_header=True, include_lineno=False, include_previous=False)
    header = (
        '# The English catalogue. Kept complete by bin/messages.py.\nmsgid ""\nmsgstr ""\n'
        '"Language: en\\n"\n"MIME-Version: 1.0\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n'
        '"Content-Transfer-Encoding: 8bit\\n"\n"Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n\n'
    )
    draft = PO.with_suffix(".po.new")
    draft.write_bytes(header.encode() + body.getvalue().strip() + b"\n")
    draft.replace(PO)


def main(arguments: list[str]) -> int:
    start()
    texts, translated = collected(), kept()
    if "--check" not in arguments:
        write(merged(texts, translated))
        texts, translated = collected(), kept()
    wrong = faults(texts, translated)
    sys.stdout.write("".join(f"{line}\n" for line in wrong))
    sys.stdout.write(f"{PO.relative_to(ROOT)}: {len(texts)} texts, {len(wrong)} to do\n")
    return 1 if wrong and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
