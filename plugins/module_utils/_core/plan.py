# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan: what a task would change, as a value. Private.

It is made by pure functions from the desired and the actual state, and is the only thing that decides: check mode
reports it, diff prints it, apply executes it. What people read of it is fit for their terminal.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from .._cloud.texts import printable


@dataclass(frozen=True)
class Step:
    """One change.

    :ivar name: what a person reads, for example C(attach system policy AliyunKMSReadOnlyAccess to role web)
    :ivar do: name of the resource's method that carries it out
    :ivar args: keyword arguments of that method
    """

    name: str
    do: str
    args: dict[str, t.Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", printable(self.name))


@dataclass(frozen=True)
class Plan:
    """Steps in order, and the state before and after them.

    :ivar before: what is there, as the diff shows it (no secrets, no volatile values)
    :ivar after: what will be there; what only the cloud can choose (ids, addresses) is left out
    :ivar unsettled: whether there is something to wait for even where there is nothing to change, for example instances
        that an interrupted run has left on their way up
    :ivar kept: what is left alone although the task is about it, and why: a sentence each
    """

    before: t.Any
    after: t.Any
    steps: tuple[Step, ...] = ()
    warnings: tuple[str, ...] = ()
    unsettled: bool = False
    kept: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "warnings", tuple(map(printable, self.warnings)))
        object.__setattr__(self, "kept", tuple(map(printable, self.kept)))

    @property
    def changed(self) -> bool:
        return bool(self.steps)

    def does(self, *methods: str) -> bool:
        """Whether one of the steps is carried out by one of these methods."""
        return any(step.do in methods for step in self.steps)


def told_ahead(
    known: t.Mapping[str, t.Any], planned: t.Mapping[str, t.Any], unknown: t.Collection[str]
) -> dict[str, t.Any]:
    """A resource as check mode returns it.

    :param known: what is there
    :param planned: what the plan makes of it
    :param unknown: what only Alibaba Cloud chooses when the plan is carried out: it is left out, not told as it was
    """
    return {**{key: value for key, value in known.items() if key not in unknown}, **planned}
