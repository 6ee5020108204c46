# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which instances a key pair is bound to. Private."""

from __future__ import annotations

import typing as t

from .._cloud import results
from .._cloud.door import Cloud, chunks, json_list

_AT_ONCE = 50


def users(cloud: Cloud, name: str) -> list[str]:
    """Ids of the instances that a key pair is bound to."""
    items = cloud.pages("ecs", "DescribeInstances", KeyPairName=name)
    return sorted(item["InstanceId"] for item in items if item.get("KeyPairName") == name)


def write(cloud: Cloud, action: str, name: str, instance_ids: t.Sequence[str], done: list[str] | None = None) -> None:
    """Bind or unbind; it takes effect at the next restart of an instance.

    :param action: C(AttachKeyPair), which replaces another pair, or C(DetachKeyPair)
    :param done: gets the instances that were changed, also where others are refused
    :raises ItemsFailed: instances that were refused
    """
    for part in chunks(list(instance_ids), _AT_ONCE):
        answer = cloud.call("ecs", action, InstanceIds=json_list(part), KeyPairName=name)
        failed = results.failures(answer, "Results.Result")
        refused = [item.id for item in failed]
        if done is not None:
            done += [one for one in part if one not in refused]
        if failed:
            raise results.ItemsFailed(f"ecs {action}", failed, hint="The other instances of this call were changed.")
