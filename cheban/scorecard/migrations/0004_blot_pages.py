"""Pages of the handbook of cases are append-only; one function, run as the owner, blots out what names an erased person.
PIPL 47, reliability 45."""

from django.db import migrations

SQL = """
CREATE FUNCTION scorecard_practicepage_blot(pattern text, blot text) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE touched int;
BEGIN
  UPDATE scorecard_practicepage p
  SET title = regexp_replace(p.title, pattern, blot, 'gi'),
      story = regexp_replace(p.story, pattern, blot, 'gi'),
      lesson = regexp_replace(p.lesson, pattern, blot, 'gi')
  WHERE p.group_id IN (SELECT s.group_id FROM org_store s
                       WHERE s.id = ANY ((nullif(current_setting('app.stores', true), ''))::int[]))
    AND (p.title ~* pattern OR p.story ~* pattern OR p.lesson ~* pattern);
  GET DIAGNOSTICS touched = ROW_COUNT;
  RETURN touched;
END $$;
REVOKE ALL ON FUNCTION scorecard_practicepage_blot(text, text) FROM PUBLIC;
"""


class Migration(migrations.Migration):
    dependencies = [("scorecard", "0003_days_of_stores")]
    operations = [migrations.RunSQL(SQL, "DROP FUNCTION scorecard_practicepage_blot(text, text)")]
