"""Search as you type: one function that may use the fragment index.

LIKE is not leakproof, so under row-level security its indexes are lost (measured 41 ms against 0.45 ms).
This function runs as the owner and filters by the same setting `app.stores` that the policies use: without
a scope it finds nothing. It returns ids and what matched, never personal data.
"""

from django.db import migrations

SQL = r"""
CREATE INDEX vehicle_plate_vin_fragment ON customers_vehicle
  USING gin ((plate_number || ' ' || vin) gin_trgm_ops);
CREATE FUNCTION customers_search(asked text, plate_like text, tail int, exact bytea, most int)
RETURNS TABLE (found_by text, customer_id uuid, vehicle_id uuid)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  stores int[] := nullif(current_setting('app.stores', true), '')::int[];
  safe text := replace(replace(replace(asked, '\', '\\'), '%', '\%'), '_', '\_');
BEGIN
  IF stores IS NULL OR asked = '' THEN RETURN; END IF;
  IF exact IS NOT NULL THEN
    RETURN QUERY SELECT 'phone'::text, p.customer_id, NULL::uuid FROM customers_contactpoint p
      WHERE p.store_id = ANY (stores) AND p.value_blind = exact LIMIT most;
  END IF;
  IF tail IS NOT NULL THEN
    RETURN QUERY SELECT 'tail'::text, p.customer_id, p.id FROM customers_contactpoint p
      WHERE p.store_id = ANY (stores) AND p.tail_bucket = tail LIMIT 400;
  END IF;
  IF plate_like <> '' THEN
    RETURN QUERY EXECUTE
      'SELECT ''vehicle''::text, v.owner_id, v.id FROM customers_vehicle v
        WHERE (v.plate_number || '' '' || v.vin) LIKE $1
          AND v.store_id = ANY ($2) LIMIT $3'
      USING '%' || plate_like || '%', stores, most;
  END IF;
  RETURN QUERY EXECUTE
    'SELECT ''name''::text, c.id, NULL::uuid FROM unnest($2) s(id) CROSS JOIN LATERAL (
        (SELECT c.id FROM customers_customer c WHERE c.store_id = s.id AND c.name LIKE $1 ORDER BY c.name LIMIT $3)
        UNION (SELECT c.id FROM customers_customer c WHERE c.store_id = s.id AND c.name_initials LIKE $1 LIMIT $3)
        UNION (SELECT c.id FROM customers_customer c WHERE c.store_id = s.id AND c.name_full_pinyin LIKE $1 LIMIT $3)
      ) c LIMIT $3'
    USING safe || '%', stores, most;
END $$;
REVOKE ALL ON FUNCTION customers_search(text, text, int, bytea, int) FROM PUBLIC;
"""


class Migration(migrations.Migration):
    dependencies = [("customers", "0001_initial")]
    operations = [
        migrations.RunSQL(
            SQL, "DROP FUNCTION customers_search(text, text, int, bytea, int); DROP INDEX vehicle_plate_vin_fragment"
        ),
    ]
