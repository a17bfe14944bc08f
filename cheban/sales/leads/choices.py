"""Choices that forms and programs may name."""

from cheban.sales.leads import states
from cheban.sales.leads.models import Lead

KINDS = Lead.Kind.choices
GRADES = Lead.Grade.choices
STATES = Lead.State.choices
WHERE = [(code, label) for code, label in states.WHERE.items() if code != "crm"]
