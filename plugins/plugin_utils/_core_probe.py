# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether the ansible-core in use runs modules in the way that C(_in_process) relies on. Private to this collection.

Its version would not tell: the next one may change nothing of that, or everything. So a module of two lines goes the
whole way once, where the action plugins are loaded: less than a millisecond, without a process, a file or a host.
"""

from __future__ import annotations

import typing as t
from types import SimpleNamespace

from ansible.module_utils.basic import AnsibleModule
from ansible.playbook.play_context import PlayContext
from ansible.playbook.task import Task
from ansible.plugins.shell.sh import ShellModule

#: A module's name; -vvv shows it.
_NAME = "alitrust.ecs.dry_call"
#: What a module may be given: text that JSON has to quote, nothing, a number, a list and a dictionary.
_GIVEN: dict[str, t.Any] = {"text": '"\u00e4\u6f22\n{{ x }}', "none": None, "number": 7, "nested": [{"a": [True]}]}


def difference(action: type[t.Any]) -> str | None:
    """How a module fares that core executes by an action plugin; None where it is as expected.

    :param action: the class, which runs C(self._main()) where C(self._in_process) is true
    """

    class DryCall(action):
        _in_process = True

        def _update_module_args(self, *_args: t.Any, **_named: t.Any) -> None:
            pass

        def _main(self) -> t.Callable[[], None]:
            return _repeat

    try:
        task = Task()
        task.action = _NAME
        connection = SimpleNamespace(transport="local", become=None, _shell=ShellModule())
        dry = DryCall(task, connection, PlayContext(), loader=None, templar=None, shared_loader_obj=None)
        answer = dry._execute_module(module_name=_NAME, module_args=dict(_GIVEN), task_vars={})
    except (Exception, SystemExit) as error:
        return f"{type(error).__name__}: {error}"
    right = not answer.get("failed") and answer.get("changed") is True and answer.get("given") == _GIVEN
    return None if right else f"a dry call of a module gave {answer}"


def _repeat() -> None:
    """A module that answers with what it was given."""
    spec = {"text": {}, "none": {}, "number": {"type": "int"}, "nested": {"type": "list", "elements": "dict"}}
    module = AnsibleModule(argument_spec=spec, no_log=True)
    module.exit_json(changed=True, given=module.params)
