# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading the facts that decide whether instances can be created, and the API's own dry run. Private."""

from __future__ import annotations

import typing as t

from .._cloud.door import Cloud, dig, json_list
from .._cloud.errors import AccessDenied, AlitrustError, CloudError, DryRunPassed, NotFound
from .requirements import Facts, judge

Options = t.Mapping[str, t.Any]
Found = t.TypeVar("Found")


class Unmet(AlitrustError):
    """Instances cannot be created as wanted; nothing was created."""


def check(cloud: Cloud, options: Options, params: t.Mapping[str, t.Any]) -> list[str]:
    """Prove that instances could be created now.

    :param params: parameters of the first RunInstances, for its dry run
    :returns: notes about what could not be judged
    :raises Unmet: every requirement that is not met, at once
    """
    verdict = judge(options, read(cloud, options))
    if len(verdict.unmet) == verdict.unseen:
        failure = _dry_run(cloud, params)
        if failure is None:
            return verdict.notes  # what could not be seen is there: it was made a moment ago
        if not verdict.unmet:
            verdict.refuse("dry run of RunInstances", "", f"{failure.message} {failure.hint}".strip())
    if verdict.unmet:
        reasons = " ".join(item["message"] for item in verdict.unmet)
        raise Unmet(f"The instances cannot be created: {reasons}", unmet=verdict.unmet, notes=verdict.notes)
    return verdict.notes


def read(cloud: Cloud, options: Options) -> Facts:
    """The facts, each by one call; only those that the options need."""
    unread: list[str] = []

    def fact(what: str, reading: t.Callable[[], Found]) -> Found | None:
        try:
            return reading()
        except AccessDenied as error:
            unread.append(f"{what} could not be checked: {error.code} for {error.product}:{error.action}.")
            return None

    zone_query = {
        "DestinationResource": "InstanceType",
        "ResourceType": "instance",
        "InstanceType": options["instance_type"],
    }
    return Facts(
        kms_status=fact("KMS", lambda: _kms_status(cloud)) if options["trusted_mode"] else None,
        role=fact("The RAM role", lambda: _role(cloud, options["ram_role_name"])) if options["ram_role_name"] else None,
        instance_type=fact(
            "The instance type",
            lambda: _first(cloud.pages("ecs", "DescribeInstanceTypes", InstanceTypes=[options["instance_type"]])),
        ),
        image=fact("The image", lambda: _first(cloud.pages("ecs", "DescribeImages", ImageId=options["image_id"]))),
        vswitch=fact(
            "The vSwitch", lambda: _first(cloud.pages("vpc", "DescribeVSwitches", VSwitchId=options["vswitch_id"]))
        ),
        groups=fact(
            "The security groups",
            lambda: cloud.pages(
                "ecs", "DescribeSecurityGroups", SecurityGroupIds=json_list(sorted(set(options["security_group_ids"])))
            ),
        ),
        key_pair=fact("The key pair", lambda: _key_pair(cloud, options["key_name"])) if options["key_name"] else None,
        stock=fact("The stock", lambda: cloud.pages("ecs", "DescribeAvailableResource", zone_query)),
        unread=unread,
    )


def _kms_status(cloud: Cloud) -> str:
    return str(cloud.call("kms", "DescribeAccountKmsStatus").get("AccountStatus") or "NotEnabled")


def _role(cloud: Cloud, name: str) -> dict[str, t.Any]:
    try:
        return dig(cloud.call("ram", "GetRole", RoleName=name), "Role") or {}
    except NotFound:
        return {}


def _key_pair(cloud: Cloud, name: str) -> dict[str, t.Any]:
    try:
        found = cloud.pages("ecs", "DescribeKeyPairs", KeyPairName=name)
    except NotFound:
        return {}
    return next((pair for pair in found if pair.get("KeyPairName") == name), {})


def _first(items: list[dict[str, t.Any]]) -> dict[str, t.Any]:
    return items[0] if items else {}


def _dry_run(cloud: Cloud, params: t.Mapping[str, t.Any]) -> CloudError | None:
    try:
        cloud.call("ecs", "RunInstances", params, DryRun=True)
    except DryRunPassed:
        return None
    except CloudError as error:
        return error
    return None
