# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What C(guest_info) does, without AnsibleModule: to compile that takes an instance twice as long as the work. Private.

It is for what is ordinary. Wherever something is not, there is no answer, and the module is run as any other.

This runs in instances, so it keeps to Python 3.8 and its standard library. It is no part of a module, which would have
AnsibleModule run its commands.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import typing as t

from ..module_utils._guest.facts import SystemFacts
from ..module_utils._guest.state import tell
from ..module_utils._ssh.module import run_module

#: What the answer follows, on a line of its own.
MARK = "guest_info="
#: Where AnsibleModule also looks for commands.
_MORE_FOLDERS = ("/sbin", "/usr/sbin", "/usr/local/sbin")
_SELINUX = "/sys/fs/selinux/enforce"


class NotOrdinary(Exception):
    """The module itself has to be run, and says what there is to say."""


class _Facts(SystemFacts):
    def local(self, folder: str) -> dict[str, t.Any]:
        raise NotOrdinary(f"the facts of {folder} are to be gathered")


class PlainModule:
    """What is used of an AnsibleModule here, behaving the same.

    :param params: the options, checked
    """

    def __init__(self, params: dict[str, t.Any]) -> None:
        self.params = params
        self.check_mode = True
        self._warnings: list[str] = []
        self.answer: dict[str, t.Any] = {}

    def run_command(
        self,
        args: str | list[str],
        data: str | None = None,
        environ_update: dict[str, str] | None = None,
        handle_exceptions: bool = True,
    ) -> tuple[int, str, str]:
        """:raises OSError: the command is not there, which without C(handle_exceptions) is no failure"""
        try:
            done = subprocess.run(
                shlex.split(args) if isinstance(args, str) else args,
                input="" if data is None else data + "\n",
                capture_output=True,
                env={**os.environ, **(environ_update or {})},
                encoding="utf-8",
                errors="surrogateescape",
                check=False,
            )
        except OSError as exc:
            if handle_exceptions:
                raise NotOrdinary(str(exc)) from exc
            raise
        return done.returncode, done.stdout, done.stderr

    def get_bin_path(self, arg: str) -> str | None:
        return shutil.which(arg, path=os.pathsep.join((os.environ.get("PATH", os.defpath), *_MORE_FOLDERS)))

    def selinux_enabled(self) -> bool:
        """Never: where it is, contexts are asked of its library, by AnsibleModule."""
        if os.path.exists(_SELINUX):
            raise NotOrdinary("SELinux is enabled")
        return False

    def warn(self, warning: str) -> None:
        self._warnings.append(warning)

    def fail_json(self, msg: str, **_others: t.Any) -> None:
        raise NotOrdinary(msg)

    def exit_json(self, **result: t.Any) -> None:
        self.answer = {**result, **({"warnings": self._warnings} if self._warnings else {})}


def main(options: dict[str, t.Any]) -> None:
    """Print the answer, or none.

    :param options: as in C(state.SPEC), checked
    """
    module = PlainModule(options)
    try:
        run_module(module, lambda run, label: tell(options, _Facts(module), run, label))
    except NotOrdinary as exc:
        sys.exit(str(exc))
    print(MARK + json.dumps(module.answer), flush=True)
