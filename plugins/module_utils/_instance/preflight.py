# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading the facts that decide whether instances can be created or changed, and the API's own dry run. Private.

In check mode, what earlier tasks of the run would have made counts as there.
"""

from __future__ import annotations

import fnmatch
import typing as t
from dataclasses import dataclass, field, replace

from .._cloud import foretold, texts
from .._cloud.door import Cloud, dig, json_list
from .._cloud.errors import AccessDenied, AlitrustError, CloudError, DryRunPassed, NotFound
from .._core.waiter import seen_within
from .._kms import disk_encryption
from .._kms.service import read_status
from .._network import find
from .._ram import roles
from .._security_group import find as group_find
from . import attachables, encryption, places, room
from .attachables import Changes
from .places import Place
from .requirements import Facts, Verdict, encrypted_disks, judge, no_room, why_unfit

Options = t.Mapping[str, t.Any]
Item = dict[str, t.Any]
Found = t.TypeVar("Found")
Parameters = t.Callable[[Options, frozenset[str]], Item]

#: Whose images are looked up by family or name when O(image_owner) is not given. Anybody may publish an image under any
#: name, so images of others are only taken when asked for.
_OWNERS = ("system", "self")
#: How many of the images are tried that were looked up and fit, as far as their descriptions tell.
_MOST_IMAGES = 5
_IMAGE_REFUSED = "image by the dry run of RunInstances"
#: Codes by which RunInstances refuses an image.
_OF_IMAGES = (
    "ImageNotSupport",
    "InvalidImageId",
    "InvalidSystemDiskSize.LessThanImageSize",
    "OperationDenied.ImageNotValid",
)
_VCPUS = ("max-postpaid-instance-vcpu-count", "used-postpaid-instance-vcpu-count")
#: How long what is to be put in the place of something is looked for, in seconds: it may just have been made.
_UNSEEN = 3.0


class Unmet(AlitrustError):
    """Instances cannot be created or changed as wanted; nothing was."""


@dataclass(frozen=True)
class Outlook:
    """How instances can be created.

    :ivar offers: for each call the places to try, in this order
    :ivar passed_over: places that need not be tried, and why
    :ivar image_id: the image, looked up or as given
    :ivar os_type: its system, None where it could not be read
    :ivar vpc_ids: the VPC of each vSwitch, as far as that could be read
    :ivar plain_disks: the options of disks that are not encrypted by default, see L(encryption.made)
    :ivar notes: what could not be judged
    :ivar warnings: what everybody should know
    """

    offers: list[list[Place]]
    image_id: str
    os_type: str | None = None
    vpc_ids: t.Mapping[str, str | None] = field(default_factory=dict)
    passed_over: list[dict[str, t.Any]] = field(default_factory=list)
    plain_disks: frozenset[str] = encryption.NONE
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def check(
    cloud: Cloud,
    options: Options,
    calls: t.Sequence[int],
    changes: Changes,
    parameters: Parameters,
) -> Outlook | None:
    """Prove that instances could be created and changed now.

    :param calls: how many instances each call is to create
    :param changes: instances that get other groups, another key pair, another role
    :param parameters: those of the first RunInstances, for its dry run, from options with one choice of each, and the
        options of disks that are not encrypted by default
    :returns: None where none is to be created
    :raises Unmet: every requirement that is not met, at once
    """
    verdict = lacking_for_change(cloud, options, changes) if changes else Verdict()
    unmet, notes = list(verdict.unmet), list(verdict.notes)
    outlook = None
    if calls:
        facts = read(cloud, options)
        verdict = judge(options, facts, calls)
        image = facts.image or {}
        image_id = str(image.get("ImageId") or options["image_id"] or "")
        if not unmet and image_id and len(verdict.unmet) == verdict.unseen:
            first, plain = _dry_runs(cloud, {**options, "image_id": image_id}, image, parameters, verdict)
            while first is None and facts.older_images and _image_refused(verdict):
                refused = f"{image_id} ({verdict.unmet[-1]['problem'].rstrip('.')})"
                image, *older = facts.older_images
                facts = replace(facts, image=image, older_images=older, unfit_images=[*facts.unfit_images, refused])
                verdict, image_id = judge(options, facts, calls), str(image.get("ImageId"))
                if len(verdict.unmet) == verdict.unseen:
                    first, plain = _dry_runs(cloud, {**options, "image_id": image_id}, image, parameters, verdict)
            if first is not None:  # what could not be seen is there: it was made a moment ago
                full = verdict.room[:first]
                offers = [[place for place in offer if place not in full] for offer in verdict.offers]
                outlook = Outlook(
                    offers,
                    image_id,
                    image.get("OSType"),
                    {key: item.get("VpcId") for key, item in (facts.vswitches or {}).items()},
                    verdict.passed_over,
                    plain,
                    [*notes, *verdict.notes],
                    verdict.warnings,
                )
        elif not image_id and not verdict.unmet:
            verdict.refuse(
                "image", "image_id", "The image cannot be looked up without the right to ecs:DescribeImages."
            )
        if outlook is None:
            unmet += [item for item in verdict.unmet if item not in unmet]
            notes += [note for note in verdict.notes if note not in notes]
    if unmet:
        what = " and ".join(word for word, needed in (("created", calls), ("changed", changes)) if needed)
        reasons = " ".join(item["message"] for item in unmet)
        raise Unmet(f"The instances cannot be {what}: {reasons}", unmet=unmet, notes=notes)
    return outlook


def lacking(cloud: Cloud, options: Options, calls: t.Sequence[int]) -> Verdict:
    """What stands in the way of creating instances, without creating any, and without a dry run.

    :param options: checked options of the module; what is None is not judged
    :param calls: how many instances each call would create; see L(request.calls)
    """
    return judge(options, read(cloud, options), calls)


def lacking_for_change(cloud: Cloud, options: Options, changes: Changes) -> Verdict:
    """The same for what existing instances are to get in the place of what they have."""
    facts = _facts_for_change(cloud, options, changes)
    verdict = Verdict(notes=list(facts.unread))
    attachables.judge(options, facts, changes, verdict)
    return verdict


def _dry_runs(
    cloud: Cloud, options: Options, image: Options, parameters: Parameters, verdict: Verdict
) -> tuple[int | None, frozenset[str]]:
    """Which of the places passes the dry run first, and with which disks not encrypted by default; None when none does,
    with the reason in the verdict."""
    plain = encryption.by_image(image)
    if _is_foretold(cloud, options):
        return (0 if not verdict.unmet else None), plain
    for number, place in enumerate(verdict.room):
        failure = _dry_run(cloud, parameters(place.over(options), plain))
        if failure and encryption.refused(failure) and encryption.silent(options) - plain:
            refusal, plain = failure, encryption.BOTH
            failure = _dry_run(cloud, parameters(place.over(options), plain))
            if failure is None:
                verdict.warnings.append(
                    "The disks of the new instances will not be encrypted, which is refused here: "
                    f"{refusal.message.rstrip('.')}."
                )
        if failure is None:
            return number, plain
        if not places.no_room(failure):
            if not verdict.unmet and _about_image(failure):
                problem = f"The image {options['image_id']} is refused: {failure.message}"
                verdict.refuse(_IMAGE_REFUSED, "image_id", problem, todo=failure.hint)
            elif not verdict.unmet:
                verdict.refuse("dry run of RunInstances", "", failure.message, todo=failure.hint)
            return None, plain
        verdict.passed_over.append(place.passed_over(failure.message))
    no_room(verdict)
    return None, plain


def _about_image(error: CloudError) -> bool:
    """Whether RunInstances refused for the image, so that another one may do."""
    in_words = error.code.startswith("InvalidParameter.Conflict") and " image " in error.message
    return error.code.startswith(_OF_IMAGES) or in_words


def _image_refused(verdict: Verdict) -> bool:
    return any(item["requirement"] == _IMAGE_REFUSED for item in verdict.unmet)


def _is_foretold(cloud: Cloud, options: Options) -> bool:
    """Whether something that the instances need does not exist yet, so that the API cannot be asked."""
    known = cloud.foretold
    made = [*places.vswitch_ids(options), *(options["security_group_ids"] or ())]
    made += [str(disk["kms_key_id"]) for _name, disk in encrypted_disks(options) if disk.get("kms_key_id")]
    keyed = any(disk.get("kms_key_id") for _name, disk in encrypted_disks(options))
    named = (("key_pair", options["key_name"]), ("ram_role", options["ram_role_name"]))
    return (
        any(map(foretold.is_id, made))
        or any(name and known.find(kind, name) for kind, name in named)
        or (keyed and bool(known.all_of("ram_role")))
        or bool((options["trusted_mode"] or encrypted_disks(options)) and known.all_of("kms_service"))
    )


class _Reader:
    """Reads facts as far as the caller may."""

    def __init__(self) -> None:
        self.unread: list[str] = []

    def __call__(self, what: str, reading: t.Callable[[], Found], needed: t.Any = True) -> Found | None:
        if not needed:
            return None
        try:
            return reading()
        except AccessDenied as error:
            self.unread.append(f"{what} could not be checked: {error.code} for {error.product}:{error.action}.")
            return None


def read(cloud: Cloud, options: Options) -> Facts:
    """The facts for new instances, by few calls; only those that the options need."""
    fact = _Reader()
    types = places.instance_types(options)
    encrypted = encrypted_disks(options)
    keys = [disk.get("kms_key_id") for _name, disk in encrypted]
    by_id = options["image_id"]
    known = fact("The instance type", lambda: _instance_types(cloud, types), types)
    images = fact(
        "The image",
        (lambda: (_image(cloud, by_id), [])) if by_id else lambda: _newest(cloud, options, known),
        by_id or (types and (options["image_family"] or options["image_name"])),
    )
    fitting, unfit_images = images or ([], [])
    image = fitting[0] if fitting else None
    snapshots = [disk["snapshot_id"] for disk in options["data_disks"] or () if disk.get("snapshot_id")]
    wanted_disks = [(kind, use) for kind in types for use in room.wanted_categories(options)]
    groups = options["security_group_ids"]
    return Facts(
        kms_status=fact("KMS", lambda: read_status(cloud), options["trusted_mode"]),
        role=fact("The RAM role", lambda: _role(cloud, options["ram_role_name"]), options["ram_role_name"]),
        encryption=fact("What encrypted disks need", lambda: disk_encryption.problems(cloud, keys), encrypted),
        instance_types=known,
        image=image,
        older_images=fitting[1:],
        unfit_images=unfit_images,
        unfit=fact("The image", lambda: _unfit(cloud, by_id, types), image and by_id),
        vswitches=fact("The vSwitch", lambda: {one: _vswitch(cloud, one) for one in places.vswitch_ids(options)}),
        groups=fact("The security groups", lambda: _groups(cloud, groups), groups),
        key_pair=fact("The key pair", lambda: _key_pair(cloud, options["key_name"]), options["key_name"]),
        snapshots=fact("The snapshots", lambda: _snapshots(cloud, snapshots), snapshots),
        stock=fact("The stock", lambda: {kind: _stock(cloud, kind) for kind in types}),
        disks=fact("The disks", lambda: {each: _stock(cloud, *each) for each in wanted_disks}, wanted_disks),
        vcpus=fact("The quota", lambda: _vcpus(cloud)),
        unread=fact.unread,
    )


def _facts_for_change(cloud: Cloud, options: Options, changes: Changes) -> Facts:
    """The facts for what existing instances get. What is not there is looked for a little longer: it may be new."""
    fact = _Reader()
    wanted = options["security_group_ids"] or ()

    def groups() -> list[Item]:
        found: list[Item] = []

        def all_seen() -> list[Item] | None:
            found[:] = _groups(cloud, wanted)
            return found if len(found) >= len(set(wanted)) else None

        seen_within(cloud, all_seen, _UNSEEN)
        return found

    def patient(look: t.Callable[[], Item]) -> t.Callable[[], Item]:
        return lambda: seen_within(cloud, lambda: look() or None, _UNSEEN) or {}

    key_name, role = options["key_name"], options["ram_role_name"]
    disks = [new.wanted for new in changes.disks]
    keys = [disk.get("kms_key_id") for disk in disks if disk.get("encrypted")]
    snapshots = [disk["snapshot_id"] for disk in disks if disk.get("snapshot_id")]
    kinds = {str(new.instance["instance_type"]) for new in changes.disks}
    return Facts(
        groups=fact("The security groups", groups, changes.groups),
        key_pair=fact("The key pair", patient(lambda: _key_pair(cloud, key_name)), changes.key_pair),
        role=fact("The RAM role", patient(lambda: _role(cloud, role)), changes.role),
        encryption=fact("What encrypted disks need", lambda: disk_encryption.problems(cloud, keys), keys),
        snapshots=fact("The snapshots", lambda: _snapshots(cloud, snapshots), snapshots),
        disks=fact(
            "The disks", lambda: {(kind, room.DATA): _stock(cloud, kind, room.DATA) for kind in sorted(kinds)}, kinds
        ),
        unread=fact.unread,
    )


def _role(cloud: Cloud, name: str) -> Item:
    found = roles.read_role(cloud, name)
    return {"trust_policy": found.trust_policy} if found else {}


def _instance_types(cloud: Cloud, types: list[str]) -> dict[str, Item]:
    found = cloud.pages("ecs", "DescribeInstanceTypes", InstanceTypes=types)
    return {str(one.get("InstanceTypeId")): one for one in found}


def _image(cloud: Cloud, image_id: str) -> list[Item]:
    return cloud.pages("ecs", "DescribeImages", ImageId=image_id)[:1] or [{}]


def _newest(cloud: Cloud, options: Options, known: t.Mapping[str, Item] | None) -> tuple[list[Item], list[str]]:
    """The newest images of the wanted family and name that all the instance types can boot, or an empty one; and those
    newer than the first of them that do not fit, with the reason, in words."""
    name, owner = options["image_name"], options["image_owner"]
    query = {"ImageFamily": options["image_family"], "ImageName": name, "ImageOwnerAlias": owner}
    usable: set[str] | None = None
    found: list[Item] = []
    for kind in places.instance_types(options):
        try:
            found = cloud.pages("ecs", "DescribeImages", query, InstanceType=kind, ActionType="CreateEcs")
        except NotFound:
            return [{}], []  # the instance type is the problem, and is told as such
        ids = {str(one["ImageId"]) for one in found}
        usable = ids if usable is None else usable & ids
    meant = [
        one
        for one in found
        if one["ImageId"] in (usable or ())
        and (owner or one.get("ImageOwnerAlias") in _OWNERS)
        and (not name or fnmatch.fnmatchcase(str(one.get("ImageName")), name))
    ]
    meant.sort(key=lambda one: (str(one.get("CreationTime") or ""), str(one["ImageId"])), reverse=True)
    reasons = {str(one["ImageId"]): why_unfit(options, one, known) for one in meant}
    fitting = [one for one in meant if reasons[str(one["ImageId"])] is None]
    newer = meant[: meant.index(fitting[0])] if fitting else meant
    unfit = [f"{one['ImageId']} ({reasons[str(one['ImageId'])]})" for one in newer]
    return fitting[:_MOST_IMAGES] or [{}], unfit


def _unfit(cloud: Cloud, image_id: str, types: list[str]) -> list[str]:
    """The instance types that cannot boot an image."""
    found = []
    for kind in types:
        try:
            if not cloud.pages("ecs", "DescribeImages", ImageId=image_id, InstanceType=kind, ActionType="CreateEcs"):
                found.append(kind)
        except NotFound:
            continue  # the instance type is the problem, and is told as such
    return found


def _vswitch(cloud: Cloud, vswitch_id: str) -> Item:
    """A vSwitch, with the addresses that are free when instances of earlier tasks have theirs."""
    found = find.vswitch_by_id(cloud, vswitch_id) or {}
    taken = len(cloud.foretold.all_of("instance", vswitch_id=vswitch_id))
    if taken and isinstance(found.get("AvailableIpAddressCount"), int):
        return {**found, "AvailableIpAddressCount": max(0, found["AvailableIpAddressCount"] - taken)}
    return found


def _groups(cloud: Cloud, ids: t.Iterable[str]) -> list[Item]:
    return [*group_find.by_ids(cloud, ids).values()]


def _snapshots(cloud: Cloud, ids: t.Iterable[str]) -> dict[str, Item]:
    found = cloud.pages("ecs", "DescribeSnapshots", SnapshotIds=json_list(sorted(set(ids))))
    return {str(one.get("SnapshotId")): one for one in found}


def _key_pair(cloud: Cloud, name: str) -> Item:
    if cloud.foretold.find("key_pair", name):
        return {"KeyPairName": name}
    if cloud.foretold.is_gone("key_pair", name):
        return {}
    try:
        found = cloud.pages("ecs", "DescribeKeyPairs", KeyPairName=name)
    except NotFound:
        return {}
    return next((pair for pair in found if pair.get("KeyPairName") == name), {})


def _stock(cloud: Cloud, kind: str, resource: str = "InstanceType") -> list[Item]:
    """Zones that have an instance type, or what there is for it.

    :param resource: what is asked for: the type itself, L(room.SYSTEM) or L(room.DATA)
    """
    query = {"DestinationResource": resource, "ResourceType": "instance", "InstanceType": kind}
    return cloud.pages("ecs", "DescribeAvailableResource", query)


def _vcpus(cloud: Cloud) -> tuple[int, int] | None:
    """How many vCPUs the account may have, and how many it has; None where the API does not tell both."""
    answer = cloud.call("ecs", "DescribeAccountAttributes", AttributeName=list(_VCPUS))
    told = {
        one.get("AttributeName"): dig(one, "AttributeValues.ValueItem") or []
        for one in dig(answer, "AccountAttributeItems.AccountAttributeItem") or []
    }
    allowed, used = (texts.whole(items[0].get("Value")) if items else None for items in map(told.get, _VCPUS))
    return None if allowed is None or used is None else (allowed, used)


def _dry_run(cloud: Cloud, params: t.Mapping[str, t.Any]) -> CloudError | None:
    try:
        cloud.call("ecs", "RunInstances", params, DryRun=True)
    except DryRunPassed:
        return None
    except CloudError as error:
        return error
    return None
