# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every writing call of a change is refused in turn: nothing is lost, what was done is told, and the next run goes on.

What a change exchanges is looked at in the cloud: after any refusal all of the old is there, or all of the new.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
import pkgutil
import typing as t

import pytest
from modules import changes
from modules.changes import CHANGES, Change, Maker, Parts

from ansible_collections.alitrust.ecs.plugins import modules as plugins
from ansible_collections.alitrust.ecs.plugins.module_utils._cloud import errors
from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.door import _READING, Cloud
from ansible_collections.alitrust.ecs.plugins.module_utils._core.resource import Resource

if t.TYPE_CHECKING:
    from pathlib import Path

    from modules.harness import Modules, Result

    from ansible_collections.alitrust.ecs.plugins.module_utils._core.plan import Step


class Refusal:
    """Counts the calls that write, and refuses one of them for good.

    :ivar calls: those that were tried
    :ivar done: those that succeeded
    :ivar steps: those that were begun, each with the calls that had succeeded before
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: list[str] = []
        self.done: list[str] = []
        self.steps: list[tuple[Step, int]] = []
        self.refused: int | None = None
        self._watch(monkeypatch)

    @contextlib.contextmanager
    def at(self, number: int | None) -> t.Iterator[None]:
        self.calls, self.done, self.steps, self.refused = [], [], [], number
        yield
        self.refused = None

    @property
    def in_part(self) -> list[str]:
        """The calls of the last step that succeeded."""
        return list(dict.fromkeys(self.done[self.steps[-1][1] :]))

    def _watch(self, monkeypatch: pytest.MonkeyPatch) -> None:
        call, apply = Cloud.call, Resource.apply

        def watched(cloud: Cloud, product: str, action: str, params: t.Any = None, /, **more: t.Any) -> t.Any:
            wanted = {**(params or {}), **more}
            if action.startswith(_READING) or wanted.get("DryRun"):
                return call(cloud, product, action, wanted)
            self.calls.append(f"{product}:{action}")
            if len(self.calls) - 1 == self.refused:
                raise errors.from_answer(product, action, "OperationDenied", "It is refused.", status=400)
            answer = call(cloud, product, action, wanted)
            self.done.append(f"{product}:{action}")
            return answer

        def noted(resource: Resource[t.Any], step: Step) -> None:
            self.steps.append((step, len(self.done)))
            apply(resource, step)

        monkeypatch.setattr(Cloud, "call", watched)
        monkeypatch.setattr(Resource, "apply", noted)


@pytest.mark.parametrize("make", CHANGES, ids=lambda make: make.__name__)
def test_nothing_is_lost_whichever_call_is_refused(
    modules: Modules, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, make: Maker
) -> None:
    def start() -> tuple[Change, Parts]:
        modules.cloud.reset()
        change = make(modules, tmp_path)
        return change, change.look()

    refusal = Refusal(monkeypatch)
    change, old = start()
    with refusal.at(None):
        modules.run(change.module, **change.options)
    names = list(refusal.calls)
    assert {step.do for step, _before in refusal.steps} == change.steps
    assert len(names) > 1, "a change by one call has no half"
    check_exchanged(change, old, change.look())
    for number, name in enumerate(names):
        change, old = start()
        with refusal.at(number):
            failed = modules.run(change.module, fails=True, **change.options)
        left = change.look()
        check_told(failed, refusal)
        again = modules.run(change.module, **change.options)["changed"]
        assert again or (change.unseen and number == len(names) - 1), name
        new = change.look()
        check_exchanged(change, old, new)
        lost = [part for part, words in left.items() if not (words >= old[part] or words >= new[part])]
        assert lost == [part for part in left if change.loses.get(name) == part], (name, old, left, failed["msg"])
        assert not modules.run(change.module, **change.options)["changed"], name


def check_exchanged(change: Change, old: Parts, new: Parts) -> None:
    assert old.keys() == new.keys()
    assert {part for part in old if old[part] == new[part]} <= set(change.loses.values())


def check_told(failed: Result, refusal: Refusal) -> None:
    """The failure blames nobody else, and says what was done: steps, and the calls of the one not done to its end."""
    assert "somebody else" not in failed["msg"].lower(), failed["msg"]
    assert failed["changed"] == bool(refusal.done), failed
    assert failed["steps_done"] == [step.name for step, _before in refusal.steps[:-1]]
    assert failed["steps_left"][0] == refusal.steps[-1][0].name
    assert failed.get("calls_done", []) == refusal.in_part
    for told in (*failed["steps_done"], *refusal.in_part):
        assert told in failed["msg"]


# ---------------------------------------------------------------------- the table is complete

#: Steps that are in no change of the table: why -> methods.
NOT_EXCHANGED = {
    "makes what was not there": {
        "attach_policy",
        "bring",
        "copy",
        "create",
        "create_access_key",
        "create_alias",
        "create_group",
        "create_key",
        "create_login_profile",
        "create_role",
        "create_secret",
        "create_share",
        "create_user",
        "make",
        "make_password",
    },
    "takes away what is to go, and nothing takes its place": {
        "delete",
        "delete_access_key",
        "delete_bound",
        "delete_file",
        "delete_group",
        "delete_login_profile",
        "delete_role",
        "delete_secret",
        "delete_share",
        "delete_user",
        "delete_vswitch",
        "detach",
        "detach_instances",
        "remove_rules",
        "schedule_deletion",
        "uninstall",
    },
    "gives more, and takes nothing away": {
        "add_disk",
        "attach",
        "attach_disk",
        "install",
        "put_secret",
        "resize_disk",
        "restore_secret",
        "tag_disks",
    },
    "switches something, by one call": {
        "allow_external",
        "cancel_deletion",
        "change_disk",
        "modify_network",
        "open",
        "make_current",
        "modify",
        "reset_password",
        "restore",
        "switch",
        "switch_alerts",
        "tag_share",
    },
    "reads what could not be read before, and then stores at most one version": {"store_if_other"},
    "has a service look for what it may not know yet": {"look_for"},
    "changes the state of instances, which the next run reads": {"reboot", "restart", "start", "stop"},
    "notes by tags what is shared": {"forget", "record"},
    "writes a file here, whole or not at all": {"finish_access_key", "restrict", "restrict_file", "write"},
}


def steps_of(resource: type[Resource[t.Any]]) -> set[str]:
    """The methods that steps of plans name."""
    return {
        name
        for name in dir(resource)
        if not name.startswith("_") and name not in vars(Resource) and inspect.isfunction(getattr(resource, name))
    }


def leaves(resource: t.Any) -> set[t.Any]:
    below = resource.__subclasses__()
    return {leaf for one in below for leaf in leaves(one)} if below else {resource}


def test_every_step_and_every_module_is_in_the_table_or_has_a_reason() -> None:
    modules = {
        module.name.rpartition(".")[2]: importlib.import_module(module.name)
        for module in pkgutil.iter_modules(plugins.__path__, f"{plugins.__name__}.")
    }
    table = inspect.getsource(changes)  # where each change names its module and its steps, which its run proves
    writing = {name for name, module in modules.items() if "flow.run(" in inspect.getsource(module)}
    assert {name for name in writing if f'"{name}"' not in table} == {
        "kms_service",
        "prefix_list",
        "security_center_agent",  # exchanges nothing
        "security_center_alert",
        "security_center_install_code",  # a file has one, and no other takes its place
        "session_manager",
        "sg_rule_export",
    }
    there = {step for resource in leaves(Resource) for step in steps_of(resource)}
    listed = {step for steps in NOT_EXCHANGED.values() for step in steps}
    missing = {step for step in there - listed if f'"{step}"' not in table}
    assert not missing, "put it into changes.py, or into NOT_EXCHANGED with its reason"
    assert not listed - there, "there is no such step any more"
