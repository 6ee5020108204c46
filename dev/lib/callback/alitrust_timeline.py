# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes down when each task began and ended on each host, for C(dev/timeline). It belongs to the development of this
collection and is no part of it.
"""

from __future__ import annotations

import json
import time
import typing as t
from pathlib import Path

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: alitrust_timeline
type: aggregate
short_description: Write when each task began and ended on each host
description:
  - Writes a JSON document at the end of the run, with names and times only, no argument or result.
options:
  path:
    description: File to write to.
    type: path
    required: true
    env:
      - name: ALITRUST_TIMELINE_FILE
requirements:
  - enable in configuration
"""


class CallbackModule(CallbackBase):
    """Keeps times, in seconds since it was loaded."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "alitrust_timeline"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._begun = time.monotonic()
        self._plays: list[dict[str, t.Any]] = []
        self._includes: list[dict[str, t.Any]] = []
        self._tasks: list[dict[str, t.Any]] = []
        # A handler is a task, too; one that is notified in two plays runs under the same identifier.
        self._current: dict[str, dict[str, t.Any]] = {}

    def _now(self) -> float:
        return round(time.monotonic() - self._begun, 4)

    # -- where the run is

    def v2_playbook_on_play_start(self, play: t.Any) -> None:
        self._plays.append({"name": play.get_name(), "at": self._now()})

    def v2_playbook_on_task_start(self, task: t.Any, is_conditional: bool) -> None:
        self._begin(task)

    def v2_playbook_on_handler_task_start(self, task: t.Any) -> None:
        self._begin(task)

    def v2_playbook_on_cleanup_task_start(self, task: t.Any) -> None:
        self._begin(task)

    def v2_playbook_on_include(self, included_file: t.Any) -> None:
        self._includes.append(
            {"file": str(included_file._filename), "at": self._now(), "hosts": len(included_file._hosts)}
        )

    def _begin(self, task: t.Any) -> dict[str, t.Any]:
        entry = {"name": task.get_name(), "action": task.action, "at": self._now(), "hosts": {}}
        self._tasks.append(entry)
        self._current[task._uuid] = entry
        return entry

    # -- what a host does

    def v2_runner_on_start(self, host: t.Any, task: t.Any) -> None:
        entry = self._current.get(task._uuid) or self._begin(task)  # strategies of hosts tell no start of some tasks
        entry["hosts"][host.get_name()] = {"start": self._now()}

    def v2_runner_on_ok(self, result: t.Any) -> None:
        self._end(result, "ok")

    def v2_runner_on_failed(self, result: t.Any, ignore_errors: bool = False) -> None:
        self._end(result, "failed")

    def v2_runner_on_skipped(self, result: t.Any) -> None:
        self._end(result, "skipped")

    def v2_runner_on_unreachable(self, result: t.Any) -> None:
        self._end(result, "unreachable")

    def v2_runner_item_on_ok(self, result: t.Any) -> None:
        self._item(result)

    def v2_runner_item_on_failed(self, result: t.Any) -> None:
        self._item(result)

    def v2_runner_item_on_skipped(self, result: t.Any) -> None:
        self._item(result)

    def _span(self, result: t.Any) -> dict[str, t.Any]:
        entry = self._current.get(result._task._uuid) or self._begin(result._task)
        # A task that bypasses the loop over hosts starts on one and ends on one.
        return t.cast("dict[str, t.Any]", entry["hosts"].setdefault(result._host.get_name(), {"start": entry["at"]}))

    def _end(self, result: t.Any, how: str) -> None:
        self._span(result).update(end=self._now(), result=how)

    def _item(self, result: t.Any) -> None:
        span = self._span(result)
        span["items"] = span.get("items", 0) + 1

    def v2_playbook_on_stats(self, stats: t.Any) -> None:
        found = {"plays": self._plays, "includes": self._includes, "tasks": self._tasks, "end": self._now()}
        Path(self.get_option("path")).write_text(json.dumps(found), encoding="utf-8")
