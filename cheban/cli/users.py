"""`cheban users`: accounts and stores, by the operator of the machine, who holds the data anyway."""

from __future__ import annotations

import getpass
import json
import secrets
import sys
from typing import Annotated

import typer

from cheban.cli import Failed, setup_django

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="员工账号与门店 · staff accounts and stores")
Login = Annotated[str, typer.Argument(help="登录名 · login")]
FromStdin = Annotated[bool, typer.Option("--password-stdin", help="从标准输入读密码 · read the password from stdin")]
LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"  # none that look alike


@app.command("list")
def list_users(
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON · print JSON")] = False,
) -> None:
    """列出员工、角色和状态 · staff, their roles and whether they may sign in."""
    setup_django()
    from cheban.org.models import Staff
    from cheban.org.roles import Role

    rows = [
        {
            "login": staff.login,
            "name": staff.name,
            "active": staff.is_active,
            "roles": [f"{held.role}@{held.store.code}" for held in staff.roles.all()],
        }
        for staff in Staff.objects.order_by("login").prefetch_related("roles__store")
    ]
    if as_json:
        print(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    for row in rows:
        held = "、".join(f"{Role(role).label}@{store}" for role, _, store in (r.partition("@") for r in row["roles"]))
        print(f"{row['login']:20} {row['name']}  {held}{'' if row['active'] else '  （已停用 · locked）'}")
    if not rows:
        print("还没有员工账号 · no accounts yet: cheban users add …")


@app.command()
def add(
    login: Login,
    name: Annotated[str, typer.Argument(help="姓名 · name")],
    role: Annotated[list[str], typer.Option(help="角色@门店代码，可多次 · role@store code, repeatable")],
    password_stdin: FromStdin = False,
) -> None:
    """新建账号 · a new account, e.g. users add wang 王强 --role store_manager@PD1."""
    actor, scope = _operator()
    from cheban.org import commands

    roles = [_role(text) for text in role]
    password = _password(password_stdin)
    with scope:
        commands.add_staff(by=actor, login=login, name=name, password=password, roles=roles)
    _tell(login, password, password_stdin)


@app.command("reset-password")
def reset_password(login: Login, password_stdin: FromStdin = False) -> None:
    """重设密码，并结束此人的全部登录 · a new password; every session of that person ends."""
    actor, scope = _operator()
    from cheban.org import commands

    password = _password(password_stdin)
    with scope:
        commands.reset_password(_staff(login), by=actor, password=password)
    _tell(login, password, password_stdin)


@app.command()
def lock(login: Login) -> None:
    """停用账号，立刻退出登录 · lock an account; it is signed out at once."""
    _set_active(login, active=False)
    print(f"已停用 · locked: {login}")


@app.command()
def unlock(login: Login) -> None:
    """恢复账号 · let an account in again."""
    _set_active(login, active=True)
    print(f"已恢复 · unlocked: {login}")


@app.command("unlink-sso")
def unlink_sso(login: Login) -> None:
    """解除与企业账号的连接，下次单点登录时重新连接 · forget the single sign-on identity; the next sign-in links anew."""
    _actor, scope = _operator()
    from cheban.site.sso import links

    with scope:
        done = links.unlink(_staff(login))
    print(f"已解除 · unlinked: {login}" if done else f"没有连接 · was not linked: {login}")


@app.command()
def store(
    code: Annotated[str, typer.Argument(help="门店代码 · store code")],
    name: Annotated[str, typer.Argument(help="门店名称 · store name")],
    group: Annotated[str, typer.Option(help="集团 · dealer group")] = "本集团",
    brand: Annotated[str, typer.Option(help="品牌 · brand")] = "",
    city: Annotated[str, typer.Option(help="城市 · city")] = "",
) -> None:
    """建立门店，带营业日历 · a store with the usual week and the known holidays."""
    setup_django()
    from cheban.org import commands

    made = commands.create_store(group=group, code=code, name=name, brand=brand, city=city)
    print(f"{made.code}  {made.name}")


def _operator():
    setup_django()
    from cheban.org import queries, scope
    from cheban.org.access import system_actor

    stores = queries.store_ids()
    if not stores:
        raise Failed("还没有门店：先运行 cheban users store 代码 名称。 No store yet: cheban users store CODE NAME.")
    return system_actor(stores), scope.use(stores)


def _set_active(login: str, *, active: bool) -> None:
    actor, scope = _operator()
    from cheban.org import commands

    with scope:
        commands.set_active(_staff(login), by=actor, is_active=active)


def _staff(login: str):
    from cheban.org.models import Staff

    found = Staff.objects.filter(login__iexact=login).first()
    if found is None:
        raise Failed(f"没有登录名为 {login} 的账号；cheban users list 列出全部。 No account {login}.")
    return found


def _role(text: str) -> tuple[int, str]:
    from cheban.org.queries import store_by_code
    from cheban.org.roles import Role

    role, _, code = text.partition("@")
    if role not in Role.values:
        raise Failed(f"没有角色 {role}，可用：{'、'.join(Role.values)}。 No such role.", exit_code=2)
    return store_by_code(code or None).id, role


def _password(from_stdin: bool) -> str:
    """From a pipe, typed twice without showing, or made here. Never an argument: others could see it."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\n")
    if sys.stdin.isatty():
        first = getpass.getpass("密码（留空则自动生成）· password (empty: one is made): ")
        if first:
            if getpass.getpass("再输一次 · again: ") != first:
                raise Failed("两次输入不一样，没有改动。 The two differ; nothing was changed.")
            return first
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(5)) for _ in range(3))


def _tell(login: str, password: str, from_stdin: bool) -> None:
    print(f"账号 · account: {login}" + ("" if from_stdin else f"    密码 · password: {password}"))
