from django.db import migrations

MAKE = """CREATE FUNCTION look_anew_at_tasks() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  EXECUTE 'ANALYZE playbook_task';
END $$"""


class Migration(migrations.Migration):
    """What the database knows of how many tasks there are, renewed by whoever made many: only the owner may."""

    dependencies = [("playbook", "0005_task_mechanics")]
    operations = [migrations.RunSQL(MAKE, "DROP FUNCTION look_anew_at_tasks()")]
