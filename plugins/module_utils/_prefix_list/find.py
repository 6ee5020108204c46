# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finding and reading prefix lists, as this collection shows them. Private.

In check mode, what earlier tasks would have made is found too, and what they would have deleted or changed is not there
as it is.
"""

from __future__ import annotations

import typing as t

from .._cloud import foretold
from .._cloud.door import Cloud, chunks
from .._cloud.errors import NotFound
from .._core import naming, tags
from .._core.summary import counted

KIND = "prefix_list"
INFO_SPEC: dict[str, dict[str, t.Any]] = {
    "names": {"type": "list", "elements": "str", "aliases": ["name"]},
    "prefix_list_ids": {"type": "list", "elements": "str", "aliases": ["ids", "prefix_list_id"]},
    "address_family": {"type": "str", "choices": ["IPv4", "IPv6"]},
    "tags": {"type": "dict"},
}
Shape = dict[str, t.Any]
_IDS_PER_CALL = 100


def shape(item: t.Mapping[str, t.Any], entries: t.Iterable[t.Mapping[str, t.Any]]) -> Shape:
    """From an item of DescribePrefixLists, and the entries of DescribePrefixListAttributes."""
    listed = ({"cidr": str(one["Cidr"]), "description": str(one.get("Description") or "")} for one in entries)
    return {
        "prefix_list_id": str(item["PrefixListId"]),
        "name": str(item.get("PrefixListName") or ""),
        "description": str(item.get("Description") or ""),
        "address_family": str(item.get("AddressFamily") or ""),
        "max_entries": int(item.get("MaxEntries") or 0),
        "entries": sorted(listed, key=lambda one: one["cidr"]),
        "association_count": int(item.get("AssociationCount") or 0),
        "creation_time": str(item.get("CreationTime") or ""),
        "tags": tags.own(tags.from_api((item.get("Tags") or {}).get("Tag"))),
    }


def lists(cloud: Cloud, ids: t.Collection[str] | None = None, name: str | None = None) -> list[Shape]:
    """Those of the region that fit, with their entries, the oldest first; None means: not asked for."""
    asked: list[dict[str, t.Any]] = [{"PrefixListName": name} if name else {}]
    if ids is not None:
        real = sorted({one for one in ids if not foretold.is_id(one)})
        asked = [{**asked[0], "PrefixListId": part} for part in chunks(real, _IDS_PER_CALL)]
    items = [item for one in asked for item in cloud.pages("ecs", "DescribePrefixLists", one)]
    there = [one for item in items if name in (None, item.get("PrefixListName")) and (one := _whole(cloud, item))]
    made = {
        one["id"]: {**one["thing"], "prefix_list_id": one["id"]}
        for one in cloud.foretold.all_of(KIND)
        if (ids is None or one["id"] in ids) and name in (None, one["name"])
    }
    staying = [
        one
        for one in there
        if one["prefix_list_id"] not in made and not cloud.foretold.is_gone(KIND, one["prefix_list_id"])
    ]
    return sorted([*staying, *made.values()], key=lambda one: (one["creation_time"], one["prefix_list_id"]))


def _whole(cloud: Cloud, item: t.Mapping[str, t.Any]) -> Shape | None:
    """With its entries, or None where it has just gone."""
    try:
        read = cloud.call("ecs", "DescribePrefixListAttributes", PrefixListId=item["PrefixListId"])
    except NotFound:
        return None
    return shape(item, (read.get("Entries") or {}).get("Entry") or ())


def read_lists(cloud: Cloud, options: dict[str, t.Any]) -> dict[str, t.Any]:
    """The prefix lists that match every filter given, sorted by name."""
    names, family, wanted = options["names"], options["address_family"], options["tags"] or {}
    naming.check_each(naming.PREFIX_LIST, "names", names)
    tags.check(wanted)
    asked = {key: tags.text(value) for key, value in wanted.items()}
    found = [
        one
        for one in lists(cloud, options["prefix_list_ids"])
        if (names is None or one["name"] in names)
        and family in (None, one["address_family"])
        and asked.items() <= one["tags"].items()
    ]
    found.sort(key=lambda one: (one["name"], one["prefix_list_id"]))
    return {"prefix_lists": found, "summary": counted(len(found), "prefix lists")}
