# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which instance types in which vSwitches a task may use, in the order of preference. Private.

The order is the user's: every vSwitch with the first instance type, then every vSwitch with the second, and so on. Each
place is tried once.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from .._cloud.errors import CloudError

Options = t.Mapping[str, t.Any]

#: Refusals of RunInstances that another zone, vSwitch or instance type may not meet.
_NO_ROOM = (
    "OperationDenied.NoStock",
    "InvalidInstanceType.ZoneNotSupported",
    "InvalidResourceType.NotSupported",
    "InstanceType.Offline",
    "Zone.NotOnSale",
    "Zone.NotOpen",
    "InvalidVSwitchId.IpNotEnough",
)


@dataclass(frozen=True)
class Place:
    """One instance type in one vSwitch."""

    instance_type: str
    vswitch_id: str
    zone_id: str | None = None

    def over(self, options: Options) -> dict[str, t.Any]:
        """The options as if this had been the only choice."""
        return {**options, "instance_type": self.instance_type, "vswitch_id": self.vswitch_id}

    def passed_over(self, reason: str) -> dict[str, t.Any]:
        """Why this place was not used, as the module returns it."""
        return {**vars(self), "reason": reason}


def instance_types(options: Options) -> list[str]:
    """The instance types that new instances may have."""
    return _choice(options, "instance_type")


def vswitch_ids(options: Options) -> list[str]:
    """The vSwitches that new instances may be in."""
    return _choice(options, "vswitch_id")


def places(options: Options) -> list[Place]:
    """All of them, the preferred one first."""
    return [Place(kind, vswitch) for kind in instance_types(options) for vswitch in vswitch_ids(options)]


def no_room(error: CloudError) -> bool:
    """Whether RunInstances refused for lack of stock or addresses, so that another place may do."""
    return any(error.code == code or error.code.startswith(code + ".") for code in _NO_ROOM)


def _choice(options: Options, name: str) -> list[str]:
    return list(dict.fromkeys(options[f"{name}s"] or ([options[name]] if options[name] else [])))
