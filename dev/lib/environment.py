# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Interpreters, virtual environments and the collection tree of dev/demo and dev/test.

Everything is built in one cache folder and named by what it is made of (interpreter, requirements), so later runs and
other checkouts find it ready. A lock per item makes concurrent starts wait for each other instead of building twice.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import functools
import glob
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import typing as t
import zipfile
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
REQUIREMENTS = CHECKOUT / "dev" / "requirements"
CACHE = Path(
    os.environ.get("ALITRUST_CACHE")
    or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "alitrust-ecs"
).absolute()

# Commands that some test uses, each with its Debian package. A test whose command is missing is skipped and says so.
TEST_COMMANDS = {
    "chromium": "chromium",
    "git": "git",
    "java": "openjdk-17-jre-headless",
    "rpm": "rpm",
    "shellcheck": "shellcheck",
    "ssh": "openssh-client",
}

# Collections have no packages of their own on PyPI; this release of the community package carries these. A test
# uses a callback of ansible.posix, and awx.awx applies examples/awx/config.
ANSIBLE_PACKAGE = "ansible==12.3.0"
NEIGHBOURS = ("ansible/posix", "awx/awx")

# Environments with the newest release of everything, whatever our upper bounds say, and pre-releases of ansible-core.
NEWEST = bool(os.environ.get("ALITRUST_NEWEST"))


class SetupError(Exception):
    """Something this machine lacks; the message says what and how to get it."""


def command(main: t.Callable[[], int | None]) -> t.NoReturn:
    """Do what a command does, and end with its status, or that of programs whose reader has gone: "dev/test | head"."""
    try:
        try:
            status = main()
        finally:  # --help leaves by an exception
            sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nor can the flush at exit fail
        status = 128 + signal.SIGPIPE
    sys.exit(status)


def say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


@contextlib.contextmanager
def locked(name: str) -> t.Iterator[None]:
    """Hold the lock of one item of the cache, across processes and checkouts."""
    folder = CACHE / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / name, "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def output_of(*command: str | Path) -> str | None:
    """What a command prints, None if it fails."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    return None if done.returncode else done.stdout


def run(*command: str | Path, what: str) -> None:
    """Run quietly; on failure the end of the output is part of the error."""
    streams: dict[str, t.Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    done = subprocess.run(command, **streams, text=True, check=False)
    if done.returncode:
        tail = "\n".join(done.stdout.strip().splitlines()[-15:])
        raise SetupError(f"{what} failed:\n{tail}")


def apt_install(*packages: str) -> bool:
    """Install Debian packages where that is possible: as root, with apt. False elsewhere."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return False
    with locked("apt"):
        apt = ("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-o", "DPkg::Lock::Timeout=300")
        run(*apt, "update", what="apt-get update")
        run(*apt, "install", "-y", "--no-install-recommends", *packages, what=f"apt-get install {' '.join(packages)}")
    return True


def ensure_commands(**packages: str) -> dict[str, str]:
    """Make sure of commands (name="Debian package"); returns what is missing still, name to package."""
    missing = {command: package for command, package in packages.items() if not shutil.which(command)}
    # One at a time, because one that this distribution does not have must not keep the others away.
    for package in sorted(set(missing.values())):
        try:
            apt_install(package)
        except SetupError as error:
            say(str(error).splitlines()[-1])
    return {command: package for command, package in missing.items() if not shutil.which(command)}


@functools.cache
def interpreter(version: str) -> Path | None:
    """The real interpreter of a Python version such as "3.12", from PATH or pyenv; dead shims are passed over."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    installed = glob.glob(f"{pyenv}/versions/{version}.*/bin/python{version}")
    patch_level = re.compile(r"/versions/\d+\.\d+\.(\d+)/")
    installed.sort(key=lambda path: int(found[1]) if (found := patch_level.search(path)) else -1, reverse=True)
    for candidate in [sys.executable, f"python{version}", "python3", *installed]:
        ask = "import sys; print('%d.%d' % sys.version_info[:2], sys.prefix == sys.base_prefix, sys.executable)"
        with contextlib.suppress(OSError):
            answer = (output_of(candidate, "-c", ask) or "").strip().split(maxsplit=2)
            if answer[:2] == [version, "True"]:
                return Path(answer[2])
    return None


def default_interpreter() -> Path:
    found = interpreter(f"{sys.version_info.major}.{sys.version_info.minor}")
    return found or Path(sys.executable)


def requirement_files(path: Path) -> list[Path]:
    """The file and all that it includes with -r."""
    included = re.findall(r"^-r\s+(\S+)", path.read_text(), re.MULTILINE)
    return [path, *(file for name in included for file in requirement_files((path.parent / name).resolve()))]


def unbounded(requirements: str) -> str:
    """The text of a requirements file without upper bounds and includes, and open for pre-releases of ansible-core."""
    text = re.sub(r"^-r\s.*$", "", requirements, flags=re.MULTILINE)
    text = re.sub(r",\s*<=?[\w.]+", "", text)
    return re.sub(r"^(ansible-core>=[\d.]+)", r"\1.dev0", text, flags=re.MULTILINE)


def venv(name: str, python: Path | None = None) -> Path:
    """The virtual environment for dev/requirements/<name>.txt, built if this is its first use.

    :raises SetupError: the interpreter can't make virtual environments, or pip failed.
    """
    python = python or default_interpreter()
    requirements = REQUIREMENTS / f"{name}.txt"
    version = output_of(python, "-VV")
    if version is None:
        raise SetupError(f"the interpreter {python} does not run")
    texts = [file.read_text() for file in requirement_files(requirements)]
    if NEWEST:
        texts = [unbounded(text) for text in texts]
    digest = hashlib.sha256("\0".join([str(python), version, *texts]).encode())
    folder = CACHE / "venvs" / f"{name}-{version.split()[1]}-{digest.hexdigest()[:12]}"
    complete = folder / ".complete"
    if complete.exists():
        return folder
    with locked(folder.name):
        if complete.exists():
            return folder
        say(f"building the environment '{name}' for Python {version.split()[1]}")
        make_venv(python, folder)
        if NEWEST:
            requirements = folder / "newest.txt"
            requirements.write_text("\n".join(texts))
        run(
            *(
                folder / "bin" / "python",
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "-r",
                requirements,
            ),
            what=f"installing dev/requirements/{name}.txt",
        )
        complete.touch()
    return folder


def make_venv(python: Path, folder: Path) -> None:
    if output_of(python, "-c", "import ensurepip, venv") is None:
        # Debian and Ubuntu split these off.
        package = f"{python.resolve().name}-venv"
        if not apt_install(package):
            raise SetupError(f"{python} can't make virtual environments: install the package {package} as root")
    shutil.rmtree(folder, ignore_errors=True)
    run(python, "-m", "venv", folder, what=f"making a virtual environment with {python}")


def import_root() -> Path:
    """A folder from which this checkout can be imported as ansible_collections.alitrust.ecs."""
    root = CACHE / f"collections-{hashlib.sha256(str(CHECKOUT).encode()).hexdigest()[:12]}"
    link(root / "ansible_collections" / "alitrust" / "ecs", CHECKOUT)
    return root


def collections() -> Path:
    """The same folder with other collections beside it: a value for ANSIBLE_COLLECTIONS_PATH."""
    root, fetched = import_root(), neighbours()
    for name in NEIGHBOURS:
        link(root / "ansible_collections" / name, fetched / name)
    return root


def link(path: Path, target: Path) -> None:
    with locked("links"):
        if path.is_symlink() and path.readlink() == target:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.symlink_to(target)


def neighbours() -> Path:
    """A folder with other collections, each in C(<namespace>/<name>)."""
    chosen = hashlib.sha256("\0".join(NEIGHBOURS).encode()).hexdigest()[:12]
    folder = CACHE / f"collections-of-{ANSIBLE_PACKAGE.replace('==', '-')}-{chosen}"
    with locked(folder.name):
        if not folder.exists():
            say(f"fetching collections (in the package {ANSIBLE_PACKAGE}, 54 MB)")
            pip = venv("runtime") / "bin" / "pip"
            with tempfile.TemporaryDirectory(dir=CACHE) as temporary:
                download = (
                    pip,
                    "download",
                    "--quiet",
                    "--no-deps",
                    "--only-binary=:all:",
                    "--dest",
                    temporary,
                    ANSIBLE_PACKAGE,
                )
                run(*download, what="fetching collections")
                with zipfile.ZipFile(next(Path(temporary).glob("*.whl"))) as wheel:
                    wanted = tuple(f"ansible_collections/{name}/" for name in NEIGHBOURS)
                    wheel.extractall(temporary, [name for name in wheel.namelist() if name.startswith(wanted)])
                (Path(temporary) / "ansible_collections").rename(folder)
    return folder


def checkout_files() -> list[str]:
    """The checkout's files as they are now, less what git ignores, named from its root."""
    listing = output_of("git", "-C", CHECKOUT, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    if listing is None:
        raise SetupError(f"git can't list the files of {CHECKOUT}: this needs git and a clone")
    return [name for name in listing.split("\0") if name and os.path.lexists(CHECKOUT / name)]


def copy_checkout(to: Path) -> None:
    """A fresh copy of the checkout's files, without .git."""
    shutil.rmtree(to, ignore_errors=True)
    for name in checkout_files():
        (to / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(CHECKOUT / name, to / name, follow_symlinks=False)


def host_packages() -> None:
    """What the local cloud's hosts need of the system; only root can install it."""
    script = CHECKOUT / "dev" / "host-packages"
    if os.geteuid() == 0 and script.exists():
        run(script, what="dev/host-packages")


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="dev/setup",
        description="Build what dev/demo and dev/test need, in the folder that ALITRUST_CACHE names (default: "
        "~/.cache/alitrust-ecs). Later runs and other checkouts use it again.",
    )
    names = sorted(path.stem for path in REQUIREMENTS.glob("*.txt"))
    parser.add_argument(
        "--print",
        action="append",
        dest="wanted",
        choices=[*names, "collections"],
        help="build only this and print its folder: a virtual environment, or the one for ANSIBLE_COLLECTIONS_PATH",
    )
    arguments = parser.parse_args()
    try:
        if arguments.wanted:
            for name in arguments.wanted:
                print(collections() if name == "collections" else venv(name))
            return
        missing = ensure_commands(**TEST_COMMANDS)
        host_packages()
        for name in names:
            say(f"{name}: {venv(name)}")
        say(f"collections: {collections()}")
    except SetupError as error:
        sys.exit(f"error: {error}")
    for command, package in missing.items():
        say(f"'{command}' is missing: install the package {package} as root")


if __name__ == "__main__":
    command(main)
