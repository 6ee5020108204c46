# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A step that failed because somebody else changed the same thing: how that is told from other failures. Private.

Nothing in Alibaba Cloud locks a thing for a task, so what was read may be out of date when it is acted upon. After a
failure all is read again: where nothing is left to do the other one has done it, and where something else is to be done
than was planned the failure says why.
"""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass
from http import HTTPStatus

from .._cloud import retry
from .._cloud.errors import (
    AccessDenied,
    AlitrustError,
    AlreadyExists,
    CloudError,
    FailedThere,
    InvalidInput,
    NotFound,
    OutcomeUnknown,
    TransportFailure,
    UnexpectedState,
    WaitTimeout,
)
from .plan import Plan, Step
from .resource import Resource

_SOMEBODY = "Somebody else seems to be changing this at the same time"
#: Where a change that was accepted does not show: one of the two, and nothing says which.
_EITHER = "Either somebody else has undone it at the same time, or Alibaba Cloud takes longer than that"


@dataclass(frozen=True)
class Done:
    """Somebody else has done what was left.

    :ivar resource: as it was read again
    :ivar plan_as_done: the steps that this task has taken
    :ivar result: what the module returns
    """

    resource: Resource[t.Any]
    plan_as_done: Plan
    result: dict[str, t.Any]


def look_again(
    resource: Resource[t.Any], plan: Plan, done: t.Sequence[str], error: AlitrustError, written: t.Sequence[str]
) -> Done | None:
    """What became of the thing that a step failed about; the failure says so where somebody else is at it.

    :param resource: a new one, for the same options
    :param plan: what the task was about to do
    :param done: names of the steps that it has done
    :param error: what the next step, or the wait after the last one, failed with; its message is extended, unless it
        speaks of somebody else already
    :param written: calls of that step that succeeded
    :returns: None where the task has failed
    """
    left = plan.steps[len(done) :]
    unseen = [step.do in resource.unseen for step in left]
    of_itself = unseen[:1] == [True] and not isinstance(error, WaitTimeout)
    if not may_be_another(error) or of_itself:
        return None
    try:
        resource.validate()
        actual = resource.find()
        now = resource.plan(actual)
        if not now.steps and not now.unsettled and left and not any(unseen) and not isinstance(error, WaitTimeout):
            taken = plan.steps[: len(done)] if not written else plan.steps[: len(done) + 1]
            before = plan.before if taken else now.before
            as_done = Plan(before, now.after, taken, kept=now.kept)
            return Done(resource, as_done, resource.foretell(now, actual))
    except AlitrustError as refusal:
        if isinstance(refusal, UnexpectedState):  # which it was not when the task began
            _tell(error, refusal.message if refusal.message not in error.message else "")
        return None
    what = f"now it would be necessary to {_listed(now.steps)}." if now.steps else "now nothing is to do."
    others = [step for step in now.steps if step.do not in resource.passing]
    if left:
        by_others = _is_other(plan, now, others, error) if done or written else _is_moved(plan, now, resource.passing)
        if by_others:
            _tell(error, what)
    elif others:
        shown_late = isinstance(error, WaitTimeout) and not _strange(plan, now)
        _tell(error, what, _EITHER if shown_late else _SOMEBODY)
    return None


def may_be_another(error: AlitrustError) -> bool:
    """Whether somebody else's change can be the reason: not where the caller, the way or the call itself was."""
    cause = error.__cause__
    if isinstance(cause, AlitrustError) and cause is not error and not may_be_another(cause):
        return False
    if isinstance(error, CloudError):
        about_it = not isinstance(error, (AccessDenied, OutcomeUnknown, TransportFailure))
        return about_it and not retry.is_throttling(error) and error.status < HTTPStatus.INTERNAL_SERVER_ERROR
    return not isinstance(error, (InvalidInput, FailedThere))


def _is_moved(plan: Plan, now: Plan, passing: t.Collection[str]) -> bool:
    """Whether something is another than it was, where this task has written nothing."""
    if _facts(plan.before) != _facts(now.before):
        return True
    then, since = ({step.name for step in one.steps if step.do not in passing} for one in (plan, now))
    return then != since


def _is_other(plan: Plan, now: Plan, others: t.Sequence[Step], error: AlitrustError) -> bool:
    """Whether what is to be done now cannot come from this task's own steps and reads that are behind them.

    :param others: the steps that would be necessary now, without those that a thing may come to need by itself
    """
    if _names(others) <= _names(plan.steps):
        return False
    # What is left of a step that is done in part may have another name, too.
    return isinstance(error, (NotFound, AlreadyExists)) or bool(_strange(plan, now))


#: A member of a state or an item of a list in it: the way there, and the value as text.
_Fact = tuple[tuple[str, ...], str]
#: Members that change without anybody's doing, while something is on its way up or down.
_BY_ITSELF = ("status", "stopped_mode")


def _strange(plan: Plan, now: Plan) -> set[_Fact]:
    """What there is that this task found neither before nor makes, and what is gone although it leaves it alone.

    Of what is new as a whole nothing is strange: the plan does not say all of it.
    """
    before, after, seen = _facts(plan.before), _facts(plan.after), _facts(now.before)
    holders = {way[:length] for way, _value in before for length in range(len(way))} | {()}
    return {fact for fact in seen - before - after if fact[0][:-1] in holders} | ((before & after) - seen)


def _facts(state: t.Any, way: tuple[str, ...] = ()) -> set[_Fact]:
    if isinstance(state, dict):
        return {
            fact for key, value in state.items() if key not in _BY_ITSELF for fact in _facts(value, (*way, str(key)))
        }
    if isinstance(state, (list, tuple)):
        return {((*way, ""), json.dumps(one, sort_keys=True, default=str)) for one in state}
    return {(way, json.dumps(state, sort_keys=True, default=str))}


def _names(steps: t.Iterable[Step]) -> set[str]:
    return {step.name for step in steps}


def _listed(steps: t.Sequence[Step]) -> str:
    return "; ".join(step.name for step in steps)


def _tell(error: AlitrustError, what: str, who: str = _SOMEBODY) -> None:
    """:param what: how it is now; blank where the message has it already"""
    if "somebody else" in error.message.lower():
        return
    stop = "" if error.message.endswith((".", "!", "?")) else "."
    error.message += f"{stop} {who}{': ' if what else '.'}{what}"
    error.hint = "Run the task again."
