# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changing the disks and the bandwidth of instances that exist: the steps of disks.py and the planner. Private."""

from __future__ import annotations

import typing as t

from .._cloud.door import Cloud, json_list
from .._cloud.errors import CloudError
from .._core import tagging
from .._core import tags as tag_rules
from .._core.waiter import wait_for
from .disk_limits import DEFAULT_CATEGORY

#: By which AttachDisk says that a disk is attached, or on its way: perhaps by a call whose answer was lost.
_TAKEN = ("IncorrectDiskStatus", "InvalidDisk.AlreadyAttached", "DiskInUse")

Disk = dict[str, t.Any]


class DiskActions:
    """For resources whose plans have such steps."""

    cloud: Cloud
    options: dict[str, t.Any]

    def modify_network(self, id: str, wanted: dict[str, t.Any], address: bool) -> None:
        """Change bandwidth and how it is charged.

        :param address: whether the instance has no public address and gets one
        """
        params = {
            "InternetMaxBandwidthOut": wanted.get("internet_max_bandwidth_out"),
            "NetworkChargeType": wanted.get("internet_charge_type"),
            "AllocatePublicIp": True if address else None,
        }
        given = {key: value for key, value in params.items() if value is not None}
        self.cloud.call("ecs", "ModifyInstanceNetworkSpec", given, InstanceId=id)

    def tag_disks(self, ids: list[str], to_set: dict[str, str]) -> None:
        tagging.write(self.cloud, "ecs", "disk", ids, to_set, [])

    def resize_disk(self, id: str, size: int, online: bool) -> None:
        way = "online" if online else "offline"
        self.cloud.call("ecs", "ResizeDisk", DiskId=id, NewSize=size, Type=way)
        self._until(
            id, f"to have {size} GiB", lambda disk: disk.get("Size") == size, lambda disk: f"{disk.get('Size')} GiB"
        )

    def change_disk(self, id: str, spec: dict[str, str]) -> None:
        names = {"category": "DiskCategory", "performance_level": "PerformanceLevel"}
        self.cloud.call("ecs", "ModifyDiskSpec", {names[key]: value for key, value in spec.items()}, DiskId=id)
        keys = {"category": "Category", "performance_level": "PerformanceLevel"}
        self._until(
            id,
            f"to be {' '.join(spec.values())}",
            lambda disk: all(disk.get(keys[key]) == value for key, value in spec.items()),
            lambda disk: " ".join(str(disk.get(keys[key])) for key in spec),
        )

    def add_disk(
        self,
        instance_id: str,
        zone_id: str,
        wanted: dict[str, t.Any],
        name: str,
        tags: dict[str, str],
        delete_with_instance: bool,
    ) -> None:
        """Make a data disk and attach it. Where the second fails, the next run finds the disk by its name."""
        params = {
            "ZoneId": zone_id,
            "DiskName": name,
            "DiskCategory": wanted.get("category") or DEFAULT_CATEGORY,
            "PerformanceLevel": wanted.get("performance_level"),
            "Size": wanted.get("size"),
            "SnapshotId": wanted.get("snapshot_id"),
            "Encrypted": wanted.get("encrypted"),
            "KMSKeyId": wanted.get("kms_key_id"),
            "Tag": tag_rules.to_api(tags) or None,
        }
        given = {key: value for key, value in params.items() if value is not None}
        self.attach_disk(self.cloud.call("ecs", "CreateDisk", given)["DiskId"], instance_id, delete_with_instance)

    def attach_disk(self, id: str, instance_id: str, delete_with_instance: bool) -> None:
        """Attach a disk that is attached to nothing, once it has been made.

        :raises CloudError: it was refused; tells that the disk is there
        """
        params = {"DiskId": id, "InstanceId": instance_id, "DeleteWithInstance": delete_with_instance}
        try:
            self._until(
                id, "to be Available", lambda disk: disk.get("Status") in ("Available", "Attaching", "In_use"), _status
            )
            self.cloud.call("ecs", "AttachDisk", params)
        except CloudError as error:
            if not error.code.startswith(_TAKEN) or self._disk(id).get("InstanceId") != instance_id:
                error.message = (
                    f"{error.message.rstrip('.')}. The data disk {id} was made and is attached to nothing: the next "
                    "run attaches it, or delete it."
                )
                raise
        self._until(
            id,
            f"to be attached to {instance_id}",
            lambda disk: disk.get("Status") == "In_use" and disk.get("InstanceId") == instance_id,
            _status,
        )

    def _disk(self, id: str) -> Disk:
        """The disk as it is, empty while it cannot be seen."""
        found = self.cloud.pages("ecs", "DescribeDisks", DiskIds=json_list([id]))
        return found[0] if found else {}

    def _until(self, id: str, what: str, done: t.Callable[[Disk], bool], words: t.Callable[[Disk], str]) -> None:
        wait_for(
            self.cloud,
            f"the disk {id} {what}",
            lambda: self._disk(id),
            lambda disk: bool(disk) and done(disk),
            lambda disk: words(disk) if disk else "not visible",
            timeout=float(self.options["wait_timeout"]),
        )


def _status(disk: Disk) -> str:
    return str(disk.get("Status"))
