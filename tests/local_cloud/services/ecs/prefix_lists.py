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


@ecs("CreatePrefixList")
def create_prefix_list(call: Call) -> Record:
    name = call.params["PrefixListName"]
    check_name(name, "InvalidPrefixListName.Malformed", "PrefixListName")
    family = {"ipv4": 4, "ipv6": 6}.get(call.params["AddressFamily"].lower())
    if family is None:
        raise invalid("AddressFamily", "Expected IPv4 or IPv6.")
    most = call.params["MaxEntries"]
    if not 1 <= most <= 200:
        raise invalid("MaxEntries", "Expected 1 to 200.")
    entries = []
    strict = call.settings["ecs.cidr_host_bits"] == "refuse"
    for number, entry in enumerate(call.get("Entry") or (), 1):
        try:
            network = ipaddress.ip_network(entry.get("Cidr") or "", strict=strict)
        except ValueError:
            raise invalid(f"Entry.{number}.Cidr", "Expected a CIDR block without host bits.") from None
        if network.version != family:
            raise invalid(f"Entry.{number}.Cidr", "It is of the other address family.")
        entries.append({"Cidr": str(network), "Description": entry.get("Description") or ""})
    if len(entries) > most:
        raise ApiError("InvalidParameter.EntriesExceed", 400, "There are more entries than MaxEntries.")
    if len({entry["Cidr"] for entry in entries}) < len(entries):
        raise invalid("Entry", "A CIDR block is given twice.")
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
    used: dict[str, int] = {}
    for group in find_all(call, "security_group", lagged=True):
        for list_id in {
            rule.get(key) for rule in group["Permissions"] for key in ("SourcePrefixListId", "DestPrefixListId")
        }:
            if list_id:
                used[list_id] = used.get(list_id, 0) + 1
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
