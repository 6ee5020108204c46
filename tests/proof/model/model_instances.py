# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The model of instances, their key pairs and findings, written from the documentation of their modules."""

from __future__ import annotations

import re
import typing as t

from modules.test_keypair import OTHER_PUBLIC, PUBLIC
from proof.model.model_parts import (
    OWNER,
    TAGS,
    TERMS,
    Facts,
    Options,
    Refused,
    State,
    Subject,
    leaves,
    options,
    some,
    tag,
)

if t.TYPE_CHECKING:
    from modules.harness import Modules

IMAGE = "aliyun_3_x64_20G_uefi_alibase_20240528.vhd"
#: Public halves of keys that nobody has.
KEYS = {"1": PUBLIC, "2": OTHER_PUBLIC}
NOTICES = ["sas_suspicious", "sas_healthcheck"]
POWER = ["present", "running", "stopped"]


# ---------------------------------------------------------------------- instances


def trusted_instance(state: State, given: Options) -> None:
    instances = state["instances"]
    fleet = sorted(name for name, one in instances.items() if one["tags"].get(OWNER) == given["fleet"])
    protect = given.get("deletion_protection")
    goes: list[str] = []
    made: list[str] = []
    if given.get("state") == "absent":
        goes = fleet
    elif "count" in given:
        count = given["count"]
        if len(fleet) > count:
            if not given.get("remove_surplus"):
                raise Refused("there are too many")
            goes = fleet[count:]
        free = [name for name in (f"web-{at:03}" for at in range(1, 9)) if name not in instances]
        made = free[: max(0, count - len(fleet))]
    if protect is not False and [one for one in goes if instances[one]["deletion_protection"]]:
        raise Refused("one is protected against deletion")
    if "vswitch_names" in given and "a" not in state["vpcs"].get("corp", {"vswitches": {}})["vswitches"]:
        raise Refused("there is no such vSwitch")
    if not fleet and "count" not in given and given.get("state") != "absent":
        raise Refused("without a name none is created")
    stay = [one for one in fleet if one not in goes]
    if given.get("state") != "absent" and (stay or made):
        _fits(state, given, bool(made))
    for one in goes:
        del instances[one]
    for one in made:
        instances[one] = {
            "status": "Running",
            "description": "",
            "security_groups": [],
            "key_name": "",
            "ram_role_name": "",
            "deletion_protection": False,
            "http_tokens": "required",
            "tags": {OWNER: given["fleet"]},
        }
    if given.get("state") == "absent":
        return
    for one in [*stay, *made]:
        there = instances[one]
        for option in ("description", "key_name", "ram_role_name", "deletion_protection", "http_tokens"):
            if option in given:
                there[option] = given[option]
        if "security_group_names" in given:
            there["security_groups"] = sorted(given["security_group_names"])
        there["status"] = {"running": "Running", "stopped": "Stopped"}.get(given.get("state", ""), there["status"])
        tag(there["tags"], {key: value for key, value in given.items() if key != "adopt"})


def _fits(state: State, given: Options, creates: bool) -> None:
    """Whether what is named exists and fits."""
    if creates and not state["kms"]:
        raise Refused("KMS is off")
    if given.get("key_name") not in (None, *state["pairs"]):
        raise Refused("there is no such key pair")
    if given.get("ram_role_name") not in (None, *state["roles"]):
        raise Refused("there is no such role")
    groups = [state["groups"].get(one) for one in given.get("security_group_names", [])]
    if None in groups:
        raise Refused("there is no such group")
    if len({one["type"] for one in groups if one}) > 1 or any(one["vpc"] != "corp" for one in groups if one):
        raise Refused("basic and advanced groups, or another VPC")


# ---------------------------------------------------------------------- key pairs


def _keypair_of_file(state: State, given: Options) -> None:
    """A pair whose private key a file gets; the two come and go together."""
    pairs, name = state["pairs"], given["name"]
    bound = [one for one in state["instances"].values() if one["key_name"] == name]
    if given.get("state") == "absent":
        pairs.pop(name, None)
        return
    assert not bound
    there = pairs.setdefault(name, {"key": "?", "tags": {OWNER: name}})
    tag(there["tags"], given, name)


def keypair(state: State, given: Options) -> None:
    if "private_key_file" in given:
        _keypair_of_file(state, given)
        return
    pairs, name, how = state["pairs"], given["name"], given.get("state", "present")
    there = pairs.get(name)
    bound = [one for one in state["instances"].values() if one["key_name"] == name]
    targets = [state["instances"].get(one.removeprefix("$instance:")) for one in given.get("instance_ids", [])]
    if None in targets:
        raise Refused("there is no such instance")
    if how == "absent":
        if there is None or leaves(OWNER in there["tags"], given):
            return
        if bound and given.get("leave_others"):
            return
        if bound and given.get("if_bound", "refuse") == "refuse":
            raise Refused("it is bound", late=True)
        for one in bound:
            one["key_name"] = ""
        del pairs[name]
        return
    if how == "unbound":
        for target in targets:
            if target and target["key_name"] == name:
                target["key_name"] = ""
        return
    key = given["public_key"].removeprefix("$key:")
    if there and OWNER not in there["tags"] and given.get("leave_others") and not given.get("adopt"):
        if there["key"] != key:
            if given.get("replace"):
                return
            raise Refused("it has another key")
        if how != "bound":
            return
    if there and there["key"] != key:
        if not given.get("replace"):
            raise Refused("it has another key")
        if bound and given.get("if_bound", "refuse") != "unbind":
            raise Refused("it is bound")
        leaves(OWNER in there["tags"], {**given, "leave_others": False})
        for one in bound:
            one["key_name"] = ""
        there["key"] = key
    if there is None:
        there = pairs[name] = {"key": key, "tags": {OWNER: name}}
    if OWNER in there["tags"] or given.get("adopt") or not given.get("leave_others"):
        tag(there["tags"], given, name)
    if how == "bound":
        for target in targets:
            if target:
                target["key_name"] = name


# ---------------------------------------------------------------------- findings, Session Manager


def trust_event(state: State, given: Options) -> None:
    findings = state["findings"]
    if "event_ids" in given:
        chosen = given["event_ids"]
        if [one for one in chosen if one not in findings]:
            raise Refused("there is no such finding")
    else:
        chosen = [one for one, data in findings.items() if data["state"] == "open"]
        if "levels" in given:
            chosen = [one for one in chosen if findings[one]["level"] in given["levels"]]
    chosen = [one for one in chosen if findings[one]["state"] != given["state"]]
    if "expected" in given:
        fitting = [one for one in chosen if any(_like(findings[one]["suspect"], two) for two in given["expected"])]
        if fitting != chosen and given.get("unexpected", "fail") == "fail":
            raise Refused("one is unexpected")
        chosen = fitting
    for one in chosen:
        findings[one]["state"] = given["state"]


def _like(suspect: str, pattern: str) -> bool:
    return suspect.startswith(pattern[:-1]) if pattern.endswith("*") else suspect == pattern


def session_manager(state: State, given: Options) -> None:
    state["session_manager"] = given.get("enabled", True)


def security_center_notice(state: State, given: Options) -> None:
    for item in given["items"]:
        state["notices"][item] = {
            "methods": sorted(given.get("methods", state["notices"][item]["methods"])),
            "hours": given.get("hours", state["notices"][item]["hours"]),
        }


# ---------------------------------------------------------------------- what is told


def told_instances(modules: Modules) -> State:
    groups = {one["security_group_id"]: one["name"] for one in modules.run("security_group_info")["security_groups"]}
    about = ("status", "description", "deletion_protection", "http_tokens", "tags")
    return {
        one["name"]: {
            **{key: one[key] for key in about},
            "security_groups": sorted(groups[group] for group in one["security_group_ids"]),
            "key_name": one["key_name"] or "",
            "ram_role_name": one["ram_role_name"] or "",
        }
        for one in modules.run("trusted_instance_info", include_ram_role=True)["instances"]
    }


def told_pairs(modules: Modules) -> State:
    names = {value.split()[1]: name for name, value in KEYS.items()}
    return {
        one["name"]: {"key": names.get(one["public_key"].split()[1], "?"), "tags": _without_numbers(one["tags"])}
        for one in modules.run("keypair_info")["key_pairs"]
    }


def _without_numbers(tags: dict[str, str]) -> dict[str, str]:
    """Tags without what is another one for each pair that was created."""
    return {key: re.sub("/[0-9a-f]{16}$", "", value) if key == OWNER else value for key, value in tags.items()}


def told_findings(modules: Modules) -> State:
    found = modules.run("trust_event_info")["findings"]
    return {one["event_id"]: {key: one[key] for key in ("state", "level", "suspect")} for one in found}


def told_notices(modules: Modules) -> State:
    found = modules.run("security_center_notice_info", items=NOTICES)["notices"]
    return {one["item"]: {"methods": sorted(one["methods"]), "hours": one["hours"]} for one in found}


FACTS: Facts = {
    "notices": told_notices,
    "instances": told_instances,
    "pairs": told_pairs,
    "findings": told_findings,
    "session_manager": lambda modules: modules.run("session_manager_info")["session_manager"]["enabled"],
}

_of_instances: dict[str, t.Any] = {
    "description": ["web server", "another"],
    "key_name": ["ops", "dev"],
    "ram_role_name": ["app", "job"],
    "security_group_names": some("web", "db", "apps").filter(bool),
    "deletion_protection": [True, False],
    "http_tokens": ["optional", "required"],
    "tags": TAGS,
    "purge_tags": [True, False],
}
_of_instances_but_groups = {key: value for key, value in _of_instances.items() if key != "security_group_names"}
_in_fleet = some("$instance:web-001", "$instance:web-002").filter(bool)

SUBJECTS = [
    Subject(
        "trusted_instance",
        options(
            {**_of_instances_but_groups, "state": POWER, "remove_surplus": [True, False]},
            fleet=["web"],
            name=["web-[1,3]"],
            count=[0, 1, 2, 3],
            instance_type=["ecs.g7t.large"],
            image_id=[IMAGE],
            vswitch_names=[["a"]],
            security_group_names=[["web"], ["apps"]],
        )
        | options({**_of_instances, "state": POWER}, fleet=["web"])
        | options({"deletion_protection": [False]}, fleet=["web"], state=["absent"]),
        trusted_instance,
        ("instances", "groups"),
    ),
    Subject(
        "keypair",
        options(
            {
                "replace": [True, False],
                "if_bound": ["refuse", "unbind"],
                "tags": TAGS,
                "purge_tags": [True, False],
                **TERMS,
            },
            name=["ops", "dev", "their-pair"],
            public_key=["$key:1", "$key:2"],
        )
        | options(
            {"replace": [True, False], "if_bound": ["refuse", "unbind"]},
            name=["ops", "dev"],
            public_key=["$key:1", "$key:2"],
            state=["bound"],
            instance_ids=_in_fleet,
        )
        | options({}, name=["ops", "dev"], state=["unbound"], instance_ids=_in_fleet)
        | options({"if_bound": ["refuse", "unbind"], **TERMS}, name=["ops", "dev", "their-pair"], state=["absent"])
        | options(
            {"tags": TAGS, "purge_tags": [True, False], "state": ["present", "absent"]},
            name=["made"],
            private_key_file=["$file:made.pem"],
        ),
        keypair,
        ("pairs", "instances"),
    ),
    Subject(
        "trust_event",
        options(
            {"expected": [["PCR 9"], ["PCR*"], ["/usr/bin/*"]], "unexpected": ["fail", "leave"]},
            state=["accepted", "ignored"],
            event_ids=some("e001", "e002", "e003", "e999").filter(bool),
        )
        | options(
            {"levels": [["high"], ["low"]], "expected": [["PCR*"], ["*"]], "unexpected": ["fail", "leave"]},
            state=["accepted", "ignored"],
            all_findings=[True],
        ),
        trust_event,
        ("findings",),
    ),
    Subject(
        "security_center_notice",
        options({"hours": ["any", "daytime"]}, items=[NOTICES[:1], NOTICES], methods=[[], ["email"], ["text_message"]])
        | options({}, items=[NOTICES[1:]], hours=["any", "daytime"]),
        security_center_notice,
        ("notices",),
    ),
    Subject("session_manager", options({"enabled": [True, False]}), session_manager, ("session_manager",)),
]
