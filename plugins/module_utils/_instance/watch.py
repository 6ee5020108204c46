# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changes of instances as events: what differs between two looks at them. Private."""

from __future__ import annotations

import time
import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from .._cloud import texts
from .._cloud.door import Cloud
from .._cloud.errors import AlitrustError, InvalidInput
from .._cloud.options import CONNECTION_SPEC, Connection
from .._cloud.spelling import nearest
from .._core.module import blank, tidy_lists, without_blanks
from .._ddos import attacks
from .._trust.verdict import clock
from . import info, shape

Event = dict[str, t.Any]
Instance = dict[str, t.Any]

#: What an event tells of an instance, besides its sections C(trust) and C(ddos).
_TOLD = (
    "instance_id",
    "name",
    "fleet",
    "status",
    "zone_id",
    "vpc_id",
    "private_ip",
    "public_ip",
    "security_group_ids",
    "tags",
)

#: Options of reading that make no sense when it is done again and again.
_LEFT_OUT = {"include_ram_role": False, "status": None, "trust_causes": False, "trust_probe": False}

SPEC: dict[str, dict[str, t.Any]] = {
    **CONNECTION_SPEC,
    **{name: option for name, option in info.SPEC.items() if name not in _LEFT_OUT},
    "trust": {"type": "bool", "default": True},
    "ddos": {"type": "bool", "default": False},
    "interval": {"type": "float", "default": 30.0},
    "report_existing": {"type": "bool", "default": False},
}


class Watch:
    """One look after the other at the instances of a region.

    :param args: the arguments of the event source
    :raises InvalidInput: what is wrong with them
    """

    def __init__(self, args: t.Mapping[str, t.Any]) -> None:
        names = {name for option, spec in SPEC.items() for name in (option, *spec.get("aliases", ()))}
        if unknown := sorted(set(args) - names):
            raise InvalidInput(
                f"There is no option {unknown[0]}; expected some of {', '.join(sorted(SPEC))}.",
                hint=nearest(unknown, names),
            )
        # Blank values go first: none of them is a number or a dictionary.
        given = {name: one for name, one in args.items() if not blank(one)}
        tidy_lists(given, SPEC)
        if complaint := texts.complaint(given, SPEC):
            raise InvalidInput(complaint)
        checked = ArgumentSpecValidator(SPEC).validate(given)
        if checked.error_messages:
            raise InvalidInput(f"{'. '.join(checked.error_messages)}.")
        options = checked.validated_parameters
        if complaint := texts.complaint(options, SPEC):
            raise InvalidInput(complaint)
        without_blanks(options, SPEC)
        if options["interval"] <= 0:
            raise InvalidInput(f"interval is {options['interval']:g}; expected a number of seconds above 0.")
        self.interval: float = options["interval"]
        self._options = {**_LEFT_OUT, **options}
        self._connection = Connection.from_options(options)
        self._region = self._connection.need_region()
        self._cloud: Cloud | None = None
        self._seen: dict[str, Instance] | None = {} if options["report_existing"] else None
        self._failed = False

    def look(self) -> list[Event]:
        """What has changed since the last look.

        A look that fails is an event too, but only the first of several, and no reason to stop.

        :raises AlitrustError: the very first look fails: then what the source was given is wrong
        """
        first = self._cloud is None
        try:
            if self._cloud is None:
                self._cloud = Cloud(self._connection)
            found = {one["instance_id"]: one for one in info.read(self._cloud, self._options)["instances"]}
            if self._options["ddos"]:
                found = with_attacks(found, attacks.under_attack(self._cloud))
        except AlitrustError as error:
            if first:
                raise
            return self._source("failed", error.as_failure()) if not self._failed else []
        events = self._source("ok", None) if self._failed else []
        if self._seen is not None:
            events += changes(self._seen, found, self._region, time.time())
        self._seen = found
        return events

    def _source(self, state: str, failure: dict[str, t.Any] | None) -> list[Event]:
        self._failed = failure is not None
        told = {key: failure[key] for key in ("msg", "error_code", "request_id") if key in failure} if failure else None
        line = f"instances cannot be read: {told['msg']}" if told else "instances can be read again"
        before = "ok" if failure else "failed"
        return [{**_event("source", before, state, self._region, time.time()), "summary": line, "error": told}]


def with_attacks(
    instances: t.Mapping[str, Instance], attacked: t.Mapping[str, dict[str, t.Any]]
) -> dict[str, Instance]:
    """Instances with the state of their public addresses; None where they have none. Pure.

    :param attacked: the state of each address that is under attack
    """
    calm = {"status": attacks.NORMAL, "black_hole_until": None}
    return {
        name: {**one, "ddos": attacked.get(one["public_ip"], calm) if one["public_ip"] else None}
        for name, one in instances.items()
    }


def changes(before: t.Mapping[str, Instance], after: t.Mapping[str, Instance], region: str, now: float) -> list[Event]:
    """An event for each state, each verdict and each attack that changed, by name of the instance. Pure.

    What was not there has the state and the verdict None; so have those that are gone, whose verdict is no event.
    That a new instance is not attacked is no event either.

    :param now: in seconds since 1970
    """
    events = []
    both = {**before, **after}
    for instance_id in sorted(both, key=lambda known: shape.order(both[known])):
        one, old, new = both[instance_id], before.get(instance_id), after.get(instance_id)
        for kind in ("status", "trust", "ddos"):
            was, is_now = _state(old, kind), _state(new, kind)
            if was == is_now or (kind != "status" and new is None):
                continue
            if kind == "ddos" and {was, is_now} <= {None, attacks.NORMAL}:
                continue
            told = _event(kind, was, is_now, region, now)
            told["summary"] = texts.printable(_line(kind, one, is_now))
            sections = {section: one.get(section) for section in ("trust", "ddos")}
            told["instance"] = {**{key: one[key] for key in _TOLD}, **sections}
            events.append(told)
    return events


def _line(kind: str, one: Instance, is_now: str | None) -> str:
    """The change in words."""
    name = one["name"] or one["instance_id"]
    if kind == "trust":
        return str(one["trust"]["summary"])
    if kind == "status":
        return f"{name} is {is_now or 'gone'}"
    ddos = one.get("ddos") or {}
    until = f" until {ddos['black_hole_until']}" if ddos.get("black_hole_until") else ""
    address = f" ({one['public_ip']})" if one["public_ip"] else ""
    return f"{name}{address} is {attacks.WORDS.get(str(is_now), is_now or 'without a public address')}{until}"


def _state(one: Instance | None, kind: str) -> str | None:
    if one is None:
        return None
    if kind == "status":
        return str(one["status"])
    section, member = ("ddos", "status") if kind == "ddos" else ("trust", "verdict")
    return t.cast("str | None", (one.get(section) or {}).get(member))


def _event(kind: str, before: str | None, after: str | None, region: str, now: float) -> Event:
    told = {"type": kind, "before": before, "after": after, "at": clock(now), "region": region}
    return {**told, "summary": "", "instance": None, "error": None}
