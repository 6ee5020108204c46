# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What it takes to have a network interface, attached or not, or to have it no more. Private; pure functions."""

from __future__ import annotations

import ipaddress
import typing as t
from dataclasses import dataclass

from .._cloud.errors import InvalidInput, UnexpectedState
from .._core import naming, ownership
from .._core import tags as tagging
from .._core.plan import Plan, Step
from .find import Shape

#: CreateNetworkInterface: secondary private addresses that it takes.
MOST_ADDRESSES = 10
_PLAIN = ownership.Terms()
#: Statuses in which nothing is on its way.
SETTLED = ("Available", "InUse")
_SHOWN = (
    "name",
    "description",
    "vswitch_id",
    "primary_ip_address",
    "private_ip_addresses",
    "security_group_ids",
    "delete_on_release",
    "instance_id",
    "tags",
)


@dataclass(frozen=True)
class Desired:
    """What a task wants.

    :ivar state: C(present), C(detached) or C(absent)
    :ivar id: of one that is there already; C(name) is its new name then
    :ivar private_ips: secondary addresses; None where they are left alone
    :ivar detach: whether it may be taken from the instance that it is attached to
    :ivar max_groups: how many groups a network interface can be in
    """

    state: str = "present"
    name: str | None = None
    id: str | None = None
    vswitch_id: str | None = None
    group_ids: tuple[str, ...] | None = None
    description: str | None = None
    primary_ip: str | None = None
    private_ips: tuple[str, ...] | None = None
    delete_on_release: bool | None = None
    instance_id: str | None = None
    detach: bool = False
    max_groups: int = 5
    tags: t.Mapping[str, t.Any] | None = None
    purge_tags: bool = True
    terms: ownership.Terms = _PLAIN

    @classmethod
    def from_options(cls, options: t.Mapping[str, t.Any]) -> Desired:
        groups, addresses = options["security_group_ids"], options["private_ip_addresses"]
        return cls(
            state=options["state"],
            name=options["name"],
            id=options["network_interface_id"],
            vswitch_id=options["vswitch_id"],
            group_ids=None if groups is None else tuple(sorted(groups)),
            description=options["description"],
            primary_ip=options["primary_ip_address"],
            private_ips=None if addresses is None else tuple(sorted(addresses)),
            delete_on_release=options["delete_on_release"],
            instance_id=options["instance_id"],
            detach=options["detach"],
            max_groups=options["max_groups"],
            tags=options["tags"],
            purge_tags=options["purge_tags"],
            terms=ownership.Terms.from_options(options),
        )

    @property
    def label(self) -> str:
        """For messages."""
        return f"network interface {self.name or self.id}"

    def check(self) -> None:
        """:raises InvalidInput: naming the option and the rule"""
        naming.check(naming.NETWORK_INTERFACE, "name", self.name)
        naming.check_description(naming.INTERFACE_DESCRIPTION, "description", self.description)
        tagging.check(self.tags)
        naming.check_instance_ids([self.instance_id] if self.instance_id else [], "instance_id")
        if self.instance_id and self.state == "detached":
            raise InvalidInput("instance_id is what to attach it to, so it does not go with state: detached.")
        if self.max_groups < 1:
            raise InvalidInput(f"max_groups is {self.max_groups}; expected a number above 0.")
        if self.group_ids is not None and not 1 <= len(self.group_ids) <= self.max_groups:
            raise InvalidInput(
                f"security_group_ids has {len(self.group_ids)} groups; expected 1 to {self.max_groups} (max_groups)."
            )
        addresses = self.private_ips or ()
        for option, one in (
            *([("primary_ip_address", self.primary_ip)] if self.primary_ip else []),
            *(("private_ip_addresses", one) for one in addresses),
        ):
            _check_address(option, one)
        if len(addresses) > MOST_ADDRESSES:
            raise InvalidInput(
                f"private_ip_addresses has {len(addresses)} addresses; expected {MOST_ADDRESSES} at most."
            )
        if self.primary_ip in addresses:
            raise InvalidInput(f"private_ip_addresses has {self.primary_ip}, which is primary_ip_address.")


def _check_address(option: str, text: str) -> None:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        raise InvalidInput(f"{option} has {text!r}; expected an IPv4 address such as 172.16.0.10.") from None


def plan(desired: Desired, there: Shape | None, region: str) -> Plan:
    """Decide.

    :param region: for messages
    :raises UnexpectedState: it is not there and cannot be made, or cannot become what is wanted
    :raises InvalidInput: what a new one needs is not given
    """
    if desired.state == "absent":
        return _removal(desired, there)
    if there is None:
        return _creation(desired, region)
    what = title(there)
    _check_fixed(desired, there)
    kept = ownership.used_as_it_is(what, ours=ownership.proven(there["tags"]), terms=desired.terms)
    if kept:
        return Plan(_shown(there), _shown(there), kept=(kept,))
    naming.check_clearing("description", f"the {what}", there["description"], desired.description)
    groups = None if desired.group_ids is None else list(desired.group_ids)
    wanted = {
        "name": desired.name,
        "description": desired.description,
        "security_group_ids": groups,
        "delete_on_release": desired.delete_on_release,
    }
    changes = {key: value for key, value in wanted.items() if value is not None and value != there[key]}
    steps = []
    if changes:
        words = " and ".join(sorted(changes)).replace("_", " ")
        steps.append(Step(f"change {words} of {what}", "modify", {"changes": changes}))
    adopting = ownership.adoption(there["tags"], desired.terms, owner(there))
    to_set, to_remove = tagging.changes(there["tags"], desired.tags, desired.purge_tags, adopting)
    after = {**there, **changes}
    if to_set or to_remove:
        staying = {key: value for key, value in there["tags"].items() if key not in to_remove}
        after["tags"] = {**staying, **to_set}
        steps.append(Step(f"change tags of {what}", "tag", {"to_set": to_set, "to_remove": to_remove}))
    moving, after["instance_id"] = _attachment(desired, there)
    about = desired.state == "detached" or desired.instance_id is not None
    unsettled = about and there["status"] not in SETTLED
    return Plan(_shown(there), _shown(after), (*steps, *moving), unsettled=unsettled)


def _attachment(desired: Desired, there: Shape) -> tuple[list[Step], str]:
    """The steps that attach it to the right instance or to none, and which it is attached to then."""
    what, old = title(there), str(there["instance_id"])
    new = "" if desired.state == "detached" else desired.instance_id or old
    if new == old:
        return [], old
    if not old:
        return [Step(f"attach {what} to instance {new}", "attach", {"instance_id": new})], new
    if new and not desired.detach:
        raise UnexpectedState(
            f"The {what} is attached to instance {old}, not to {new}.",
            hint="Set detach: true to have it detached from there.",
        )
    ownership.reason_to_stay(what, ours=ownership.proven(there["tags"]), terms=desired.terms, verb="detach")
    if not new:
        return [Step(f"detach {what} from instance {old}", "detach", {"instance_id": old})], ""
    words = f"move {what} from instance {old} to {new}"
    return [Step(words, "move", {"old_id": old, "instance_id": new})], new


def _check_fixed(desired: Desired, there: Shape) -> None:
    """:raises UnexpectedState: what cannot be changed is not as the task says"""
    what = title(there)
    addresses = None if desired.private_ips is None else list(desired.private_ips)
    for option, wanted in (
        ("vswitch_id", desired.vswitch_id),
        ("primary_ip_address", desired.primary_ip),
        ("private_ip_addresses", addresses),
    ):
        if wanted is not None and wanted != there[option]:
            raise UnexpectedState(
                f"The {what} has {option} {_words(there[option])}, not {_words(wanted)}; that cannot be changed in "
                "place.",
                hint="Choose another name for a new one, or delete the old one first.",
            )
    if there["type"] != "Primary":
        return
    groups = None if desired.group_ids is None else list(desired.group_ids)
    if desired.state == "detached" or desired.instance_id not in (None, there["instance_id"]):
        raise UnexpectedState(
            f"The {what} is the primary one of instance {there['instance_id']}, which is never detached.",
            hint="Secondary ones can be attached and detached.",
        )
    if groups not in (None, there["security_group_ids"]):
        raise UnexpectedState(
            f"The {what} is the primary one of instance {there['instance_id']}, whose groups it has.",
            hint="Use alitrust.ecs.sg_member.",
        )


def _words(value: t.Any) -> str:
    return (", ".join(value) or "none") if isinstance(value, list) else str(value)


def _creation(desired: Desired, region: str) -> Plan:
    if desired.id:
        raise UnexpectedState(
            f"There is no network interface {desired.id} in {region}.", hint="Check network_interface_id and region."
        )
    needed = {"vswitch_id": desired.vswitch_id, "security_group_ids": desired.group_ids}
    missing = [name for name, value in needed.items() if value is None]
    if missing:
        raise InvalidInput(f"There is no {desired.label}; {' and '.join(missing)} is needed to make it.")
    labels = {key: tagging.text(value) for key, value in (desired.tags or {}).items()}
    labels[tagging.OWNER_KEY] = tagging.fitting(str(desired.name))
    after: Shape = {
        "name": desired.name,
        "description": desired.description or "",
        "vswitch_id": desired.vswitch_id,
        "private_ip_addresses": list(desired.private_ips or ()),
        "security_group_ids": list(desired.group_ids or ()),
        "delete_on_release": desired.delete_on_release is not False,
        "tags": labels,
    }
    if desired.primary_ip:
        after["primary_ip_address"] = desired.primary_ip
    steps = [Step(f"create {desired.label} in vSwitch {desired.vswitch_id}", "create", {"after": dict(after)})]
    after["instance_id"] = desired.instance_id or ""
    if desired.instance_id:
        words = f"attach {desired.label} to instance {desired.instance_id}"
        steps.append(Step(words, "attach", {"instance_id": desired.instance_id}))
    return Plan({}, after, tuple(steps))


def _removal(desired: Desired, there: Shape | None) -> Plan:
    if there is None:
        return Plan({}, {})
    what, old = title(there), there["instance_id"]
    if there["type"] == "Primary":
        raise UnexpectedState(
            f"The {what} is the primary one of instance {there['instance_id']}, which goes with the instance only.",
            hint="Name a secondary one.",
        )
    users = [f"instance {old}"] if old and not desired.detach else []
    kept = ownership.reason_to_stay(what, ours=ownership.proven(there["tags"]), terms=desired.terms, users=users)
    if kept:
        return Plan(_shown(there), _shown(there), kept=(kept,))
    if users:
        raise UnexpectedState(
            f"The {what} is still attached to instance {old}.", hint="Set detach: true to have it detached first."
        )
    steps = [Step(f"detach {what} from instance {old}", "detach", {"instance_id": old})] if old else []
    return Plan(_shown(there), {}, (*steps, Step(f"delete {what}", "delete")))


def title(there: Shape) -> str:
    """In words."""
    return f"network interface {there['name'] or 'without a name'} ({there['network_interface_id']})"


def owner(there: Shape) -> str:
    """The value of the ownership tag that one gets when it is adopted."""
    return tagging.fitting(there["name"] or there["network_interface_id"])


def _shown(there: Shape) -> Shape:
    return {name: there[name] for name in _SHOWN}
