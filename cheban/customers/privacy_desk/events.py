"""What the privacy desk tells."""

from django.utils.translation import gettext_lazy as _

from cheban.core.events import declare

declare("privacy.requested", _("个人信息请求"), kind="PrivacyRequest.Kind", channel="channel", due_on="ISO date")
declare("privacy.answered", _("个人信息请求办结"), kind="PrivacyRequest.Kind", state="done or refused")
declare("privacy.copied", _("出具个人信息副本"), kind="json or pdf")
declare("customer.erased", _("按请求删除个人信息"), rows_count="rows erased or blanked in all rooms")
