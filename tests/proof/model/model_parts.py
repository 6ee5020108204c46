# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a model of a module is made of: the steps tried, what its documentation says comes of one, what is told."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from hypothesis import strategies as st

if t.TYPE_CHECKING:
    from modules.harness import Modules

Options = dict[str, t.Any]
#: What should exist, by kind and name. What no module that reads tells has an underscore before its key.
State = dict[str, t.Any]
OWNER = "alitrust.ecs:owner"
CLONE_OF = "alitrust.ecs:clone-of"


class Refused(Exception):
    """By its documentation the module refuses this step, before it changes anything.

    :ivar late: it is Alibaba Cloud that refuses, which check mode cannot know; it warns of it
    """

    def __init__(self, why: str = "", *, late: bool = False) -> None:
        super().__init__(why)
        self.late = late


@dataclass(frozen=True)
class Subject:
    """A module that changes something.

    :ivar steps: its options, as they come into question
    :ivar expect: changes the state as the documentation says the step does
    :ivar kinds: the kinds of things that a step may change
    """

    module: str
    steps: st.SearchStrategy[Options]
    expect: t.Callable[[State, Options], None]
    kinds: tuple[str, ...]


#: What modules that read tell, by kind, in the shape of the state.
Facts = dict[str, t.Callable[["Modules"], t.Any]]


def options(optional: dict[str, t.Any], /, **needed: t.Any) -> st.SearchStrategy[Options]:
    """Options that are always given, and others that sometimes are; lists are choices."""

    def strategy(value: t.Any) -> st.SearchStrategy[t.Any]:
        return value if isinstance(value, st.SearchStrategy) else st.sampled_from(value)

    return st.fixed_dictionaries(
        {name: strategy(value) for name, value in needed.items()},
        optional={name: strategy(value) for name, value in optional.items()},
    )


def some(*values: t.Any) -> st.SearchStrategy[list[t.Any]]:
    """Lists of some of these, each once, in their order."""
    return st.sets(st.sampled_from(range(len(values)))).map(lambda chosen: [values[at] for at in sorted(chosen)])


TAGS: list[dict[str, str]] = [{}, {"team": "ops"}, {"team": "dev", "cost": "1"}]
TERMS = {"adopt": [True, False], "leave_others": [True, False]}


def tag(there: dict[str, str], given: Options, owner: str = "") -> None:
    """Change tags as C(tags), C(purge_tags) and C(adopt) say.

    :param owner: the value of the ownership tag that something gets which has none, where it is adopted
    """
    wanted = given.get("tags")
    if wanted is not None:
        if given.get("purge_tags", True):
            for key in [key for key in there if key not in wanted and key not in (OWNER, CLONE_OF)]:
                del there[key]
        there.update(wanted)
    if given.get("adopt") and OWNER not in there:
        there[OWNER] = owner


def leaves(ours: bool, given: Options) -> bool:
    """Whether something is left alone for not being ours; it may also be the task's to refuse.

    :raises Refused: it is not ours, and the task neither adopts it nor leaves it alone
    """
    if ours or given.get("adopt"):
        return False
    if given.get("leave_others"):
        return True
    raise Refused("it is not this collection's")
