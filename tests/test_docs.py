"""The doc site builds, no link leads nowhere, and the reference says what the code says."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from cheban.core import events
from cheban.org.roles import PERMISSIONS
from cheban.playbook.rules import HANDBOOK

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def docs():
    sys.path.insert(0, str(ROOT / "bin"))
    spec = importlib.util.spec_from_file_location("docs_of_cheban", ROOT / "bin" / "docs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.path.remove(str(ROOT / "bin"))
    return module


def test_the_site_builds_and_no_link_leads_nowhere(docs, tmp_path):
    docs.write(tmp_path / "docs")
    settings = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    settings = settings.replace(".build/docs", str(tmp_path / "docs")).replace(".build/site", str(tmp_path / "site"))
    (tmp_path / "mkdocs.yml").write_text(settings, encoding="utf-8")

    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "-f", str(tmp_path / "mkdocs.yml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr[-2000:]
    pages = [page.read_text(encoding="utf-8") for page in (tmp_path / "site").rglob("*.html")]
    assert len(pages) > 15
    outside = [page for page in pages if 'src="http' in page or 'rel="stylesheet" href="http' in page]
    assert outside == []  # a reader's browser asks nobody else


def test_the_reference_names_every_rule_event_and_permission(docs, tmp_path):
    docs.write(tmp_path / "docs")
    said = {page.stem: page.read_text(encoding="utf-8") for page in (tmp_path / "docs" / "reference").iterdir()}

    assert [c for c in HANDBOOK.rules if f"`{c}`" not in said["rules"]] == []
    assert [n for n in events.all_declared() if f"`{n}`" not in said["events"]] == []
    assert [p for p in PERMISSIONS if f"`{p}`" not in said["permissions"]] == []
    assert "cheban playbook explain" in said["commands"]
