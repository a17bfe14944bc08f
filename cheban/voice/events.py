"""What the voice room tells."""

from django.utils.translation import gettext_lazy as _

from cheban.core.events import declare

declare(
    "interest.heard",
    _("听出客户的意向"),
    kind="additional_purchase, trade_in or referral",
    passage_id="the passage it was heard in",
    source="name of the event the words came with",
    words="the words that show it",
    text="the sentence, at most 200 characters",
)
