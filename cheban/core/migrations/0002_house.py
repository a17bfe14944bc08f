"""What the house needs beside its tables: extensions, the shared cache table, the first data key."""

from django.contrib.postgres.operations import BtreeGistExtension, TrigramExtension
from django.db import migrations


def first_key(apps, schema_editor):
    from cheban.core.privacy import wrap_new_key

    data_key = apps.get_model("core", "DataKey")
    if not data_key.objects.using(schema_editor.connection.alias).exists():
        data_key.objects.using(schema_editor.connection.alias).create(wrapped=wrap_new_key())


class Migration(migrations.Migration):
    dependencies = [("core", "0001_initial")]
    operations = [
        TrigramExtension(),
        BtreeGistExtension(),
        migrations.RunSQL(
            """CREATE TABLE site_cache (cache_key varchar(255) PRIMARY KEY, value text NOT NULL,
                 expires timestamptz NOT NULL);
               CREATE INDEX site_cache_expires ON site_cache (expires);""",
            "DROP TABLE site_cache",
        ),
        migrations.RunPython(first_key, migrations.RunPython.noop),
    ]
