# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Counts the task boundaries of a run, and halts it at one of them for a test to end it there."""

from __future__ import annotations

import os
import time
import typing as t

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: task_boundaries
type: aggregate
short_description: Count the task boundaries of a run, and halt it at one of them
description: The variables C(BOUNDARIES) (a file that is written), C(BOUNDARY) (a number), C(BOUNDARY_HOLDS) and
  C(BOUNDARY_UNTIL) (a file, until which it is halted) lead it.
"""


class CallbackModule(CallbackBase):
    """A boundary is the moment before a host gets a task: all before it is done, nothing of it has begun."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "task_boundaries"

    def __init__(self, *arguments: t.Any, **options: t.Any) -> None:
        super().__init__(*arguments, **options)
        self._wanted = int(os.environ["BOUNDARY"])
        self._holds = os.environ["BOUNDARY_HOLDS"] == "1"
        self._reached = 0

    def v2_runner_on_start(self, host: t.Any, task: t.Any) -> None:
        self._reached += 1
        with open(os.environ["BOUNDARIES"], "a", encoding="utf-8") as file:
            file.write(f"{task.get_name()} @ {host.get_name()}\n")
        while self._reached == self._wanted and self._holds:
            if os.path.exists(os.environ["BOUNDARY_UNTIL"]):
                return
            time.sleep(0.02)
