"""The outbox of a store is read newest first, whatever the state. Y09."""

from django.db import migrations, models

from cheban.core.indexes import BuildIndex


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("messaging", "0004_accounts")]
    operations = [BuildIndex("message", models.Index(fields=["store", "-id"], name="message_newest"))]
