# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How large disks are, and what a disk can become, as data. Private.

Sources: the parameters of RunInstances, CreateDisk, ResizeDisk and ModifyDiskSpec.
"""

from __future__ import annotations

#: The category of a new disk for which none is given; the only one with performance levels.
DEFAULT_CATEGORY = "cloud_essd"
DEFAULT_LEVEL = "PL1"
LEVELS = ("PL0", "PL1", "PL2", "PL3")
#: GiB of a system disk and of a data disk, the least and the most, by category or performance level.
_LIMITS: dict[str, tuple[tuple[int, int], tuple[int, int]]] = {
    "PL0": ((1, 2048), (1, 65536)),
    "PL1": ((20, 2048), (20, 65536)),
    "PL2": ((461, 2048), (461, 65536)),
    "PL3": ((1261, 2048), (1261, 65536)),
    "cloud_auto": ((1, 2048), (1, 65536)),
    "cloud_essd_entry": ((10, 2048), (10, 32768)),
    "cloud_ssd": ((20, 2048), (20, 32768)),
    "cloud_efficiency": ((20, 2048), (20, 32768)),
    "cloud": ((20, 500), (5, 2000)),
}
CATEGORIES = (DEFAULT_CATEGORY, *(name for name in _LIMITS if name not in LEVELS))
#: Categories that ModifyDiskSpec knows, the fastest first: a subscription disk only becomes faster.
_CHANGEABLE = ("cloud_essd", "cloud_auto", "cloud_ssd", "cloud_essd_entry", "cloud_efficiency")
#: What an ESSD Entry disk can become.
_OF_ENTRY = ("cloud_essd", "cloud_auto")
#: The only category that does not grow while its instance runs.
_OFFLINE = "cloud"


def limits(category: str, level: str | None, *, system: bool) -> tuple[int, int] | None:
    """The least and the most GiB; None for a category that is not known here."""
    both = _LIMITS.get(level or DEFAULT_LEVEL) if category == DEFAULT_CATEGORY else _LIMITS.get(category)
    return both and both[0 if system else 1]


def grows_online(category: str) -> bool:
    """Whether a disk can grow while its instance runs, without a restart."""
    return category != _OFFLINE


def why_not_category(old: str, new: str, *, subscription: bool) -> str | None:
    """Why a disk cannot change its category so, as a part of a sentence; None where it can."""
    if old not in _CHANGEABLE or new not in _CHANGEABLE or (old == "cloud_essd_entry" and new not in _OF_ENTRY):
        return f"a disk of the category {old} cannot become {new}"
    if subscription and _CHANGEABLE.index(new) > _CHANGEABLE.index(old):
        return "a subscription disk cannot become a slower one"
    return None


def why_not_level(old: str | None, new: str, *, subscription: bool) -> str | None:
    """Why an ESSD cannot change its performance level so; None where it can."""
    lower = old in LEVELS and LEVELS.index(new) < LEVELS.index(old)
    if lower and new == "PL0":
        return "an ESSD cannot be lowered to PL0"
    if lower and subscription:
        return "the performance level of a subscription disk cannot be lowered"
    return None
