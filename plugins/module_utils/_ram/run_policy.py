# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The RAM policies of a run, as the callback C(ram_policy) tells them. Private."""

from __future__ import annotations

import json
import os
import typing as t
from dataclasses import dataclass, field

from .._core import files
from . import documents, needed

_CHECKED = "This was a check run, which only reads. A run that changes something needs more."
_FAILED = "Tasks have failed, so what would have come after them is not in it."
_ASSUME_ROLE = "sts:AssumeRole"


@dataclass
class Calls:
    """What was called with one set of credentials.

    :ivar whose: these credentials in words, without a secret
    :ivar calls: as C(product:Operation)
    :ivar roles: RAM roles that were given to instances
    :ivar assumed: ARN of the RAM role that was assumed for it
    """

    whose: str
    calls: set[str] = field(default_factory=set)
    roles: set[str] = field(default_factory=set)
    assumed: str | None = None


@dataclass
class RunPolicy:
    """What one set of credentials needs.

    :ivar whose: these credentials in words
    :ivar text: the policy, as JSON
    :ivar notes: what must be known about it, a sentence each
    """

    whose: str
    text: str
    notes: tuple[str, ...] = ()


def of_run(noted: t.Sequence[Calls], *, checking: bool, failed: bool) -> list[RunPolicy]:
    """The policies of a run: one for each set of credentials that has called something for which a right is needed.

    :param checking: whether it was in check mode
    :param failed: whether it ended before its end
    """
    found = []
    for one in noted:
        document = needed.document(needed.of_calls(one.calls, one.roles), sorted(one.roles))
        if document["Statement"]:
            about = [text for applies, text in ((checking, _CHECKED), (failed, _FAILED)) if applies]
            found.append(_policy(one.whose, document, *about, *needed.unseen(one.calls)))
    assumed = sorted({one.assumed for one in noted if one.assumed and _ASSUME_ROLE in one.calls})
    if assumed:
        found.append(_policy(f"whoever assumes {' and '.join(assumed)}", needed.of_assuming(assumed)))
    return found


def write(path: str, number: int, text: str) -> str:
    """Write a policy to a file; returns its path.

    :param number: which of several policies it is, beginning with 1
    :raises UnexpectedState: it cannot be written
    """
    root, extension = os.path.splitext(path)
    place = path if number == 1 else f"{root}-{number}{extension}"
    files.write_whole(place, text)
    return place


def _policy(whose: str, document: documents.Document, *notes: str) -> RunPolicy:
    length = len(documents.to_text(document))
    if length > documents.MAX_LENGTH:
        long = f"It has {length} characters, and a policy can have {documents.MAX_LENGTH}: make one of each statement."
        notes = (*notes, long)
    return RunPolicy(whose, json.dumps(document, indent=2) + "\n", notes)
