# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Policy documents of RAM, of permissions and of trust: checked, compared by meaning, written. Private."""

from __future__ import annotations

import fnmatch
import json
import re
import typing as t

from .._cloud.errors import InvalidInput, UnexpectedState
from .._cloud.texts import from_json

Document = dict[str, t.Any]
Kind = t.Literal["permission", "trust"]

#: Longest document, in characters (RAM CreatePolicy).
MAX_LENGTH = 6144

_MEMBERS = {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Principal", "Condition"}
#: Members of a statement in the order of a line, with the words before their values.
_WORDS = {
    "Action": "",
    "NotAction": "all actions but ",
    "Resource": "on ",
    "NotResource": "on all but ",
    "Principal": "to ",
    "Condition": "if ",
}
_ACTION = re.compile(r"\*|[A-Za-z0-9*?-]+:[A-Za-z0-9*?]+")


def trust_of_service(*services: str) -> Document:
    """The trust policy by which only these services may assume a role."""
    return trust_statement({"Service": list(services)})


def trust_statement(principal: Document, condition: Document | None = None) -> Document:
    """A trust policy with one statement."""
    statement: Document = {"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": principal}
    if condition:
        statement["Condition"] = condition
    return {"Statement": [statement], "Version": "1"}


def allow(actions: t.Iterable[str], resource: str = "*") -> Document:
    """A permission policy with one statement."""
    return {"Version": "1", "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": resource}]}


def parse(option: str, text: str, kind: Kind) -> Document:
    """A document as a user gives it, JSON text, with its grammar checked.

    Numbers and booleans become text, because the policy language has only text.

    :param option: name of the option, for messages
    :raises InvalidInput: what is wrong with it
    """
    try:
        document = _texts_only(from_json(text))
    except ValueError as exc:
        raise InvalidInput(f"{option} is not valid JSON: {exc}.") from exc
    problem = _problem(document, kind)
    if problem:
        raise InvalidInput(f"{option} is not a {kind} policy: {problem}.")
    length = len(to_text(document))
    if length > MAX_LENGTH:
        raise InvalidInput(f"{option} has {length} characters; a policy document can have {MAX_LENGTH}.")
    return t.cast("Document", document)


def from_answer(what: str, text: str | None) -> Document:
    """A document as RAM returns it.

    :raises UnexpectedState: it is not JSON
    """
    try:
        document = from_json(text or "")
    except ValueError as exc:
        raise UnexpectedState(f"RAM returned a document of {what} that is not JSON: {exc}.") from exc
    if not isinstance(document, dict):
        raise UnexpectedState(f"RAM returned a document of {what} that is not a JSON object.")
    return document


def to_text(document: Document) -> str:
    """The document as it is sent, as short as possible because its length is limited."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False)


def same(one: Document | None, other: Document | None) -> bool:
    """Whether two documents mean the same.

    Order does not matter in statements and lists, one value is a list of one, and the case of actions and of principals
    does not matter (RAM compares actions without case, and returns ARNs of roles in lower case).
    """
    if one is None or other is None:
        return one is other
    return bool(_canonical(one) == _canonical(other))


def lines(document: Document) -> list[str]:
    """A document as a person reads it: one line a statement, sorted."""
    return sorted(_line(statement) for statement in as_list(document.get("Statement")))


def _line(statement: t.Any) -> str:
    if not isinstance(statement, dict):
        return json.dumps(statement, sort_keys=True, ensure_ascii=False)
    words = [str(statement.get("Effect"))]
    for name, word in _WORDS.items():
        if name in statement:
            words.append(word + _listed(statement[name]))
    known = {"Effect", *_WORDS}
    words += [f"{name} {_listed(statement[name])}" for name in sorted(set(statement) - known)]
    return " ".join(words)


def _listed(value: t.Any) -> str:
    """Values in a form in which their order does not matter, as it does not to RAM."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {_listed(item)}" for key, item in sorted(value.items()))
    return ", ".join(sorted(str(item) for item in as_list(_texts_only(value))))


def as_list(value: t.Any) -> list[t.Any]:
    """A value of a policy as a list."""
    return value if isinstance(value, list) else [] if value is None else [value]


def trusts_service(document: Document, service: str) -> bool:
    """Whether a trust policy lets a service assume the role, without conditions."""
    allowed = False
    for statement in as_list(document.get("Statement")):
        principal = statement.get("Principal")
        services = as_list(principal.get("Service")) if isinstance(principal, dict) else []
        actions = {str(action).lower() for action in as_list(statement.get("Action"))}
        if service not in services or not actions & {"sts:assumerole", "sts:*", "*"}:
            continue
        if statement.get("Effect") == "Deny":
            return False
        allowed = allowed or not statement.get("Condition")
    return allowed


def permits(policies: t.Iterable[Document], action: str, resource: str | None = None) -> bool:
    """Whether permission policies together allow an action on a resource, or on at least something.

    What a condition makes of it cannot be told from here: an allowing statement counts with it, a denying one does not.
    """
    allowed = False
    for document in policies:
        for statement in as_list(document.get("Statement")):
            if not _covers(statement, action) or (resource is not None and not _reaches(statement, resource)):
                continue
            if statement.get("Effect") == "Deny" and not statement.get("Condition"):
                return False
            allowed = allowed or statement.get("Effect") == "Allow"
    return allowed


def _covers(statement: Document, action: str) -> bool:
    listed = as_list(statement.get("Action", statement.get("NotAction")))
    named = any(fnmatch.fnmatchcase(action.lower(), str(pattern).lower()) for pattern in listed)
    return named if "Action" in statement else not named


def _reaches(statement: Document, resource: str) -> bool:
    listed = as_list(statement.get("Resource", statement.get("NotResource")))
    named = any(fnmatch.fnmatchcase(resource, str(pattern)) for pattern in listed)
    return named if "NotResource" not in statement else not named


def not_granted(policies: t.Sequence[Document], wanted: Document) -> list[str]:
    """Actions that a document allows and the policies do not allow on the same resources."""
    missing: dict[str, None] = {}
    for statement in as_list(wanted.get("Statement")):
        if statement.get("Effect") != "Allow":
            continue
        for action in as_list(statement.get("Action")):
            for resource in as_list(statement.get("Resource")):
                if not permits(policies, action, resource):
                    missing[action] = None
    return list(missing)


def loses(held: Document, wanted: Document) -> bool:
    """Whether a statement of one document is not in the other."""
    kept = {_canonical_statement(one) for one in as_list(wanted.get("Statement"))}
    return any(_canonical_statement(one) not in kept for one in as_list(held.get("Statement")))


def with_service(document: Document, service: str) -> Document:
    """The trust policy, with a statement more by which a service may assume the role too."""
    return {**document, "Statement": [*as_list(document.get("Statement")), *trust_of_service(service)["Statement"]]}


def _texts_only(value: t.Any) -> t.Any:
    if isinstance(value, dict):
        return {key: _texts_only(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_texts_only(item) for item in value]
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, (int, float)) else value


def _problem(document: t.Any, kind: Kind) -> str:
    """What breaks the grammar, or nothing."""
    if not isinstance(document, dict):
        return "a JSON object with Version and Statement is expected"
    unknown = sorted(set(document) - {"Version", "Statement"})
    if unknown:
        return f"{unknown[0]} is not known beside Version and Statement"
    if document.get("Version") != "1":
        return 'Version must be "1"'
    statements = as_list(document.get("Statement"))
    if not statements:
        return "Statement must have at least one entry"
    for number, statement in enumerate(statements, 1):
        problem = _statement_problem(statement, kind)
        if problem:
            return f"statement {number}: {problem}"
    return ""


def _statement_problem(statement: t.Any, kind: Kind) -> str:
    if not isinstance(statement, dict):
        return "a JSON object is expected"
    unknown = sorted(set(statement) - _MEMBERS)
    if unknown:
        return f"{unknown[0]} is not known; possible are {', '.join(sorted(_MEMBERS))}"
    if statement.get("Effect") not in ("Allow", "Deny"):
        return "Effect must be Allow or Deny"
    pairs = [("Action", "NotAction"), ("Resource", "NotResource")] if kind == "permission" else [("Action",)]
    for names in pairs:
        if sum(name in statement for name in names) != 1:
            return f"it must have {' or '.join(names)}"
    for name in ("Action", "NotAction", "Resource", "NotResource"):
        values = as_list(statement.get(name))
        if name in statement and not (values and all(isinstance(value, str) and value for value in values)):
            return f"{name} must be a text or a list of texts"
        wrong = [value for value in values if name.endswith("Action") and not _ACTION.fullmatch(value)]
        if wrong:
            return f"{wrong[0]!r} is not an action; expected is for example ecs:DescribeInstances"
    forbidden = ("Principal",) if kind == "permission" else ("Resource", "NotResource")
    if any(name in statement for name in forbidden):
        return f"{' and '.join(forbidden)} cannot be in a {kind} policy"
    if kind == "trust" and not (isinstance(statement.get("Principal"), dict) and statement["Principal"]):
        return "Principal must name who may assume the role under RAM, Service or Federated"
    condition = statement.get("Condition", {})
    if not isinstance(condition, dict) or not all(isinstance(value, dict) for value in condition.values()):
        return "Condition must map operators to keys and values"
    return ""


def _canonical(document: Document) -> t.Any:
    statements = as_list(document.get("Statement"))
    return str(document.get("Version", "1")), frozenset(_canonical_statement(item) for item in statements)


def _canonical_statement(statement: t.Any) -> t.Any:
    if not isinstance(statement, dict):
        return json.dumps(statement, sort_keys=True)
    return frozenset(
        (name, _frozen(value, fold=name in ("Action", "NotAction", "Principal"))) for name, value in statement.items()
    )


def _frozen(value: t.Any, *, fold: bool) -> t.Any:
    if isinstance(value, dict):
        return frozenset((key, _frozen(item, fold=fold)) for key, item in value.items())
    return frozenset(str(item).lower() if fold else str(_texts_only(item)) for item in as_list(value))
