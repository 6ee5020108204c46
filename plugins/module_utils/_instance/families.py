# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ECS asks of a trusted instance, as data. Private.

The families are those that Alibaba Cloud's documents name for the trusted system. C(parameter): RunInstances has to
be told C(SecurityOptions.TrustedSystemMode=vTPM); C(image): the trusted image alone makes the instance trusted. New
families appear faster than releases of this collection, so O(trusted_families) adds to this table."""

from __future__ import annotations

import typing as t

PARAMETER = "parameter"
IMAGE = "image"
WAYS = (PARAMETER, IMAGE)

TRUSTED_FAMILIES: dict[str, str] = {
    **dict.fromkeys(("g6t", "c6t", "r6t"), IMAGE),
    **dict.fromkeys(("g7t", "c7t", "r7t", "g7", "c7", "r7"), PARAMETER),
    **dict.fromkeys(("g8i", "c8i", "r8i", "g8a", "c8a", "r8a", "g8ine", "c8ine"), PARAMETER),
    **dict.fromkeys(("g9ae", "i5g", "gn8v", "gn8is"), PARAMETER),
}

#: The only value that RunInstances knows.
TRUSTED_SYSTEM_MODE = "vTPM"
#: The only category of system disk that a trusted instance may have.
SYSTEM_DISK_CATEGORY = "cloud_essd"
#: The service that has to be allowed to assume an instance's role.
ROLE_SERVICE = "ecs.aliyuncs.com"
#: System tag of instances with a vTPM: all that the API tells about trust afterwards.
VTPM_TAG = "acs:ecs:supportVtpm"


def family_of(instance_type: str) -> str:
    """The family in an instance type: C(g7t) for C(ecs.g7t.large)."""
    parts = instance_type.split(".")
    return parts[1] if len(parts) > 2 else ""


def trusted_way(instance_type: str, more: t.Mapping[str, str] | None = None) -> str | None:
    """How an instance of this type becomes trusted, None when its family is not known to.

    :param more: families added by the user
    """
    family = family_of(instance_type)
    return {**TRUSTED_FAMILIES, **(more or {})}.get(family)
