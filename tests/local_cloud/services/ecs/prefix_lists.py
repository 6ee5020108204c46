# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prefix lists: named sets of CIDR blocks that rules can name."""

from __future__ import annotations

import ipaddress

from local_cloud.framework import ApiError, Call
from local_cloud.services.ecs.common import (
    Record,
    check_name,
    check_text,
    ecs,
    find_all,
    fits,
    get_one,
    has_tags,
    invalid,
    new_record,
    page_token,
    request_tags,
    save,
    seconds_text,
    shown_tags,
)
from local_cloud.settings import define

define(
    "ecs.used_prefix_list_code",
    "DependencyViolation.PrefixList",
    "code for the deletion of a prefix list that rules name (UNCERTAIN)",
)
define(
    "ecs.prefix_list_entry_again",
    "describe",
    "what AddEntry of a CIDR block that is there does: gives it the description, or is refused (UNCERTAIN)",
    ("describe", "refuse"),
)


@ecs("CreatePrefixList")
def create_prefix_list(call: Call) -> Record:
    name = call.params["PrefixListName"]
    check_list_name(name)
    family = {"ipv4": 4, "ipv6": 6}.get(call.params["AddressFamily"].lower())
    if family is None:
        raise invalid("AddressFamily", "Expected IPv4 or IPv6.")
    most = call.params["MaxEntries"]
    if not 1 <= most <= 200:
        raise invalid("MaxEntries", "Expected 1 to 200.")
    entries = _entries(call, "Entry", family)
    if len(entries) > most:
        raise ApiError("InvalidParameter.EntriesExceed", 400, "There are more entries than MaxEntries.")
    prefix_list_id = call.store.new_id("pl-")
    record = new_record(
        call,
        PrefixListId=prefix_list_id,
        PrefixListName=name,
        AddressFamily="IPv4" if family == 4 else "IPv6",
        MaxEntries=most,
        Description=check_text(call, "Description", "InvalidDescription.Malformed", 2, 256) or "",
        ResourceGroupId=call.get("ResourceGroupId") or "",
        CreationTime=seconds_text(call),
        Tags=request_tags(call),
        _Entries=entries,
    )
    save(call, "prefix_list", prefix_list_id, record)
    return {"PrefixListId": prefix_list_id}


def check_list_name(name: str) -> None:
    """What a prefix list may be called.

    :raises ApiError: malformed or reserved.
    """
    check_name(name, "InvalidPrefixListName.Malformed", "PrefixListName")
    if name.lower().startswith(("com.aliyun", "com.alibabacloud")):
        raise ApiError("InvalidPrefixListName.Malformed", 400, "The specified PrefixListName is reserved.")


def _entries(call: Call, parameter: str, family: int) -> list[Record]:
    """The entries of a request, checked.

    :raises ApiError: no CIDR block, one of the other family, or one that is given twice.
    """
    entries = []
    strict = call.settings["ecs.cidr_host_bits"] == "refuse"
    for number, entry in enumerate(call.get(parameter) or (), 1):
        try:
            network = ipaddress.ip_network(entry.get("Cidr") or "", strict=strict)
        except ValueError:
            raise invalid(f"{parameter}.{number}.Cidr", "Expected a CIDR block without host bits.") from None
        if network.version != family:
            raise invalid(f"{parameter}.{number}.Cidr", "It is of the other address family.")
        entries.append({"Cidr": str(network), "Description": entry.get("Description") or ""})
    if len({entry["Cidr"] for entry in entries}) < len(entries):
        raise invalid(parameter, "A CIDR block is given twice.")
    return entries


@ecs("ModifyPrefixList")
def modify_prefix_list(call: Call) -> None:
    record = get_one(call, "prefix_list", call.params["PrefixListId"])
    if call.get("PrefixListName"):
        check_list_name(call.params["PrefixListName"])
        record["PrefixListName"] = call.params["PrefixListName"]
    if call.get("Description"):
        record["Description"] = check_text(call, "Description", "InvalidDescription.Malformed", 2, 256) or ""
    family = 4 if record["AddressFamily"] == "IPv4" else 6
    added, removed = _entries(call, "AddEntry", family), _entries(call, "RemoveEntry", family)
    entries = {entry["Cidr"]: entry for entry in record["_Entries"]}
    again = [entry["Cidr"] for entry in added if entry["Cidr"] in entries]
    if again and call.settings["ecs.prefix_list_entry_again"] == "refuse":
        raise invalid("AddEntry", f"{again[0]} is in the prefix list already.")
    if {entry["Cidr"] for entry in added} & {entry["Cidr"] for entry in removed}:
        raise invalid("RemoveEntry", "A CIDR block is to be added and removed.")
    for entry in removed:
        if entries.pop(entry["Cidr"], None) is None:
            raise invalid("RemoveEntry", f"{entry['Cidr']} is not in the prefix list.")
    entries |= {entry["Cidr"]: entry for entry in added}
    if len(entries) > record["MaxEntries"]:
        raise ApiError("InvalidParameter.EntriesExceed", 400, "There are more entries than MaxEntries.")
    save(call, "prefix_list", record["PrefixListId"], {**record, "_Entries": list(entries.values())})


@ecs("DeletePrefixList")
def delete_prefix_list(call: Call) -> None:
    record = get_one(call, "prefix_list", call.params["PrefixListId"])
    if _uses(call, lagged=False).get(record["PrefixListId"]):
        raise ApiError(call.settings["ecs.used_prefix_list_code"], 403, "The prefix list is used by security groups.")
    call.store.delete("prefix_list", record["PrefixListId"])


def _uses(call: Call, *, lagged: bool) -> dict[str, int]:
    """How many groups name each prefix list in their rules."""
    used: dict[str, int] = {}
    for group in find_all(call, "security_group", lagged=lagged):
        for list_id in {
            rule.get(key) for rule in group["Permissions"] for key in ("SourcePrefixListId", "DestPrefixListId")
        }:
            if list_id:
                used[list_id] = used.get(list_id, 0) + 1
    return used


_SAME = ("PrefixListId", "PrefixListName", "AddressFamily", "MaxEntries", "Description", "CreationTime")


@ecs("DescribePrefixLists")
def describe_prefix_lists(call: Call) -> Record:
    ids = call.get("PrefixListId") or []
    found = [
        record
        for record in find_all(call, "prefix_list", lagged=True)
        if (not ids or record["PrefixListId"] in ids)
        and fits(call, record, ("PrefixListName", "AddressFamily", "ResourceGroupId"))
        and has_tags(call, record)
    ]
    page = page_token(call, found, default=10, most=100)
    used = _uses(call, lagged=True)
    shown = [
        {
            **{key: record[key] for key in _SAME},
            "AssociationCount": used.get(record["PrefixListId"], 0),
            "ResourceGroupId": record["ResourceGroupId"],
            "Tags": {"Tag": shown_tags(call, record)},
        }
        for record in page.items
    ]
    return {"PrefixLists": {"PrefixList": shown}, **page.about}


@ecs("DescribePrefixListAttributes")
def describe_prefix_list_attributes(call: Call) -> Record:
    record = get_one(call, "prefix_list", call.params["PrefixListId"], lagged=True)
    return {**{key: record[key] for key in _SAME}, "Entries": {"Entry": record["_Entries"]}}
