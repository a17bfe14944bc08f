"""Choices of the models, for doors that must not import the models."""

from cheban.customers.models import Consent, Customer

KIND = Customer.Kind.choices
SOURCE = Customer.Source.choices
TIER = Customer.Tier.choices
GENDER = Customer._meta.get_field("gender").choices
CHANNEL = Customer._meta.get_field("preferred_channel").choices
PURPOSE = Consent.Purpose.choices
