"""The database itself writes down what webhooks owe, in the transaction that tells the event (decision 0008).

A statement-level trigger: one INSERT ... SELECT per statement that writes events, whether it writes one or 10,000.
What many rows tell at once more than a week after it happened is history and is owed to nobody: `core.events` says so
with the setting app.history_until of the transaction. The house's clock is not the database's, so `at` counts here.
"""

from django.db import migrations

FORWARDS = """
CREATE FUNCTION api_owe_webhooks() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO api_webhookdelivery (id, store_id, endpoint_id, event_id, event_name, state, not_before_at, created_at)
  SELECT gen_random_uuid(), e.store_id, w.id, e.id, e.name, 'waiting', least(e.at, now()), least(e.at, now())
  FROM api_webhookendpoint w JOIN told e ON e.name = ANY (w.event_names) AND e.store_id = ANY (w.store_ids)
  WHERE w.disabled_at IS NULL AND w.removed_at IS NULL
    AND e.at > coalesce(nullif(current_setting('app.history_until', true), '')::timestamptz, '-infinity')
  ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;
CREATE TRIGGER events_are_owed_to_webhooks AFTER INSERT ON core_event
  REFERENCING NEW TABLE AS told FOR EACH STATEMENT EXECUTE FUNCTION api_owe_webhooks();
"""
BACKWARDS = """
DROP TRIGGER IF EXISTS events_are_owed_to_webhooks ON core_event;
DROP FUNCTION IF EXISTS api_owe_webhooks();
"""


class Migration(migrations.Migration):
    dependencies = [("api", "0001_initial"), ("core", "0001_initial")]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
