# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether instances could be created: pure checks over facts that were read. Private.

A fact that could not be read (the caller lacks the right) is None, and what depends on it is noted instead of judged.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from .._ram import documents
from .families import IMAGE, ROLE_SERVICE, SYSTEM_DISK_CATEGORY, family_of, trusted_way

Options = t.Mapping[str, t.Any]
Item = t.Mapping[str, t.Any]

#: Words in the id or name of an image that Alibaba Cloud lists as trusted.
_TRUSTED_IMAGE_WORDS = ("secured", "trusted", "可信")


@dataclass(frozen=True)
class Facts:
    """What the cloud says about everything the new instances need. Missing things are empty, unread ones None.

    :ivar role: body of GetRole's C(Role)
    :ivar stock: zones with what they have of the instance type, of DescribeAvailableResource
    :ivar unread: what could not be read, and why, in words
    """

    kms_status: str | None = None
    role: Item | None = None
    instance_type: Item | None = None
    image: Item | None = None
    vswitch: Item | None = None
    groups: t.Sequence[Item] | None = None
    key_pair: Item | None = None
    stock: t.Sequence[Item] | None = None
    unread: t.Sequence[str] = ()


@dataclass
class Verdict:
    """What stands in the way, and what could not be judged.

    :ivar unseen: how many of C(unmet) say no more than that something could not be found, which may also mean that it
        was made a moment ago and cannot be read yet
    """

    unmet: list[dict[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unseen: int = 0

    def refuse(self, requirement: str, option: str, message: str, *, unseen: bool = False) -> None:
        self.unmet.append({"requirement": requirement, "option": option, "message": message})
        self.unseen += unseen


def judge(options: Options, facts: Facts) -> Verdict:
    """All requirements at once: those of a trusted instance only where one is wanted."""
    verdict = Verdict(notes=list(facts.unread))
    _instance_type(options, facts, verdict)
    _image(options, facts, verdict)
    _network(options, facts, verdict)
    _bindings(options, facts, verdict)
    if options["trusted_mode"]:
        _trust(options, facts, verdict)
    return verdict


def _instance_type(options: Options, facts: Facts, verdict: Verdict) -> None:
    wanted = options["instance_type"]
    if facts.instance_type is None:
        return
    if not facts.instance_type:
        verdict.refuse("instance type", "instance_type", f"The region has no instance type {wanted}.")
    elif facts.stock is not None and facts.vswitch:
        zone = facts.vswitch.get("ZoneId")
        if not any(one.get("ZoneId") == zone and one.get("Status") != "SoldOut" for one in facts.stock):
            having = sorted(str(one.get("ZoneId")) for one in facts.stock if one.get("Status") != "SoldOut")
            verdict.refuse(
                "stock",
                "vswitch_id",
                f"{wanted} is not to be had in {zone}, the zone of the vSwitch"
                + (f"; it is in {', '.join(having)}." if having else " nor in another zone of the region."),
            )


def _image(options: Options, facts: Facts, verdict: Verdict) -> None:
    if facts.image is None:
        return
    if not facts.image:
        verdict.refuse(
            "image", "image_id", f"There is no image {options['image_id']} in this region that the account can use."
        )
    elif facts.image.get("Status") not in (None, "", "Available"):
        verdict.refuse(
            "image", "image_id", f"The image {options['image_id']} is {facts.image.get('Status')}, not Available."
        )
    elif options["user_data"] is not None and facts.image.get("IsSupportCloudinit") is False:
        verdict.refuse("image", "user_data", f"The image {options['image_id']} does not run user data (no cloud-init).")


def _network(options: Options, facts: Facts, verdict: Verdict) -> None:
    if facts.vswitch is not None and not facts.vswitch:
        verdict.refuse(
            "vSwitch", "vswitch_id", f"There is no vSwitch {options['vswitch_id']} in this region.", unseen=True
        )
    elif facts.vswitch and options["zone_id"] and facts.vswitch.get("ZoneId") != options["zone_id"]:
        verdict.refuse(
            "zone",
            "zone_id",
            f"The vSwitch {options['vswitch_id']} is in {facts.vswitch.get('ZoneId')}, not in {options['zone_id']}.",
        )
    if facts.groups is None:
        return
    known = {str(group.get("SecurityGroupId")): group for group in facts.groups}
    for wanted in options["security_group_ids"]:
        if wanted not in known:
            verdict.refuse(
                "security group",
                "security_group_ids",
                f"There is no security group {wanted} in this region.",
                unseen=True,
            )
        elif facts.vswitch and known[wanted].get("VpcId") != facts.vswitch.get("VpcId"):
            verdict.refuse(
                "security group",
                "security_group_ids",
                f"The security group {wanted} is in the VPC {known[wanted].get('VpcId')}, the vSwitch in "
                f"{facts.vswitch.get('VpcId')}.",
            )
    if len({group.get("SecurityGroupType") or "normal" for group in known.values()}) > 1:
        verdict.refuse(
            "security group",
            "security_group_ids",
            "Basic and advanced security groups cannot be mixed on one instance.",
        )


def _bindings(options: Options, facts: Facts, verdict: Verdict) -> None:
    if options["key_name"] and facts.key_pair is not None and not facts.key_pair:
        verdict.refuse(
            "key pair", "key_name", f"There is no key pair {options['key_name']} in this region.", unseen=True
        )
    name = options["ram_role_name"]
    if name and facts.role is not None:
        if not facts.role:
            verdict.refuse("RAM role", "ram_role_name", f"There is no RAM role {name}.")
        elif not documents.trusts_service(
            documents.from_answer(f"the RAM role {name}", facts.role.get("AssumeRolePolicyDocument")), ROLE_SERVICE
        ):
            verdict.refuse(
                "RAM role",
                "ram_role_name",
                f"The trust policy of the RAM role {name} does not let {ROLE_SERVICE} assume it.",
            )


def _trust(options: Options, facts: Facts, verdict: Verdict) -> None:
    """What only a trusted instance needs."""
    way = trusted_way(options["instance_type"], options["trusted_families"])
    if way is None:
        verdict.refuse(
            "trusted family",
            "instance_type",
            f"The family {family_of(options['instance_type'])} is not known to support trusted mode. Choose "
            "one that does (for example g7t), set trusted_mode: false, or add the family to trusted_families.",
        )
    category = (options["system_disk"] or {}).get("category", SYSTEM_DISK_CATEGORY)
    if category != SYSTEM_DISK_CATEGORY:
        verdict.refuse(
            "system disk",
            "system_disk.category",
            f"The system disk of a trusted instance is {SYSTEM_DISK_CATEGORY}, not {category}.",
        )
    if facts.kms_status not in (None, "Enabled"):
        verdict.refuse(
            "KMS",
            "trusted_mode",
            f"KMS is {facts.kms_status or 'NotEnabled'}; trusted instances need it. Switch it on with "
            "alitrust.ecs.kms_service.",
        )
    if facts.image and facts.image.get("BootMode") == "BIOS" and not _listed_as_trusted(facts.image):
        verdict.refuse(
            "trusted image",
            "image_id",
            f"The image {options['image_id']} boots by BIOS; a trusted instance needs a trusted or UEFI image.",
        )
    elif facts.image and way == IMAGE and not _listed_as_trusted(facts.image):
        verdict.notes.append(
            f"An instance of the family {family_of(options['instance_type'])} is trusted only with a trusted image, "
            f"and nothing in the name of {options['image_id']} says that it is one."
        )
    if not options["ram_role_name"]:
        verdict.notes.append(
            "No ram_role_name is given: without a role for the trusted service an instance cannot report to it."
        )


def _listed_as_trusted(image: Item) -> bool:
    text = " ".join(str(image.get(key) or "") for key in ("ImageId", "ImageName", "OSName", "OSNameEn")).lower()
    return any(word in text for word in _TRUSTED_IMAGE_WORDS)
