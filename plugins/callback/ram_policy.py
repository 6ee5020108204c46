# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: ram_policy
type: aggregate
short_description: Print the RAM policy that a run needed
version_added: 1.0.0
description:
  - At the end of a run it prints the RAM policy that allows what the run has called, and nothing else. Give it to a RAM
    user or role, for example with M(alitrust.ecs.ram_policy), and run the playbook as that one from then on.
  - It counts what the modules, lookups, the inventory and the connection of this collection call, with C(no_log), in
    loops and in tasks that fail, too. What was refused counts as well, so that the policy names what a user lacks.
  - A policy is printed for each set of credentials that the run has used.
  - Where a RAM role is given to instances, only that role may be passed. Everything else is allowed on all resources,
    in the form of C(docs/policies), because a call is about what does not exist yet, or lists what there is. Narrow it
    where you know more.
  - It prints on standard error, because standard output belongs to the stdout callback, which may be writing JSON.
author:
  - alitrust.ecs authors (@alitrust)
requirements:
  - enable in configuration, by V(alitrust.ecs.ram_policy) in C(callbacks_enabled)
options:
  path:
    description:
      - File to write the policy to, too. It is replaced, whole or not at all. Its folder must exist.
      - Where a run has used several sets of credentials, the policies after the first go to files of this name with
        C(-2), C(-3) and so on at the end of it, before its extension.
    type: path
    env:
      - name: ALITRUST_RAM_POLICY_FILE
    ini:
      - section: callback_ram_policy
        key: path
notes:
  - A run in check mode only reads, and so does one that finds nothing to change. A run that changes something needs
    more. Rehearse the playbook on the local cloud from nothing, and take the policy of that run.
  - The operations of other collections, and those of programs inside instances, are not in it.
seealso:
  - module: alitrust.ecs.ram_policy
  - module: alitrust.ecs.ram_user
  - ref: ansible_collections.alitrust.ecs.docsite.policies
    description: The policies of the playbooks of this collection.
"""

import typing as t

from ansible import context
from ansible.plugins.callback import CallbackBase

from ..module_utils._cloud.errors import AlitrustError
from ..module_utils._ram import run_policy
from ..plugin_utils import _run_calls

_ASYNC_STATUS = ("async_status", "ansible.builtin.async_status", "ansible.legacy.async_status")


class CallbackModule(CallbackBase):
    """Tells the rights that a run has used."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "alitrust.ecs.ram_policy"
    CALLBACK_NEEDS_ENABLED = True

    def v2_runner_on_ok(self, result: t.Any) -> None:
        self._take(result)

    def v2_runner_on_failed(self, result: t.Any, ignore_errors: bool = False) -> None:
        self._take(result)

    def v2_runner_on_async_ok(self, result: t.Any) -> None:
        self._take(result)

    def v2_runner_on_async_failed(self, result: t.Any) -> None:
        self._take(result)

    def v2_runner_item_on_ok(self, result: t.Any) -> None:
        self._take(result)

    def v2_runner_item_on_failed(self, result: t.Any) -> None:
        self._take(result)

    def _take(self, result: t.Any) -> None:
        """What ran asynchronously has ended behind the action plugin's back, which notes all else."""
        task, told = result._task, result._result
        if task.async_val or task.action in _ASYNC_STATUS:
            _run_calls.of_result(told, (told.get("invocation") or {}).get("module_args") or {})

    def v2_playbook_on_stats(self, stats: t.Any) -> None:
        failed = bool(stats.failures or stats.dark)
        policies = run_policy.of_run(_run_calls.noted(), checking=bool(context.CLIARGS.get("check")), failed=failed)
        if not policies:
            self._say("RAM policy: this run has called nothing of Alibaba Cloud, so it needs no rights.")
        for number, one in enumerate(policies, 1):
            self._say(f"RAM policy of this run, for {one.whose}:\n{one.text.rstrip()}")
            path = self.get_option("path")
            if path:
                try:
                    self._say(f"It is in {run_policy.write(path, number, one.text)}.")
                except AlitrustError as error:
                    self._display.warning(f"{self.CALLBACK_NAME}: {error.as_failure()['msg']}")
            for note in one.notes:
                self._say(note)

    def _say(self, text: str) -> None:
        self._display.display(text, stderr=True)
