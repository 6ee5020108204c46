# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action plugin of every cloud module: each file in plugins/action is this class under its module's name.

It runs the module in the controller's process where that is equivalent, and hands over to the ordinary way elsewhere.
Private to this collection.
"""

from __future__ import annotations

import contextlib
import re
import sys
import typing as t

from ansible import constants, context
from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import filter_loader, test_loader
from ansible.utils.display import Display

from ..module_utils._cloud import credentials, errors, sdk
from ..module_utils._cloud.options import NO_REGION, Connection
from ..module_utils._cloud.transport import Route
from . import _bytecode, _check_run, _core_probe, _core_version, _in_process, _run_calls


def _usual_route() -> Route:
    """The way of tasks that say nothing about it themselves."""
    try:
        return Connection.from_options({}).route
    except errors.AlitrustError:  # tasks say what is wrong
        return Route()


# The linear strategy loads this class before it forks, so that every worker inherits the imported SDK.
with contextlib.suppress(errors.SdkMissing):
    sdk.preload(_usual_route())

# And the filters and tests of core, which otherwise load anew in the worker of each task with a template.
for _loader, _name in ((filter_loader, "default"), (test_loader, "defined")):
    with contextlib.suppress(Exception):  # a template says what is wrong with them
        _loader.get(_name)

display = Display()

#: What a task lacks that its user may have: another user's home, environment and Python packages are not his.
_LACKS = (credentials.NONE_USABLE, sdk.MISSING, NO_REGION)
_BECOME_HINT = (
    "This task runs with become, so as another user, without the environment and the profile of yours, and possibly "
    "with other Python packages: set become: false for it."
)

#: What core puts in the place of an argument with C(no_log).
HIDDEN = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
_THIS_INTERPRETER = re.compile(r"\{\{ *ansible_playbook_python *\}\}")


def preload(action: str) -> None:
    """Import the module of an action plugin, whose C(__name__) is given, where the plugin is imported.

    Strategies that load action plugins before they fork have every worker inherit the module; otherwise each task
    would compile it anew, because Ansible keeps no bytecode of collections.
    """
    if not _core_version.complaint():
        _in_process.module(action.rpartition(".")[2])


class ActionModule(ActionBase):
    """Core's own way of executing a module, with the transport to another process left out where possible."""

    _supports_check_mode = True
    _supports_async = True

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        task_vars = task_vars or {}
        _in_process.spare_memory()
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        complaint = _core_version.complaint()
        if complaint:
            return {**result, "failed": True, "msg": complaint}
        reason = _in_process.obstacle(
            task=self._task,
            connection=self._connection,
            play_context=self._play_context,
            environment=self._compute_environment_string(),
            switch=self._value(task_vars, task_vars, _in_process.SWITCH_VARIABLE),
            interpreter=self._value(task_vars, self._runner_vars(task_vars), "ansible_python_interpreter"),
            difference=_difference,
        )
        self._in_process = reason is None
        if reason is not None:
            display.vv(f"{self._task.action} runs in a process of its own: {reason}")
        arguments = dict(self._task.args)
        # What a single task with check_mode in a run for real has foretold will not have happened for those after it.
        checking = self._task.check_mode and bool(context.CLIARGS.get("check"))
        if checking and (known := _check_run.records()):
            arguments["foretold"] = known
        result.update(self._execute_module(module_args=arguments, task_vars=task_vars, wrap_async=self._task.async_val))
        foretold = result.pop("foretold", [])
        _run_calls.of_result(result, arguments)
        if checking:
            _check_run.add(foretold)
        elif result.get("changed"):
            _check_run.forget()
        if not self._task.no_log:
            for line in result.get("kept") or ():
                self._show(line)
        _hide_access_key_id(result)
        name_become(result, become=bool(self._play_context.become or getattr(self._connection, "become", None)))
        return result

    def _value(self, task_vars: dict[str, t.Any], variables: dict[str, t.Any], name: str) -> t.Any:
        if name not in variables:
            return None
        value = variables[name]
        return sys.executable if _is_this_interpreter(value, task_vars) else self._templar.template(value)

    def _runner_vars(self, task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """The variables of the host that runs the task: with C(delegate_to) not the one that the play is about."""
        if not self._task.delegate_to:
            return task_vars
        delegated: dict[str, t.Any] = task_vars.get("ansible_delegated_vars", {}).get(self._task.delegate_to, {})
        return delegated

    # What follows replaces the edges of _execute_module, so that arguments, results, warnings and internal keys are
    # handled by the core in use and by nothing else.

    def _configure_module(self, *args: t.Any, **named: t.Any) -> t.Any:
        if not self._in_process:
            built = super()._configure_module(*args, **named)
            return _bytecode.add(built) if self._is_local() else built
        return self._take(*args, **named)

    def _take(self, module_name: str, module_args: dict[str, t.Any], task_vars: t.Any = None) -> t.Any:
        self._asked = (module_name, module_args)
        return _in_process.built(module_name)

    def _is_pipelining_enabled(self, *args: t.Any, **named: t.Any) -> bool:
        return self._in_process or self._goes_by_pipe() or bool(super()._is_pipelining_enabled(*args, **named))

    def _is_local(self) -> bool:
        return getattr(self._connection, "transport", None) == "local"

    def _goes_by_pipe(self) -> bool:
        """Whether the module can reach its process on this machine without a file, which would have the arguments in
        it, secrets included.
        """
        return (
            self._is_local()
            and bool(getattr(self._connection, "has_pipelining", False))
            and not (self._play_context.become or getattr(self._connection, "become", None))
            and not self._task.async_val
            and not getattr(constants, "DEFAULT_KEEP_REMOTE_FILES", False)
        )

    def _low_level_execute_command(self, *args: t.Any, **named: t.Any) -> dict[str, t.Any]:
        if not self._in_process:
            answer: dict[str, t.Any] = super()._low_level_execute_command(*args, **named)
            return answer
        show = None if self._task.no_log else self._show
        try:
            return _in_process.run_main(self._main(), self._asked[1], show)
        except Exception as exc:
            # The words core uses for a module that crashed in its own process; the cause is appended to them.
            raise AnsibleError("Module failed.") from exc

    def _main(self) -> t.Callable[[], t.Any]:
        main: t.Callable[[], t.Any] = _in_process.module(self._asked[0].rpartition(".")[2]).main
        return main

    def _show(self, line: str) -> None:
        # Standard output belongs to the stdout callback that the user chose, which may be writing JSON there.
        display.display(f"{self._task.action.rpartition('.')[2]}: {line}", stderr=True)


def _is_this_interpreter(value: t.Any, task_vars: t.Mapping[str, t.Any]) -> bool:
    """Whether that is the usual template for the interpreter that runs the controller.

    Core would compile it in each task, which takes longer than many a task has to do.
    """
    return (
        isinstance(value, str)
        and _THIS_INTERPRETER.fullmatch(value) is not None
        and _core_version.is_template(value)
        and task_vars.get("ansible_playbook_python") == sys.executable
    )


def name_become(result: dict[str, t.Any], *, become: bool) -> None:
    """Say that become may be why a task lacks what its user has, in place."""
    text = str(result.get("msg") or "")
    if become and result.get("failed") and any(lack in text for lack in _LACKS):
        result["msg"] = f"{text} {_BECOME_HINT}"


def _hide_access_key_id(result: dict[str, t.Any]) -> None:
    """Take it from what -vvv shows of the arguments, because somebody who vaults it does not want to see it there.

    With C(no_log) it would be gone from all results, and nobody could tell any more which AccessKey of a user is meant.
    """
    arguments = (result.get("invocation") or {}).get("module_args") or {}
    if arguments.get("access_key_id"):
        arguments["access_key_id"] = HIDDEN


def _differs() -> str | None:
    """How the ansible-core in use differs from what running a module here takes; said once a run.

    The strategies that core has load action plugins in the process that all workers are forked from.
    """
    found = None if _core_version.complaint() else _core_probe.difference(ActionModule)
    if found and _in_process.switched_on():
        display.warning(
            f"alitrust.ecs runs each cloud task in a process of its own, which takes longer, because ansible-core "
            f"{_core_version.running} runs modules in another way than it knows. ({found})"
        )
    return found


_difference = _differs()
