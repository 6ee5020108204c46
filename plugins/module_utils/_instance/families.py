# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ECS asks of a trusted instance, as data. Private.

The families are those that Alibaba Cloud's documents name for the trusted system. New families appear faster than
releases of this collection, so O(trusted_families) adds to this table and overrides it.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, fields, replace

#: How an instance becomes trusted: RunInstances is told C(SecurityOptions.TrustedSystemMode=vTPM); a trusted image is
#: enough; never.
PARAMETER = "parameter"
IMAGE = "image"
NONE = "none"
WAYS = (PARAMETER, IMAGE, NONE)
#: Which images fit: those published as trusted; those that boot by UEFI or are published as trusted.
TRUSTED_IMAGE = "trusted"
UEFI_IMAGE = "uefi"
IMAGE_KINDS = (TRUSTED_IMAGE, UEFI_IMAGE)


@dataclass(frozen=True)
class Family:
    """What an instance family needs to be trusted.

    :ivar mode: one of L(WAYS)
    :ivar image: one of L(IMAGE_KINDS)
    :ivar sgx: whether its instances can hold SGX enclaves
    :ivar generation: of the family, 0 where it is not known
    """

    mode: str = PARAMETER
    image: str = UEFI_IMAGE
    sgx: bool = False
    generation: int = 0


_SIXTH = Family(IMAGE, TRUSTED_IMAGE, generation=6)
_SEVENTH_SECURED = Family(sgx=True, generation=7)

FAMILIES: dict[str, Family] = {
    **dict.fromkeys(("g6t", "c6t", "r6t"), _SIXTH),
    **dict.fromkeys(("g7t", "c7t", "r7t"), _SEVENTH_SECURED),
    **dict.fromkeys(("g7", "c7", "r7"), Family(generation=7)),
    **dict.fromkeys(("g8i", "c8i", "r8i", "g8a", "c8a", "r8a", "g8ine", "c8ine"), Family(generation=8)),
    **dict.fromkeys(("gn8v", "gn8is"), Family(generation=8)),
    "g9ae": Family(generation=9),
    "i5g": Family(),
}

#: O(trust_service) for an attestation system of one's own.
SELF_MANAGED = "self_managed"
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


def family(instance_type: str, more: t.Mapping[str, t.Any] | None = None) -> Family | None:
    """What the family of an instance type needs, None when it is not known to support trusted mode.

    :param more: O(trusted_families), checked
    """
    name = family_of(instance_type)
    known = FAMILIES.get(name)
    given = (more or {}).get(name)
    if given is not None:
        known = replace(known or _guess(given), **(given if isinstance(given, dict) else {"mode": given}))
    return None if known is None or known.mode == NONE else known


def wrong(more: t.Mapping[str, t.Any]) -> str | None:
    """What is wrong with O(trusted_families), in words."""
    kinds = {"mode": WAYS, "image": IMAGE_KINDS, "sgx": (True, False), "generation": range(1, 100)}
    for name, given in more.items():
        settings = given if isinstance(given, dict) else {"mode": given}
        for key, value in settings.items():
            if key not in kinds:
                expected = ", ".join(each.name for each in fields(Family))
                return f"trusted_families gives {key} for {name}; expected {expected}."
            if value not in kinds[key] or (key == "generation" and isinstance(value, bool)):
                choices = "a number above 0" if key == "generation" else _either(kinds[key])
                return f"trusted_families says {value!r} as {key} of {name}; expected {choices}."
    return None


def _guess(given: t.Any) -> Family:
    """The start for a family that the table does not have: trusted by image means a trusted image."""
    mode = given.get("mode") if isinstance(given, dict) else given
    return Family(IMAGE, TRUSTED_IMAGE) if mode == IMAGE else Family()


def _either(choices: t.Iterable[t.Any]) -> str:
    *first, last = (str(one).lower() if isinstance(one, bool) else str(one) for one in choices)
    return f"{', '.join(first)} or {last}"
