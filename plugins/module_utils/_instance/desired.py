# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task wants of which instances, as a value made from its options. Private."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from .._core import ownership
from .._core import tags as tagging
from . import encryption, places
from .names import Pattern
from .shape import Instance

#: Options that this module changes in place, in the order they are shown: option and key of the shape are the same.
IN_PLACE = (
    "description",
    "security_group_ids",
    "deletion_protection",
    "http_endpoint",
    "http_tokens",
    "key_name",
    "ram_role_name",
    "internet_max_bandwidth_out",
    "internet_charge_type",
)
#: Options that are chosen at creation and compared, never changed.
AT_CREATION = (
    "instance_type",
    "image_id",
    "vswitch_id",
    "zone_id",
    "secure_boot",
)


@dataclass(frozen=True)
class Desired:
    """Which instances, how many, and what they shall be like.

    :ivar fleet: value of the ownership tag; None when the task names instances by id
    :ivar count: how many there shall be; None: work with those that are there
    :ivar plain_name: the name of the only instance, None where C(pattern) gives the names or names don't matter
    :ivar only_named: whether the fleet was named apart from the instance, so that only C(plain_name) in it is meant
    :ivar attributes: options of L(IN_PLACE) that were given
    :ivar plain_disks: the options of disks that are made as they are given, see L(encryption.made)
    :ivar fixed: options of L(AT_CREATION) that were given, each with the values that will do, the preferred one first
    """

    state: str
    fleet: str | None
    count: int | None
    plain_name: str | None = None
    pattern: Pattern | None = None
    only_named: bool = False
    instance_ids: tuple[str, ...] = ()
    terms: ownership.Terms = field(default_factory=ownership.Terms)
    remove_surplus: bool = False
    attributes: dict[str, t.Any] = field(default_factory=dict)
    fixed: dict[str, list[t.Any]] = field(default_factory=dict)
    tags: dict[str, str] | None = None
    purge_tags: bool = True
    host_name: str | None = None
    trusted: bool = True
    restart_if_needed: bool = False
    stopped_mode: str | None = None
    plain_disks: frozenset[str] = encryption.NONE

    @classmethod
    def from_options(cls, options: t.Mapping[str, t.Any]) -> Desired:
        """The meaning of checked options."""
        name, count = options["name"], options["count"]
        pattern = Pattern.parse("name", name) if name else None
        fleet = options["fleet"] or (pattern.stem if pattern else name)
        if name and pattern is None and count is not None:
            pattern = Pattern.of_plain(name)
        plain = name if name and pattern is None else None
        if plain and options["state"] != "absent":
            count = 1
        attributes = {key: options[key] for key in IN_PLACE if options[key] is not None}
        if "security_group_ids" in attributes:
            attributes["security_group_ids"] = sorted(set(attributes["security_group_ids"]))
        return cls(
            state=options["state"],
            fleet=fleet,
            count=count,
            plain_name=plain,
            pattern=pattern,
            only_named=bool(plain and options["fleet"]),
            instance_ids=tuple(options["instance_ids"] or ()),
            terms=ownership.Terms.from_options(options),
            remove_surplus=options["remove_surplus"],
            attributes=attributes,
            fixed=_fixed(options),
            tags=None if options["tags"] is None else {key: tagging.text(val) for key, val in options["tags"].items()},
            purge_tags=options["purge_tags"],
            host_name=options["host_name"],
            trusted=options["trusted_mode"],
            restart_if_needed=options["restart_if_needed"],
            stopped_mode=options["stopped_mode"],
        )

    @property
    def of_new(self) -> dict[str, t.Any]:
        """C(attributes) of an instance that is created. A program in it that is made to fetch a URL of somebody else's
        choice shall not hand out the credentials of its role, so metadata asks for a token unless told otherwise."""
        answers = self.attributes.get("http_endpoint") != "disabled"
        return {**({"http_tokens": "required"} if answers else {}), **self.attributes}

    @property
    def at_creation(self) -> dict[str, t.Any]:
        """C(fixed) for eyes: the value, or the list of those that will do."""
        return {key: values[0] if len(values) == 1 else values for key, values in self.fixed.items()}

    def number_of(self, one: Instance) -> int | None:
        """The number in an instance's name, None where it has none."""
        return self.pattern.number(one["name"]) if self.pattern else None

    def name_with(self, number: int | None) -> str:
        """The name of the instance with a number."""
        return self.pattern.name(number) if self.pattern and number is not None else str(self.plain_name)

    def names_match(self, name: str) -> bool:
        """Whether an instance so named could be meant, by its name alone."""
        return self.pattern.number(name) is not None if self.pattern else name == self.plain_name

    def host_name_for(self, number: int | None, instance_id: str) -> str | None:
        """The host name of one instance; a pattern counts along with the instance's name."""
        if self.host_name is None:
            return None
        hosts = Pattern.parse("host_name", self.host_name)
        if hosts:
            return (
                hosts.name(hosts.begin + number - self.pattern.begin) if self.pattern and number is not None else None
            )
        return self.host_name.replace("${instance_id}", instance_id)


def _fixed(options: t.Mapping[str, t.Any]) -> dict[str, list[t.Any]]:
    """What is compared with each instance. An image that is looked up is not: a newer one in its family would make
    every instance look wrong."""
    fixed = {key: [options[key]] for key in AT_CREATION if options[key] is not None}
    several = {"instance_type": places.instance_types(options), "vswitch_id": places.vswitch_ids(options)}
    return {**fixed, **{key: values for key, values in several.items() if values}}
