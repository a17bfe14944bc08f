"""Events are append-only; one function, run as the owner, takes out what they say about an erased person. PIPL 47."""

from django.db import migrations

SQL = """
CREATE FUNCTION core_event_forget(who uuid[], stays text[]) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE touched int;
BEGIN
  UPDATE core_event e
  SET facts = coalesce((SELECT jsonb_object_agg(f.key, f.value) FROM jsonb_each(e.facts) f WHERE f.key = ANY (stays)), '{}')
  WHERE e.customer_id = ANY (who)
    AND e.store_id = ANY ((nullif(current_setting('app.stores', true), ''))::int[]);
  GET DIAGNOSTICS touched = ROW_COUNT;
  RETURN touched;
END $$;
REVOKE ALL ON FUNCTION core_event_forget(uuid[], text[]) FROM PUBLIC;
"""


class Migration(migrations.Migration):
    dependencies = [("core", "0003_audit_chain")]
    operations = [migrations.RunSQL(SQL, "DROP FUNCTION core_event_forget(uuid[], text[])")]
