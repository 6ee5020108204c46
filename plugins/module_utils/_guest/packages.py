# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Packages and units of an instance, by the commands of its package manager and of systemd. Private.

Commands, not the modules of ansible-core: those need bindings that the Python in use here often lacks. This runs in
instances, so it keeps to Python 3.8 and its standard library.
"""

from __future__ import annotations

import re
import typing as t

from .._cloud.errors import UnexpectedState

if t.TYPE_CHECKING:
    from .._ssh.module import Run


class Tool(t.NamedTuple):
    """The commands of a package manager; a package or a file follows each."""

    query: list[str]
    install: list[str]
    downgrade: list[str]
    remove: list[str]


_APT = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-o", "DPkg::Lock::Timeout=300"]
#: How the package manager is asked. dpkg also knows packages whose configuration only is left, so it tells the state.
TOOLS = {
    "deb": Tool(
        query=["dpkg-query", "--show", "--showformat", "${db:Status-Abbrev}|${Version}"],
        install=[*_APT, "install", "-y", "--allow-downgrades"],
        downgrade=[*_APT, "install", "-y", "--allow-downgrades"],
        remove=[*_APT, "purge", "-y"],
    ),
    "rpm": Tool(
        query=["rpm", "--query", "--queryformat", "ii |%{VERSION}"],
        install=["yum", "install", "--assumeyes"],
        downgrade=["yum", "downgrade", "--assumeyes"],
        remove=["yum", "remove", "--assumeyes"],
    ),
}


def ask(run: Run, command: list[str], text: str | None = None) -> tuple[int, str, str]:
    """Run a command that need not be there: exit status 127 then, as in a shell."""
    try:
        return run(command, text)
    except OSError as exc:
        return 127, "", exc.strerror or str(exc)


def version(tool: Tool, package: str, run: Run) -> str:
    """The installed version of a package; empty when there is none.

    :raises UnexpectedState: the package manager does not answer
    """
    code, output, errors = ask(run, [*tool.query, package])
    if code not in (0, 1):  # 1: there is none
        said = errors.strip() or output.strip()
        raise UnexpectedState(f"{tool.query[0]} does not tell the version of {package}: {said}.")
    return output.partition("|")[2].strip() if output.startswith("ii ") else ""


def install(tool: Tool, file: str, run: Run, *, before: str, version: str) -> None:
    """Install the package in a file.

    :param before: the version that is installed; empty for none
    :param version: the one in the file; empty where that is not known
    :raises UnexpectedState: the package manager refuses
    """
    older = bool(before and version) and _parts(before) > _parts(version)
    _must(run, [*(tool.downgrade if older else tool.install), file])


def remove(tool: Tool, package: str, run: Run) -> None:
    """Remove a package with its configuration.

    :raises UnexpectedState: the package manager refuses
    """
    _must(run, [*tool.remove, package])


def _parts(version: str) -> list[tuple[int, str]]:
    """A version to compare with others: numbers as numbers, and before letters."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.findall(r"\d+|[A-Za-z]+", version)]


def unit_state(unit: str, run: Run) -> dict[str, str]:
    """What systemd knows of a unit; nothing where it does not answer."""
    _code, output, _errors = ask(run, ["systemctl", "show", "--property=ActiveState,UnitFileState,LoadState", unit])
    return dict(line.split("=", 1) for line in output.splitlines() if "=" in line)


def unit_in_order(unit: str, run: Run) -> bool:
    """Whether a unit is enabled and runs, as C(ansible.builtin.systemd_service) would find it."""
    state = unit_state(unit, run)
    return (
        state.get("LoadState") == "loaded"
        and state.get("UnitFileState") == "enabled"
        and state.get("ActiveState") in ("active", "activating")
    )


def enable(unit: str, run: Run) -> None:
    """Have a unit run, now and after each boot.

    :raises UnexpectedState: systemd refuses
    """
    _must(run, ["systemctl", "enable", "--now", unit])


def _must(run: Run, command: list[str]) -> None:
    code, output, errors = ask(run, command)
    if code != 0:
        said = "\n".join([*output.strip().splitlines()[-5:], *errors.strip().splitlines()[-5:]])
        raise UnexpectedState(f"{' '.join(command)} failed with the status {code}: {said}")
