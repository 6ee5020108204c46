# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What new instances need, where some of it is still to be made, or not even given. Private."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from .._cloud import foretold
from .._cloud.door import Cloud
from .._instance import places, preflight
from .._instance.requirements import Verdict, judge

Options = dict[str, t.Any]


def judged(cloud: Cloud, options: Options, amount: int, *, unread: t.Iterable[str]) -> Verdict:
    """Whether instances could be created.

    :param options: those of the module; what is missing in them is not judged
    :param unread: options that name what is still to be made
    """
    known = cloud.foretold
    real = {
        **options,
        **dict.fromkeys(unread),
        "vswitch_id": None,
        "vswitch_ids": [one for one in places.vswitch_ids(options) if not foretold.is_id(one)],
        "security_group_ids": [one for one in options["security_group_ids"] or () if not foretold.is_id(one)],
    }
    facts = preflight.read(cloud, {**real, "security_group_ids": real["security_group_ids"] or ["sg-none"]})
    switches = [known.find("vswitch", one) for one in places.vswitch_ids(options) if foretold.is_id(one)]
    groups = [known.find("security_group", one) for one in options["security_group_ids"] or () if foretold.is_id(one)]
    image = facts.image
    if not options["image_id"] and not (
        places.instance_types(options) and (options["image_family"] or options["image_name"])
    ):
        image = None
    facts = replace(
        facts,
        image=image,
        vswitches={**(facts.vswitches or {}), **{one["id"]: _vswitch(one) for one in switches if one}},
        groups=[
            *(facts.groups or ()),
            *(
                {"SecurityGroupId": one["id"], "VpcId": one["vpc_id"], "SecurityGroupType": one["type"]}
                for one in groups
                if one
            ),
        ],
    )
    verdict = judge({**options, "security_group_ids": options["security_group_ids"] or []}, facts, amount, amount)
    if image and str(image.get("OSType")).lower() == "windows" and options["key_name"]:
        verdict.refuse(
            "image",
            "key_name",
            f"The image {image['ImageId']} is of Windows, and key pairs are for Linux only.",
        )
    for kind in places.instance_types(options) if image and not verdict.unmet else ():
        if not cloud.pages(
            "ecs", "DescribeImages", ImageId=image["ImageId"], InstanceType=kind, ActionType="CreateEcs"
        ):
            verdict.refuse("image", "image_id", f"The image {image['ImageId']} does not fit the instance type {kind}.")
    return verdict


def _vswitch(one: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    free = one["available_ip_address_count"]
    return {"VSwitchId": one["id"], "VpcId": one["vpc_id"], "ZoneId": one["zone_id"], "AvailableIpAddressCount": free}
