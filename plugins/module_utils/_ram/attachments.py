# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which instance has which role. Private."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from .._cloud import foretold, results
from .._cloud.door import Cloud, chunks, json_list
from .._cloud.errors import AlitrustError, NotFound, UnexpectedState, WaitTimeout
from .._cloud.writes import DOUBT
from .._core import regions as all_regions
from .._core.plan import Step
from .._core.removal import lasting_users
from .._core.waiter import seen_within, wait_for
from . import documents, roles

#: Instances in one call (AttachInstanceRamRole, DetachInstanceRamRole; DescribeInstanceRamRole).
_ATTACH_AT_ONCE = 100
_DESCRIBE_AT_ONCE = 50
_INSTANCES_AT_ONCE = 100
#: How long an item that failed is watched before the failure is believed, in seconds: a repeated call fails for what
#: its lost first try has done, and reads may be behind writes.
_DOUBT = DOUBT
#: How long an instance that is not found is looked for, in seconds: it may just have been created.
_UNSEEN = 3.0


def read_carriers(cloud: Cloud, instance_ids: t.Sequence[str]) -> dict[str, str]:
    """Instance id -> name of its role, C("") for an instance that has none (or does not exist)."""
    made = {one: cloud.foretold.find("instance", one) or {} for one in instance_ids if foretold.is_id(one)}
    found = {one: made.get(one, {}).get("ram_role_name") or "" for one in instance_ids}
    for part in chunks([one for one in instance_ids if one not in made], _DESCRIBE_AT_ONCE):
        for item in cloud.pages("ecs", "DescribeInstanceRamRole", InstanceIds=json_list(part)):
            if item.get("InstanceId") in found:
                found[item["InstanceId"]] = item.get("RamRoleName") or ""
    return found


def read_carriers_of(cloud: Cloud, role: str) -> dict[str, str]:
    """Instance id -> C(role), of every instance of the region that has the role."""
    try:
        items = cloud.pages("ecs", "DescribeInstanceRamRole", RamRoleName=role)
    except NotFound:
        return {}
    return {item["InstanceId"]: role for item in items if item.get("InstanceId") and item.get("RamRoleName")}


@dataclass(frozen=True)
class Carriers:
    """Who has a role, in all regions: a role belongs to the account.

    :ivar instances: region -> IDs, of regions that have any
    :ivar unread: region -> why it could not be asked
    """

    instances: t.Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unread: t.Mapping[str, str] = field(default_factory=dict)

    def outside(self, regions: t.Container[str] | None) -> list[str]:
        """Those of other regions than these, in words; None stands for all regions."""
        if regions is None:
            regions = self.instances
        words = [f"{', '.join(ids)} in the region {one}" for one, ids in self.instances.items() if one not in regions]
        return words + [
            f"possibly instances in {one}, which could not be asked ({why})" for one, why in self.unread.items()
        ]


def read_everywhere(cloud: Cloud, role: str, regions: t.Sequence[str] | None = None) -> Carriers:
    """Who has a role, in all regions of the account, read side by side.

    Instances that would be gone by now in a check run do not count.

    :param regions: only these
    """
    unread: dict[str, str] = {}
    if regions is None:
        regions, unread = all_regions.names(cloud)

    def of_region(there: Cloud) -> list[str]:
        return there.foretold.staying("instance", sorted(read_carriers_of(there, role)))

    found, more = all_regions.read(cloud, regions, of_region)
    return Carriers({region: tuple(ids) for region, ids in found.items() if ids}, {**unread, **more})


def read_lasting(cloud: Cloud, role: str) -> Carriers:
    """As L{read_everywhere}, once an echo of instances that have just gone has had the time to fade."""
    found: Carriers | None = None

    def users() -> list[str]:
        nonlocal found
        if found is None:
            found = read_everywhere(cloud, role)
        else:
            again = read_everywhere(cloud, role, list(found.instances))
            found = Carriers(again.instances, {**found.unread, **again.unread})
        return [instance for ids in found.instances.values() for instance in ids]

    lasting_users(cloud, users)
    return found or Carriers()


def prove_attachable(cloud: Cloud, instance_ids: t.Sequence[str]) -> None:
    """:raises UnexpectedState: instances that do not exist, or are not in a VPC"""

    def read() -> dict[str, str]:
        return {
            item["InstanceId"]: item.get("InstanceNetworkType") or ""
            for part in chunks(list(instance_ids), _INSTANCES_AT_ONCE)
            for item in cloud.pages("ecs", "DescribeInstances", InstanceIds=json_list(part))
        }

    made = [one for one in instance_ids if cloud.foretold.find("instance", one)]
    instance_ids = [one for one in instance_ids if one not in made]
    try:
        found = wait_for(
            cloud, "the instances", read, lambda seen: len(seen) == len(instance_ids), str, timeout=_UNSEEN
        ).value
    except WaitTimeout:
        found = read()
    missing = [one for one in instance_ids if one not in found]
    if missing:
        raise UnexpectedState(
            f"There is no instance {', '.join(missing)} in the region {cloud.region}.",
            hint="Check instance_ids and region.",
        )
    classic = [one for one in instance_ids if found[one] == "classic"]
    if classic:
        raise UnexpectedState(
            f"{', '.join(classic)} is in the classic network; only an instance in a VPC can have a role."
        )


def prove_usable(cloud: Cloud, role: str) -> None:
    """Prove that instances can have the role, which a check run may only have foretold.

    :raises UnexpectedState: there is no such role, or ECS may not assume it
    """
    found = seen_within(cloud, lambda: roles.read_role(cloud, role), _UNSEEN)
    if found is None:
        raise UnexpectedState(
            f"There is no RAM role {role}.", hint="Check its name, or make it with instance_ram_role."
        )
    check_trust(role, found.trust_policy)


def check_trust(role: str, trust: documents.Document) -> None:
    """:raises UnexpectedState: by this trust policy ECS may not assume the role"""
    if not documents.trusts_service(trust, roles.ECS):
        raise UnexpectedState(
            f"The trust policy of the RAM role {role} does not let {roles.ECS} assume it, so no instance can have it.",
            hint="Let it do so, for example with instance_ram_role, or name another role.",
        )


def attach_steps(
    role: str, carriers: t.Mapping[str, str], instance_ids: t.Sequence[str], replace: bool
) -> tuple[list[Step], dict[str, str]]:
    """Steps by which the instances get the role, and who has which role after them.

    :raises UnexpectedState: some have another role, and replacing was not asked for
    """
    others = {one: carriers[one] for one in instance_ids if carriers[one] not in ("", role)}
    if others and not replace:
        raise UnexpectedState(
            "An instance can have one role, and these have another: "
            + ", ".join(f"{one} has {other}" for one, other in others.items())
            + ".",
            hint="Set replace to true to detach it and attach this one.",
            other_roles=others,
        )
    steps = exchange_steps(role, others)
    bare = [one for one in instance_ids if not carriers[one]]
    if bare:
        steps.append(_step("attach", "to", "attach_instances", role, bare))
    return steps, {**carriers, **dict.fromkeys(others, role), **dict.fromkeys(bare, role)}


def exchange_steps(
    role: str, others: t.Mapping[str, str], title: t.Callable[[list[str]], str] | None = None
) -> list[Step]:
    """Steps by which instances get the role in place of another, one for each other role.

    :param others: instance id -> name of the role that it has now
    :param title: instances in words
    """
    steps = []
    for other in sorted(set(others.values())):
        ids = [one for one in others if others[one] == other]
        name = f"give {(title or _listed)(ids)} the role {role} in place of {other}"
        steps.append(Step(name, "exchange_roles", {"role": role, "carriers": dict.fromkeys(ids, other)}))
    return steps


def detach_steps(
    role: str, carriers: t.Mapping[str, str], instance_ids: t.Iterable[str]
) -> tuple[list[Step], dict[str, str]]:
    """Steps by which the instances lose the role (another one they keep), and who has which role after them."""
    ids = [one for one in instance_ids if carriers[one] == role]
    steps = [_step("detach", "from", "detach_instances", role, ids)] if ids else []
    return steps, {**carriers, **dict.fromkeys(ids, "")}


def detach_everywhere_steps(role: str, carriers: Carriers) -> list[Step]:
    """Steps by which all instances that have the role lose it, in all regions."""
    steps = []
    for region, ids in carriers.instances.items():
        args = {"role": role, "instance_ids": list(ids), "region": region}
        name = f"detach role {role} from {_listed(list(ids))} in {region}"
        steps.append(Step(name, "detach_instances", args))
    return steps


def _step(verb: str, preposition: str, do: str, role: str, ids: list[str]) -> Step:
    return Step(f"{verb} role {role} {preposition} {_listed(ids)}", do, {"role": role, "instance_ids": ids})


def _listed(ids: list[str]) -> str:
    return ids[0] if len(ids) == 1 else f"{len(ids)} instances: {', '.join(ids)}"


# ---------------------------------------------------------------------- changing


def attach(cloud: Cloud, role: str, instance_ids: t.Sequence[str]) -> None:
    """:raises ItemsFailed: instances that were refused; the others have the role"""
    _write(cloud, "AttachInstanceRamRole", role, instance_ids, lambda carried: carried == role)


def detach(cloud: Cloud, role: str, instance_ids: t.Sequence[str]) -> None:
    """:raises ItemsFailed: instances that were refused; the others do not have the role any more"""
    _write(cloud, "DetachInstanceRamRole", role, instance_ids, lambda carried: carried != role)


def exchange(cloud: Cloud, role: str, carriers: t.Mapping[str, str]) -> None:
    """Give instances a role in place of the one that each has.

    The new role is proved before an old one is let go. An instance that is refused the new one gets its old one back.

    :param carriers: instance id -> name of the role that it has now, C("") for none
    :raises UnexpectedState: there is no such role, or ECS may not assume it; nothing was changed
    :raises AlitrustError: an instance was refused; the message tells which have their old role back
    """
    prove_usable(cloud, role)
    for part in chunks([one for one in carriers if carriers[one] != role], _ATTACH_AT_ONCE):
        old = {one: carriers[one] for one in part if carriers[one]}
        try:
            for other in sorted(set(old.values())):
                detach(cloud, other, [one for one in part if old.get(one) == other])
            attach(cloud, role, part)
        except AlitrustError as error:
            error.message += _put_back(cloud, role, old)
            raise


def _put_back(cloud: Cloud, role: str, old: t.Mapping[str, str]) -> str:
    """Attach to each instance the role that it had, unless it has the new one by now; what came of it, in words.

    Reads may be behind what was just detached, so each is asked to take its old role: one that has a role refuses.
    """
    words = ""
    for other in sorted(set(old.values())):
        ids = [one for one in old if old[one] == other]
        refused: list[str] = []
        why = ""
        try:
            _write(cloud, "AttachInstanceRamRole", other, ids, lambda carried: carried in (role, other))  # noqa: B023
        except AlitrustError as error:
            refused = [item.id for item in error.failures] if isinstance(error, results.ItemsFailed) else ids
            why = error.message.rstrip(".")
        without_new = [one for one, carried in read_carriers(cloud, ids).items() if carried != role]
        back = [one for one in without_new if one not in refused]
        bare = [one for one in without_new if one in refused]
        if back:
            words += f" As before, the role {other} is attached to {_listed(back)}."
        if bare:
            words += f" Without a role now, because {other} could not be attached again: {_listed(bare)} ({why})."
    return words


def _write(cloud: Cloud, action: str, role: str, instance_ids: t.Sequence[str], done: t.Callable[[str], bool]) -> None:
    for part in chunks(list(instance_ids), _ATTACH_AT_ONCE):
        answer = cloud.call("ecs", action, RamRoleName=role, InstanceIds=json_list(part))
        failed = results.failures(answer, f"{action}Results.{action}Result")
        if failed:
            _believe(cloud, action, failed, done)


def _believe(cloud: Cloud, action: str, failed: list[results.ItemFailure], done: t.Callable[[str], bool]) -> None:
    """:raises ItemsFailed: what is still not as wanted after a while"""
    ids = [item.id for item in failed]
    try:
        wait_for(
            cloud,
            "the instances that failed",
            lambda: read_carriers(cloud, ids),
            lambda carriers: all(map(done, carriers.values())),
            str,
            timeout=_DOUBT,
        )
    except WaitTimeout:
        carriers = read_carriers(cloud, ids)
        raise results.ItemsFailed(
            f"ecs {action}",
            [item for item in failed if not done(carriers[item.id])],
            hint="The other instances are done; mend these and run the task again.",
        ) from None


class AttachmentActions:
    """The steps of a plan that attach, detach and exchange; mixed into resources."""

    cloud: Cloud

    def attach_instances(self, role: str, instance_ids: list[str]) -> None:
        attach(self.cloud, role, instance_ids)

    def detach_instances(self, role: str, instance_ids: list[str], region: str | None = None) -> None:
        detach(self.cloud.in_region(region), role, instance_ids)

    def exchange_roles(self, role: str, carriers: dict[str, str]) -> None:
        exchange(self.cloud, role, carriers)
