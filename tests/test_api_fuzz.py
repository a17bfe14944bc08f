"""Schemathesis against the document: whatever a program sends, no fault of ours and no answer outside the schema. Y02.

In process, for a token of every role; bounded for the test command: the three whose rights differ most are asked more.
`make faults` asks every role many times; by hand: `CHEBAN_FUZZ=300 python -m pytest -q tests/test_api_fuzz.py`.

Left out of schemathesis' checks, with the reason: positive_data_acceptance (a telephone number or a licence plate that
fits a schema may still be none), the ones about many requests in a row (tests/test_api_matrix.py has them by name).
"""

from __future__ import annotations

import os

import pytest
import schemathesis
from django.core import signals
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import given as drawn
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    missing_required_header,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from cheban.org import scope
from cheban.org.roles import Role
from cheban.site.wsgi import application
from tests.test_api_matrix import things, token_of  # noqa: F401 - a fixture

DEEP = int(os.environ.get("CHEBAN_FUZZ", "0"))
MORE = {Role.STORE_MANAGER: 3, Role.CALLER: 2, Role.TECHNICIAN: 2}
"""Roles that may nearly everything, what a desk may, and next to nothing."""


def examples(role: str) -> int:
    """Examples per endpoint and way for a role: the same number for all in a deep run."""
    return DEEP or MORE.get(role, 1)


CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
    missing_required_header,
]


@pytest.fixture
def one_connection():
    """Requests use the test's own connection and leave it open, as with Django's test client."""
    both = (signals.request_started, signals.request_finished)
    for signal in both:
        signal.disconnect(close_old_connections)
    yield
    for signal in both:
        signal.connect(close_old_connections)


def attack(
    operation, mode: GenerationMode, own: dict[str, str], headers: dict[str, str], store_id: int, most: int
) -> int:
    """Send examples of one endpoint; returns how many. Raises what schemathesis found."""
    asked = 0

    @seed(1)
    @settings(
        max_examples=most,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @drawn(case=operation.as_strategy(generation_mode=mode))
    def ask(case):
        nonlocal asked
        asked += 1
        for name, value in own.items():
            case.path_parameters[name] = value
        scope.set_stores([store_id])
        case.call_and_validate(headers=headers, checks=CHECKS)

    ask()
    return asked


@pytest.mark.req("Y02", "R019")
@pytest.mark.parametrize("role", Role.values)
def test_nothing_that_a_program_sends_is_too_much(role, cast, things, one_connection):  # noqa: F811
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", application, base_url="http://localhost")
    headers = {"Authorization": f"Bearer {token_of(cast, role, per_minute=6000)}"}
    ids, asked, wrong = {k: str(v) for k, v in things["own"].items()}, 0, []
    for found in schema.get_all_operations():
        operation = found.ok()
        names = {p.name for p in operation.path_parameters}
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            own = {name: ids[name] for name in names} if mode == GenerationMode.POSITIVE else {}
            try:
                asked += attack(operation, mode, own, headers, cast.a.id, examples(role))
            except (AssertionError, BaseExceptionGroup) as error:
                told = "\n".join(map(str, getattr(error, "exceptions", [error])))
                wrong.append(f"{operation.label} {mode}: {told[:1500]}")
    assert wrong == [], "\n\n".join(wrong)
    assert asked >= 31 * examples(role)
