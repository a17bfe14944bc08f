"""`cheban keys`: the keys that personal data are sealed with. R018; how to: docs/keys.md."""

from __future__ import annotations

import json
import os
from typing import Annotated

import typer

from cheban.cli import Failed, setup_django
from cheban.cli.say import note
from cheban.core.secretfiles import secrets_dir

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="加密密钥 · keys of the sealed data")


def _owner():
    place = setup_django(owner=True)
    import psycopg

    url = place.environ.get("CHEBAN_DB_OWNER_URL")
    return place, psycopg.connect(url, autocommit=True)


def _audit(connection, action: str, **facts) -> None:
    connection.execute(
        "INSERT INTO core_auditentry (action, subject, origin, facts) VALUES (%s, 'keys', 'command line', %s)",
        [action, json.dumps(facts)],
    )


@app.command("list")
def list_keys(as_json: Annotated[bool, typer.Option("--json", help="输出 JSON · print JSON")] = False) -> None:
    """列出数据密钥和用量 · the data keys and how many values lie under each."""
    place, connection = _owner()
    from cheban.core import keys

    with connection:
        found = keys.listed(connection, place.data_dir)
    if as_json:
        rows = [
            {"id": k.id, "created_at": k.created_at.isoformat(), "newest": k.is_newest, "uses": k.uses} for k in found
        ]
        print(json.dumps(rows, indent=1))
        return
    for key in found:
        print(
            f"{key.id:>4}  {key.created_at:%Y-%m-%d %H:%M}  {key.uses:>10,}{'  ← 现用 · seals' if key.is_newest else ''}"
        )


@app.command()
def rotate(
    master: Annotated[
        bool, typer.Option("--master", help="更换主密钥（不重新加密数据） · change the master key instead")
    ] = False,
) -> None:
    """换一把数据密钥，并把全部资料改用它；不停机，中断后再运行会接着做 · a new data key, everything re-sealed under
    it, without downtime; when killed, run it again."""
    place, connection = _owner()
    from cheban.core import keys, privacy, sealed

    with connection:
        if master:
            if os.environ.get("CHEBAN_MASTER_KEY"):
                raise Failed(
                    "主密钥在环境变量 CHEBAN_MASTER_KEY 里，这里换不了：请改用密钥文件。"
                    " The master key stands in CHEBAN_MASTER_KEY: use the file in the secrets folder to change it here.",
                    exit_code=2,
                )
            keys.change_master(connection, secrets_dir(place.data_dir))
            _audit(connection, "keys.master_changed")
            note("主密钥已更换；请立即备份 secrets 目录，并重启正在运行的程序。")
            note("The master key was changed: back up the secrets folder now, and restart what runs.")
            return
        if keys.has_unfinished(connection, place.data_dir):
            note("接着上一次没做完的更换。 Going on with a rotation that was not finished.")
        else:
            _audit(connection, "keys.made", key=keys.make(connection))
        moved = sealed.reseal(
            connection,
            place.data_dir,
            progress=lambda what, done: note(f"  {what}  {done:,}") if done % 20_000 < 2_000 else None,
        )
        _audit(connection, "keys.rotated", key=max(privacy.keyring()), values=moved)
        left = sum(k.uses for k in keys.listed(connection, place.data_dir) if not k.is_newest)
    print(f"已改用新密钥：{moved:,} 项。 Under the new key: {moved:,}.")
    if left:
        print(
            f"还有 {left:,} 项是更换期间写入的：一分钟后再运行一次。"
            f" {left:,} were written meanwhile under the old key: run it again in a minute."
        )


@app.command()
def retire(number: Annotated[int, typer.Argument(help="密钥编号 · key id, see `keys list`")]) -> None:
    """销毁一把已经没有用到的旧密钥；更早的备份将无法读取 · destroy an old key that nothing uses; older backups that
    need it can then not be read."""
    place, connection = _owner()
    from cheban.core import keys

    with connection:
        try:
            keys.retire(connection, place.data_dir, number)
        except KeyError:
            raise Failed(f"没有编号为 {number} 的密钥。 No key {number}.", exit_code=2) from None
        except keys.StillUsed as used:
            raise Failed(f"密钥 {number} 还在用（{used}）：先运行 keys rotate。 Key {number} is still used.") from None
        _audit(connection, "keys.retired", key=number)
    print(f"已销毁密钥 {number}。 Key {number} is gone.")
