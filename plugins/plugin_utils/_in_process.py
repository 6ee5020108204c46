# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Running a cloud module's C(main()) inside Ansible's worker process. Private to this collection.

Starting a Python and importing the SDK costs more than the calls a task makes. Where a task runs on the controller with
the controller's interpreter anyway, the worker itself can be that process: it was forked from a parent that has the SDK
imported already.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import sys
import typing as t
from types import SimpleNamespace

from ansible.module_utils import basic
from ansible.module_utils.parsing.convert_bool import boolean

from ..module_utils._core import progress
from . import _core_version

#: ansible-core versions whose internals were looked at; any other runs modules the ordinary way.
KNOWN_CORE = ((2, 19), (2, 20), (2, 21))

#: Variable and environment variable that turn this off.
SWITCH_VARIABLE = "alitrust_in_process"
SWITCH_ENVIRONMENT = "ALITRUST_IN_PROCESS"

_PROFILE = "legacy"
_PACKAGE = "ansible_collections.alitrust.ecs.plugins.modules"


def obstacle(
    *,
    task: t.Any,
    connection: t.Any,
    play_context: t.Any,
    environment: str,
    switch: t.Any,
    interpreter: t.Any,
) -> str | None:
    """Why this task must run the ordinary way, or None when running it here is equivalent.

    :param environment: the task's environment as core would put it before the command
    :param switch: value of the variable C(alitrust_in_process), None where it is not defined
    :param interpreter: value of C(ansible_python_interpreter) of the host that runs the task, None where not defined
    """
    switched = os.environ.get(SWITCH_ENVIRONMENT, True) if switch is None else switch
    reasons = (
        (not boolean(switched, strict=False), "it is switched off"),
        (_core_version.number() not in KNOWN_CORE, f"ansible-core {_core_version.running} is not known"),
        (getattr(connection, "transport", None) != "local", "the connection is not local"),
        (bool(play_context.become or getattr(connection, "become", None)), "become is used"),
        (bool(task.async_val), "the task is asynchronous"),
        (bool(environment.strip()), "the task has an environment of its own"),
        (not _same_interpreter(interpreter), f"the task's interpreter is {interpreter or 'to be discovered'}"),
    )
    return next((text for applies, text in reasons if applies), None)


def _same_interpreter(interpreter: t.Any) -> bool:
    return isinstance(interpreter, str) and os.path.realpath(interpreter) == os.path.realpath(sys.executable)


def payload() -> SimpleNamespace:
    """What core's module builder returns, for a module that needs no building."""
    return SimpleNamespace(
        b_module_data=b"",
        module_style="new",
        shebang=f"#!{sys.executable}",
        serialization_profile=_PROFILE,
        has_async=False,
        has_become=False,
        has_environment=True,
        process_result=None,
        get_command_args=lambda module_path: None,
    )


def module(name: str) -> t.Any:
    """The imported module of this name.

    :param name: module name without the collection
    """
    return importlib.import_module(f"{_PACKAGE}.{name}")


def run_main(name: str, arguments: t.Mapping[str, t.Any], show: t.Callable[[str], None] | None) -> dict[str, t.Any]:
    """Run a module's main() and return what its process would have: C(rc), C(stdout), C(stderr).

    :param name: module name without the collection
    :param arguments: module arguments as core prepared them, the internal ones included
    :param show: where lines of progress go
    """
    # Not at the top: an older ansible-core has none of it, and is to be told so by a sentence (_core_version.py).
    from ansible.module_utils.common.json import Direction, get_module_encoder

    encoder = get_module_encoder(_PROFILE, Direction.CONTROLLER_TO_MODULE)
    encoded = json.dumps({"ANSIBLE_MODULE_ARGS": arguments}, cls=encoder).encode()
    output = io.StringIO()
    code: t.Any = 0
    with _module_state(encoded), contextlib.redirect_stdout(output), _lines_to(show):
        try:
            module(name).main()
        except SystemExit as exc:
            code = exc.code
    return {"rc": code if isinstance(code, int) else 1, "stdout": output.getvalue(), "stderr": ""}


@contextlib.contextmanager
def _module_state(encoded: bytes) -> t.Iterator[None]:
    """Hand the arguments over as the module loader would, and leave no trace for the next loop item."""
    names = ("_ANSIBLE_ARGS", "_ANSIBLE_PROFILE", "_PARSED_MODULE_ARGS")
    saved = {name: getattr(basic, name) for name in names if hasattr(basic, name)}
    basic._ANSIBLE_ARGS = encoded
    basic._ANSIBLE_PROFILE = _PROFILE
    umask = os.umask(0)
    os.umask(umask)
    try:
        yield
    finally:
        os.umask(umask)
        for key, value in saved.items():
            setattr(basic, key, value)


@contextlib.contextmanager
def _lines_to(show: t.Callable[[str], None] | None) -> t.Iterator[None]:
    progress.set_sink(show)
    try:
        yield
    finally:
        progress.set_sink(None)
