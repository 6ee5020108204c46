# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which instance has which role. Private."""

from __future__ import annotations

import re
import typing as t

from .._cloud import results
from .._cloud.door import Cloud, chunks, json_list
from .._cloud.errors import InvalidInput, NotFound, UnexpectedState, WaitTimeout
from .._core.plan import Step
from .._core.waiter import wait_for

#: Instances in one call (AttachInstanceRamRole, DetachInstanceRamRole; DescribeInstanceRamRole).
_ATTACH_AT_ONCE = 100
_DESCRIBE_AT_ONCE = 50
_INSTANCES_AT_ONCE = 100
#: How long an item that failed is watched before the failure is believed, in seconds: a repeated call fails for what
#: its lost first try has done, and reads may be behind writes.
_DOUBT = 5.0
#: How long an instance that is not found is looked for, in seconds: it may just have been created.
_UNSEEN = 3.0
_INSTANCE_ID = re.compile(r"i-[A-Za-z0-9]+")


def check_instance_ids(instance_ids: t.Sequence[str]) -> None:
    """:raises InvalidInput: an id that cannot be one, or one that is listed twice"""
    for instance_id in instance_ids:
        if not _INSTANCE_ID.fullmatch(instance_id):
            raise InvalidInput(
                f"instance_ids has {instance_id!r}; expected the id of an instance, for example i-bp1a2b3c4d5e6f7g8h9j."
            )
    twice = sorted({one for one in instance_ids if list(instance_ids).count(one) > 1})
    if twice:
        raise InvalidInput(f"instance_ids lists {', '.join(twice)} more than once.")


def read_carriers(cloud: Cloud, instance_ids: t.Sequence[str]) -> dict[str, str]:
    """Instance id -> name of its role, C("") for an instance that has none (or does not exist)."""
    found = dict.fromkeys(instance_ids, "")
    for part in chunks(list(instance_ids), _DESCRIBE_AT_ONCE):
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


def prove_attachable(cloud: Cloud, instance_ids: t.Sequence[str]) -> None:
    """:raises UnexpectedState: instances that do not exist, or are not in a VPC"""

    def read() -> dict[str, str]:
        return {
            item["InstanceId"]: item.get("InstanceNetworkType") or ""
            for part in chunks(list(instance_ids), _INSTANCES_AT_ONCE)
            for item in cloud.pages("ecs", "DescribeInstances", InstanceIds=json_list(part))
        }

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
    steps = []
    for other in sorted(set(others.values())):
        ids = [one for one in instance_ids if others.get(one) == other]
        steps.append(_step("detach", "from", "detach_instances", other, ids))
    ids = [one for one in instance_ids if carriers[one] != role]
    if ids:
        steps.append(_step("attach", "to", "attach_instances", role, ids))
    return steps, {**carriers, **dict.fromkeys(ids, role)}


def detach_steps(
    role: str, carriers: t.Mapping[str, str], instance_ids: t.Iterable[str]
) -> tuple[list[Step], dict[str, str]]:
    """Steps by which the instances lose the role (another one they keep), and who has which role after them."""
    ids = [one for one in instance_ids if carriers[one] == role]
    steps = [_step("detach", "from", "detach_instances", role, ids)] if ids else []
    return steps, {**carriers, **dict.fromkeys(ids, "")}


def _step(verb: str, preposition: str, do: str, role: str, ids: list[str]) -> Step:
    whom = ids[0] if len(ids) == 1 else f"{len(ids)} instances: {', '.join(ids)}"
    return Step(f"{verb} role {role} {preposition} {whom}", do, {"role": role, "instance_ids": ids})


class AttachmentActions:
    """The steps of a plan that attach and detach; mixed into resources."""

    cloud: Cloud

    def attach_instances(self, role: str, instance_ids: list[str]) -> None:
        self._each("AttachInstanceRamRole", role, instance_ids, lambda carried: carried == role)

    def detach_instances(self, role: str, instance_ids: list[str]) -> None:
        self._each("DetachInstanceRamRole", role, instance_ids, lambda carried: carried != role)

    def _each(self, action: str, role: str, instance_ids: list[str], done: t.Callable[[str], bool]) -> None:
        for part in chunks(instance_ids, _ATTACH_AT_ONCE):
            answer = self.cloud.call("ecs", action, RamRoleName=role, InstanceIds=json_list(part))
            failed = results.failures(answer, f"{action}Results.{action}Result")
            if failed:
                self._believe(action, failed, done)

    def _believe(self, action: str, failed: list[results.ItemFailure], done: t.Callable[[str], bool]) -> None:
        """:raises ItemsFailed: what is still not as wanted after a while"""
        ids = [item.id for item in failed]
        try:
            wait_for(
                self.cloud,
                "the instances that failed",
                lambda: read_carriers(self.cloud, ids),
                lambda carriers: all(map(done, carriers.values())),
                str,
                timeout=_DOUBT,
            )
        except WaitTimeout:
            carriers = read_carriers(self.cloud, ids)
            raise results.ItemsFailed(
                f"ecs {action}",
                [item for item in failed if not done(carriers[item.id])],
                hint="The other instances are done; mend these and run the task again.",
            ) from None
