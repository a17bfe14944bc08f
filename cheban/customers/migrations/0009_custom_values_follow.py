"""Search rows of custom fields follow the column `extra`, whoever writes it: forms, COPY, merges, undo (decision 0027).

New rows come by the thousand, so they have a trigger for each statement; changes are told row by row, and only where
`extra` differs.
"""

from django.db import migrations

_VALUES = """
  INSERT INTO customers_{name}value (store_id, {name}_id, field_id, number, text)
  SELECT n.store_id, n.id, e.key::bigint,
    CASE jsonb_typeof(v.value) WHEN 'number' THEN round((v.value #>> '{{}}')::numeric * 10000)::bigint END,
    CASE jsonb_typeof(v.value) WHEN 'number' THEN NULL ELSE v.value #>> '{{}}' END
  FROM {source} n CROSS JOIN LATERAL jsonb_each(n.extra) e CROSS JOIN LATERAL (
    SELECT e.value WHERE jsonb_typeof(e.value) <> 'array' UNION ALL
    SELECT a.value FROM jsonb_array_elements(CASE jsonb_typeof(e.value) WHEN 'array' THEN e.value ELSE '[]' END) a
  ) v(value) WHERE n.extra <> '{{}}'::jsonb;
"""
_FORWARDS = """
CREATE FUNCTION customers_{name}_values_come() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN {come} RETURN NULL; END $$;
CREATE FUNCTION customers_{name}_values_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM customers_{name}value WHERE {name}_id = OLD.id AND store_id = OLD.store_id;
  {change}
  RETURN NULL;
END $$;
CREATE FUNCTION customers_{name}_values_go() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM customers_{name}value WHERE {name}_id = OLD.id AND store_id = OLD.store_id;
  RETURN NULL;
END $$;
CREATE TRIGGER custom_values_come AFTER INSERT ON customers_{name}
  REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION customers_{name}_values_come();
CREATE TRIGGER custom_values_change AFTER UPDATE OF extra ON customers_{name}
  FOR EACH ROW WHEN (OLD.extra IS DISTINCT FROM NEW.extra) EXECUTE FUNCTION customers_{name}_values_change();
CREATE TRIGGER custom_values_go AFTER DELETE ON customers_{name}
  FOR EACH ROW WHEN (OLD.extra <> '{{}}'::jsonb) EXECUTE FUNCTION customers_{name}_values_go();
"""
_BACKWARDS = """
DROP TRIGGER IF EXISTS custom_values_come ON customers_{name};
DROP TRIGGER IF EXISTS custom_values_change ON customers_{name};
DROP TRIGGER IF EXISTS custom_values_go ON customers_{name};
DROP FUNCTION IF EXISTS customers_{name}_values_come(), customers_{name}_values_change(), customers_{name}_values_go();
"""


def _forwards(name: str) -> str:
    come = _VALUES.format(name=name, source="made")
    change = _VALUES.format(name=name, source="(SELECT NEW.store_id, NEW.id, NEW.extra)")
    return _FORWARDS.format(name=name, come=come, change=change)


class Migration(migrations.Migration):
    dependencies = [("customers", "0008_custom_fields")]
    operations = [migrations.RunSQL(_forwards(name), _BACKWARDS.format(name=name)) for name in ("customer", "vehicle")]
