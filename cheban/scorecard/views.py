"""Figures with their definitions and the records behind them."""

from __future__ import annotations

from django.http import HttpRequest

from cheban.core import clock
from cheban.org.access import page
from cheban.scorecard import metrics


@page("scorecard/kept.html", may="metric.see")
def kept(request: HttpRequest) -> dict:
    """Are we keeping our word."""
    return metrics.kept_page(request.actor, at=clock.now()) | {"now": clock.now()}
