# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every RAM operation needs: parameter checks, errors, dates, pages."""

from __future__ import annotations

import base64
import binascii
import re
import secrets
import typing as t

from local_cloud.framework import ApiError, Call, Handler, operation
from local_cloud.services import json_text

if t.TYPE_CHECKING:
    import datetime as dt

Record = dict[str, t.Any]


#: parameter -> resource type in an ARN
_ARN_TYPES = {"RoleName": "role", "UserName": "user", "GroupName": "group", "PolicyName": "policy"}


#: operation that names nothing -> what its ARN is about
_LISTED = {"ListRoles": "role/", "ListUsers": "user/", "ListGroups": "group/", "ListPolicies": "policy/"}


def ram(action: str) -> t.Callable[[Handler], Handler]:
    """Register a handler of a RAM operation; permissions for it can be limited to what it names."""
    return operation("ram", action, resources=_resources)


def _resources(call: Call) -> list[str]:
    """The entities that a call names, as ARNs; all of the operation's kind when it names none."""
    found = []
    for parameter, kind in _ARN_TYPES.items():
        if call.get(parameter):
            owner = "system" if kind == "policy" and call.get("PolicyType") == "System" else call.account_id
            found.append(f"acs:ram::{owner}:{kind}/{call.params[parameter]}")
    return found or [f"acs:ram::{call.account_id}:{_LISTED.get(call.action, '')}*"]


class Name(t.NamedTuple):
    """The rule of a name parameter: allowed characters and length."""

    characters: str
    longest: int
    shortest: int = 1


NAMES = {
    "RoleName": Name(r"[A-Za-z0-9.\-_@]", 64),
    "UserName": Name(r"[A-Za-z0-9.\-_]", 64),
    "NewUserName": Name(r"[A-Za-z0-9.\-_]", 64),
    "GroupName": Name(r"[A-Za-z0-9.\-_]", 64),
    "NewGroupName": Name(r"[A-Za-z0-9.\-_]", 64),
    "PolicyName": Name(r"[A-Za-z0-9\-]", 128),
}

#: free texts and their longest length in characters
TEXTS = {"Description": 1024, "Comments": 128, "DisplayName": 128}


def timestamp(moment: dt.datetime) -> str:
    """RAM's dates: UTC, to the second."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def numeric_id() -> str:
    """An id like those of users, roles and groups: 18 decimal digits."""
    return "3" + "".join(secrets.choice("0123456789") for _index in range(17))


def required(call: Call, name: str) -> str:
    """The parameter's value. RAM's metadata marks nothing as required, so the service says what is missing."""
    value = call.get(name)
    if value is None or value == "":
        raise ApiError(
            "MissingParameter",
            400,
            f'The input parameter "{name}" that is mandatory for processing this request is not supplied.',
        )
    return str(value)


def name_of(call: Call, parameter: str) -> str:
    """A required name, checked for characters and length."""
    value, rule = required(call, parameter), NAMES[parameter]
    if not rule.shortest <= len(value) <= rule.longest:
        raise ApiError(
            f"InvalidParameter.{parameter}.Length",
            400,
            f"The parameter {parameter} must be {rule.shortest} to {rule.longest} characters long.",
        )
    if not re.fullmatch(f"{rule.characters}+", value):
        raise ApiError(
            f"InvalidParameter.{parameter}.InvalidChars",
            400,
            f"The parameter {parameter} contains a character that is not allowed.",
        )
    return value


def text_of(call: Call, parameter: str, default: str = "") -> str:
    """An optional free text (``Description`` or ``NewDescription``), checked for its length."""
    value = str(call.get(parameter, default))
    plain = parameter.removeprefix("New")
    longest = TEXTS[plain]
    if len(value) > longest:
        raise ApiError(
            f"InvalidParameter.{parameter}.Length",
            400,
            f"The parameter {parameter} must be at most {longest} characters long.",
        )
    return value


def choice_of(call: Call, parameter: str, choices: tuple[str, ...]) -> str:
    """A required parameter that takes one of a few values."""
    value = required(call, parameter)
    if value not in choices:
        raise ApiError(
            f"InvalidParameter.{parameter}", 400, f"The parameter {parameter} must be one of {', '.join(choices)}."
        )
    return value


def missing(kind: str, name: str) -> ApiError:
    """404 for an entity that does not exist; ``kind`` as in the code, e.g. ``Role`` or ``Policy.Version``."""
    return ApiError(f"EntityNotExist.{kind}", 404, f"The {_words(kind)} does not exist: {name}.")


def exists(kind: str, name: str) -> ApiError:
    """409 for an entity that is already there."""
    return ApiError(f"EntityAlreadyExists.{kind}", 409, f"The {_words(kind)} already exists: {name}.")


def limit_exceeded(kind: str, limit: int) -> ApiError:
    """409 for one too many."""
    return ApiError(f"LimitExceeded.{kind}", 409, f"The limit of {limit} is reached: {_words(kind)}.")


def delete_conflict(kind: str, why: str) -> ApiError:
    """409 for a deletion that something else still stands against."""
    return ApiError(f"DeleteConflict.{kind}", 409, why)


def _words(kind: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", " ", kind.replace(".", "")).lower()


def pick(record: Record, *names: str) -> Record:
    """The named members, those that the record has."""
    return {name: record[name] for name in names if name in record}


def page(
    call: Call, records: list[Record], key: t.Callable[[Record], str], longest: int = 1000
) -> tuple[list[Record], Record]:
    """One page in the order of ``key``, and the answer's IsTruncated and (if there is more) Marker.

    The marker carries the last key that was shown: what is added or deleted between two pages neither repeats nor
    hides anything else.
    """
    size = int(call.get("MaxItems", 100))
    if not 1 <= size <= longest:
        raise ApiError("InvalidParameter.MaxItems", 400, f"The parameter MaxItems must be 1 to {longest}.")
    rest = sorted(records, key=key)
    if marker := call.get("Marker"):
        try:
            after = base64.b64decode(str(marker), altchars=b"-_", validate=True).decode()
        except (binascii.Error, ValueError) as error:
            raise ApiError("InvalidParameter.Marker", 400, "The parameter Marker is not a marker of a list.") from error
        rest = [record for record in rest if key(record) > after]
    shown = rest[:size]
    if len(rest) <= size:
        return shown, {"IsTruncated": False}
    return shown, {"IsTruncated": True, "Marker": base64.urlsafe_b64encode(key(shown[-1]).encode()).decode()}


def json_list(call: Call, parameter: str) -> list[t.Any]:
    """A list that a client sends as JSON text (the SDK) or numbered (``Tag.1.Key``, already nested)."""
    value = call.get(parameter)
    if isinstance(value, str):
        try:
            value = json_text.loads(call, value)
        except ValueError:
            value = None
        if not isinstance(value, list):
            raise ApiError(f"InvalidParameter.{parameter}", 400, f"The parameter {parameter} must be a JSON array.")
    return list(value or [])


def tags_of(call: Call) -> list[Record]:
    """The parameter Tag as records ``{TagKey, TagValue}``; at most 20, keys of 1 to 128 and values of 0 to 128."""
    tags: dict[str, str] = {}
    for tag in json_list(call, "Tag"):
        key, value = (str(tag.get("Key", "")), str(tag.get("Value", ""))) if isinstance(tag, dict) else ("", "")
        if not 1 <= len(key) <= 128 or key.startswith(("aliyun", "acs:", "http://", "https://")):
            raise ApiError("InvalidParameter.TagKey", 400, f"The tag key {key!r} is not allowed.")
        if len(value) > 128:
            raise ApiError("InvalidParameter.TagValue", 400, f"The value of the tag {key!r} is too long.")
        tags[key] = value
    if len(tags) > 20:
        raise limit_exceeded("Tag", 20)
    return [{"TagKey": key, "TagValue": value} for key, value in tags.items()]


def has_tags(record: Record, wanted: list[Record]) -> bool:
    """Whether a record carries every wanted tag (a wanted tag without a value matches any)."""
    own = {tag["TagKey"]: tag["TagValue"] for tag in record.get("Tags", [])}
    return all(tag["TagKey"] in own and tag["TagValue"] in ("", own[tag["TagKey"]]) for tag in wanted)
