"""What the org room tells."""

from django.utils.translation import gettext_lazy as _

from cheban.core.events import declare

declare("audit.alarmed", _("一人短时间查看或导出过多"), action="audit action", count="rows within the time")
declare(
    "absence.entered",
    _("登记不在岗"),
    staff_id="who is away",
    starts_at="moment, ISO",
    ends_at="moment, ISO; half-open",
    kind="kind of absence",
)
declare(
    "absence.cancelled",
    _("取消不在岗"),
    staff_id="who is back",
    starts_at="moment, ISO",
    ends_at="moment, ISO; half-open",
)
declare(
    "training.invited",
    _("同事被邀请参加培训"),
    training_id="which training",
    kind="kind of training",
    count="how many people",
)
declare(
    "training.confirmed",
    _("同事完成培训"),
    staff_id="who took it",
    training_id="which training",
    kind="kind of training",
    how="self: read and confirmed; manager: was there, recorded by a manager",
    valid_until="last day on which the certificate holds, ISO",
)
