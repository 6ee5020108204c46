# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who may use a share role, as values and as trust policies. Private; pure functions."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from .._cloud.door import Cloud
from .._cloud.errors import InvalidInput, UnexpectedState
from . import documents
from .documents import Document

Kind = t.Literal["account_ids", "resource_directory_ids", "folder_paths"]
Mode = t.Literal["present", "absent", "exact"]

#: Option -> (what a value looks like, an example).
_PATTERNS: dict[Kind, tuple[re.Pattern[str], str]] = {
    "account_ids": (re.compile(r"[0-9]{5,20}"), "the number of an account, for example 1234567890123456"),
    "resource_directory_ids": (re.compile(r"rd-[A-Za-z0-9]+"), "the ID of a resource directory, for example rd-Ab12Cd"),
    "folder_paths": (
        re.compile(r"rd-[A-Za-z0-9]+/r-[A-Za-z0-9]+(/fd-[A-Za-z0-9]+)*/?\*"),
        "the path of a folder that ends with *, for example rd-Ab12Cd/r-Ef34Gh/fd-Ij56Kl*",
    ),
}
#: Option -> operator and key of the condition.
_CONDITIONS: dict[Kind, tuple[str, str]] = {
    "resource_directory_ids": ("StringEquals", "sts:ServiceOwnerRDId"),
    "folder_paths": ("StringLike", "sts:ServiceOwnerRDPath"),
}
_ANY_ACCOUNT = "*@ecs.aliyuncs.com"
_ONE_ACCOUNT = re.compile(r"([0-9]+)@ecs\.aliyuncs\.com")


@dataclass(frozen=True)
class Recipients:
    """Accounts, resource directories or folders whose ECS may use the role; never a mixture."""

    kind: Kind
    ids: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.kind} {', '.join(self.ids)}"


def from_options(options: t.Mapping[str, t.Any]) -> Recipients | None:
    """The recipients that a task names, or None.

    :raises InvalidInput: of more than one kind, or not possible
    """
    given = [kind for kind in _PATTERNS if options.get(kind)]
    if len(given) > 1:
        raise InvalidInput(
            f"{' and '.join(given)} cannot go together: the documented trust policies name accounts, resource "
            "directories or folders. Give one of them."
        )
    if not given:
        return None
    kind = given[0]
    pattern, expected = _PATTERNS[kind]
    ids = tuple(dict.fromkeys(str(one).strip() for one in options[kind]))
    for one in ids:
        if not pattern.fullmatch(one):
            raise InvalidInput(f"{kind} has {one!r}; expected {expected}.")
    return Recipients(kind, ids)


def refuse_own(cloud: Cloud, wanted: Recipients | None) -> None:
    """Refuse to give an account what it has.

    :raises InvalidInput: the account of the caller is among those that something is to be shared with
    """
    if wanted is None or wanted.kind != "account_ids":
        return
    own = str(cloud.call("sts", "GetCallerIdentity").get("AccountId") or "")
    if own in wanted.ids:
        raise InvalidInput(
            f"account_ids has {own}, the account that this task runs as, which has what it shares already.",
            hint="Take it out, and name other accounts. Nothing was changed.",
        )


def trust_policy(recipients: Recipients) -> Document:
    """The documented trust policy for them (Encryption-related permissions, scenarios 1 to 3)."""
    if recipients.kind == "account_ids":
        return documents.trust_statement({"Service": [f"{one}@ecs.aliyuncs.com" for one in recipients.ids]})
    operator, key = _CONDITIONS[recipients.kind]
    value = recipients.ids[0] if len(recipients.ids) == 1 else list(recipients.ids)
    return documents.trust_statement({"Service": _ANY_ACCOUNT}, {operator: {key: value}})


def of_trust_policy(document: Document) -> Recipients | None:
    """The recipients of a trust policy, or None where it is not one of the documented ones."""
    statements = documents.as_list(document.get("Statement"))
    if len(statements) != 1 or not isinstance(statements[0].get("Principal"), dict):
        return None
    services = [str(one) for one in documents.as_list(statements[0]["Principal"].get("Service"))]
    found = None
    accounts = [_ONE_ACCOUNT.fullmatch(service) for service in services]
    if services and all(accounts):
        found = Recipients("account_ids", tuple(match[1] for match in accounts if match))
    for kind, (operator, key) in _CONDITIONS.items():
        condition = statements[0].get("Condition") or {}
        values = tuple(map(str, documents.as_list((condition.get(operator) or {}).get(key))))
        if values and services == [_ANY_ACCOUNT]:
            found = Recipients(kind, values)
    # Whatever else there is in the policy shows when the documented one is written from what was read.
    return found if found and documents.same(trust_policy(found), document) else None


def untrusted(trusted: Recipients | None, wanted: Recipients) -> list[str]:
    """Recipients that a share role leaves out, as far as its trust policy tells.

    Whether an account is in a directory or folder cannot be told from here, and a trust policy that is none of the
    documented ones is not judged; neither counts as missing.
    """
    if trusted is None or (wanted.kind == "account_ids" and trusted.kind != "account_ids"):
        return []
    if trusted.kind == wanted.kind:
        return [one for one in wanted.ids if not any(_covers(other, one) for other in trusted.ids)]
    if trusted.kind == "resource_directory_ids":
        return [one for one in wanted.ids if one.split("/")[0] not in trusted.ids]
    return list(wanted.ids)


def _covers(trusted: str, wanted: str) -> bool:
    """Whether a folder's path includes another's; other IDs only equal themselves."""
    return wanted == trusted or (trusted.endswith("*") and wanted.startswith(trusted[:-1]))


def loses(actual: Document, wanted: Document) -> bool:
    """Whether somebody may use a share role by one trust policy, and not by the other."""
    before, after = of_trust_policy(actual), of_trust_policy(wanted)
    if before is None or after is None:
        return documents.loses(actual, wanted)
    return before.kind != after.kind or bool(set(before.ids) - set(after.ids))


def decide(role: str, actual: Document | None, wanted: Recipients | None, mode: Mode, replace: bool) -> Document | None:
    """The trust policy that a share role shall have; None where there is no role and nothing to create one for.

    :param actual: its trust policy now, None when there is no role
    :raises InvalidInput: a role is to be created, but for nobody
    :raises UnexpectedState: what is there would be lost, and replacing was not asked for
    """
    if actual is None:
        if mode == "absent":
            return None
        if wanted is None:
            raise InvalidInput(
                f"The role {role} does not exist.",
                hint="Give account_ids, resource_directory_ids or folder_paths to create it.",
            )
        return trust_policy(wanted)
    if wanted is None:
        return actual
    current = of_trust_policy(actual)
    if current is None or current.kind != wanted.kind:
        if mode == "absent" and current is not None:
            return actual
        if mode == "absent" or not replace:
            raise _other(role, current)
        return trust_policy(wanted)
    ids = _merged(current.ids, wanted.ids, mode)
    if not ids:
        raise UnexpectedState(
            f"No recipient would be left in the role {role}, and a trust policy cannot be empty.",
            hint="Set state to absent to delete the role.",
        )
    return actual if set(ids) == set(current.ids) else trust_policy(Recipients(wanted.kind, ids))


def _merged(current: tuple[str, ...], wanted: tuple[str, ...], mode: Mode) -> tuple[str, ...]:
    if mode == "exact":
        return wanted
    if mode == "absent":
        return tuple(one for one in current if one not in wanted)
    return (*current, *(one for one in wanted if one not in current))


def _other(role: str, current: Recipients | None) -> UnexpectedState:
    trusts = f"shared with {current}" if current else "trusted in a way that is none of the documented ones"
    return UnexpectedState(
        f"The role {role} is {trusts}; the recipients of this task cannot be joined to that.",
        hint="Set replace to true (with recipients_mode present or exact) to have only those of this task.",
    )
