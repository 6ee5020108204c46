# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which rights calls need, as a RAM policy. Pure. Private."""

from __future__ import annotations

import re
import typing as t

from .._cloud.errors import right_of
from .documents import Document

_READS = re.compile(r"[\w-]+:(Describe|Get|List)\w*")
_PASS_ROLE = "ram:PassRole"
_ASSUME_ROLE = "sts:AssumeRole"

#: What a call needs besides where a secret has a key of its own, which cannot be seen from the call.
_ON_KEY_OF_SECRET = {
    "kms:GetSecretValue": "kms:Decrypt",
    "kms:CreateSecret": "kms:GenerateDataKey",
    "kms:PutSecretValue": "kms:GenerateDataKey",
}


def reads(right: str) -> bool:
    """Whether a RAM action changes nothing."""
    return _READS.fullmatch(right) is not None


def of_calls(calls: t.Iterable[str], roles: t.Iterable[str] = ()) -> set[str]:
    """The RAM actions that calls need.

    :param calls: as C(product:Operation), the keys of C(api_calls)
    :param roles: RAM roles that they gave to instances
    """
    actions = {right_of(product, operation) for product, _colon, operation in (one.partition(":") for one in calls)}
    passing = {_PASS_ROLE} if any(roles) else set()
    return {one for one in actions if one} | passing


def document(rights: t.Iterable[str], roles: t.Sequence[str]) -> Document:
    """The policy that allows these RAM actions.

    What reads is one statement, because check mode needs hardly more; what changes roles and policies is one, because
    who may do that can get more rights that way. That a role is assumed is for somebody else to be allowed, see
    L{of_assuming}.

    :param roles: RAM roles that may be given to instances, where C(ram:PassRole) is among the actions
    """
    left = sorted(set(rights) - {_ASSUME_ROLE})
    reading = [one for one in left if reads(one)]
    passing = [one for one in left if one == _PASS_ROLE]
    ram = [one for one in left if one.startswith("ram:") and one not in (*reading, *passing)]
    changing = [one for one in left if one not in (*reading, *passing, *ram)]
    # RAM writes ARNs in lower case.
    names = sorted({spelling for role in roles for spelling in (role, role.lower())})
    passed = [f"acs:ram:*:*:role/{name}" for name in names]
    parts: list[tuple[list[str], str | list[str]]] = [(reading, "*"), (changing, "*"), (ram, "*"), (passing, passed)]
    return _policy(*(allow(actions, on) for actions, on in parts if actions))


def of_assuming(arns: t.Iterable[str]) -> Document:
    """The policy of whoever assumes these roles."""
    return _policy(allow([_ASSUME_ROLE], sorted(arns)))


def allow(actions: list[str], resource: str | list[str] = "*") -> Document:
    """A statement of a policy."""
    return {"Effect": "Allow", "Action": actions, "Resource": resource}


def unseen(calls: t.Iterable[str]) -> list[str]:
    """What calls may need besides, a sentence each."""
    asked = set(calls)
    return [
        f"Where a secret has a key of its own, {call} needs {right} on that key, too; calls do not tell which it is."
        for call, right in _ON_KEY_OF_SECRET.items()
        if call in asked
    ]


def _policy(*statements: Document) -> Document:
    return {"Version": "1", "Statement": list(statements)}
