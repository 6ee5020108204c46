# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes what a play has registered into a file that a test reads.

M(ansible.builtin.copy) starts two or three interpreters for that, which cost as much as all of a short play. In check
mode it writes, too.
"""

from __future__ import annotations

import os
import typing as t

from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    """Writes C(content), a text, to C(path); only its owner can read it."""

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        super().run(tmp, task_vars)
        content, path = self._task.args["content"], self._task.args["path"]
        if not isinstance(content, str):
            return {"failed": True, "msg": f"content is no text but a {type(content).__name__}"}
        hidden = f"{path}.new"
        with open(os.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(content)
        os.rename(hidden, path)
        return {"changed": True}
