# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One step of a program: foretold in check mode, done, done again, and compared with the model at every turn."""

from __future__ import annotations

import copy
import typing as t
from collections import Counter
from pathlib import Path

from modules.harness import Modules, Result
from proof.model.model_instances import KEYS
from proof.model.model_parts import Options, Refused, State, Subject
from proof.model.model_told import CONCLUSIONS, FORESEEN

if t.TYPE_CHECKING:
    from local_cloud.control import LocalCloud

#: After which whatever was on its way has arrived, in seconds of the cloud's clock.
SETTLED = 120.0
#: What a result says beside the resource, and what is compared by itself.
_ABOUT = {"changed", "diff", "api_calls", "invocation", "foretold", "warnings", "failed", "msg", "passed_roles"}
#: Lists of IDs, in which those are missing in check mode that there would be.
_GROWING = {"instance_ids", "created_ids", "placements[0].instance_ids"}


class Noting(Modules):
    """The collection's modules, which note what was run.

    :ivar ran: the names of modules
    """

    def __init__(self, cloud: LocalCloud) -> None:
        super().__init__(cloud)
        self.ran: set[str] = set()

    def run(self, module_name: str, /, **options: t.Any) -> Result:
        self.ran.add(module_name)
        return super().run(module_name, **options)


class Difference(AssertionError):
    """A module, or check mode, did not do what the model says."""


class Bench:
    """A local cloud with what is there at the beginning of a program, and the model of it.

    :ivar counts: what was tried, by what it is called in the figures
    :ivar by_module: steps by module
    """

    def __init__(self, modules: Noting, folder: Path, subjects: t.Sequence[Subject], facts: t.Any) -> None:
        self.modules = modules
        self.folder = folder
        self.subjects = {one.module: one for one in subjects}
        self.facts = facts
        self.state: State = {}
        self.counts: Counter[str] = Counter()
        self.by_module: Counter[str] = Counter()
        self._clean: list[Result] = []

    # -- worlds

    def empty(self) -> None:
        """Nothing but accounts, at a clock that stands still."""
        self.modules.cloud.reset()
        self.modules.cloud.set("ecs.key_bits", 1024)
        self.modules.cloud.clock_scale(0)

    def begin(self, records: list[Result], state: State) -> None:
        """Start a program: put back what was there at the beginning."""
        self.empty()
        self.modules.cloud.preload([{key: one[key] for key in ("kind", "id", "region", "data")} for one in records])
        self.state = copy.deepcopy(state)
        for file in self.folder.iterdir():
            file.unlink()
        self.counts["programs"] += 1

    def all_there_is(self) -> dict[t.Any, t.Any]:
        """The whole database of the cloud, and the files that modules write."""
        records = {(one["kind"], one["id"]): one for one in self.modules.cloud.records()}
        return {**records, **{str(file): file.read_bytes() for file in sorted(self.folder.iterdir())}}

    def given(self, value: t.Any) -> t.Any:
        """Options with the words that stand for what every run names anew (C($instance:web-001)) replaced."""
        if isinstance(value, dict):
            return {key: self.given(one) for key, one in value.items()}
        if isinstance(value, list):
            return [self.given(one) for one in value]
        if not isinstance(value, str) or not value.startswith("$"):
            return value
        kind, _colon, name = value[1:].partition(":")
        return self.names(kind, name)

    def names(self, kind: str, name: str) -> str:
        if kind == "folder":
            return str(self.folder)
        if kind == "file":
            return str(self.folder / name)
        if kind == "key":
            return KEYS[name]
        if kind == "instance":
            found = self.modules.cloud.resources("instance")
            return next((str(one["InstanceId"]) for one in found if one["InstanceName"] == name), f"i-gone{name}")
        raise KeyError(kind)

    # -- steps

    def step(self, module: str, options: Options) -> None:
        """Do a step in all ways.

        :raises Difference: saying what differs
        """
        subject = self.subjects[module]
        self.counts["steps"] += 1
        self.by_module[module] += 1
        given = self.given(options)
        expected = copy.deepcopy(self.state)
        refused: Refused | None = None
        try:
            subject.expect(expected, options)
        except Refused as error:
            refused, expected = error, copy.deepcopy(self.state)
        before = self.all_there_is()
        told = self.modules.attempt(module, check=True, **copy.deepcopy(given))
        self.counts["check runs compared"] += 1
        self._same("check mode has changed", before, self.all_there_is())
        if module in FORESEEN and "" not in options.values():  # to preflight_info, a blank is a survey's: not given
            self._foreseen(module, given, told)
        real = self.modules.attempt(module, **copy.deepcopy(given))
        if refused:
            self.counts["refusals"] += 1
            _find(bool(real.get("failed")), f"the model refuses this ({refused}), the module does it", real)
            _find(not real["changed"] if "changed" in real else True, "a refused step has changed something", real)
            self.modules.cloud.clock_advance(SETTLED)
            self._same("a refused step has changed", before, self.all_there_is())
            if not refused.late:
                _find(bool(told.get("failed")), "check mode does what is refused for real", told, real)
                _equal("the message of the failure", told["msg"], real["msg"])
            elif not told.get("failed"):
                _find(bool(told.get("warnings")), "check mode does not warn of what will be refused", told, real)
            self._compare(subject)
            return
        _find(not real.get("failed"), "the model does this, the module fails", real)
        changed, self.state = expected != self.state, expected
        self._foretold(told, real)
        _find(real["changed"] is changed, f"the model says changed: {changed}", real)
        self.modules.cloud.clock_advance(SETTLED)
        after = self.all_there_is()
        if not changed:
            self._same("a step without a change has changed", before, after)
        again = self.modules.attempt(module, **copy.deepcopy(given))
        _find(not again.get("failed") and not again["changed"], "a repeat is changed", again)
        _equal("before and after of a repeat", again["diff"]["before"], again["diff"]["after"])
        self._same("a repeat has changed", after, self.all_there_is())
        self._compare(subject)

    def _foreseen(self, module: str, given: Options, told: Result) -> None:
        """preflight_info tells what check mode tells, before there is a task to check."""
        ahead = self.modules.run("preflight_info", **{module: copy.deepcopy(given)}, check_rights=False)
        self.counts["preflights compared"] += 1
        if told.get("failed"):
            _find(bool(ahead["lacks"]), "preflight_info finds nothing lacking, and check mode fails", ahead, told)
        else:
            _find(not ahead["lacks"], "preflight_info finds something lacking, and check mode does not", ahead, told)
            _equal("steps of preflight_info and of check mode", ahead["steps"], told["steps"])

    def _compare(self, subject: Subject) -> None:
        for kind in subject.kinds:
            self.compare(kind)

    def compare(self, kind: str) -> None:
        """Find that what is told of a kind is what the model has."""
        self.counts["facts compared"] += 1
        _equal(f"what is told of {kind}", _public(self.state[kind]), self.facts[kind](self.modules))

    def end(self) -> None:
        """End a program: everything is as the model says, also what no step was about."""
        for kind in self.facts:
            self.compare(kind)
        for kind, (concluded, told) in CONCLUSIONS.items():
            self.counts["facts compared"] += 1
            _equal(f"what is told of {kind}", concluded(self.state), told(self.modules))

    # -- comparisons

    def _foretold(self, told: Result, real: Result) -> None:
        """Check mode has told what was done."""
        _find(not told.get("failed"), "check mode fails where the real run does not", told, real)
        for name in ("changed", "steps", "diff"):
            _equal(f"{name} of check mode and of the real run", told[name], real[name])
        _equal("kept, in check mode and for real", told.get("kept", []), real.get("kept", []))
        for name in set(told) - _ABOUT:
            _find(name in real, f"{name} is told by check mode only", told, real)
            _known(name, told[name], real[name])

    def _same(self, what: str, before: dict[t.Any, t.Any], after: dict[t.Any, t.Any]) -> None:
        differing = [key for key in {**before, **after} if before.get(key) != after.get(key)]
        if differing:
            lines = [f"{key}:\n  before {before.get(key)}\n  after  {after.get(key)}" for key in differing]
            raise Difference(f"{what}:\n" + "\n".join(lines))


def _public(value: t.Any) -> t.Any:
    """Without what no module tells."""
    if isinstance(value, dict):
        return {key: _public(one) for key, one in value.items() if not str(key).startswith("_")}
    return value


def _find(true: bool, what: str, *results: t.Any) -> None:
    if not true:
        shown = (
            {key: value for key, value in one.items() if key != "invocation"} if isinstance(one, dict) else one
            for one in results
        )
        raise Difference("\n".join([what, *map(str, shown)]))


def _equal(what: str, one: t.Any, other: t.Any) -> None:
    if one != other:
        raise Difference(f"{what}:\n  {one}\n  {other}")


def _known(where: str, told: t.Any, real: t.Any) -> None:
    """What check mode knew of a result is so; null, and what stands for something to come, is not known."""
    if told is None or (isinstance(told, str) and "-foretold-" in told):
        return
    if isinstance(told, dict) and isinstance(real, dict):
        for key, value in told.items():
            _find(key in real, f"{where} has {key} in check mode only", told, real)
            _known(f"{where}.{key}", value, real[key])
    elif isinstance(told, list) and isinstance(real, list) and where in _GROWING:
        _find(set(told) <= set(real), f"{where} has more in check mode than for real", told, real)
    elif where == "summary" and "to be created" in str(told):
        return  # what is there afterwards is said instead
    elif isinstance(told, list) and isinstance(real, list) and len(told) == len(real):
        for number, (one, other) in enumerate(zip(told, real, strict=True)):
            _known(f"{where}[{number}]", one, other)
    else:
        _equal(f"{where} in check mode and for real", told, real)
