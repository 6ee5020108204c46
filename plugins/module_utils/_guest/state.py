# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role guest has to know of an instance, read in one go; nothing is changed. Private.

This runs in instances, so it keeps to Python 3.8 and its standard library.
"""

from __future__ import annotations

import os
import stat
import sys
import typing as t

from .._cloud.errors import AlitrustError, InvalidInput
from . import packages, sshd

_SSHD = "/usr/sbin/sshd"
_MODE = 0o600
_FACT_MODE = 0o755
#: As many characters of a process's name the kernel keeps.
_NAME_LONGEST = 15

SPEC: dict[str, dict[str, t.Any]] = {
    "find_python": {"type": "str"},
    "package": {"type": "str"},
    "package_formats": {"type": "dict", "default": {}},
    "unit": {"type": "str"},
    "agent": {
        "type": "dict",
        "options": {
            "folder": {"type": "path", "required": True},
            "unit": {"type": "str", "required": True},
            "process": {"type": "str", "required": True},
        },
    },
    "user": {"type": "str"},
    "keys": {"type": "list", "elements": "str", "no_log": False},
    "exclusive": {"type": "bool", "default": False},
    "absent_keys": {"type": "list", "elements": "str", "no_log": False},
    "remains": {"type": "list", "elements": "path", "default": []},
    "fact": {
        "type": "dict",
        "options": {"path": {"type": "path", "required": True}, "content": {"type": "str", "required": True}},
    },
    "sshd": {
        "type": "dict",
        "options": {
            "text": {"type": "str", "required": True},
            "config": {"type": "path", "required": True},
            "drop_in": {"type": "path", "required": True},
            "marker": {"type": "str", "required": True},
        },
    },
}

if t.TYPE_CHECKING:
    from .._ssh.module import Label, Run

    class Facts(t.Protocol):
        """Gathers facts, named as by C(setup) without the prefix C(ansible_)."""

        def of_the_system(self) -> dict[str, t.Any]: ...

        def local(self, folder: str) -> dict[str, t.Any]: ...


def tell(options: dict[str, t.Any], facts: Facts, run: Run, label: Label) -> dict[str, t.Any]:
    """What C(guest_info) returns, besides what its action plugin knows.

    :param options: as in SPEC
    :param facts: gathers facts
    :param label: whether a path has another than its default SELinux context; changes nothing
    :raises UnexpectedState: the package manager does not answer
    """
    known = facts.of_the_system()
    found: dict[str, t.Any] = {
        "changed": False,
        "is_root": os.geteuid() == 0,
        "python": sys.executable,
        "warnings": [],
    }
    package_format = options["package_formats"].get(known.get("distribution"))
    if options["package"] and package_format:
        found["package_version"] = packages.version(packages.TOOLS[package_format], options["package"], run)
    if options["unit"]:
        found["unit_in_order"] = packages.unit_in_order(options["unit"], run)
    if options["agent"]:
        found["agent_lacks"] = _agent_lacks(options["agent"], run)
    if options["keys"]:
        if not options["user"]:
            raise InvalidInput("keys are of a user; give user, too.")
        found["keys_differ"], found["warnings"] = _keys_differ(options, run, label)
    if options["absent_keys"]:
        if not options["user"]:
            raise InvalidInput("absent_keys are of a user; give user, too.")
        found["absent_keys_differ"], warnings = _absent_keys_differ(options, run, label)
        found["warnings"] += [text for text in warnings if text not in found["warnings"]]
    if options["sshd"]:
        found["sshd_differs"] = _sshd_differs(options["sshd"], run, label)
    found["remains"] = [path for path in options["remains"] if os.path.lexists(path)]
    if options["fact"]:
        found["fact_differs"] = _fact_differs(options["fact"], label)
        if not found["fact_differs"]:
            known = {**known, **facts.local(os.path.dirname(options["fact"]["path"]))}
    found["system"] = known
    parts = {
        "keys": "keys_differ",
        "absent_keys": "absent_keys_differ",
        "sshd": "sshd_differs",
        "the fact": "fact_differs",
    }
    differing = [part for part, name in parts.items() if found.get(name)]
    found["summary"] = f"{' and '.join(differing)} would be changed" if differing else "read"
    return found


def _agent_lacks(wanted: dict[str, str], run: Run) -> list[str]:
    """What is missing for an agent to be there and run, in words.

    Whether its unit is enabled is not asked: what comes with a script for SysV's init is never called so.
    """
    state = packages.unit_state(wanted["unit"], run)
    checks = {
        f"there is no folder {wanted['folder']}": os.path.isdir(wanted["folder"]),
        f"the unit {wanted['unit']} does not run": state.get("LoadState") == "loaded"
        and state.get("ActiveState") == "active",
        f"there is no process {wanted['process']}": _runs(wanted["process"]),
    }
    return [words for words, in_order in checks.items() if not in_order]


def _runs(name: str) -> bool:
    """Whether a process of this name runs; one that has ended and only waits for its parent does not."""
    for folder in os.listdir("/proc"):
        if folder.isdigit():
            before, _end, after = (_read(f"/proc/{folder}/stat") or "").rpartition(") ")
            if before.partition(" (")[2] == name[:_NAME_LONGEST] and not after.startswith(("Z", "X")):
                return True
    return False


def _keys_differ(options: dict[str, t.Any], run: Run, label: Label) -> tuple[bool, list[str]]:
    """Whether C(authorized_keys) has something to do or to complain of; with what it would warn of if it has not."""
    asked = {name: options[name] for name in ("user", "keys", "exclusive")}
    return _would_change({**asked, "state": "present"}, run, label)


def _absent_keys_differ(options: dict[str, t.Any], run: Run, label: Label) -> tuple[bool, list[str]]:
    """The same for keys that are to be taken out. A user who is not there has none, and is an error for that module."""
    from .._ssh import host

    if not host.has_user(options["user"]):
        return True, []
    asked = {"user": options["user"], "keys": options["absent_keys"], "exclusive": False}
    return _would_change({**asked, "state": "absent"}, run, label)


def _would_change(asked: dict[str, t.Any], run: Run, label: Label) -> tuple[bool, list[str]]:
    from .._ssh.authorized_keys import manage  # an instance compiles what it imports, so only where keys are asked for

    others = {"address": None, "sshd_path": None, "sshd_config": None, "return_before": False}
    try:
        foretold = manage({**asked, **others}, run, label, check_mode=True)
    except AlitrustError:
        return True, []
    return bool(foretold["changed"]), [] if foretold["changed"] else foretold["warnings"]


def _sshd_differs(wanted: dict[str, str], run: Run, label: Label) -> bool:
    """Whether the role has something to change in sshd's configuration, or to complain of."""
    config = _read(wanted["config"])
    if config is None:
        return True
    if sshd.reads_folder(config, os.path.dirname(wanted["drop_in"])):
        path = wanted["drop_in"]
        if _read(path) != wanted["text"] or _mode(path) != _MODE:
            return True
    else:
        path = wanted["config"]
        if not sshd.has_block(config, wanted["text"], wanted["marker"]):
            return True
    if label(path):
        return True
    code, judged, _errors = packages.ask(run, [_SSHD, "-T", "-f", "/dev/stdin"], wanted["text"])
    if code != 0:
        return True
    code, effective, _errors = packages.ask(run, [_SSHD, "-T"])
    return code != 0 or bool(sshd.missed(wanted["text"], judged, effective))


def _fact_differs(wanted: dict[str, str], label: Label) -> bool:
    """Whether the script of a local fact is not there as asked for."""
    path, folder = wanted["path"], os.path.dirname(wanted["path"])
    if _read(path) != wanted["content"] or {_mode(path), _mode(folder)} != {_FACT_MODE}:
        return True
    return label(path) or label(folder)


def _mode(path: str) -> int:
    return stat.S_IMODE(os.stat(path).st_mode)


def _read(path: str) -> str | None:
    """The text of a file; None where it cannot be read."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
            return file.read()
    except OSError:
        return None
