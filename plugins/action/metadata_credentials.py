# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lets C(metadata_credentials) return secrets to tasks only whose output Ansible hides."""

from __future__ import annotations

import typing as t

from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase

from ..plugin_utils import _core_version


class ActionModule(ActionBase):
    """The module cannot see for itself whether its result is hidden: C(no_target_syslog) looks the same to it."""

    _supports_check_mode = True
    # A job would leave its result in a file, and show it in a task of its own.
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        complaint = _core_version.complaint()
        if complaint:
            return {**result, "failed": True, "msg": complaint}
        wanted = self._task.args.get("credentials")
        secret = wanted is None or boolean(wanted, strict=False)
        if secret and self._task.no_log is not True:
            return {
                **result,
                "failed": True,
                "msg": "The result of this task has credentials in it: set no_log to true on the task. To see what "
                "is wrong with a role, set the option credentials to false instead.",
            }
        result.update(self._execute_module(task_vars=task_vars))
        return result
