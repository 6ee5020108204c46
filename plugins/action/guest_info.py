# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finds C(guest_info) a Python to run on, in the same task, and where it can has it answer in the same round trip."""

from __future__ import annotations

import posixpath
import re
import typing as t

from ansible import constants
from ansible.plugins.action import ActionBase

from ..plugin_utils import _core_version, _guest_look

#: Made once, before Ansible forks.
_PROGRAM = _guest_look.program()


class ActionModule(ActionBase):
    """Looks for a Python with plain shell, as who logs in, and does the module's work on it, as the task says.

    Where that is as usual, one command does both. Anything else, and whatever the module would complain of, is left
    to the module itself.
    """

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
        python = answer = None
        about_keys = args.get("keys") or args.get("absent_keys")
        if script or about_keys or args.get("sshd"):
            said = self._in_one(script, args) if script else ""
            said = said or self._said(_guest_look.who(script or ""))
            python = re.search(r"^python=(/\S+)", said, re.MULTILINE)
            answer = _guest_look.answer(said)
            own["login_user"] = _guest_look.user(said)
        if script and not python:
            return {**result, **own, "changed": False, "python": "", "summary": "no Python that is new enough"}
        if python:
            own["python"] = python[1]
            own["python_in_use"] = self._uses(python[1], variables)
            variables["ansible_python_interpreter"] = python[1]
        if about_keys and not args.get("user"):
            args["user"] = own["login_user"]
        result.update(answer or self._execute_module(module_args=args, task_vars=variables))
        if not result.get("failed"):
            result.update(own)
            if python:
                # As core keeps what it has discovered itself, with the result of whichever task it is.
                result.setdefault("ansible_facts", {})["discovered_interpreter_python"] = python[1]
        return result

    def _in_one(self, script: str, args: dict[str, t.Any]) -> str:
        """What the instance said to everything at once; empty where it is not to be asked so."""
        become = self._connection.become
        if (
            not self._connection.has_pipelining
            or constants.DEFAULT_KEEP_REMOTE_FILES
            or any(self._task.environment or [])
            # With a terminal or a password the input is not ours alone.
            or (become and (not getattr(become, "pipelining", False) or self.get_become_option("become_pass")))
            or (become and _guest_look.may_ask(become.name, self.get_become_option("become_flags") or ""))
        ):
            return ""
        options = _guest_look.options(args)
        if options is None:
            return ""
        return self._said(_guest_look.command(script, self._become), _guest_look.with_options(_PROGRAM, options))

    def _become(self, command: str) -> str:
        """A command as one that the user of the task runs, under the conditions of C(_low_level_execute_command)."""
        become, user = self._connection.become, self.get_become_option("become_user")
        if not become or (user and user == self._get_remote_user() and not constants.BECOME_ALLOW_SAME_USER):
            return command
        return str(become.build_become_command(command, self._connection._shell))

    def _said(self, command: str, data: bytes | None = None) -> str:
        """What the user who logs in is told by a command."""
        return str(self._low_level_execute_command(command, sudoable=False, in_data=data)["stdout"])

    def _uses(self, python: str, variables: dict[str, t.Any]) -> bool:
        """Whether further tasks run on this Python when it is known as the one discovered."""
        named = constants.config.get_config_value("INTERPRETER_PYTHON", variables=variables)
        interpreter = str(self._templar.template(named)).strip()
        name = interpreter.rpartition(" ")[2]  # also after /usr/bin/env
        return interpreter.startswith("auto") or name in (python, posixpath.basename(python))
