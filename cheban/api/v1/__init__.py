"""REST for programs, version 1: /api/v1/. Thin: parse, one query or command, render; no model is imported here.

Each file registers its endpoints on one router; `urls` puts every one of them behind `api.door`.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, re_path
from django.utils.translation import gettext as _
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from cheban.api import problems
from cheban.api.door import Parser, door
from cheban.api.v1 import (
    arrivals,
    custom,
    customers,
    events,
    house,
    imports,
    inbound,
    leads,
    orders,
    sales,
    tasks,
    vehicles,
    voice,
)
from cheban.core.errors import Refused

api = NinjaAPI(
    title="Cheban",
    version="1.0.0",
    description="After-sales customer lifecycle of car dealers. Money: whole fen. Moments: ISO 8601 with offset.",
    urls_namespace="rest",
    docs_url=None,
    openapi_url=None,
    parser=Parser(),
)
for room in (
    customers,
    vehicles,
    custom,
    orders,
    tasks,
    leads,
    sales,
    voice,
    arrivals,
    events,
    house,
    imports,
    inbound,
):
    api.add_router("", room.router)


@api.exception_handler(Refused)
def _refused(request: HttpRequest, refusal: Refused) -> HttpResponse:
    return problems.of_refusal(refusal)


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    return problems.of_validation(error.errors)


@api.exception_handler(HttpError)
def _unreadable(request: HttpRequest, error: HttpError) -> HttpResponse:
    return problems.problem(400, "Unreadable", detail=_("正文不是有效的 JSON（UTF-8）。"))


def operations() -> list[tuple[str, str, Any]]:
    """(method, path below /api/v1 as OpenAPI writes it, operation) of every endpoint."""
    found = []
    for bound in api._get_bound_routers():
        for route, view in bound.path_operations.items():
            for operation in view.operations:
                for method in operation.methods:
                    found.append((method, "/" + re.sub(r"{[^}:]+:", "{", route).strip("/"), operation))
    return found


@cache
def _query_names() -> dict[tuple[str, str], set[str]]:
    names = {}
    for method, route, operation in operations():
        own: set[str] = set()
        for model in operation.models:
            if model.__ninja_param_source__ == "query":
                own |= {location[-1] for location in model.__ninja_flatten_map_reverse__} or set(model.model_fields)
        names[method, route] = own
    return names


def _names_of(request: HttpRequest) -> set[str] | None:
    """The query parameters of the endpoint that was asked; None when the path has no such method."""
    route = "/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", request.resolver_match.route.removeprefix("api/v1/"))
    return _query_names().get((request.method, route))


def _unknown(request: HttpRequest) -> HttpResponse:
    return problems.problem(404, "NotFound", detail=_("没有这个地址。有哪些地址见 /api/v1/docs。"))


def urls() -> list[URLPattern]:
    """All endpoints behind the door, the document, and a 404 for the rest."""
    from cheban.api import views

    found: list[URLPattern] = [
        path("openapi.json", views.openapi, name="openapi"),
        path("docs", views.reference, name="docs"),
    ]
    for pattern in api.urls[0]:
        if pattern.name != "api-root":
            found.append(
                URLPattern(pattern.pattern, door(pattern.callback, _names_of), pattern.default_args, pattern.name)
            )
    found.append(re_path(r"^", door(_unknown, _names_of), name="unknown"))
    return found
