# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A step that failed because somebody else changed the same thing: how that is told from other failures. Private.

Nothing in Alibaba Cloud locks a thing for a task, so what was read may be out of date when it is acted upon. After a
failure all is read again: where nothing is left to do the other one has done it, and where something else is to be done
than was planned the failure says why.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from http import HTTPStatus

from .._cloud import retry
from .._cloud.errors import (
    AccessDenied,
    AlitrustError,
    CloudError,
    InvalidInput,
    OutcomeUnknown,
    TransportFailure,
    UnexpectedState,
    WaitTimeout,
)
from .plan import Plan, Step
from .resource import Resource

_SOMEBODY = "Somebody else seems to be changing this at the same time"


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
    :param error: what the next step, or the wait after the last one, failed with; its message is extended
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
    if _is_other(plan, now, done, left, written):
        _tell(error, f"now it would be necessary to {_listed(now.steps)}." if now.steps else "now nothing is to do.")
    return None


def may_be_another(error: AlitrustError) -> bool:
    """Whether somebody else's change can be the reason: not where the caller, the way or the call itself was."""
    cause = error.__cause__
    if isinstance(cause, AlitrustError) and cause is not error and not may_be_another(cause):
        return False
    if isinstance(error, CloudError):
        about_it = not isinstance(error, (AccessDenied, OutcomeUnknown, TransportFailure))
        return about_it and not retry.is_throttling(error) and error.status < HTTPStatus.INTERNAL_SERVER_ERROR
    return not isinstance(error, InvalidInput)


def _is_other(plan: Plan, now: Plan, done: t.Sequence[str], left: t.Sequence[Step], written: t.Sequence[str]) -> bool:
    """Whether what is to be done now cannot come from this task's own steps and reads that are behind them."""
    if not done and not written:
        return bool(now.before != plan.before) or _names(now.steps) != _names(plan.steps)
    if not left:
        return bool(now.steps)  # undone, after all the patience for reads
    return not _names(now.steps) <= _names(plan.steps)


def _names(steps: t.Iterable[Step]) -> set[str]:
    return {step.name for step in steps}


def _listed(steps: t.Sequence[Step]) -> str:
    return "; ".join(step.name for step in steps)


def _tell(error: AlitrustError, what: str) -> None:
    """:param what: how it is now; blank where the message has it already"""
    stop = "" if error.message.endswith((".", "!", "?")) else "."
    error.message += f"{stop} {_SOMEBODY}{': ' if what else '.'}{what}"
    error.hint = "Run the task again."
