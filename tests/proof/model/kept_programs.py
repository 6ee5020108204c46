# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs that have found something: the number of the world that they begin in, and their steps."""

from __future__ import annotations

import typing as t

_READ_B = {"Version": "1", "Statement": [{"Effect": "Allow", "Action": ["ecs:DescribeB"], "Resource": "*"}]}
_FIRST, _SECOND = "1111222233334444", "5555666677778888"

PROGRAMS: dict[str, tuple[int, list[tuple[str, dict[str, t.Any]]]]] = {
    # What only Alibaba Cloud chooses was told by check mode as it was before.
    "another version of a policy": (1, [("ram_policy", {"name": "reader", "document": _READ_B})]),
    "another description of a user": (1, [("ram_user", {"name": "ann", "comments": "another"})]),
    "another description of a group": (1, [("ram_group", {"name": "dev", "comments": "another"})]),
    "another description of a role": (1, [("instance_ram_role", {"name": "app", "description": "another"})]),
    "a share that is new, and one more recipient": (
        0,
        [
            (
                "encrypted_share",
                {"name": "spare", "snapshot_ids": ["s-bp1aaaaaaaaaaaaaaaaa1"], "account_ids": [account]},
            )
            for account in (_FIRST, _SECOND)
        ],
    ),
    "findings that are handled, some of them before": (
        0,
        [
            ("trust_event", {"state": "accepted", "event_ids": ["e001"]}),
            ("trust_event", {"state": "accepted", "event_ids": ["e001", "e002"]}),
        ],
    ),
    "instances that are deleted": (1, [("trusted_instance", {"fleet": "web", "state": "absent"})]),
    # A repeat was refused.
    "a copy with an empty description": (
        1,
        [
            (
                "snapshot",
                {
                    "name": "copy-a",
                    "source_snapshot_id": "s-bp1aaaaaaaaaaaaaaaaa0",
                    "encrypted": True,
                    "description": "",
                },
            )
        ],
    ),
    # The model knew nothing of these.
    "an instance that is not there, and a role": (
        0,
        [
            ("instance_ram_role", {"name": "job", "instance_ids": ["$instance:web-002"], "attachment": attachment})
            for attachment in ("attached", "detached")
        ],
    ),
    # preflight_info ended with a traceback.
    "a network that stays, and a vSwitch that it does not have": (
        1,
        [
            (
                "vpc",
                {
                    "name": "corp",
                    "state": "absent",
                    "leave_others": True,
                    "wait_timeout": 20,
                    "vswitches": [{"name": "b", "zone_id": "cn-hangzhou-h", "cidr_block": "10.2.0.0/16"}],
                },
            )
        ],
    ),
    "instances that are stopped and started": (
        1,
        [("trusted_instance", {"fleet": "web", "state": state}) for state in ("stopped", "running")],
    ),
}
