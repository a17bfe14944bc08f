"""The days of a running week, found by store and day: the board of a whole group reads them alone. R161, R207."""

from django.db import migrations, models

from cheban.core.indexes import BuildIndex


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("scorecard", "0002_incentives")]
    operations = [
        BuildIndex(
            "tally",
            models.Index(fields=["store", "day"], name="days_of_stores", condition=models.Q(("person_id", 0))),
        )
    ]
