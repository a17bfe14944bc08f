"""The customers room."""

from django.apps import AppConfig


class CustomersConfig(AppConfig):
    """See cheban/customers."""

    name = "cheban.customers"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from cheban.core import live, said, sealed, slots
        from cheban.customers import (  # noqa: F401
            audited,
            bulk,
            events,
            facts,
            lists,
            queries,
            reachable,
            reactions,
            search,
        )
        from cheban.customers.duplicates import linked
        from cheban.customers.importing import lists as import_lists  # noqa: F401
        from cheban.customers.privacy_desk import events as privacy_events  # noqa: F401
        from cheban.customers.privacy_desk import holdings

        facts.offer()
        audited.offer()
        linked.offer()
        holdings.offer()
        said.offer("customer.note_added", lambda event: str(event.facts.get("text", "")))
        live.topic("customer", queries.may_hear)
        live.topic("import", queries.may_hear_of_import)
        slots.provide("contact.cards", queries.cards)
        slots.provide("customer.few", search.few)
        slots.provide("contact.detail", queries.contact_detail)
        slots.provide("messaging.recipients", reachable.recipients)
        sealed.declare("customers_contactpoint", "value_sealed", "customers_contactpoint.value")
        sealed.declare("customers_customer", "id_number_sealed", "customers_customer.id_number")
        sealed.declare("customers_customer", "address_sealed", "customers_customer.address")
        sealed.declare("customers_sealedvalue", "value_sealed", "customers_sealedvalue.value")
        sealed.declare("customers_importrow", "content_sealed", "customers_importrow.content")
        sealed.declare_folder("files/imports", lambda name: f"import:{name.partition('.')[0]}")
        for table, column in (
            ("customers_importchange", "before"),
            ("customers_customermerge", "image"),
            ("customers_customermerge", "changed"),
            ("customers_mergedrow", "image"),
        ):
            sealed.declare_image(table, column)
