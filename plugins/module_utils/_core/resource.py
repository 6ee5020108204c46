# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the flow needs of any resource. Private."""

from __future__ import annotations

import abc
import typing as t

from .._cloud.door import Cloud
from .._cloud.errors import NotFound
from .plan import Plan, Step
from .waiter import wait_for

State = t.TypeVar("State")


class Resource(abc.ABC, t.Generic[State]):
    """One kind of thing in the cloud, as one task wants it.

    :param cloud: the door
    :param options: the module's options, blank ones already None
    :cvar unseen: methods of steps whose work C(find) does not show: nobody else can be seen to have done it
    :cvar passing: methods of steps that a thing may come to need by itself, on its way up or down, or that are the rest
        of a step which is done in part: they say nothing of somebody else
    :ivar warnings: what C(preflight) has found that one would rather know, beside the warnings of the plan
    """

    unseen: t.ClassVar[frozenset[str]] = frozenset()
    passing: t.ClassVar[frozenset[str]] = frozenset()

    def __init__(self, cloud: Cloud, options: dict[str, t.Any]) -> None:
        self.cloud = cloud
        self.options = options
        self.warnings: list[str] = []

    def validate(self) -> None:
        """Check options against each other and against known limits, without any call.

        :raises InvalidInput: what is wrong, what was expected
        """

    @abc.abstractmethod
    def find(self) -> State:
        """Read the actual state."""

    @abc.abstractmethod
    def plan(self, actual: State) -> Plan:
        """Decide, purely: no call is made here."""

    def preflight(self, plan: Plan, actual: State) -> None:
        """Prove with reading calls (or the API's DryRun) that the plan can be carried out; in check mode too."""

    def apply(self, step: Step) -> None:
        """Carry out one step."""
        getattr(self, step.do)(**step.args)

    @abc.abstractmethod
    def settle(self, plan: Plan, actual: State) -> dict[str, t.Any]:
        """Wait and verify after the steps, then return what the module returns. Not called in check mode.

        Also called when there was no step, but the plan says that things are unsettled.
        """

    @abc.abstractmethod
    def foretell(self, plan: Plan, actual: State) -> dict[str, t.Any]:
        """What the module returns when nothing was changed: no change needed, or check mode."""

    def shown(self, state: t.Any) -> t.Any:
        """What a diff shows of a plan's C(before) or C(after): what is a line to a person is one line of text here."""
        return state

    def reread(self, what: str, timeout: float, shows: t.Callable[[State], bool] = lambda seen: True) -> State:
        """Read until the state asks for no step any more: reads may be behind writes for a while.

        :param what: for messages, for example C(the role web)
        :param timeout: in seconds
        :param shows: whether a state that asks for no step is the new one; one half of it may be behind the other
        :raises WaitTimeout: naming the steps that the last state read would still need
        """

        def read() -> State | NotFound:
            try:
                return self.find()
            except NotFound as denied:  # of a part of what was still to be seen, or has just been
                return denied

        def words(seen: State | NotFound) -> str:
            if isinstance(seen, NotFound):
                return seen.message
            steps = "; ".join(step.name for step in self.plan(seen).steps)
            return f"it would still be necessary to {steps}" if steps else "a part of the old state"

        waited = wait_for(
            self.cloud,
            f"{what} to show the changes",
            read,
            lambda seen: not isinstance(seen, NotFound) and not self.plan(seen).changed and shows(seen),
            words,
            timeout=timeout,
            shows=True,
        )
        return t.cast("State", waited.value)
