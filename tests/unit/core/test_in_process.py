# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a module may run in the controller's process, and what it leaves behind there."""

from __future__ import annotations

import os
import sys
import typing as t
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from ansible.module_utils import basic

from ansible_collections.alitrust.ecs.plugins.module_utils._core import progress
from ansible_collections.alitrust.ecs.plugins.plugin_utils import _core_version, _in_process

ROOT = Path(__file__).resolve().parents[3]
FAKE = "ansible_collections.alitrust.ecs.plugins.modules.fake"


def obstacle(**changes: t.Any) -> str | None:
    """The obstacle of a task that has none, but for the changes."""
    facts: dict[str, t.Any] = {
        "task": SimpleNamespace(async_val=0),
        "connection": SimpleNamespace(transport="local", become=None),
        "play_context": SimpleNamespace(become=False),
        "environment": "",
        "switch": None,
        "interpreter": sys.executable,
        **changes,
    }
    return _in_process.obstacle(**facts)


def test_nothing_is_in_the_way_of_a_plain_task(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(_in_process.SWITCH_ENVIRONMENT, raising=False)
    assert obstacle() is None


@pytest.mark.parametrize("version", ["2.18.9", "2.22.0", "3.0.0.dev0"])
def test_an_unknown_core_runs_modules_the_ordinary_way(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    monkeypatch.setattr(_core_version, "running", version)
    assert obstacle() == f"ansible-core {version} is not known"


@pytest.mark.parametrize(
    ("version", "old"), [("2.9.27", True), ("2.18.9", True), ("2.19.0b1", False), ("3.0.0", False)]
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


def _main(monkeypatch: pytest.MonkeyPatch, main: t.Callable[[], t.Any]) -> None:
    monkeypatch.setitem(sys.modules, FAKE, t.cast("t.Any", SimpleNamespace(main=main)))


def _run(show: t.Callable[[str], None] | None = None) -> dict[str, t.Any]:
    return _in_process.run_main("fake", {"some": "thing"}, show)


def test_long_output_arrives_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    _main(monkeypatch, lambda: sys.stdout.write("x" * 5_000_000))
    assert len(_run()["stdout"]) == 5_000_000


@pytest.mark.parametrize("code", [0, 1, 3])
def test_the_exit_code_is_the_module_s(monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    _main(monkeypatch, lambda: sys.exit(code))
    assert _run()["rc"] == code


def test_a_module_that_breaks_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    before = basic._ANSIBLE_ARGS
    umask = os.umask(0o022)

    def break_down() -> None:
        os.umask(0o077)
        assert b"thing" in t.cast("bytes", basic._ANSIBLE_ARGS)
        raise ValueError("broken")

    _main(monkeypatch, break_down)
    lines: list[str] = []
    try:
        with pytest.raises(ValueError, match="broken"):
            _run(lines.append)
        assert os.umask(0o022) == 0o022
    finally:
        os.umask(umask)
    assert basic._ANSIBLE_ARGS is before
    progress.report("nobody looks")
    assert lines == []
