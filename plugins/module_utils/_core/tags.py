# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tags: one meaning of C(tags) and C(purge_tags) everywhere. Private."""

from __future__ import annotations

import hashlib
import typing as t

from .._cloud.errors import InvalidInput, UnexpectedState

#: Keys that only Alibaba Cloud may set; never compared, never purged.
SYSTEM_PREFIXES = ("acs:", "aliyun")

#: Keys of this collection's own tags; purging never removes them.
OWN_PREFIX = "alitrust.ecs:"

#: Ownership: what carries this tag was made by this collection. The value names the fleet, group or pair that it was
#: made for.
OWNER_KEY = f"{OWN_PREFIX}owner"

_MAX_TAGS = 20
#: Longest key and longest value, in characters.
LONGEST_VALUE = 128


def from_api(items: t.Iterable[t.Mapping[str, t.Any]] | None) -> dict[str, str]:
    """Tags of an answer, whichever of the API's two spellings it uses."""
    return {
        str(item.get("TagKey", item.get("Key", ""))): str(item.get("TagValue", item.get("Value", "")) or "")
        for item in items or ()
    }


def to_api(tags: t.Mapping[str, t.Any]) -> list[dict[str, str]]:
    """Tags for a request."""
    return [{"Key": key, "Value": text(value)} for key, value in sorted(tags.items())]


def text(value: t.Any) -> str:
    """A tag value as the API keeps it: text, with YAML's booleans and null in their usual spelling."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def fitting(value: str, longest: int = LONGEST_VALUE) -> str:
    """A value that is made of a user's name, which may be as long as a tag value itself: what does not fit is cut, and
    a digest of the whole keeps it apart from others.

    :param longest: characters that there is room for
    """
    if len(value) <= longest:
        return value
    digest = hashlib.sha256(value.encode()).hexdigest()[:16]
    return f"{value[: longest - len(digest) - 1]}~{digest}"


def own(tags: t.Mapping[str, str]) -> dict[str, str]:
    """Tags without the system's."""
    return {key: value for key, value in tags.items() if not key.startswith(SYSTEM_PREFIXES)}


def check(tags: t.Mapping[str, t.Any] | None) -> None:
    """Refuse what the API would.

    :raises InvalidInput: naming the tag and the rule
    """
    if tags is None:
        return
    if len(tags) > _MAX_TAGS:
        raise InvalidInput(f"tags has {len(tags)} entries; at most {_MAX_TAGS} are possible.")
    for key, value in tags.items():
        if isinstance(value, (dict, list)):
            raise InvalidInput(
                f"The tag {key!r} has a {'list' if isinstance(value, list) else 'dictionary'}; expected text."
            )
        if not key or len(key) > LONGEST_VALUE or len(text(value)) > LONGEST_VALUE:
            raise InvalidInput(f"The tag {key!r} is not possible; a key has 1 to 128 characters, a value up to 128.")
        if key.lower().startswith((*SYSTEM_PREFIXES, "http://", "https://")):
            raise InvalidInput(
                f"The tag key {key!r} is reserved; it must not begin with acs:, aliyun, http:// or https://."
            )
        if text(value).lower().startswith(("http://", "https://")):
            raise InvalidInput(
                f"The tag {key!r} has the value {text(value)!r}; it must not begin with http:// or https://."
            )


def changes(
    actual: t.Mapping[str, str],
    wanted: t.Mapping[str, t.Any] | None,
    purge: bool,
    mark: t.Mapping[str, str] | None = None,
) -> tuple[dict[str, str], list[str]]:
    """Tags to set and keys to remove. C(wanted) None means: not given, leave them alone.

    The tags of this collection are never removed by purging.

    :param mark: tags to be set besides, of this collection
    :raises UnexpectedState: with those that stay they would be more than a resource can have
    """
    target = {**{key: text(value) for key, value in (wanted or {}).items()}, **(mark or {})}
    to_set = {key: value for key, value in target.items() if actual.get(key) != value}
    to_remove = []
    if purge and wanted is not None:
        to_remove = sorted(key for key in own(actual) if key not in target and not key.startswith(OWN_PREFIX))
    staying = [key for key in own(actual) if key not in target and key not in to_remove]
    after = len(staying) + len(target)
    if to_set and after > _MAX_TAGS:
        raise UnexpectedState(
            f"There would be {after} tags; at most {_MAX_TAGS} are possible.",
            hint=f"Give fewer tags. These count, too: {', '.join(sorted([*staying, *(mark or {})])) or 'none'}.",
        )
    return to_set, to_remove
