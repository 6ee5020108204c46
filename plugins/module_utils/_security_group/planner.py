# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What has to change at a security group. Pure. Private."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field

from .._cloud.errors import InvalidInput, UnexpectedState
from .._core import tags as tagging
from .._core.plan import Plan, Step
from .shape import TYPES

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9:_.\-]{1,127}")
_ID = re.compile(r"[A-Za-z0-9\-]+")


@dataclass(frozen=True)
class Desired:
    """A security group as a task wants it; None means: not given."""

    present: bool = True
    name: str | None = None
    security_group_id: str | None = None
    vpc_id: str | None = None
    description: str | None = None
    type: str | None = None
    inner_access_policy: str | None = None
    tags: dict[str, t.Any] | None = None
    purge_tags: bool = True

    @classmethod
    def from_options(cls, options: t.Mapping[str, t.Any]) -> Desired:
        return cls(
            present=options["state"] == "present",
            name=options["name"],
            security_group_id=options["security_group_id"],
            vpc_id=options["vpc_id"],
            description=options["description"],
            type=TYPES[options["type"]] if options["type"] else None,
            inner_access_policy=options["inner_access_policy"],
            tags=options["tags"],
            purge_tags=options["purge_tags"],
        )

    def check(self) -> None:
        """Compare with the limits of the API.

        :raises InvalidInput: naming option and rule
        """
        if not self.name and not self.security_group_id:
            raise InvalidInput("Neither name nor security_group_id is given; one of them is needed to find the group.")
        check_name("name", self.name)
        check_id("security_group_id", self.security_group_id)
        check_id("vpc_id", self.vpc_id)
        words = self.description
        if words is not None and (not 2 <= len(words) <= 256 or words.startswith(("http://", "https://"))):
            raise InvalidInput(
                f"description has {len(words)} characters; expected 2 to 256, not beginning with http:// or https://."
            )
        if self.type == "enterprise" and self.inner_access_policy == "accept":
            raise InvalidInput(
                "inner_access_policy accept is not possible for an advanced (enterprise) group; its members are "
                "isolated from each other. Leave the option out, or use type normal."
            )
        tagging.check(self.tags)

    @property
    def label(self) -> str:
        return str(self.name or self.security_group_id)


@dataclass(frozen=True)
class Actual:
    """What is there: the group in the shape of results, or None, and what uses it (read only when it is to go)."""

    group: dict[str, t.Any] | None = None
    users: list[str] = field(default_factory=list)


def check_name(option: str, name: str | None) -> None:
    """:raises InvalidInput: when no security group can have that name"""
    if name is not None and not _NAME.fullmatch(name):
        raise InvalidInput(
            f"{option} is {name!r}; expected 2 to 128 characters: first a letter, then letters, digits, colons, "
            "underscores, periods, hyphens."
        )


def check_id(option: str, value: str | None) -> None:
    """:raises InvalidInput: when that is no id at all"""
    if value is not None and not _ID.fullmatch(value):
        raise InvalidInput(f"{option} is {value!r}; expected an id of letters, digits and hyphens.")


def plan(desired: Desired, actual: Actual) -> Plan:
    """Decide.

    :raises UnexpectedState: when the group would have to be replaced
    :raises InvalidInput: when something is missing that only creating needs
    """
    if not desired.present:
        return _removal(desired, actual)
    if actual.group is None:
        return _creation(desired)
    return _change(desired, actual.group)


def _shown(group: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """What a diff shows of a group."""
    return {
        key: value
        for key, value in group.items()
        if key not in ("security_group_id", "creation_time") and value is not None
    }


def _removal(desired: Desired, actual: Actual) -> Plan:
    if actual.group is None:
        return Plan({}, {})
    warnings: tuple[str, ...] = ()
    if actual.users:
        warnings = (f"The security group {desired.label} is still used by {'; '.join(actual.users)}.",)
    step = Step(f"delete security group {actual.group['name'] or desired.label}", "delete")
    return Plan(_shown(actual.group), {}, (step,), warnings)


def _creation(desired: Desired) -> Plan:
    if desired.security_group_id:
        raise InvalidInput(
            f"There is no security group {desired.security_group_id} in this region.",
            hint="Check the id and the region; to create a group, leave security_group_id out.",
        )
    if not desired.vpc_id:
        raise InvalidInput(f"There is no security group {desired.name}; vpc_id is needed to create it.")
    kind = desired.type or "normal"
    after = {
        "name": desired.name,
        "description": desired.description or "",
        "vpc_id": desired.vpc_id,
        "type": kind,
        "tags": {
            tagging.OWNER_KEY: str(desired.name),
            **{key: tagging.text(value) for key, value in (desired.tags or {}).items()},
        },
    }
    steps = [Step(f"create security group {desired.name}", "make", {"group": dict(after)})]
    warnings = []
    if desired.inner_access_policy:
        after["inner_access_policy"] = desired.inner_access_policy
        if kind == "normal" and desired.inner_access_policy == "drop":
            steps.append(_policy_step(desired.label, "drop"))
    if kind == "enterprise":
        warnings.append(
            f"The new advanced security group {desired.name} has no rules and lets nothing in or out, until rules are "
            "added, for example with alitrust.ecs.sg_rule."
        )
    return Plan({}, after, tuple(steps), tuple(warnings))


def _change(desired: Desired, group: dict[str, t.Any]) -> Plan:
    label = group["name"] or group["security_group_id"]
    for option, wanted in (("type", desired.type), ("vpc_id", desired.vpc_id)):
        if wanted and wanted != group[option]:
            raise UnexpectedState(
                f"The security group {label} ({group['security_group_id']}) has {option} {group[option] or 'none'}, "
                f"not {wanted}; that cannot be changed in place: it needs replacement.",
                hint="Create a group of another name, move the instances, then delete this one.",
            )
    after = dict(group)
    steps = []
    attributes = {
        option: wanted
        for option, wanted in (("name", desired.name), ("description", desired.description))
        if wanted is not None and wanted != group[option]
    }
    if attributes:
        after.update(attributes)
        steps.append(Step(f"change {' and '.join(attributes)} of security group {label}", "modify", attributes))
    if desired.inner_access_policy and desired.inner_access_policy != group["inner_access_policy"]:
        if group["type"] == "enterprise":
            raise UnexpectedState(
                f"The security group {label} is an advanced one; its inner_access_policy cannot be changed.",
                hint="Leave inner_access_policy out.",
            )
        after["inner_access_policy"] = desired.inner_access_policy
        steps.append(_policy_step(label, desired.inner_access_policy))
    to_set, to_remove = tagging.changes(group["tags"], desired.tags, desired.purge_tags)
    if to_set or to_remove:
        kept = {key: value for key, value in group["tags"].items() if key not in to_remove}
        after["tags"] = {**kept, **to_set}
        steps.append(Step(f"change tags of security group {label}", "tag", {"to_set": to_set, "to_remove": to_remove}))
    return Plan(_shown(group), _shown(after), tuple(steps))


def _policy_step(label: str, policy: str) -> Step:
    return Step(f"set inner access policy of security group {label} to {policy}", "isolate", {"policy": policy})
