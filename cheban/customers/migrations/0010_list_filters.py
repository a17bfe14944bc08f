"""Indices for filters that leave little: built beside the running house, each can be taken away again.

Whether an array holds a tag is not leakproof, so under row-level security the index on tags is lost, as LIKE's is (see
0002). `customers_with_tag` runs as the owner, filters by the same setting as the policies, and returns ids only. A tag
that very many have ends early (gin_fuzzy_search_limit): the caller only needs to know that they are many.
"""

from django.contrib.postgres.indexes import GinIndex
from django.db import migrations, models

from cheban.core.indexes import BuildIndex

WITH_TAG = """
CREATE OR REPLACE FUNCTION customers_with_tag(asked text, most int) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp SET gin_fuzzy_search_limit = 5000 AS $$
  SELECT id FROM customers_customer
  WHERE tags @> ARRAY[asked]::varchar[] AND tags <> '{}'::varchar[]
    AND store_id = ANY (nullif(current_setting('app.stores', true), '')::int[]) LIMIT most
$$;
REVOKE ALL ON FUNCTION customers_with_tag(text, int) FROM PUBLIC;
"""


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("customers", "0009_custom_values_follow")]
    operations = [
        BuildIndex(
            model_name="customer",
            index=models.Index(
                condition=models.Q(("tier", "ordinary"), _negated=True),
                fields=["store", "tier", "-spent_fen", "-id"],
                name="customer_tier_spent",
            ),
        ),
        BuildIndex(
            model_name="customer",
            index=models.Index(
                condition=models.Q(models.Q(("tier", "ordinary"), _negated=True), ("last_visit_on__isnull", False)),
                fields=["store", "tier", "-last_visit_on", "-id"],
                name="customer_tier_visited",
            ),
        ),
        BuildIndex(
            model_name="customer",
            index=models.Index(
                condition=models.Q(("keeper_id__isnull", False)),
                fields=["store", "keeper_id", "-created_at", "-id"],
                name="customer_keeper",
            ),
        ),
        BuildIndex(
            model_name="customer",
            index=models.Index(
                condition=models.Q(("kind", "company")),
                fields=["store", "-created_at", "-id"],
                name="customer_company",
            ),
        ),
        BuildIndex(
            model_name="customer",
            index=models.Index(
                condition=models.Q(("source", "research")),
                fields=["store", "-created_at", "-id"],
                name="customer_research",
            ),
        ),
        BuildIndex(
            model_name="customer",
            index=models.Index(
                condition=models.Q(("preferred_channel", ""), _negated=True),
                fields=["store", "preferred_channel", "-created_at", "-id"],
                name="customer_channel",
            ),
        ),
        BuildIndex(
            model_name="customer",
            index=models.Index(
                condition=models.Q(("visits__gt", 1)), fields=["store", "-visits", "-id"], name="customer_visits"
            ),
        ),
        BuildIndex(
            model_name="customer",
            index=GinIndex(condition=models.Q(("tags", []), _negated=True), fields=["tags"], name="customer_tags"),
        ),
        migrations.RunSQL(WITH_TAG, "DROP FUNCTION IF EXISTS customers_with_tag(text, int)"),
        BuildIndex(
            model_name="vehicle",
            index=models.Index(
                condition=models.Q(("series", ""), _negated=True),
                fields=["store", "series", "owner"],
                name="vehicle_by_series",
            ),
        ),
    ]
