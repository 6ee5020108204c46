# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether instances could be created, and where: pure checks over facts that were read. Private.

A fact that could not be read (the caller lacks the right) is None, and what depends on it is noted instead of judged.
Stock and free addresses may be lacking in one place and not in another; everything else that is wrong is wrong for the
task, even where it concerns one of several choices.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from . import attachables, room
from .families import IMAGE, PARAMETER, SYSTEM_DISK_CATEGORY, TRUSTED_IMAGE, family, family_of
from .places import Place, instance_types, vswitch_ids

Options = t.Mapping[str, t.Any]
Item = t.Mapping[str, t.Any]

#: How many images are named that do not fit.
_SOME = 3
#: A word in the name of images that Alibaba Cloud made for the families that are trusted by their image.
_FOR_SIXTH = "secured"
#: Words in the id or name of an image that Alibaba Cloud lists as trusted.
_TRUSTED_IMAGE_WORDS = ("secured", "trusted", "可信")


@dataclass(frozen=True)
class Facts:
    """What the cloud says about everything the new instances need. Missing things are empty, unread ones None.

    :ivar role: C(trust_policy) of the RAM role
    :ivar encryption: what stands in the way of encrypting the disks, in sentences
    :ivar instance_types: items of DescribeInstanceTypes by type
    :ivar image: the image; of those that were looked up, the newest that fits as far as its description tells
    :ivar older_images: those that were looked up and fit, too, the newest first
    :ivar unfit_images: newer ones that were looked up and do not fit, and why, in words
    :ivar unfit: instance types that, says DescribeImages, cannot use the image
    :ivar vswitches: items of DescribeVSwitches by id
    :ivar groups: items of DescribeSecurityGroups
    :ivar snapshots: items of DescribeSnapshots by id
    :ivar stock: zones by instance type, as DescribeAvailableResource tells them
    :ivar disks: the same for categories of disks, by instance type and L(room.SYSTEM) or L(room.DATA)
    :ivar vcpus: how many vCPUs the account may have in pay-as-you-go instances, and how many it has
    :ivar unread: what could not be read, and why, in words
    """

    kms_status: str | None = None
    role: Item | None = None
    encryption: t.Sequence[str] | None = None
    instance_types: t.Mapping[str, Item] | None = None
    image: Item | None = None
    older_images: t.Sequence[Item] = ()
    unfit_images: t.Sequence[str] = ()
    unfit: t.Collection[str] | None = None
    vswitches: t.Mapping[str, Item] | None = None
    groups: t.Sequence[Item] | None = None
    key_pair: Item | None = None
    snapshots: t.Mapping[str, Item] | None = None
    stock: t.Mapping[str, t.Sequence[Item]] | None = None
    disks: t.Mapping[tuple[str, str], t.Sequence[Item]] | None = None
    vcpus: tuple[int, int] | None = None
    unread: t.Sequence[str] = ()


@dataclass
class Verdict:
    """What stands in the way, what could not be judged, and where there is room.

    :ivar unseen: how many of C(unmet) say no more than that something could not be found, which may also mean that it
        was made a moment ago and cannot be read yet
    :ivar warnings: what does not stand in the way, and everybody should know
    :ivar offers: for each call the places that may have room for it, the preferred one first
    :ivar passed_over: places without, and why
    """

    unmet: list[dict[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    unseen: int = 0
    offers: list[list[Place]] = field(default_factory=list)
    passed_over: list[dict[str, t.Any]] = field(default_factory=list)

    @property
    def room(self) -> list[Place]:
        """The places that may have room for the first call."""
        return self.offers[0] if self.offers else []

    def refuse(
        self, requirement: str, option: str, problem: str, *, expected: str = "", todo: str = "", unseen: bool = False
    ) -> None:
        """Note something that stands in the way, once.

        :param option: what it is about; empty for none
        :param problem: a sentence
        :param expected: what would be right, to follow C(expected)
        :param todo: a sentence
        """
        message = f"{problem.rstrip('.')}; expected {expected}." if expected else problem
        item = {
            "requirement": requirement,
            "option": option,
            "message": f"{message} {todo}".strip(),
            "problem": problem,
            "expected": expected,
            "what_to_do": todo,
        }
        if item not in self.unmet:
            self.unmet.append(item)
            self.unseen += unseen


def judge(options: Options, facts: Facts, calls: t.Sequence[int] = (1,)) -> Verdict:
    """All requirements of new instances at once: those of a trusted instance only where one is wanted.

    What is not given is not judged; that it is needed is said elsewhere.

    :param calls: how many instances each call creates, all of them in one place
    """
    verdict = Verdict(notes=list(facts.unread))
    _instance_types(options, facts, verdict)
    _image(options, facts, verdict)
    _network(options, facts, verdict, sum(calls))
    _bindings(options, facts, verdict)
    _disks(options, facts, verdict)
    if options["trusted_mode"]:
        _trust(options, facts, verdict)
    _boot(options, facts, verdict)
    _room(options, facts, verdict, calls)
    _quota(facts, verdict, sum(calls))
    return verdict


# ---------------------------------------------------------------------- each thing


def _instance_types(options: Options, facts: Facts, verdict: Verdict) -> None:
    for wanted in instance_types(options) if facts.instance_types is not None else ():
        found = (facts.instance_types or {}).get(wanted)
        if not found:
            verdict.refuse(
                "instance type",
                "instance_type",
                f"The region has no instance type {wanted}.",
                expected="one of the region, for example ecs.g7t.large",
            )
        elif options["secure_boot"] and _refuses_secure_boot(found.get("SecurityOptions")):
            verdict.refuse("secure boot", "secure_boot", f"The instance type {wanted} does not support secure boot.")


def _refuses_secure_boot(told: t.Any) -> bool:
    return isinstance(told, dict) and told.get("SecureBootSupport") == "unsupported"


def _image(options: Options, facts: Facts, verdict: Verdict) -> None:
    if facts.image is None:
        return
    if not facts.image:
        _no_image(options, facts, verdict)
        return
    if facts.unfit_images:
        verdict.notes.append(
            f"The image is {facts.image.get('ImageId')}; newer ones do not fit: {_some(facts.unfit_images)}."
        )
    name = facts.image.get("ImageId")
    if facts.image.get("Status") not in (None, "", "Available"):
        verdict.refuse("image", "image_id", f"The image {name} is {facts.image.get('Status')}, not Available.")
        return
    runs_data = "user_data" if options["user_data"] is not None else "user_data_trust_client"
    if options[runs_data] and facts.image.get("IsSupportCloudinit") is False:
        verdict.refuse("image", runs_data, f"The image {name} does not run user data (no cloud-init).")
    if (
        options["security_enhancement_strategy"] == "Active"
        and facts.image.get("ImageOwnerAlias", "system") != "system"
    ):
        verdict.refuse(
            "Security Center agent",
            "security_enhancement_strategy",
            f"Active is for public images only, and {name} is not one.",
        )
    if options["secure_boot"] and _refuses_secure_boot(facts.image.get("SecureBootOptions")):
        verdict.refuse("secure boot", "secure_boot", f"The image {name} does not support secure boot.")


def _some(words: t.Sequence[str]) -> str:
    more = f", and {len(words) - _SOME} more" if len(words) > _SOME else ""
    return f"{', '.join(words[:_SOME])}{more}"


def _no_image(options: Options, facts: Facts, verdict: Verdict) -> None:
    if options["image_id"]:
        message = f"There is no image {options['image_id']} in this region that the account can use."
        verdict.refuse("image", "image_id", message, todo="Check the ID and the region, or look it up by image_family.")
        return
    by = [
        f"{words} {options[key]}"
        for key, words in (("image_family", "of the family"), ("image_name", "named"), ("image_owner", "owned by"))
        if options[key]
    ]
    types = ", ".join(instance_types(options))
    fit = f"fits {types}{' in trusted mode' if options['trusted_mode'] else ''}"
    unfit = f" Those that are there do not: {_some(facts.unfit_images)}." if facts.unfit_images else ""
    message = f"There is no image {' '.join(by)} in this region that {fit}.{unfit}"
    verdict.refuse("image", "image_family" if options["image_family"] else "image_name", message)


def _boot(options: Options, facts: Facts, verdict: Verdict) -> None:
    """Whether the image and each instance type go together, where nothing else is wrong with the image."""
    if not facts.image or any(item["option"].startswith("image") for item in verdict.unmet):
        return
    name, boot, made_for = (str(facts.image.get(key) or "") for key in ("ImageId", "BootMode", "Architecture"))
    for kind in instance_types(options):
        known = (facts.instance_types or {}).get(kind) or {}
        modes = (known.get("SupportedBootModes") or {}).get("SupportedBootMode") or []
        processor = str(known.get("CpuArchitecture") or "")
        if made_for and processor and (made_for == "arm64") != (processor.upper() == "ARM"):
            verdict.refuse(
                "image", "image_id", f"The image {name} is for {made_for}, {kind} has {processor} processors."
            )
        elif boot in ("BIOS", "UEFI") and modes and boot not in modes:
            verdict.refuse(
                "image", "image_id", f"The image {name} boots by {boot}, {kind} by {' or '.join(modes)} only."
            )
        elif kind in (facts.unfit or ()):
            verdict.refuse("image", "image_id", f"The image {name} cannot be used with {kind}, says DescribeImages.")


def _network(options: Options, facts: Facts, verdict: Verdict, amount: int) -> None:
    vswitches = facts.vswitches
    for wanted in vswitch_ids(options) if vswitches is not None else ():
        found = (vswitches or {}).get(wanted)
        if not found:
            message = f"There is no vSwitch {wanted} in this region."
            verdict.refuse("vSwitch", "vswitch_id", message, todo="Check the ID and the region.", unseen=True)
        elif options["zone_id"] and found.get("ZoneId") != options["zone_id"]:
            message = f"The vSwitch {wanted} is in {found.get('ZoneId')}, not in {options['zone_id']}."
            verdict.refuse("zone", "zone_id", message, todo="Leave zone_id out, or name a vSwitch of that zone.")
    if facts.groups is not None:
        wanted_groups = options["security_group_ids"] or []
        networks = attachables.of_vswitches(one for one in (vswitches or {}).values() if one)
        attachables.groups(wanted_groups, facts.groups, networks, verdict)
        attachables.capacity(facts.groups, dict.fromkeys(wanted_groups, amount), verdict)


def _bindings(options: Options, facts: Facts, verdict: Verdict) -> None:
    if options["key_name"]:
        attachables.key_pair(options["key_name"], facts.key_pair, verdict)
        if str((facts.image or {}).get("OSType")).lower() == "windows":
            attachables.no_key_pair_for(f"The image {(facts.image or {}).get('ImageId')} is of", verdict)
    if options["ram_role_name"]:
        attachables.role(options["ram_role_name"], facts.role, verdict)


def encrypted_disks(options: Options) -> list[tuple[str, Item]]:
    """The disks that are to be encrypted, each with the name of its option."""
    disks = [("system_disk", options["system_disk"] or {})]
    disks += [(f"data_disks[{number}]", disk) for number, disk in enumerate(options["data_disks"] or ())]
    return [(name, disk) for name, disk in disks if disk.get("encrypted")]


def _disks(options: Options, facts: Facts, verdict: Verdict) -> None:
    _sizes(options, facts, verdict)
    if options["trusted_mode"] and facts.kms_status not in (None, "Enabled"):
        return  # said for the instance itself
    for problem in facts.encryption or ():
        verdict.refuse("encrypted disks", encrypted_disks(options)[0][0], problem)


def _sizes(options: Options, facts: Facts, verdict: Verdict) -> None:
    """A disk is not smaller than what it is made from."""
    size, least = (options["system_disk"] or {}).get("size"), (facts.image or {}).get("Size")
    if size is not None and least is not None and size < int(least):
        verdict.refuse(
            "system disk",
            "system_disk.size",
            f"The image {(facts.image or {}).get('ImageId')} has {least} GiB, the system disk {size}.",
            expected=f"{least} GiB or more",
        )
    for number, disk in enumerate(options["data_disks"] or ()):
        attachables.snapshot(f"data_disks[{number}]", disk, facts.snapshots, verdict)


def _trust(options: Options, facts: Facts, verdict: Verdict) -> None:
    """What only a trusted instance needs."""
    for kind in instance_types(options):
        _family(options, kind, verdict)
    category = (options["system_disk"] or {}).get("category") or SYSTEM_DISK_CATEGORY
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
            f"KMS is {facts.kms_status or 'NotEnabled'}; trusted instances need it.",
            todo="Switch it on with alitrust.ecs.kms_service.",
        )
    if facts.image and facts.image.get("BootMode") == "BIOS" and not _listed_as_trusted(facts.image):
        verdict.refuse(
            "trusted image",
            "image_id",
            f"The image {facts.image.get('ImageId')} boots by BIOS; a trusted instance needs a trusted or UEFI image.",
        )
    elif facts.image and not _listed_as_trusted(facts.image):
        verdict.warnings += [
            f"An instance of the family {family_of(kind)} is trusted only with a trusted image, and nothing in the "
            f"name of {facts.image.get('ImageId')} says that it is one."
            for kind in instance_types(options)
            if (needs := family(kind, options["trusted_families"])) and needs.mode == IMAGE
        ]
    elif facts.image and _FOR_SIXTH in _names_of(facts.image):
        verdict.warnings += [
            f"The image {facts.image.get('ImageId')} is one for the families that are trusted by their image (g6t, "
            f"c6t, r6t); the family {family_of(kind)} is made for images that boot by UEFI, with uefi in their names."
            for kind in instance_types(options)
            if (needs := family(kind, options["trusted_families"])) and needs.mode == PARAMETER
        ]


def _family(options: Options, kind: str, verdict: Verdict) -> None:
    needs = family(kind, options["trusted_families"])
    name = family_of(kind)
    if needs is None:
        verdict.refuse(
            "trusted family",
            "instance_type",
            f"The family {name} is not known to support trusted mode.",
            todo="Choose one that does (for example g7t), set trusted_mode: false, or add the family to "
            "trusted_families.",
        )
    elif options["sgx"] and not needs.sgx:
        verdict.refuse(
            "SGX",
            "instance_type",
            f"The family {name} is not known to support SGX.",
            todo="Choose one that does (g7t, c7t, r7t), or say so in trusted_families.",
        )


def why_unfit(options: Options, image: Item, types: t.Mapping[str, Item] | None = None) -> str | None:
    """Why a looked up image does not suit all instance types of the task, as far as its description tells.

    :param types: items of DescribeInstanceTypes by type
    :returns: a part of a sentence, None where it suits
    """
    alone = Verdict()
    facts = Facts(image=image, instance_types={**(types or {})})
    _image(options, facts, alone)
    _boot(options, facts, alone)
    if alone.unmet:
        return alone.unmet[0]["problem"].rstrip(".")
    if options["key_name"] and str(image.get("OSType")).lower() == "windows":
        return "it is of Windows, which takes no key pair"
    size, least = (options["system_disk"] or {}).get("size"), image.get("Size")
    if size is not None and least is not None and int(least) > size:
        return f"it has {least} GiB, the system disk {size}"
    if not options["trusted_mode"] or _listed_as_trusted(image):
        return None
    needs = [family(kind, options["trusted_families"]) for kind in instance_types(options)]
    if any(one is not None and one.image == TRUSTED_IMAGE for one in needs):
        return "it is not published as trusted"
    return "it boots by BIOS" if image.get("BootMode") == "BIOS" else None


def _listed_as_trusted(image: Item) -> bool:
    return any(word in _names_of(image) for word in _TRUSTED_IMAGE_WORDS)


def _names_of(image: Item) -> str:
    return " ".join(str(image.get(key) or "") for key in ("ImageId", "ImageName", "OSName", "OSNameEn")).lower()


# ---------------------------------------------------------------------- where there is room


def _room(options: Options, facts: Facts, verdict: Verdict, calls: t.Sequence[int]) -> None:
    """Sort the places; refuse where none is left for a call."""
    found = room.find(options, facts, calls)
    verdict.offers, verdict.passed_over = found.offers, found.passed_over
    if found.lack:
        verdict.refuse("stock", "vswitch_id", found.lack)


def no_room(verdict: Verdict) -> None:
    """Refuse, because no place is left for the first call."""
    verdict.refuse("stock", "vswitch_id", " ".join(one["reason"] for one in verdict.passed_over))


def _quota(facts: Facts, verdict: Verdict, amount: int) -> None:
    types = [(facts.instance_types or {}).get(place.instance_type) for place in verdict.room]
    sizes = [int(one["CpuCoreCount"]) for one in types if one and one.get("CpuCoreCount")]
    if facts.vcpus is None or not sizes:
        return
    most, used = facts.vcpus
    needed = amount * min(sizes)
    if used + needed > most:
        verdict.refuse(
            "quota",
            "instance_type",
            f"The account may have {most} vCPUs in pay-as-you-go instances of this region and has {used}; {needed} "
            "more are needed.",
            todo="Ask for a higher quota in Quota Center.",
        )
