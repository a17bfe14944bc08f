"""What interfaces tell."""

from django.utils.translation import gettext_lazy as _

from cheban.core.events import declare

declare(
    "webhook.disabled",
    _("事件推送已停用"),
    endpoint_id="webhook endpoint",
    reason="failing or gone",
)
