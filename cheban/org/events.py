"""What the org room tells."""

from django.utils.translation import gettext_lazy as _

from cheban.core.events import declare

declare("audit.alarmed", _("一人短时间查看或导出过多"), action="audit action", count="rows within the time")
