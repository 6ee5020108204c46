# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one flow: what is done, in which order, and what is said when it stops in the middle."""

from __future__ import annotations

import contextlib
import io
import json
import typing as t
from unittest import mock

import pytest
from ansible.module_utils import _internal
from ansible.module_utils.common import warnings
from ansible.module_utils.testing import patch_module_args

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.errors import (
    AccessDenied,
    AlitrustError,
    AlreadyExists,
    InvalidInput,
    NotFound,
    UnexpectedState,
    WaitTimeout,
)
from ansible_collections.alitrust.ecs.plugins.module_utils._core import flow, module
from ansible_collections.alitrust.ecs.plugins.module_utils._core.plan import Plan, Step
from ansible_collections.alitrust.ecs.plugins.module_utils._core.resource import Resource

DENIED = AccessDenied("ecs", "DoIt", "Forbidden.RAM", "no", status=403)


class Thing(Resource[int]):
    """A number that is brought to three, in steps of one."""

    value = 0
    log: list[str]
    fail_at: dict[str, AlitrustError]

    def _note(self, what: str) -> None:
        self.log.append(what)
        if what in self.fail_at:
            raise self.fail_at[what]

    def validate(self) -> None:
        self._note("validate")

    def find(self) -> int:
        self._note("find")
        return type(self).value

    def plan(self, actual: int) -> Plan:
        self.log.append("plan")
        steps = tuple(Step(f"step {n}", "add", {"n": n}) for n in range(actual + 1, 4))
        return Plan({"value": actual}, {"value": 3}, steps, ("mind the gap",) if steps else ())

    def preflight(self, plan: Plan, actual: int) -> None:
        self._note("preflight")

    def add(self, n: int) -> None:
        self._note(f"add {n}")
        type(self).value = n

    def settle(self, plan: Plan, actual: int) -> dict[str, t.Any]:
        self._note("settle")
        return {"thing": type(self).value}

    def foretell(self, plan: Plan, actual: int) -> dict[str, t.Any]:
        self.log.append("foretell")
        return {"thing": 3}


def run(value: int = 0, *, check: bool = False, diff: bool = True, **fail_at: AlitrustError) -> dict[str, t.Any]:
    Thing.value, Thing.log, Thing.fail_at = (
        value,
        [],
        {name.replace("_", " "): error for name, error in fail_at.items()},
    )
    return run_main(lambda: flow.run(module.create({}), Thing), {"_ansible_check_mode": check, "_ansible_diff": diff})


def run_main(main: t.Callable[[], None], args: dict[str, t.Any]) -> dict[str, t.Any]:
    output = io.StringIO()
    warnings._global_warnings.clear()
    # Where another test has imported a part of the controller, a warning would go to the screen instead.
    in_a_module = mock.patch.object(_internal, "is_controller", False)
    with in_a_module, patch_module_args(args), contextlib.redirect_stdout(output), contextlib.suppress(SystemExit):
        main()
    result: dict[str, t.Any] = json.loads(output.getvalue())
    return result


def test_a_change_goes_through_the_whole_flow_in_order() -> None:
    result = run()
    assert Thing.log == ["validate", "find", "plan", "preflight", "add 1", "add 2", "add 3", "settle"]
    assert result["changed"] is True
    assert result["thing"] == 3
    assert result["steps"] == ["step 1", "step 2", "step 3"]
    assert result["summary"] == "step 1; step 2; step 3"
    assert result["diff"] == {"before": {"value": 0}, "after": {"value": 3}}
    assert result["api_calls"] == {}
    assert "mind the gap" in str(result["warnings"])


def test_check_mode_tells_the_same_and_does_nothing() -> None:
    result = run(check=True)
    assert Thing.log == ["validate", "find", "plan", "preflight", "foretell"]
    assert Thing.value == 0
    real = run()
    for key in ("changed", "steps", "summary", "diff", "thing", "warnings"):
        assert result[key] == real[key]


def test_without_a_change_nothing_is_proved_or_waited_for() -> None:
    result = run(3)
    assert Thing.log == ["validate", "find", "plan", "foretell"]
    assert result["changed"] is False
    assert result["steps"] == []
    assert result["summary"] == "nothing to change"


def test_a_diff_is_returned_only_when_asked_for() -> None:
    assert "diff" not in run(diff=False)


def test_wrong_options_fail_before_anything_is_read() -> None:
    result = run(validate=InvalidInput("name is 1; expected text.", hint="Quote it."))
    assert Thing.log == ["validate"]
    assert result["failed"]
    assert result["msg"] == "name is 1; expected text. Quote it."
    assert "steps_done" not in result


def test_a_failed_proof_changes_nothing() -> None:
    result = run(preflight=UnexpectedState("no."))
    assert Thing.value == 0
    assert result["changed"] is False
    assert result["steps_left"] == ["step 1", "step 2", "step 3"]
    assert "Already done" not in result["msg"]


def test_a_failure_in_the_middle_says_what_is_done_and_what_is_left() -> None:
    result = run(add_3=DENIED)
    assert result["failed"]
    assert result["changed"] is True
    assert result["steps_done"] == ["step 1", "step 2"]
    assert result["steps_left"] == ["step 3"]
    assert result["msg"].endswith("Already done: step 1; step 2.")
    assert result["error_code"] == "Forbidden.RAM"
    assert "Traceback" not in str(result)


def test_the_run_after_a_failure_does_only_the_rest() -> None:
    run(add_3=DENIED)
    assert run(Thing.value)["steps"] == ["step 3"]


def test_a_wait_that_runs_out_in_the_middle_says_what_is_done_too() -> None:
    result = run(add_2=WaitTimeout("Waited 5 s."))
    assert result["msg"] == "Waited 5 s. Already done: step 1."


def test_a_wait_that_runs_out_at_the_end_is_about_the_wait() -> None:
    result = run(settle=WaitTimeout("Waited 5 s.", waited_seconds=5))
    assert result["msg"] == "Waited 5 s."
    assert result["steps_done"] == ["step 1", "step 2", "step 3"]
    assert result["steps_left"] == []
    assert result["changed"] is True
    assert result["waited_seconds"] == 5


def test_a_failed_look_at_the_end_says_that_all_is_done() -> None:
    assert run(settle=DENIED)["msg"].endswith("Already done: step 1; step 2; step 3.")


def test_in_check_mode_nothing_is_said_to_be_done() -> None:
    result = run(check=True, preflight=DENIED)
    assert result["failed"]
    assert "steps_done" not in result


# ---------------------------------------------------------------------- somebody else at the same time


class Shared(Thing):
    """The same number, which somebody else brings to another one when a step or a read begins."""

    others: dict[str, int]

    def _note(self, what: str) -> None:
        if what in self.others:
            type(self).value = self.others.pop(what)
        super()._note(what)


def run_shared(others: dict[str, int], value: int = 0, **fail_at: AlitrustError) -> dict[str, t.Any]:
    Shared.value, Shared.log, Shared.others = value, [], others
    Shared.fail_at = {name.replace("_", " "): error for name, error in fail_at.items()}
    return run_main(lambda: flow.run(module.create({}), Shared), {"_ansible_diff": True})


SOMEBODY = "Somebody else seems to be changing this at the same time: now it would be necessary to"


def exists() -> AlreadyExists:
    return AlreadyExists("ecs", "DoIt", "It.AlreadyExists", "there already", status=409)


def gone() -> NotFound:
    return NotFound("ecs", "DoIt", "It.NotFound", "not there", status=404)


def test_the_loser_of_a_race_finds_all_done_and_has_changed_nothing() -> None:
    result = run_shared({"add 1": 3}, add_1=exists())
    assert not result.get("failed"), result
    assert result["changed"] is False
    assert result["steps"] == []
    assert result["thing"] == 3
    assert result["diff"] == {"before": {"value": 3}, "after": {"value": 3}}


def test_what_was_done_before_the_race_was_lost_is_a_change() -> None:
    result = run_shared({"add 2": 3}, add_2=exists())
    assert [result["changed"], result["steps"]] == [True, ["step 1"]]
    assert result["diff"] == {"before": {"value": 0}, "after": {"value": 3}}


def test_a_step_that_somebody_else_got_into_the_way_of_says_so() -> None:
    result = run_shared({"add 3": 0}, 1, add_3=gone())
    assert result["failed"]
    told = (
        "Somebody else seems to be changing this at the same time: now it would be necessary to step 1; step 2; step 3."
    )
    assert told in result["msg"]
    assert "Run the task again." in result["msg"]
    assert result["steps_done"] == ["step 2"]


@pytest.mark.parametrize("error", [lambda: DENIED, exists, gone])
def test_nobody_else_is_blamed_where_all_is_as_before(error: t.Callable[[], AlitrustError]) -> None:
    for step in ("add_1", "add_3"):
        result = run(0, **t.cast("t.Any", {step: error()}))
        assert result["failed"]
        assert "omebody" not in result["msg"]


def test_what_nobody_can_see_is_not_taken_for_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Shared, "unseen", frozenset({"add"}))
    assert run_shared({"add 1": 3}, add_1=exists())["failed"]


def test_what_was_undone_before_the_end_is_told() -> None:
    result = run_shared({"settle": 2}, settle=WaitTimeout("Waited 5 s."))
    assert (
        "Somebody else seems to be changing this at the same time: now it would be necessary to step 3."
        in result["msg"]
    )


def test_what_does_not_show_is_late_or_undone() -> None:
    told = run_shared({"settle": 0}, settle=WaitTimeout("Waited 5 s."))["msg"]
    either = (
        "Either somebody else has undone it at the same time, or Alibaba Cloud takes longer than that: now it would"
    )
    assert f"Waited 5 s. {either} be necessary to step 1; step 2; step 3." in told


@pytest.mark.parametrize("others", [{"settle": 0}, {"add 2": 0}])
def test_nobody_else_is_blamed_for_what_a_thing_comes_to_need_by_itself(
    monkeypatch: pytest.MonkeyPatch, others: dict[str, int]
) -> None:
    monkeypatch.setattr(Shared, "passing", frozenset({"add"}))
    failing = {name.replace(" ", "_"): WaitTimeout("Waited 5 s.") for name in others}
    assert "omebody" not in run_shared(others, **t.cast("t.Any", failing))["msg"]


def test_what_says_already_that_it_was_somebody_else_says_it_once() -> None:
    told = run_shared({"settle": 2}, settle=UnexpectedState("Somebody else did it."))["msg"]
    assert told.lower().count("somebody else") == 1


def test_what_is_deleted_while_it_is_read_is_read_once_more() -> None:
    class Vanishing(Thing):
        def find(self) -> int:
            if self.log.count("find") == 0:
                self.log.append("find")
                raise gone()
            return super().find()

    Thing.value, Vanishing.log, Vanishing.fail_at = 0, [], {}
    result = run_main(lambda: flow.run(module.create({}), Vanishing), {})
    assert result["changed"] is True
    assert Vanishing.log.count("find") == 2
    assert run(find=gone())["msg"].startswith("ecs DoIt: It.NotFound")


def test_a_reading_module_never_changes_anything() -> None:
    result = run_main(lambda: flow.read(module.create({}), lambda cloud, params: {"things": [1]}), {})
    assert result["changed"] is False
    assert result["things"] == [1]

    def fails(cloud: t.Any, params: t.Any) -> t.NoReturn:
        raise DENIED

    failed = run_main(lambda: flow.read(module.create({}), fails), {})
    assert failed["failed"]
    assert "ecs DoIt: Forbidden.RAM" in failed["msg"]


# ---------------------------------------------------------------------- options


@pytest.mark.parametrize("blank", ["", "  ", [""], None])
def test_a_blank_option_is_one_that_was_not_given(blank: t.Any) -> None:
    spec = {
        "text": {"type": "str"},
        "many": {"type": "list", "elements": "str"},
        "choice": {"type": "str", "default": "a"},
    }
    name = "many" if isinstance(blank, list) else "text"
    seen: dict[str, t.Any] = {}
    run_main(lambda: flow.read(module.create(spec), lambda cloud, params: seen.update(params) or {}), {name: blank})
    assert seen[name] is None
    assert seen["choice"] == "a"


def test_lists_of_texts_have_one_rule_for_blanks_and_repetitions_wherever_they_are() -> None:
    texts = {"type": "list", "elements": "str"}
    spec: dict[str, dict[str, t.Any]] = {
        "types": {**texts, "aliases": ["kinds"]},
        "directions": {**texts, "choices": ["in", "out"]},
        "rules": {"type": "list", "elements": "dict", "options": {"cidr": texts}},
        "disk": {"type": "dict", "options": {"zones": texts}},
    }
    given = {
        "kinds": "ecs.g7t.large, ecs.c7t.large,",
        "directions": "in, out",
        "rules": [{"cidr": "10.0.0.0/8, 10.0.0.0/8"}, {"cidr": ["b ", "a", "", "b"]}],
        "disk": {"zones": [" h", "h"]},
    }
    seen: dict[str, t.Any] = {}
    run_main(lambda: flow.read(module.create(spec), lambda cloud, params: seen.update(params) or {}), given)
    assert seen["types"] == ["ecs.g7t.large", "ecs.c7t.large"]
    assert seen["directions"] == ["in", "out"]
    assert seen["rules"] == [{"cidr": ["10.0.0.0/8"]}, {"cidr": ["b", "a"]}]
    assert seen["disk"] == {"zones": ["h"]}


def test_a_blank_required_option_is_refused() -> None:
    spec = {"name": {"type": "str", "required": True}}
    result = run_main(lambda: flow.read(module.create(spec), lambda cloud, params: {}), {"name": " "})
    assert result["msg"] == "name: a value is required, but it is blank."


@pytest.mark.parametrize(
    ("constraint", "terms", "given", "message"),
    [
        ("required_one_of", [("name", "ids")], {"name": ""}, "one of the following is required: name, ids"),
        ("required_one_of", [("name", "ids")], {"ids": [" "]}, "one of the following is required: name, ids"),
        ("mutually_exclusive", [("name", "ids")], {"name": "", "ids": ["a"]}, None),
        ("mutually_exclusive", [("name", "ids")], {"name": "a", "ids": ["a"]}, "mutually exclusive: name|ids"),
        ("required_by", {"count": "name"}, {"count": 1, "name": " "}, "required by 'count': name"),
    ],
)
def test_constraints_take_a_blank_for_what_was_not_given(
    constraint: str, terms: t.Any, given: dict[str, t.Any], message: str | None
) -> None:
    spec = {"name": {"type": "str"}, "ids": {"type": "list", "elements": "str"}, "count": {"type": "int"}}
    result = run_main(lambda: flow.read(module.create(spec, **{constraint: terms}), lambda cloud, params: {}), given)
    assert bool(result.get("failed")) == bool(message)
    assert (message or "") in result.get("msg", "")


def test_an_empty_list_is_a_list() -> None:
    seen: dict[str, t.Any] = {}
    spec = {"many": {"type": "list", "elements": "str"}}
    run_main(lambda: flow.read(module.create(spec), lambda cloud, params: seen.update(params) or {}), {"many": []})
    assert seen["many"] == []
