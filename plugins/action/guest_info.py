# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds C(guest_info) a Python to run on, in the same task."""

from __future__ import annotations

import re
import typing as t

from ansible import constants
from ansible.plugins.action import ActionBase

from ..plugin_utils import _core_version


class ActionModule(ActionBase):
    """Looks for a Python with plain shell, as who logs in, then runs the module on it, as the task says."""

    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        complaint = _core_version.complaint()
        if complaint:
            return {**result, "failed": True, "msg": complaint}
        variables = dict(task_vars or {})
        args = dict(self._task.args)
        script = args.pop("find_python", None)
        own: dict[str, t.Any] = {"python_in_use": True}
        python = None
        about_keys = args.get("keys") or args.get("absent_keys")
        if script or about_keys or args.get("sshd"):
            said = self._low_level_execute_command(f"echo user=$(id -un)\n{script or ''}", sudoable=False)["stdout"]
            # What a shell prints at the start comes before it.
            user = re.search(r"^user=(\S+)", said, re.MULTILINE)
            python = re.search(r"^python=(/\S+)", said, re.MULTILINE)
            own["login_user"] = user[1] if user else ""
        if script and not python:
            return {**result, **own, "changed": False, "python": "", "summary": "no Python that is new enough"}
        if python:
            own["python"] = python[1]
            own["python_in_use"] = self._uses(python[1], variables)
            variables["ansible_python_interpreter"] = python[1]
        if about_keys and not args.get("user"):
            args["user"] = own["login_user"]
        result.update(self._execute_module(module_args=args, task_vars=variables))
        if not result.get("failed"):
            result.update(own)
            if python:
                # As core keeps what it has discovered itself, with the result of whichever task it is.
                result.setdefault("ansible_facts", {})["discovered_interpreter_python"] = python[1]
        return result

    def _uses(self, python: str, variables: dict[str, t.Any]) -> bool:
        """Whether further tasks run on this Python when it is known as the one discovered."""
        named = constants.config.get_config_value("INTERPRETER_PYTHON", variables=variables)
        interpreter = str(self._templar.template(named)).strip()
        return interpreter.startswith("auto") or interpreter == python
