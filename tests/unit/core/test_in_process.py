# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a module may run in the controller's process, and what it leaves behind there."""

from __future__ import annotations

import datetime
import gc
import json
import multiprocessing
import os
import re
import signal
import sys
import threading
import typing as t
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from ansible import constants
from ansible.module_utils import basic
from ansible.module_utils.common import json as core_json
from ansible.module_utils.common import warnings
from ansible.plugins.action import ActionBase

from ansible_collections.alitrust.ecs.plugins.module_utils._core import module, progress
from ansible_collections.alitrust.ecs.plugins.plugin_utils import _cloud_action, _core_probe, _core_version, _in_process

ROOT = Path(__file__).resolve().parents[3]


def obstacle(**changes: t.Any) -> str | None:
    """The obstacle of a task that has none, but for the changes."""
    facts: dict[str, t.Any] = {
        "task": SimpleNamespace(async_val=0),
        "connection": SimpleNamespace(transport="local", become=None),
        "play_context": SimpleNamespace(become=False),
        "environment": "",
        "switch": None,
        "interpreter": sys.executable,
        "difference": None,
        **changes,
    }
    return _in_process.obstacle(**facts)


def test_nothing_is_in_the_way_of_a_plain_task(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(_in_process.SWITCH_ENVIRONMENT, raising=False)
    assert obstacle() is None


def test_a_core_that_runs_modules_in_another_way_is_let_do_so() -> None:
    assert obstacle(difference="AttributeError: ...") == "of the ansible-core in use"


@pytest.mark.parametrize(
    ("version", "old"), [("2.9.27", True), ("2.17.14", True), ("2.18.0b1", False), ("3.0.0", False)]
)
def test_a_core_below_the_floor_is_complained_about(monkeypatch: pytest.MonkeyPatch, version: str, old: bool) -> None:
    monkeypatch.setattr(_core_version, "running", version)
    assert bool(_core_version.complaint()) == old


def test_the_floor_is_the_one_that_the_collection_declares() -> None:
    declared = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())["requires_ansible"]
    assert declared == f">={'.'.join(map(str, _core_version.OLDEST))}.0"


def test_a_variable_beats_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(_in_process.SWITCH_ENVIRONMENT, "0")
    assert obstacle() == "it is switched off"
    assert obstacle(switch=True) is None


@pytest.mark.skipif(_core_version.number() < (2, 19), reason="this core cannot tell what is a template")
def test_the_usual_template_for_the_interpreter_is_known_without_compiling_it() -> None:
    from ansible.template import trust_as_template

    def is_this(text: str, playbook_python: t.Any = sys.executable) -> bool:
        return _cloud_action._is_this_interpreter(text, {"ansible_playbook_python": playbook_python})

    usual = trust_as_template("{{ ansible_playbook_python }}")
    assert is_this(usual)
    assert not is_this("{{ ansible_playbook_python }}")  # of others, and so no template
    assert not is_this(usual, "/usr/bin/another")
    assert not is_this(usual, None)
    assert not is_this(trust_as_template("{{ some_python }}"))


def _run(main: t.Callable[[], t.Any], show: t.Callable[[str], None] | None = None) -> dict[str, t.Any]:
    return _in_process.run_main(main, {"some": "thing"}, show)


@pytest.mark.skipif(_core_version.number() < (2, 19), reason="this core has one encoder for all")
def test_arguments_are_written_as_core_writes_them() -> None:
    from ansible.module_utils._internal._datatag._tags import Deprecated

    def tagged(value: t.Any) -> t.Any:
        return Deprecated(msg="of a tag").tag(value)

    texts = ["", "caf\u00e9 \U0001f600 \u2028 \0", 'a "b" \\', "\udcff"]
    numbers = [0, -1, 2**70, 1.5, 1e300, float("inf"), True, False, None]
    plain: dict[t.Any, t.Any] = {
        "texts": texts,
        "numbers": numbers,
        "pair": (1, ("a",)),
        "none": {},
        7: {True: [], None: 1.0},
    }
    everything = {"tagged": tagged({tagged("key"): tagged([*map(tagged, [*texts, *numbers[:5]])])}), **plain}
    encoder = core_json.get_module_encoder(_in_process._PROFILE, core_json.Direction.CONTROLLER_TO_MODULE)
    for arguments in (everything, {**everything, "rest": [{1}, tagged(datetime.date(2026, 11, 29))]}):
        given = {"ANSIBLE_MODULE_ARGS": arguments}
        assert _in_process._encoded(arguments) == json.dumps(given, cls=encoder).encode()


@pytest.mark.skipif(_core_version.number() < (2, 19), reason="this core has one encoder for all")
@pytest.mark.parametrize("more", [{}, {"names": {"web"}}, {"warned": True}], ids=["JSON", "a set", "a warning"])
def test_a_result_is_written_as_core_writes_it(monkeypatch: pytest.MonkeyPatch, more: dict[str, t.Any]) -> None:
    """Also what JSON does not know."""

    def main() -> None:
        made = module.create({"name": {"type": "str"}})
        if more.pop("warned", None):
            made.warn("of something")
        made.exit_json(found=[{"size": 1.5, "text": "caf\u00e9", 7: (None, True)}], **more)

    arguments = {"name": "web", "_ansible_version": "2.19.0", "_ansible_no_log": False}
    given = dict(more)
    quickly = _in_process.run_main(main, arguments, None)
    more.update(given)
    monkeypatch.delattr(module._Module, "_record_module_result")
    assert quickly == _in_process.run_main(main, arguments, None)
    assert json.loads(quickly["stdout"])["found"] == [{"size": 1.5, "text": "caf\u00e9", "7": [None, True]}]


@pytest.mark.parametrize("secrets", [(), ("geheim",)])
def test_secrets_are_taken_out_of_a_result(secrets: tuple[str, ...]) -> None:
    def main() -> None:
        made = module.create({"name": {"type": "str"}}, lambda _given: secrets)
        made.exit_json(found=[f"it is {made.params['name']}", 1])

    told = json.loads(_in_process.run_main(main, {"name": "a geheim one"}, None)["stdout"])
    if _core_version.number() >= (2, 22):  # they are taken out where a result is shown
        assert told.get("_ansible_new_secrets", []) == list(secrets)
        return
    assert told["found"] == [f"it is a {'********' if secrets else 'geheim'} one", 1]


def test_a_worker_does_not_look_for_garbage_in_what_it_shares(monkeypatch: pytest.MonkeyPatch) -> None:
    _in_process.spare_memory()
    assert not _in_process._frozen, "this is no worker, and its memory is its own"
    child = os.fork()
    if child == 0:
        monkeypatch.setattr(multiprocessing, "parent_process", object)
        _in_process.spare_memory()
        os._exit(0 if gc.get_freeze_count() > 1000 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_long_output_arrives_whole() -> None:
    assert len(_run(lambda: sys.stdout.write("x" * 5_000_000))["stdout"]) == 5_000_000


def test_what_another_thread_shows_goes_where_it_went(capsys: pytest.CaptureFixture[str]) -> None:
    def main() -> None:
        other = threading.Thread(target=lambda: print("of a worker", flush=True))
        other.start()
        other.join()
        print("of the module")

    assert _run(main)["stdout"] == "of the module\n"
    assert capsys.readouterr().out == "of a worker\n"


@pytest.mark.parametrize("code", [0, 1, 3])
def test_the_exit_code_is_the_module_s(code: int) -> None:
    assert _run(lambda: sys.exit(code))["rc"] == code


def test_a_module_that_breaks_leaves_nothing_behind() -> None:
    handler = signal.getsignal(signal.SIGUSR1)
    before = basic._ANSIBLE_ARGS
    umask = os.umask(0o022)

    def break_down() -> None:
        os.umask(0o077)
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
        warnings.warn("of this item")
        assert b"thing" in t.cast("bytes", basic._ANSIBLE_ARGS)
        raise ValueError("broken")

    lines: list[str] = []
    try:
        with pytest.raises(ValueError, match="broken"):
            _run(break_down, lines.append)
        assert os.umask(0o022) == 0o022
    finally:
        os.umask(umask)
    assert basic._ANSIBLE_ARGS is before
    assert signal.getsignal(signal.SIGUSR1) is handler
    told = getattr(warnings, "get_warnings", None) or warnings.get_warning_messages  # of ansible-core before 2.19
    assert "of this item" not in told()
    progress.report("nobody looks")
    assert lines == []


# ---------------------------------------------------------------------- whether this ansible-core lets it


def test_this_ansible_core_runs_a_module_as_expected() -> None:
    assert _core_probe.difference(_cloud_action.ActionModule) is None


@pytest.mark.parametrize(
    ("name", "changed", "said"),
    [
        # What the next ansible-core may do.
        ("_parse_returned_data", lambda _self: {}, "TypeError: .* positional arguments? but"),
        ("_execute_module", lambda _self, **_named: {"changed": True, "given": {}}, "a dry call of a module gave"),
        ("_execute_module", lambda self, **_named: self._build_module("x"), "AttributeError: .*_build_module"),
        (
            "_execute_module",
            lambda self, **named: self._configure_module(named["module_name"], {}, {}, profile="x"),
            "TypeError: .*profile",
        ),
        ("_execute_module", lambda _self, **_named: sys.exit(1), "SystemExit: 1"),
    ],
    ids=["other arguments", "another answer", "another step", "one argument more", "an end"],
)
def test_one_that_does_not_is_found_out(
    monkeypatch: pytest.MonkeyPatch, name: str, changed: t.Callable[..., t.Any], said: str
) -> None:
    monkeypatch.setattr(ActionBase, name, changed)
    assert re.search(said, _core_probe.difference(_cloud_action.ActionModule) or "")


def test_modules_that_take_their_arguments_elsewhere_are_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(basic, "_load_params", lambda: {"text": "of another place"})
    assert _core_probe.difference(_cloud_action.ActionModule)


def test_the_difference_is_said_once_where_it_matters(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(_in_process.SWITCH_ENVIRONMENT, raising=False)
    monkeypatch.setattr(_core_probe, "difference", lambda _action: "it is of tomorrow")
    assert _cloud_action._differs() == _cloud_action._differs() == "it is of tomorrow"
    assert " ".join(capsys.readouterr().err.split()).count("(it is of tomorrow)") == 1
    monkeypatch.setenv(_in_process.SWITCH_ENVIRONMENT, "0")
    monkeypatch.setattr(_core_probe, "difference", lambda _action: "it is of the day after")
    assert _cloud_action._differs()
    assert capsys.readouterr().err == ""


def test_what_others_wrote_is_no_template(monkeypatch: pytest.MonkeyPatch) -> None:
    value = [{"tags": {"Name": "{{ 1 + 1 }}"}}]
    assert _core_version.plain(value) == value
    monkeypatch.setattr(_core_version, "running", "2.18.9")
    assert _core_version.plain(value) == value


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, True),
        ({"transport": "ssh"}, False),
        ({"has_pipelining": False}, False),
        ({"become": object()}, False),
        ({"async_val": 30}, False),
        ({"keep": True}, False),
    ],
)
def test_arguments_go_by_a_pipe_where_core_can_do_without_a_file(
    monkeypatch: pytest.MonkeyPatch, change: dict[str, t.Any], expected: bool
) -> None:
    how = {"transport": "local", "has_pipelining": True, "become": None, "async_val": 0, "keep": False, **change}
    monkeypatch.setattr(constants, "DEFAULT_KEEP_REMOTE_FILES", how["keep"])
    action = object.__new__(_cloud_action.ActionModule)
    action._connection = action._task = SimpleNamespace(**how)
    action._play_context = SimpleNamespace(become=bool(how["become"]))
    assert action._goes_by_pipe() == expected
