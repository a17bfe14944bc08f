"""An uploaded file lies under another name at each step, and people know it by the name they gave it. R021."""

from __future__ import annotations

import errno

import pytest

from cheban.customers.importing import commands, pipeline
from cheban.customers.models import Customer, ImportRow
from cheban.org import scope
from cheban.org.roles import Role

TEXT = "客户名称,手机号,车牌号\n张伟,13812345678,沪A12345\n李娜,1391234,沪A54321\n"


@pytest.mark.req("R021")
def test_an_uploaded_text_file_is_checked_and_written_row_by_row(cast, settings, tmp_path):
    settings.DATA_DIR = tmp_path
    scope.set_stores([cast.a.id])
    made = commands.upload(
        [TEXT.encode()], by=cast.actor(Role.STORE_MANAGER), store_id=cast.a.id, file_name="老系统.csv", size=len(TEXT)
    )
    pipeline.check(made.id, store_id=cast.a.id)
    made.refresh_from_db()
    assert (made.state, made.rows_total, made.rejected) == ("ready", 2, 1)
    row = ImportRow.objects.get()
    assert (row.sheet, row.row) == ("老系统", 3)
    assert pipeline.write(made.id, store_id=cast.a.id).accepted == 1
    assert Customer.objects.get().name == "张伟"


def test_a_failed_job_is_tried_again_when_there_may_be_room_later_and_only_then():
    from cheban.customers import jobs

    full, lost = OSError(errno.ENOSPC, "No space left on device"), FileNotFoundError(errno.ENOENT, "No such file")
    assert jobs.write_import.get_retry_exception(full, job=None) is not None
    assert jobs.write_import.get_retry_exception(lost, job=None) is None
