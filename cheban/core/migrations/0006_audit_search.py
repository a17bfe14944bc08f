from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models.functions import Collate


class Migration(migrations.Migration):
    """Indexes for the audit page's search; built while others write."""

    atomic = False
    dependencies = [("core", "0005_outage")]

    operations = [
        AddIndexConcurrently(
            model_name="auditentry", index=models.Index(fields=["action", "-id"], name="audit_by_action")
        ),
        AddIndexConcurrently(
            model_name="auditentry",
            index=models.Index(
                Collate("reason", "C"),
                condition=models.Q(("reason", ""), _negated=True),
                name="audit_by_reason",
            ),
        ),
    ]
