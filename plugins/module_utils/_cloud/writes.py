# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task has written, which its reads may not show yet. Private.

Reads are answered by copies that may be behind, one more than another: what one read has shown the next one may lack.
"""

from __future__ import annotations

import typing as t

from . import answers

#: How far reads may be behind writes, in seconds. How long it takes is documented nowhere; long-lived clients of these
#: APIs wait 5 to 30 s.
LAG = 10.0
#: How long something that was written or taken away may be looked for in vain before that is believed, in seconds.
DOUBT = LAG + 2.0
#: How long an error that denies what was just written is not believed, in seconds.
_DENIED = 30.0
#: Codes that deny a thing itself, and not a part of it as EntityNotExist.User.LoginProfile does.
_DENYING = (
    "EntityNotExist.Group",
    "EntityNotExist.Policy",
    "EntityNotExist.Role",
    "EntityNotExist.User",
    "Forbidden.AliasNotFound",
    "Forbidden.KeyNotFound",
    "Forbidden.ResourceNotFound",
    "InvalidImageId.NotFound",
    "InvalidInstanceId.NotFound",
    "InvalidKeyPair.NotFound",
    "InvalidSecurityGroupId.NotFound",
    "InvalidSnapshotId.NotFound",
    "InvalidVSwitchId.NotFound",
    "InvalidVpcId.NotFound",
)
_NAMING = ("Name", "Id", "Ids", "ResourceNames", "ResourceId", "InstanceIds", "SecurityGroupIds")
_OF_NOTHING = ("RegionId", "RequestId")


class Writes:
    """What was written, and when; a task's doors to all regions share it.

    :ivar behind: a read has shown that reads are behind
    """

    def __init__(self) -> None:
        self.behind = False
        self._last: float | None = None
        self._names: dict[str, float] = {}

    def note(self, action: str, params: t.Any, answer: t.Any, now: float) -> None:
        """Note a call that has changed something.

        :param now: in seconds, monotonic
        """
        self._last = now
        if not action.startswith("Delete"):
            self._names |= dict.fromkeys((*_names(params), *_names(answer)), now)

    def forget(self, action: str, params: t.Any) -> None:
        """Expect that a thing is denied from now on, because a call is about to delete it."""
        if action.startswith("Delete"):
            for name in _names(params):
                self._names.pop(name, None)

    def deny(self, code: str, params: t.Any, now: float) -> bool:
        """Whether an error denies what was written a moment ago."""
        if code not in _DENYING:
            return False
        found = any(now - self._names[name] <= _DENIED for name in _names(params) if name in self._names)
        self.behind = self.behind or found
        return found

    def left(self, now: float) -> float:
        """Seconds until all reads show what was written; 0 where none was seen to be behind."""
        return max(0.0, self._last + LAG - now) if self.behind and self._last is not None else 0.0


def _names(value: t.Any, key: str = "") -> t.Iterator[str]:
    """The names and IDs in parameters or in an answer, at any depth; lists may be texts of JSON."""
    if isinstance(value, dict):
        for name, one in value.items():
            yield from _names(one, str(name))
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _names(one, key)
    elif isinstance(value, str) and value and key.endswith(_NAMING) and key not in _OF_NOTHING:
        listed = answers.parsed(value) if value.startswith("[") else None
        if isinstance(listed, list):
            yield from _names(listed, key)
        else:
            yield value
