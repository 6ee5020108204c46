# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""KMS instances, which keep keys and secrets: how they are read, and whether one takes one more. Private.

An instance is a purchase, so nothing here makes one.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field

from .._cloud import texts
from .._cloud.door import Cloud
from .._cloud.errors import AccessDenied, CloudError, InvalidInput, NotFound, TransportFailure, UnexpectedState
from . import service

INFO_SPEC: dict[str, dict[str, t.Any]] = {
    "instance_ids": {"type": "list", "elements": "str", "aliases": ["instance_id", "dkms_instance_id"]},
    "status": {"type": "str", "choices": ["Uninitialized", "Connecting", "Connected", "Disconnected", "Error"]},
}

_ID = re.compile(r"[A-Za-z0-9_-]+")
_ENABLED = "Connected"
#: GetKmsInstance: Status.
_STATES = {
    "Uninitialized": "it was bought, but never enabled",
    "Connecting": "it is being enabled",
    "Disconnected": "it is cut off from its VPC, or has expired",
    "Error": "it is broken",
}
_PURCHASE = "no module makes one, because that is a purchase: buy and enable one in the KMS console"
_LOOK = "alitrust.ecs.kms_instance_info lists the KMS instances of a region."
_LISTED = 5
#: With these, KMS refuses what is to be made without an instance where an account has to have one. No document tells
#: which it is.
_NEEDED = (
    "Forbidden.DKMSInstanceNotFound",
    "Forbidden.DKMSInstanceStateInvalid",
    "Rejected.LimitExceeded",
    "Rejected.UnsupportedOperation",
    "UnsupportedOperation",
)


class Use(t.NamedTuple):
    """How many of something an instance has, and may have."""

    quota: int
    used: int


@dataclass(frozen=True)
class Instance:
    """A KMS instance.

    :ivar data: C(KmsInstance) of GetKmsInstance
    :ivar uses: by kind, C(key) and C(secret) among them; empty where that was not read
    """

    id: str
    data: t.Mapping[str, t.Any]
    uses: t.Mapping[str, Use] = field(default_factory=dict)

    @property
    def status(self) -> str:
        return str(self.data.get("Status") or "")

    @property
    def enabled(self) -> bool:
        """Whether keys and secrets can be made and used in it."""
        return self.status == _ENABLED


def check_id(option: str, instance_id: str | None) -> None:
    """:raises InvalidInput: no KMS instance can have that ID"""
    if instance_id and not _ID.fullmatch(instance_id):
        raise InvalidInput(
            f"{option} is {instance_id!r}; expected the ID of a KMS instance, such as kst-hzz65f176a0ogplgq0000."
        )


# ---------------------------------------------------------------------- reading


def read(cloud: Cloud, instance_id: str) -> Instance | None:
    """The instance of that ID in the region; None where there is none."""
    try:
        answer = cloud.call("kms", "GetKmsInstance", KmsInstanceId=instance_id)
    except NotFound:
        return None
    return Instance(instance_id, answer["KmsInstance"])


def read_all(cloud: Cloud) -> list[Instance]:
    """All instances of the region."""
    listed = service.listed(cloud, "ListKmsInstances")
    found = (read(cloud, str(one["KmsInstanceId"])) for one in listed)
    return [one for one in found if one is not None]


def read_uses(cloud: Cloud, instance_id: str) -> dict[str, Use]:
    """Quotas of an instance and how much of them is used, by kind."""
    listed = cloud.pages("kms", "GetKmsInstanceQuotaInfos", KmsInstanceId=instance_id)
    return {
        str(one["ResourceType"]): Use(int(one.get("ResourceQuota") or 0), int(one.get("UsedQuantity") or 0))
        for one in listed
        if one.get("ResourceType")
    }


# ---------------------------------------------------------------------- before something is made in one


def check_room(cloud: Cloud, instance_id: str, what: str) -> None:
    """Prove that an instance takes one more, as far as the caller may ask.

    :param what: C(key) or C(secret)
    :raises UnexpectedState: there is no such instance, it is not enabled, or its quota is used up
    """
    try:
        instance = read(cloud, instance_id)
        if instance is None:
            raise UnexpectedState(
                f"dkms_instance_id is {instance_id}: there is no such KMS instance in the region {cloud.region}.",
                hint=choice(cloud),
            )
        uses = read_uses(cloud, instance_id) if instance.enabled else {}
    except AccessDenied:
        return  # then KMS decides
    except CloudError as error:
        if not service.would_be_on_by_then(cloud, error):
            raise
        return
    problem = lack_of_room(instance, uses, what)
    if problem:
        raise problem


def lack_of_room(instance: Instance, uses: t.Mapping[str, Use], what: str) -> UnexpectedState | None:
    """Why an instance takes no more of something; None where it does. Pure."""
    if not instance.enabled:
        why = _STATES.get(instance.status, "this collection does not know what that means")
        return UnexpectedState(
            f"dkms_instance_id is {instance.id}, a KMS instance that is {instance.status or 'in no state'} ({why}); "
            f"keys and secrets are made in one that is {_ENABLED}.",
            hint=f"Enable it in the KMS console, or give another dkms_instance_id. {_LOOK}",
        )
    use = uses.get(what)
    if use is None or use.used < use.quota:
        return None
    return UnexpectedState(
        f"dkms_instance_id is {instance.id}, a KMS instance that has {use.used} {what}s and may have {use.quota}: it "
        "takes no more.",
        hint=f"Raise its quota in the KMS console, or give another dkms_instance_id. {_LOOK}",
    )


# ---------------------------------------------------------------------- which one


def needs_one(cloud: Cloud, error: CloudError, what: str) -> None:
    """Let an error say that an instance is needed, and which, where KMS refused to make something without one.

    :param what: what newer accounts keep in an instance, in words
    """
    if error.code in _NEEDED:
        error.hint = f"Newer accounts keep {what} in a KMS instance. {choice(cloud)}"


def choice(cloud: Cloud) -> str:
    """Which instance to give as C(dkms_instance_id), in words."""
    try:
        found = read_all(cloud)
    except CloudError:
        return f"Give its ID, as dkms_instance_id. {_LOOK}"
    return choice_of(found, cloud.region)


def choice_of(found: t.Sequence[Instance], region: str) -> str:
    """The same of those that there are. Pure."""
    enabled = [one.id for one in found if one.enabled]
    if len(enabled) == 1:
        return f"Give dkms_instance_id: {enabled[0]}, which is the only enabled one in the region {region}."
    if enabled:
        listed = ", ".join(enabled[:_LISTED]) + (", ..." if len(enabled) > _LISTED else "")
        return f"Give dkms_instance_id; {listed} are enabled in the region {region}. {_LOOK}"
    if found:
        states = ", ".join(f"{one.id} is {one.status}" for one in found[:_LISTED])
        return f"None is enabled in the region {region} ({states}): enable one in the KMS console. {_LOOK}"
    return f"There is none in the region {region}, and {_PURCHASE}, then give its ID as dkms_instance_id."


# ---------------------------------------------------------------------- results


def shown(instance: Instance) -> dict[str, t.Any]:
    """An instance as C(kms_instance_info) returns it."""
    data = instance.data
    keys, secrets = instance.uses.get("key"), instance.uses.get("secret")
    return {
        "instance_id": instance.id,
        "name": data.get("InstanceName") or "",
        "status": instance.status,
        "spec": _number(data.get("Spec")),
        "charge_type": data.get("ChargeType") or "",
        "product_type": data.get("ProductType") or "",
        "product_version": data.get("ProductVersion") or "",
        "key_quota": _number(data.get("KeyNum")),
        "key_count": keys.used if keys else None,
        "secret_quota": _number(data.get("SecretNum")),
        "secret_count": secrets.used if secrets else None,
        "vpc_id": data.get("VpcId") or "",
        "vswitch_ids": list(data.get("VswitchIds") or ()),
        "zone_ids": list(data.get("ZoneIds") or ()),
        "bound_vpcs": [
            {
                "region_id": one.get("RegionId") or "",
                "vpc_id": one.get("VpcId") or "",
                "vswitch_id": one.get("VSwitchId") or "",
                "account_id": str(one.get("VpcOwnerId") or ""),
            }
            for one in (data.get("BindVpcs") or {}).get("BindVpc") or ()
        ],
        "deletion_protection": bool(data.get("DeletionProtection")),
        "creation_date": data.get("CreateTime") or "",
        "start_date": data.get("StartDate") or "",
        "end_date": data.get("EndDate") or "",
    }


def _number(value: t.Any) -> int | None:
    """A number, which KMS sends as text in one place."""
    return texts.whole(value)


def read_instances(cloud: Cloud, options: dict[str, t.Any]) -> dict[str, t.Any]:
    """What C(kms_instance_info) returns: the instances asked for, or those of the account in the region."""
    ids = options["instance_ids"]
    for one in ids or ():
        check_id("instance_ids", one)
    found = read_all(cloud) if ids is None else [one for id in dict.fromkeys(ids) if (one := read(cloud, id))]
    warnings: list[str] = []
    rows = []
    for instance in sorted(found, key=lambda one: one.id):
        if options["status"] in (None, instance.status):
            rows.append(shown(_with_uses(cloud, instance, warnings)))
    return {"kms_instances": rows, "warnings": warnings}


def _with_uses(cloud: Cloud, instance: Instance, warnings: list[str]) -> Instance:
    try:
        return Instance(instance.id, instance.data, read_uses(cloud, instance.id))
    except TransportFailure:
        raise
    except CloudError as error:
        warnings.append(f"How much of {instance.id} is used could not be asked ({error.code}).")
        return instance
