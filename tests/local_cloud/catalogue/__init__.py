# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Alibaba Cloud sells, as data: regions, zones, instance types, public images, disk categories."""

from __future__ import annotations

import functools
import typing as t
from dataclasses import dataclass
from pathlib import Path

import yaml

_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Region:
    """A region; ``zones`` are zone ids."""

    id: str
    zh: str
    en: str
    endpoint: str
    zones: tuple[str, ...]


@dataclass(frozen=True)
class InstanceType:
    """An instance type (memory in GiB); ``vtpm``: ``none``, ``parameter``, or ``image`` (a trusted image is enough)."""

    id: str
    family: str
    generation: str
    category: str
    level: str
    architecture: str  # X86 or ARM
    cpu: int
    memory: float
    disks: tuple[str, ...]
    boot: tuple[str, ...]
    nvme: str
    processor: str
    vtpm: str
    sgx: bool
    enclave: bool
    not_in: frozenset[str]


@dataclass(frozen=True)
class DiskLimits:
    """GiB limits of a category (at a performance level) and its IOPS."""

    system: tuple[int, int]
    data: tuple[int, int]
    iops: int


@dataclass(frozen=True)
class Image:
    """A public image; ``size`` in GiB; ``boot`` is BIOS, UEFI or UEFI-Preferred."""

    id: str
    name: str
    os_zh: str
    os_en: str
    platform: str
    boot: str
    size: int
    created: str
    version: str
    family: str = ""
    os_type: str = "linux"
    architecture: str = "x86_64"
    trusted: bool = False
    cloud_init: bool = True


def _load(name: str) -> dict[str, t.Any]:
    data: dict[str, t.Any] = yaml.safe_load((_FOLDER / f"{name}.yml").read_text(encoding="utf-8"))
    return data


@functools.cache
def regions() -> dict[str, Region]:
    """Regions by id, in the order in which the API lists them."""
    entries = _load("regions")["regions"]
    return {e["id"]: Region(**{**e, "zones": tuple(e["zones"])}) for e in entries}


@functools.cache
def instance_types() -> dict[str, InstanceType]:
    """Instance types by id (``ecs.g7t.large``)."""
    data = _load("instance_types")
    found: dict[str, InstanceType] = {}
    for family in data["families"]:
        category = data["categories"][family["category"]]
        for size, cpu in data["size_sets"][family.get("sizes", "standard")].items():
            type_id = f"ecs.{family['id']}.{size}"
            found[type_id] = InstanceType(
                id=type_id,
                family=f"ecs.{family['id']}",
                generation=family["generation"],
                category=category["name"],
                level=family.get("level", "EnterpriseLevel"),
                architecture=family.get("architecture", "X86"),
                cpu=cpu,
                memory=float(cpu * category["memory"]),
                disks=tuple(data["disk_sets"][family["disks"]]),
                boot=tuple(family["boot"]),
                nvme=family.get("nvme", "unsupported"),
                processor=family["processor"],
                vtpm=family.get("vtpm", "none"),
                sgx=family.get("sgx", False),
                enclave=family.get("enclave", False),
                not_in=frozenset(family.get("not_in", ())),
            )
    return found


@functools.cache
def images() -> dict[str, Image]:
    """Public images by id."""
    return {e["id"]: Image(**e) for e in _load("images")["images"]}


@functools.cache
def disk_categories() -> dict[str, dict[str, DiskLimits]]:
    """Limits by category, then by performance level (``""`` where a category has none)."""
    found = {}
    for name, entry in _load("disks")["categories"].items():
        levels = entry.get("levels", {"": entry})
        found[name] = {
            level: DiskLimits(tuple(limits["system"]), tuple(limits["data"]), limits["iops"])
            for level, limits in levels.items()
        }
    return found


def default_level(category: str) -> str:
    """The performance level of a disk whose request names none (``""`` where a category has none)."""
    return "PL1" if "PL1" in disk_categories()[category] else ""


def zone_region(zone_id: str) -> str | None:
    """The region that a zone belongs to, or None for an unknown zone."""
    return next((r.id for r in regions().values() if zone_id in r.zones), None)
