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
import gc
import importlib
import io
import json
import multiprocessing
import os
import signal
import sys
import threading
import typing as t
from types import SimpleNamespace

from ansible.module_utils import basic
from ansible.module_utils.common import json as core_json
from ansible.module_utils.common import warnings as core_warnings
from ansible.module_utils.parsing.convert_bool import boolean

from ..module_utils._core import progress

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
    difference: str | None,
) -> str | None:
    """Why this task must run the ordinary way, or None when running it here is equivalent.

    :param environment: the task's environment as core would put it before the command
    :param switch: value of the variable C(alitrust_in_process), None where it is not defined
    :param interpreter: value of C(ansible_python_interpreter) of the host that runs the task, None where not defined
    :param difference: how the ansible-core in use differs from what this relies on (C(_core_probe))
    """
    reasons = (
        (not switched_on(switch), "it is switched off"),
        (difference is not None, "of the ansible-core in use"),
        (getattr(connection, "transport", None) != "local", "the connection is not local"),
        (bool(play_context.become or getattr(connection, "become", None)), "become is used"),
        (bool(task.async_val), "the task is asynchronous"),
        (bool(environment.strip()), "the task has an environment of its own"),
        (not _same_interpreter(interpreter), f"the task's interpreter is {interpreter or 'to be discovered'}"),
    )
    return next((text for applies, text in reasons if applies), None)


def switched_on(switch: t.Any = None) -> bool:
    """What the variable says, or else the environment."""
    return bool(boolean(os.environ.get(SWITCH_ENVIRONMENT, True) if switch is None else switch, strict=False))


def _same_interpreter(interpreter: t.Any) -> bool:
    return isinstance(interpreter, str) and os.path.realpath(interpreter) == os.path.realpath(sys.executable)


def built(module_name: str) -> tuple[t.Any, ...]:
    """What core's C(_configure_module) returns, for a module that needs no building."""
    shebang = f"#!{sys.executable}"
    if not _has_profiles():
        return "new", shebang, b"", module_name
    payload = SimpleNamespace(
        b_module_data=b"",
        module_style="new",
        shebang=shebang,
        serialization_profile=_PROFILE,
        has_async=False,
        has_become=False,
        has_environment=True,
        process_result=None,
        get_command_args=lambda module_path: None,
    )
    return payload, module_name


def _has_profiles() -> bool:
    """Whether core says how values become JSON, and knows more of a module than a tuple holds: from 2.19 on."""
    return hasattr(core_json, "get_module_encoder")


def _encoded(arguments: t.Mapping[str, t.Any]) -> bytes:
    """Arguments as core hands them to a module."""
    given = {"ANSIBLE_MODULE_ARGS": arguments}
    if not _has_profiles():
        return json.dumps(given, cls=core_json.AnsibleJSONEncoder, vault_to_text=True).encode()
    # Of texts, numbers, lists and dictionaries core's encoder takes only the tags, one by one. With tags they are of
    # classes derived from Python's, of which Python's encoder writes the same; it refuses what else there is.
    with contextlib.suppress(TypeError):
        return json.dumps(given).encode()
    encoder = core_json.get_module_encoder(_PROFILE, core_json.Direction.CONTROLLER_TO_MODULE)
    return json.dumps(given, cls=encoder).encode()


_frozen = False


def spare_memory() -> None:
    """Have the search for garbage in a worker pass over what is there when its task begins.

    A worker shares the memory of its parent until one of them writes to it, and to look at an object there is to write
    to it. So a full search, of which any task can be the one to set it off, copies all of it and takes as long as two
    tasks. Nothing of that would be garbage before the worker ends, soon after the task.
    """
    global _frozen
    # How much is frozen is not asked: Python would count it, for each item of a loop again.
    if not _frozen and multiprocessing.parent_process() is not None:
        _frozen = True
        gc.freeze()


def module(name: str) -> t.Any:
    """The imported module of this name.

    :param name: module name without the collection
    """
    return importlib.import_module(f"{_PACKAGE}.{name}")


def run_main(
    main: t.Callable[[], t.Any], arguments: t.Mapping[str, t.Any], show: t.Callable[[str], None] | None
) -> dict[str, t.Any]:
    """Run a module's main() and return what its process would have: C(rc), C(stdout), C(stderr).

    :param arguments: module arguments as core prepared them, the internal ones included
    :param show: where lines of progress go
    """
    code: t.Any = 0
    with _module_state(_encoded(arguments)), _output() as output, _lines_to(show):
        try:
            main()
        except SystemExit as exc:
            code = exc.code
    return {"rc": code if isinstance(code, int) else 1, "stdout": output.getvalue(), "stderr": ""}


class _Split(io.TextIOBase):
    """Standard output of one thread. That of the others goes where it went: in the process that runs the play one of
    them shows what workers say.
    """

    def __init__(self, others: t.TextIO) -> None:
        self._others = others
        self._thread = threading.get_ident()
        self.mine = io.StringIO()

    def _stream(self) -> t.TextIO:
        return self.mine if threading.get_ident() == self._thread else self._others

    def write(self, text: str) -> int:
        return self._stream().write(text)

    def flush(self) -> None:
        self._stream().flush()

    def fileno(self) -> int:
        return self._stream().fileno()


@contextlib.contextmanager
def _output() -> t.Iterator[io.StringIO]:
    """What this thread writes to standard output."""
    split = _Split(sys.stdout)
    with contextlib.redirect_stdout(split):
        yield split.mine


def _quick(remove: t.Callable[[t.Any, t.Collection[str]], t.Any]) -> t.Callable[[t.Any, t.Collection[str]], t.Any]:
    """Core's function that takes secrets out of a result, but for a task that has none: then it would only copy the
    result, which takes longer than it takes to become JSON.
    """
    return lambda value, secrets: remove(value, secrets) if secrets else value


@contextlib.contextmanager
def _module_state(encoded: bytes) -> t.Iterator[None]:
    """Hand the arguments over as the module loader would, and leave no trace for the next loop item."""
    places: tuple[tuple[t.Any, str], ...] = (
        *((basic, name) for name in ("_ANSIBLE_ARGS", "_ANSIBLE_PROFILE", "_PARSED_MODULE_ARGS", "remove_values")),
        *((core_warnings, name) for name in ("_global_warnings", "_global_deprecations")),
    )
    saved = [(place, name, getattr(place, name)) for place, name in places if hasattr(place, name)]
    for place, name, value in saved:
        if place is core_warnings:  # until 2.18, what one item warns of is told by all that follow
            setattr(place, name, type(value)())
        elif name == "remove_values":
            basic.remove_values = _quick(value)
    basic._ANSIBLE_ARGS = encoded
    if _has_profiles():
        basic._ANSIBLE_PROFILE = _PROFILE
    umask = os.umask(0)
    os.umask(umask)
    # From ansible-core 2.22 on, a module has this signal write a stack trace to where its process would.
    handler = signal.getsignal(signal.SIGUSR1)
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGUSR1) is not handler:
            signal.signal(signal.SIGUSR1, handler)
        os.umask(umask)
        for place, name, value in saved:
            setattr(place, name, value)


@contextlib.contextmanager
def _lines_to(show: t.Callable[[str], None] | None) -> t.Iterator[None]:
    progress.set_sink(show)
    try:
        yield
    finally:
        progress.set_sink(None)
