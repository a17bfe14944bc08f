"""Choices that forms of the sales room offer."""

from cheban.sales.models import SalesPromise

KINDS = SalesPromise.Kind.choices
SIDES = SalesPromise.Side.choices
