# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What new instances need, where some of it is still to be made, or not even given. Private."""

from __future__ import annotations

import ipaddress
import typing as t
from dataclasses import replace

from .._cloud import foretold
from .._cloud.door import Cloud
from .._instance import places, preflight
from .._instance.requirements import Verdict, judge

Options = dict[str, t.Any]

#: Addresses of a vSwitch that nothing can have: the first and the last three.
_RESERVED = 4


def judged(cloud: Cloud, options: Options, amount: int) -> Verdict:
    known = cloud.foretold
    real = {
        **options,
        "vswitch_id": None,
        "vswitch_ids": [one for one in places.vswitch_ids(options) if not foretold.is_id(one)],
        "security_group_ids": [one for one in options["security_group_ids"] or () if not foretold.is_id(one)],
        "key_name": None if known.find("key_pair", str(options["key_name"])) else options["key_name"],
        "ram_role_name": None if known.find("ram_role", str(options["ram_role_name"])) else options["ram_role_name"],
    }
    facts = preflight.read(cloud, {**real, "security_group_ids": real["security_group_ids"] or ["sg-none"]})
    switches = [known.find("vswitch", one) for one in places.vswitch_ids(options) if foretold.is_id(one)]
    groups = [known.find("security_group", one) for one in options["security_group_ids"] or () if foretold.is_id(one)]
    kms = "Enabled" if known.find("kms", "service") else facts.kms_status
    image = facts.image
    if not options["image_id"] and not (
        places.instance_types(options) and (options["image_family"] or options["image_name"])
    ):
        image = None
    facts = replace(
        facts,
        kms_status=kms,
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
            "key pair",
            "key_name",
            f"The image {image['ImageId']} is of Windows, and key pairs are for Linux only.",
        )
    return verdict


def _vswitch(one: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    item = {"VSwitchId": one["id"], "VpcId": one["vpc_id"], "ZoneId": one["zone_id"]}
    if one["cidr_block"]:
        item["AvailableIpAddressCount"] = ipaddress.IPv4Network(one["cidr_block"]).num_addresses - _RESERVED
    return item
