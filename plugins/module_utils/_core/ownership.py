# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whose a thing is, and what follows from it: the one rule of docs/architecture.md. Private; pure functions.

What carries our ownership tag is ours. What does not is deleted, emptied or exchanged only where the task adopts it in
so many words; the roles of this collection leave it alone and say so.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from .._cloud.errors import UnexpectedState
from . import tags as tagging

Thing = t.TypeVar("Thing")

#: Options of every module whose state C(absent) cannot be undone.
SPEC: dict[str, dict[str, t.Any]] = {
    "adopt": {"type": "bool", "default": False},
    "leave_others": {"type": "bool", "default": False},
}


@dataclass(frozen=True)
class Terms:
    """How a task deals with what is not proven to be ours.

    :ivar adopt: it is to be treated as ours, and gets the ownership tag where it stays
    :ivar leave_others: it, and what others still use, is left alone without a failure
    """

    adopt: bool = False
    leave_others: bool = False

    @classmethod
    def from_options(cls, options: t.Mapping[str, t.Any]) -> Terms:
        return cls(bool(options["adopt"]), bool(options["leave_others"]))


def proven(tags: t.Mapping[str, str] | None) -> bool:
    """Whether these tags prove that this collection made what carries them."""
    return tagging.OWNER_KEY in (tags or {})


def ours_first(found: list[Thing], tags: t.Callable[[Thing], t.Mapping[str, str]]) -> list[Thing]:
    """Of several things of one name, the only one that is ours, where there is one; else all of them."""
    ours = [one for one in found if proven(tags(one))]
    return ours if len(ours) == 1 else found


def reason_to_stay(
    what: str,
    *,
    ours: bool,
    terms: Terms,
    users: t.Sequence[str] = (),
    proof: str = f"the tag {tagging.OWNER_KEY}",
    verb: str = "delete",
) -> str | None:
    """Why something must not be deleted, as a sentence; None where it may be.

    Users matter here only where others are to be left alone: elsewhere each kind knows what to do about them.

    :param what: for example C(key pair web)
    :param users: in words
    :param proof: what carries the proof for this kind
    :param verb: what the task would do to it
    :raises UnexpectedState: it is not ours, and the task neither adopts it nor leaves it alone
    """
    if not ours and not terms.adopt:
        if terms.leave_others:
            return f"The {what} stays: it does not carry {proof}, so it is not this collection's."
        raise UnexpectedState(
            f"The {what} does not carry {proof}: this collection did not make it and does not {verb} it.",
            hint=f"Set adopt: true if it is yours to {verb}.",
        )
    if users and terms.leave_others:
        return f"The {what} stays: it is still used by {'; '.join(users)}."
    return None


def used_as_it_is(what: str, *, ours: bool, terms: Terms, left: str = "it is left as it is") -> str | None:
    """Why nothing of an existing thing is changed, as a sentence; None where it may be."""
    if ours or terms.adopt or not terms.leave_others:
        return None
    return f"Using the existing {what}; {left}."


def adopt_hint(verb: str) -> str:
    """What to do where something cannot be used as it is."""
    return (
        f"If it is yours to {verb}, set adopt: true, or in a role of this collection its variable that ends in _adopt."
    )


def adoption(tags: t.Mapping[str, str], terms: Terms, owner: str) -> dict[str, str]:
    """The tag that an existing thing gets when it is adopted; nothing where it is ours already."""
    return {tagging.OWNER_KEY: owner} if terms.adopt and not proven(tags) else {}
