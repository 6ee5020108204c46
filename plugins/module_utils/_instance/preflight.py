# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading the facts that decide whether instances can be created, and the API's own dry run. Private."""

from __future__ import annotations

import fnmatch
import typing as t
from dataclasses import dataclass, field

from .._cloud.door import Cloud, dig, json_list
from .._cloud.errors import AccessDenied, AlitrustError, CloudError, DryRunPassed, NotFound
from .._kms import disk_encryption
from . import places
from .places import Place
from .requirements import Facts, Verdict, encrypted_disks, fits, judge, no_room

Options = t.Mapping[str, t.Any]
Item = dict[str, t.Any]
Found = t.TypeVar("Found")

#: Whose images are looked up by family or name when O(image_owner) is not given. Anybody may publish an image under any
#: name, so images of others are only taken when asked for.
_OWNERS = ("system", "self")
_VCPUS = ("max-postpaid-instance-vcpu-count", "used-postpaid-instance-vcpu-count")


class Unmet(AlitrustError):
    """Instances cannot be created as wanted; nothing was created."""


@dataclass(frozen=True)
class Outlook:
    """How instances can be created.

    :ivar room: places to try, in this order
    :ivar passed_over: places that need not be tried, and why
    :ivar image_id: the image, looked up or as given
    :ivar notes: what could not be judged
    """

    room: list[Place]
    image_id: str
    passed_over: list[dict[str, t.Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def check(
    cloud: Cloud,
    options: Options,
    parameters: t.Callable[[Options], Item],
    amount: int,
    together: int,
) -> Outlook:
    """Prove that instances could be created now.

    :param parameters: those of the first RunInstances, for its dry run, from options with one choice of each
    :param amount: how many instances are to be created
    :param together: how many of them by the first call
    :raises Unmet: every requirement that is not met, at once
    """
    facts = read(cloud, options)
    verdict = judge(options, facts, amount, together)
    image_id = str((facts.image or {}).get("ImageId") or options["image_id"] or "")
    if image_id and len(verdict.unmet) == verdict.unseen:
        first = _dry_runs(cloud, {**options, "image_id": image_id}, parameters, verdict)
        if first is not None:  # what could not be seen is there: it was made a moment ago
            return Outlook(verdict.room[first:], image_id, verdict.passed_over, verdict.notes)
    elif not image_id and not verdict.unmet:
        verdict.refuse("image", "image_id", "The image cannot be looked up without the right to ecs:DescribeImages.")
    reasons = " ".join(item["message"] for item in verdict.unmet)
    raise Unmet(f"The instances cannot be created: {reasons}", unmet=verdict.unmet, notes=verdict.notes)


def _dry_runs(cloud: Cloud, options: Options, parameters: t.Callable[[Options], Item], verdict: Verdict) -> int | None:
    """Which of the places passes the dry run first; None when none does, with the reason in the verdict."""
    for number, place in enumerate(verdict.room):
        failure = _dry_run(cloud, parameters(place.over(options)))
        if failure is None:
            return number
        if not places.no_room(failure):
            if not verdict.unmet:
                verdict.refuse("dry run of RunInstances", "", f"{failure.message} {failure.hint}".strip())
            return None
        verdict.passed_over.append(place.passed_over(failure.message))
    no_room(verdict)
    return None


def read(cloud: Cloud, options: Options) -> Facts:
    """The facts, by few calls; only those that the options need."""
    unread: list[str] = []

    def fact(what: str, reading: t.Callable[[], Found], needed: t.Any = True) -> Found | None:
        if not needed:
            return None
        try:
            return reading()
        except AccessDenied as error:
            unread.append(f"{what} could not be checked: {error.code} for {error.product}:{error.action}.")
            return None

    types = places.instance_types(options)
    encrypted = encrypted_disks(options)
    keys = [disk.get("kms_key_id") for _name, disk in encrypted]
    image = (lambda: _image(cloud, options["image_id"])) if options["image_id"] else (lambda: _newest(cloud, options))
    return Facts(
        kms_status=fact("KMS", lambda: _kms_status(cloud), options["trusted_mode"]),
        role=fact("The RAM role", lambda: _role(cloud, options["ram_role_name"]), options["ram_role_name"]),
        encryption=fact("What encrypted disks need", lambda: disk_encryption.problems(cloud, keys), encrypted),
        instance_types=fact("The instance type", lambda: _instance_types(cloud, types)),
        image=fact("The image", image),
        vswitches=fact("The vSwitch", lambda: {one: _vswitch(cloud, one) for one in places.vswitch_ids(options)}),
        groups=fact(
            "The security groups",
            lambda: cloud.pages(
                "ecs", "DescribeSecurityGroups", SecurityGroupIds=json_list(sorted(set(options["security_group_ids"])))
            ),
        ),
        key_pair=fact("The key pair", lambda: _key_pair(cloud, options["key_name"]), options["key_name"]),
        stock=fact("The stock", lambda: {kind: _stock(cloud, kind) for kind in types}),
        vcpus=fact("The quota", lambda: _vcpus(cloud)),
        unread=unread,
    )


def _kms_status(cloud: Cloud) -> str:
    return str(cloud.call("kms", "DescribeAccountKmsStatus").get("AccountStatus") or "NotEnabled")


def _role(cloud: Cloud, name: str) -> Item:
    try:
        return dig(cloud.call("ram", "GetRole", RoleName=name), "Role") or {}
    except NotFound:
        return {}


def _instance_types(cloud: Cloud, types: list[str]) -> dict[str, Item]:
    found = cloud.pages("ecs", "DescribeInstanceTypes", InstanceTypes=types)
    return {str(one.get("InstanceTypeId")): one for one in found}


def _image(cloud: Cloud, image_id: str) -> Item:
    return _first(cloud.pages("ecs", "DescribeImages", ImageId=image_id))


def _newest(cloud: Cloud, options: Options) -> Item:
    """The newest image of the wanted family and name that all the instance types can boot."""
    name, owner = options["image_name"], options["image_owner"]
    query = {"ImageFamily": options["image_family"], "ImageName": name, "ImageOwnerAlias": owner}
    usable: set[str] | None = None
    found: list[Item] = []
    for kind in places.instance_types(options):
        try:
            found = cloud.pages("ecs", "DescribeImages", query, InstanceType=kind, ActionType="CreateEcs")
        except NotFound:
            return {}  # the instance type is the problem, and is told as such
        ids = {str(one["ImageId"]) for one in found}
        usable = ids if usable is None else usable & ids
    fitting = [
        one
        for one in found
        if one["ImageId"] in (usable or ())
        and (owner or one.get("ImageOwnerAlias") in _OWNERS)
        and (not name or fnmatch.fnmatchcase(str(one.get("ImageName")), name))
        and fits(options, one)
    ]
    return max(fitting, key=lambda one: (str(one.get("CreationTime") or ""), str(one["ImageId"])), default={})


def _vswitch(cloud: Cloud, vswitch_id: str) -> Item:
    return _first(cloud.pages("vpc", "DescribeVSwitches", VSwitchId=vswitch_id))


def _key_pair(cloud: Cloud, name: str) -> Item:
    try:
        found = cloud.pages("ecs", "DescribeKeyPairs", KeyPairName=name)
    except NotFound:
        return {}
    return next((pair for pair in found if pair.get("KeyPairName") == name), {})


def _stock(cloud: Cloud, kind: str) -> list[Item]:
    query = {"DestinationResource": "InstanceType", "ResourceType": "instance", "InstanceType": kind}
    return cloud.pages("ecs", "DescribeAvailableResource", query)


def _vcpus(cloud: Cloud) -> tuple[int, int] | None:
    """How many vCPUs the account may have, and how many it has; None where the API does not tell both."""
    answer = cloud.call("ecs", "DescribeAccountAttributes", AttributeName=list(_VCPUS))
    told = {
        one.get("AttributeName"): dig(one, "AttributeValues.ValueItem") or []
        for one in dig(answer, "AccountAttributeItems.AccountAttributeItem") or []
    }
    values = [str(items[0].get("Value")) for items in (told.get(name) for name in _VCPUS) if items]
    return (int(values[0]), int(values[1])) if len(values) == 2 and all(map(str.isdigit, values)) else None


def _first(items: list[Item]) -> Item:
    return items[0] if items else {}


def _dry_run(cloud: Cloud, params: t.Mapping[str, t.Any]) -> CloudError | None:
    try:
        cloud.call("ecs", "RunInstances", params, DryRun=True)
    except DryRunPassed:
        return None
    except CloudError as error:
        return error
    return None
