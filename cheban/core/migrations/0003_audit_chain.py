"""The audit trail's chain. The function reads over all stores, as the owner, what the sealer has to link."""

from django.db import migrations, models

SQL = """
CREATE FUNCTION core_audit_unlinked(most int) RETURNS SETOF core_auditentry
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT e.* FROM core_auditentry e
  WHERE e.id > coalesce((SELECT max(l.entry_id) FROM core_auditlink l), 0) - 100000
    AND NOT EXISTS (SELECT 1 FROM core_auditlink l WHERE l.entry_id = e.id)
  ORDER BY e.id LIMIT most
$$;
REVOKE ALL ON FUNCTION core_audit_unlinked(int) FROM PUBLIC;
"""


class Migration(migrations.Migration):
    dependencies = [("core", "0002_house")]
    operations = [
        migrations.CreateModel(
            name="AuditLink",
            fields=[
                ("seq", models.BigIntegerField(primary_key=True, serialize=False)),
                ("entry_id", models.BigIntegerField(unique=True)),
                ("hash", models.BinaryField(max_length=32)),
            ],
        ),
        migrations.RunSQL(SQL, "DROP FUNCTION core_audit_unlinked(int)"),
    ]
