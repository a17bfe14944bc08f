"""The product speaks English too: a complete catalogue, no text beside it, and pages that hold no Chinese but data."""

from __future__ import annotations

import ast
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils.translation import trans_real

from cheban.core import clock as real_clock
from cheban.customers import commands as customers
from cheban.customers import jobs
from cheban.customers.importing import pipeline
from cheban.org import commands as org
from cheban.org import scope
from cheban.org.access import actor_for
from cheban.org.models import StaffRole
from cheban.org.roles import Role
from cheban.playbook import planner
from cheban.playbook.models import Task
from tests import given

ROOT = Path(__file__).resolve().parent.parent
CHEBAN = ROOT / "cheban"
CJK = re.compile(r"[\u3400-\u9fff]+")

ROOMS = ("core", "org", "messaging", "lists", "customers", "workshop", "playbook", "scorecard", "api", "site")
NOT_FOR_PAGES = {
    "core/backup.py": "the operator's terminal, both languages in place",
    "core/pgbin.py": "the operator's terminal, both languages in place",
    "core/pgcluster.py": "the operator's terminal, both languages in place",
    "core/pgsupervisor.py": "the operator's terminal, both languages in place",
    "core/postgres.py": "the operator's terminal, both languages in place",
    "core/chinese_days.py": "names of days off, which bin/messages.py collects",
    "core/lunar.py": "names of festivals, which bin/messages.py collects",
    "org/facts.py": "names of facts, which bin/messages.py collects",
    "workshop/facts.py": "names of facts, which bin/messages.py collects",
    "customers/facts.py": "names of facts, which bin/messages.py collects",
    "site/demo/": "the demo's people, vehicles and remarks",
    "site/simulation/": "what simulated people say, headings of their files",
    "site/settings.py": "the languages, each by its own name",
}
READ_NOT_SHOWN = {
    "core/money.py": "units of amounts",
    "customers/duplicates/finding.py": "forms of address in names, as a pattern",
    "customers/fields/values.py": "words for yes and no, signs between days and choices",
    "customers/importing/": "headings and values of other systems' files",
    "customers/names.py": "words of company names",
    "customers/phone.py": "words between a number and its extension",
    "customers/plate.py": "signs of plates",
    "customers/search.py": "the range of Chinese signs",
    "customers/surnames.py": "readings of names",
    "playbook/words.py": "compound surnames; the Chinese way of writing a day beside the English one",
    "workshop/importing.py": "words of service operations",
}
"""Modules with Chinese that the product reads. Even there nothing may look like a sentence."""
SENTENCE = re.compile(r"[。！？]|请")
CALLS = {"_", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy", "pgettext", "pgettext_lazy"}
IN_TEMPLATES = {
    "account/login.html": {"中文"},
    "site/_owner_language.html": {"中文"},
    "site/_staff_menu.html": {"中文"},
}
"""The switch to the other language is written in that language."""
TRANSLATED = [
    r"\{%\s*comment\b.*?endcomment\s*%\}",
    r"\{#.*?#\}",
    r"\{%\s*blocktrans(?:late)?\b.*?\{%\s*endblocktrans(?:late)?\s*%\}",
    r"\{%\s*trans(?:late)?\b.*?%\}",
    r"\b_\((\"[^\"]*\"|'[^']*')\)",
]


def _tool():
    spec = importlib.util.spec_from_file_location("messages_tool", ROOT / "bin" / "messages.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _strings(path: Path) -> Iterator[tuple[int, str]]:
    """(line, text) of Chinese strings in a module that are neither translated nor a docstring."""
    tree, passed = ast.parse(path.read_text()), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            passed.add(id(node.value))
        elif isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in CALLS:
            passed.update(id(part) for argument in node.args for part in ast.walk(argument))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and CJK.search(node.value):
            if id(node) not in passed:
                yield node.lineno, node.value


def test_every_text_has_its_english():
    tool = _tool()
    assert tool.faults(tool.collected(), tool.kept()) == []


def test_a_missing_an_empty_and_a_wrong_translation_are_all_reported():
    tool = _tool()
    texts, known = tool.Catalog(locale="en"), tool.Catalog(locale="en")
    for text in ("保存", "撤回", "共 %(n)d 项", "{store}您好", "%(n)d 天"):
        texts.add(text)
    known.add("撤回", "")
    known.add("共 %(n)d 项", "Items: %(m)d")
    known.add("{store}您好", "Hello")
    known.add("%(n)d 天", "%(n)d d")
    kinds = sorted(line.split(":")[0] for line in tool.faults(texts, known))
    assert kinds == ["missing", "placeholders differ", "placeholders differ", "untranslated"]


def test_templates_hold_no_text_beside_their_translation_tags():
    found = {}
    for path in sorted(CHEBAN.rglob("templates/**/*.html")):
        text = path.read_text()
        for tag in TRANSLATED:
            text = re.sub(tag, "", text, flags=re.DOTALL)
        name = path.as_posix().split("/templates/")[1]
        if left := set(CJK.findall(text)) - IN_TEMPLATES.get(name, set()):
            found[name] = left
    assert found == {}


@pytest.mark.parametrize("room", ROOMS)
def test_no_chinese_reaches_people_beside_the_catalogue(room):
    found = []
    for path in sorted((CHEBAN / room).rglob("*.py")):
        name = path.relative_to(CHEBAN).as_posix()
        if {"tests", "migrations"} & set(path.parts) or name.startswith(tuple(NOT_FOR_PAGES)):
            continue
        is_data = name.startswith(tuple(READ_NOT_SHOWN))
        found += [f"{name}:{line} {text}" for line, text in _strings(path) if not is_data or SENTENCE.search(text)]
    assert found == []


@pytest.mark.parametrize("name", [*NOT_FOR_PAGES, *READ_NOT_SHOWN])
def test_an_exception_is_still_needed(name):
    path = CHEBAN / name
    assert any(any(_strings(each)) for each in ([path] if path.suffix else path.rglob("*.py")))


@pytest.fixture
def english(tmp_path, monkeypatch):
    """The catalogue of this moment, compiled for this test: a stale django.mo does not count."""
    folder = tmp_path / "locale" / "en" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    source = CHEBAN / "site" / "locale" / "en" / "LC_MESSAGES" / "django.po"
    with source.open("rb") as po, (folder / "django.mo").open("wb") as mo:
        write_mo(mo, read_po(po, locale="en"))
    monkeypatch.setattr(settings, "LOCALE_PATHS", [tmp_path / "locale"])
    monkeypatch.setattr(trans_real, "_translations", {})
    yield
    monkeypatch.undo()
    trans_real._translations.clear()


@pytest.fixture
def ann(db, clock):
    """A person with every role in a store whose names are all in Latin letters; the scope is that store."""
    store = org.create_store(group="Group", code="A", name="Store One")
    person = given.staff(store, Role.GROUP_ADMIN, name="Ann", login="ann")
    for role in (Role.STORE_MANAGER, Role.SERVICE_ADVISOR, Role.SERVICE_SPECIALIST, Role.SALES_CONSULTANT):
        StaffRole.objects.create(staff=person, store=store, role=role)
    person.set_password(given.PASSWORD)
    person.save()
    scope.set_stores([store.id])
    person.store = store
    return person


@pytest.fixture
def client_of_ann(ann):
    client = Client()
    client.force_login(ann, backend="cheban.site.accounts.Backend")
    return client


def _vehicle(store, number: int, customer: dict, **fields):
    owner = given.customer(store, f"John Smith {number}", phone=f"1380000{number:04d}", **customer)
    made = given.vehicle(store, owner, plate=f"沪A1234{number}", **fields)
    type(made).objects.filter(id=made.id).update(brand="Volkswagen", series="Golf")
    return made


def _filled(ann):
    """Customers with something due by every rule, today's plan, contacts with their outcomes, a note."""
    store, day = ann.store, given.days
    regular = {"kind": "person", "last_visit_on": day(-40), "visits": 3}
    made = [
        _vehicle(store, 1, regular, purchased_on=day(-170), first_service_due_on=day(5)),
        _vehicle(store, 2, regular, services_done=1, last_service_on=day(-170), second_service_due_on=day(9)),
        _vehicle(
            store,
            3,
            regular,
            services_done=3,
            last_service_on=day(-190),
            last_service_km=30000,
            odometer_km=42000,
            km_per_day=41.5,
            maintenance_due_on=day(-2),
            maintenance_low_on=day(-9),
            maintenance_high_on=day(6),
            maintenance_due_by="mileage",
        ),
        _vehicle(store, 4, regular, inspection_due_on=day(20), inspection_kind="sticker"),
        _vehicle(store, 5, regular, insurance_until=day(5), insurer="PICC", warranty_until=day(30)),
        _vehicle(store, 6, regular | {"birthday": day(0).month * 100 + day(0).day, "gender": "m", "tier": "gold"}),
        _vehicle(store, 7, {"kind": "person", "visits": 5}, last_visit_on=day(-190)),
    ]
    planner.plan_day(real_clock.today(), store_ids=[store.id])
    customers.add_note(made[0].owner, by=actor_for(ann), text="Wants a courtesy car")
    return made


def _visible(html: str) -> set[str]:
    """Chinese anywhere in a page, attributes included, without plates and the name of the other language."""
    html = re.sub(r"[\u4e00-\u9fff][A-Z]·?[A-Z0-9]{5,6}", "", html).replace("中文", "")
    return set(CJK.findall(html))


def test_the_switch_turns_a_person_to_english_and_back(english, client_of_ann):
    assert "我的今天" in client_of_ann.get("/my-day/").content.decode()
    client_of_ann.post("/language/", {"language": "en", "next": "/my-day/"})
    page = client_of_ann.get("/my-day/").content.decode()
    assert "My day" in page and 'lang="en"' in page
    client_of_ann.post("/language/", {"language": "zh-hans", "next": "/my-day/"})
    assert "我的今天" in client_of_ann.get("/my-day/").content.decode()


def test_the_switch_turns_the_sign_in_page_for_this_browser_only(english, db):
    one, other = Client(), Client()
    assert one.post("/language/", {"language": "en", "next": "/account/login/"}).status_code == 302
    assert _visible(one.get("/account/login/").content.decode()) == set()
    assert "登录" in other.get("/account/login/").content.decode()


def test_english_pages_hold_no_chinese_but_data(english, ann, client_of_ann, tmp_path):
    ann.language = "en"
    ann.save()
    made = _filled(ann)
    found, seen = {}, []

    def look(address: str, *, status: int = 200, **posted) -> None:
        answer = client_of_ann.post(address, posted, follow=True) if posted else client_of_ann.get(address)
        assert answer.status_code == status, (address, answer.status_code)
        seen.append(address)
        if left := _visible(answer.content.decode()):
            found[address] = left

    rules = set(Task.objects.values_list("rule", flat=True))
    assert len(rules) >= 8, rules
    for name in (
        *("playbook:my_day", "playbook:team", "playbook:handbook", "customers:list", "customers:new"),
        *("customers:imports", "org:staff", "org:permissions", "org:calendar", "org:audit", "scorecard:kept"),
        *("account_change_password", "account_logout", "exports:list"),
    ):
        look(reverse(name))
    for contact in set(Task.objects.values_list("contact_id", flat=True)):
        look(reverse("playbook:contact", args=[contact]))
    first = Task.objects.filter(rule="maintenance_due").values_list("contact_id", flat=True)[0]
    look(reverse("playbook:outcome", args=[first]), code="no_answer", next_id="")
    look(reverse("playbook:my_day"))
    for car in made:
        look(reverse("customers:customer", args=[car.owner_id]))
        for rule in rules & {"maintenance_due", "inspection_due", "birthday"}:
            subject = car.owner_id if rule == "birthday" else car.id
            look(reverse("playbook:explain", args=[rule]) + f"?subject={subject}")
    look(reverse("customers:edit", args=[made[5].owner_id]))
    look(reverse("customers:list") + "?tier=gold&quiet=6&refused=1")
    look(reverse("exports:ask", args=["customers"]) + "?tier=gold")
    look(reverse("search"), q="1234")
    look(reverse("customers:customer", args=[made[0].id]), status=404)
    look(reverse("org:seed_year"), store=ann.store.id, year=real_clock.today().year)
    look(reverse("org:set_week"), status=422, store=ann.store.id)
    look(reverse("playbook:run"), again="1")

    file = tmp_path / "customers.csv"
    file.write_text("Customer name,mobile,plate\nJohn,13812345678,沪A12345\nJane,123,沪A12399\n,,\n")
    scope.set_stores([ann.store.id])
    batch = pipeline.create(file, store_id=ann.store.id, file_name=file.name, by_id=ann.id)
    for step in (jobs.check_import, jobs.write_import, jobs.undo_import):
        step(batch_id=str(batch.id), store_id=ann.store.id)
        look(reverse("customers:import", args=[batch.id]))
    look(reverse("customers:imports"))
    assert len(seen) > 40 and found == {}
