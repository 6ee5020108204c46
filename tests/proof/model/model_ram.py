# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The model of users, groups, policies and roles, written from the documentation of their modules."""

from __future__ import annotations

import typing as t

from proof.model.model_parts import TERMS, Facts, Options, Refused, State, Subject, leaves, options, some

if t.TYPE_CHECKING:
    from modules.harness import Modules

REPORT = ["GenerateAikcert", "GenerateNonce", "PutMessage", "RegisterMessage"]
SYSTEM = ("System", "AliyunECSReadOnlyAccess")
_USERS, _GROUPS, _POLICIES, _ROLES = (
    ["ann", "bob", "their-user"],
    ["dev", "ops", "their-group"],
    ["reader", "full"],
    ["app", "job"],
)


def document(action: str) -> Options:
    return {"Version": "1", "Statement": [{"Effect": "Allow", "Action": [action], "Resource": "*"}]}


def actions(shown: Options) -> list[str]:
    """What a document allows, short."""
    found = [one["Action"] for one in shown["Statement"]]
    flat = [name for one in found for name in (one if isinstance(one, list) else [one])]
    return sorted(name.removeprefix("yundun-systrust:") for name in flat)


def _refs(given: list[Options]) -> list[tuple[str, str]]:
    return [(one.get("type", "Custom"), one["name"]) for one in given]


def holders(state: State, policy: tuple[str, str]) -> list[Options]:
    return [
        one for kind in ("users", "user_groups", "roles") for one in state[kind].values() if policy in one["policies"]
    ]


def _have(state: State, wanted: list[tuple[str, str]]) -> None:
    for policy in wanted:
        if policy[0] == "Custom" and policy[1] not in state["policies"]:
            raise Refused(f"there is no policy {policy[1]}")


def _clear(text: str | None, there: str) -> None:
    """A description can be changed, but not cleared."""
    if text == "" and there:
        raise Refused("a description cannot be cleared")


# ---------------------------------------------------------------------- users


def new_user(display_name: str, comments: str = "", *, ours: bool = True) -> Options:
    about = {"display_name": display_name, "comments": comments, "console_login": False}
    return {**about, "groups": [], "policies": [], "_ours": ours}


def user(state: State, given: Options) -> None:
    users, name = state["users"], given["name"]
    there = users.get(name)
    if given.get("console_login") is False and "password" in given:
        raise Refused("a password for whom has no console logon")
    if given.get("state") == "absent":
        if there and not leaves(there["_ours"], given):
            del users[name]
        return
    if there and not there["_ours"] and given.get("leave_others") and not given.get("adopt"):
        return
    _have(state, _refs(given.get("policies", [])))
    for group in given.get("groups", []):
        if group not in state["user_groups"]:
            raise Refused(f"there is no group {group}")
    console = given.get("console_login", True if "password" in given else None)
    if console and not (there and there["console_login"]) and "password" not in given:
        raise Refused("a console logon needs a password")
    if there is None:
        there = users[name] = new_user(name)
    elif not there["_ours"] and not given.get("adopt"):
        loses = (
            (given.get("purge_groups") and "groups" in given and set(there["groups"]) - set(given["groups"]))
            or (
                given.get("purge_policies")
                and "policies" in given
                and set(there["policies"]) - set(_refs(given["policies"]))
            )
            or (console is False and there["console_login"])
        )
        if loses:
            raise Refused("it would lose something, and is not ours")
    elif given.get("adopt"):
        there["_ours"] = True
    if given.get("comments") == "" and there["comments"] and not there["_ours"]:
        raise Refused("without the mark in them, comments cannot be cleared")
    for option in ("display_name", "comments"):
        if option in given:
            there[option] = given[option]
    if console is not None:
        there["console_login"] = console
    _settle(there, "groups", given.get("groups"), given.get("purge_groups"))
    _settle(there, "policies", _refs(given["policies"]) if "policies" in given else None, given.get("purge_policies"))


def _settle(there: Options, what: str, wanted: list[t.Any] | None, purge: bool | None) -> None:
    if wanted is not None:
        there[what] = sorted(set(wanted) | (set() if purge else set(there[what])))


# ---------------------------------------------------------------------- groups


def group(state: State, given: Options) -> None:
    groups, name = state["user_groups"], given["name"]
    there = groups.get(name)
    members = [one for one, data in state["users"].items() if name in data["groups"]]
    if given.get("state") == "absent":
        if not there or leaves(there["_ours"], given):
            return
        if members and not given.get("remove_users"):
            if given.get("leave_others"):
                return
            raise Refused("it has users")
        for one in members:
            state["users"][one]["groups"].remove(name)
        del groups[name]
        return
    if there and not there["_ours"] and given.get("leave_others") and not given.get("adopt"):
        return
    _have(state, _refs(given.get("policies", [])))
    for one in given.get("users", []):
        if one not in state["users"]:
            raise Refused(f"there is no user {one}")
    if there is None:
        there = groups[name] = {"comments": "", "policies": [], "_ours": True}
    elif not there["_ours"] and not given.get("adopt"):
        if (given.get("purge_users") and "users" in given and set(members) - set(given["users"])) or (
            given.get("purge_policies")
            and "policies" in given
            and set(there["policies"]) - set(_refs(given["policies"]))
        ):
            raise Refused("it would lose something, and is not ours")
    elif given.get("adopt"):
        there["_ours"] = True
    if given.get("comments") == "" and there["comments"] and not there["_ours"]:
        raise Refused("without the mark in them, comments cannot be cleared")
    if "comments" in given:
        there["comments"] = given["comments"]
    _settle(there, "policies", _refs(given["policies"]) if "policies" in given else None, given.get("purge_policies"))
    if "users" in given:
        for one, data in state["users"].items():
            if one in given["users"]:
                data["groups"] = sorted({*data["groups"], name})
            elif given.get("purge_users") and name in data["groups"]:
                data["groups"].remove(name)


# ---------------------------------------------------------------------- policies


def _store(there: Options, wanted: list[str], rotate: bool | None) -> None:
    """Put a document into force: an older version of the same meaning, or a new one."""
    versions = there["_versions"]
    if wanted == versions[there["default_version"]]:
        return
    same = [number for number, one in versions.items() if one == wanted]
    if same:
        there["default_version"] = same[-1]
    else:
        if len(versions) == 5:
            if not rotate:
                raise Refused("it has five versions")
            del versions[
                min((one for one in versions if one != there["default_version"]), key=lambda one: int(one[1:]))
            ]
        number = f"v{there['_made'] + 1}"
        there["_made"] += 1
        versions[number] = wanted
        there["default_version"] = number
    there["actions"] = wanted


def new_policy(wanted: list[str], description: str = "", *, ours: bool = True) -> Options:
    return {
        "actions": wanted,
        "description": description,
        "default_version": "v1",
        "_versions": {"v1": wanted},
        "_made": 1,
        "_ours": ours,
    }


def policy(state: State, given: Options) -> None:
    policies, name = state["policies"], given["name"]
    there = policies.get(name)
    having = holders(state, ("Custom", name))
    if given.get("state") == "absent":
        if not there or leaves(there["_ours"], given):
            return
        if having and not given.get("detach"):
            if given.get("leave_others"):
                return
            raise Refused("something has it")
        for one in having:
            one["policies"].remove(("Custom", name))
        del policies[name]
        return
    wanted = actions(given["document"]) if "document" in given else None
    if there is None:
        if wanted is None or "default_version" in given:
            raise Refused("there is no such policy, and no document")
        policies[name] = new_policy(wanted, given.get("description", ""))
        return
    if given.get("leave_others") and not there["_ours"] and not given.get("adopt"):
        if wanted and not set(wanted) <= set(there["actions"]):
            raise Refused("it is used as it is, and does not allow that")
        return
    _clear(given.get("description"), there["description"])
    if "default_version" in given:
        if given["default_version"] not in there["_versions"]:
            raise Refused("there is no such version")
        there["default_version"] = given["default_version"]
        there["actions"] = there["_versions"][given["default_version"]]
    if wanted:
        _store(there, wanted, given.get("rotate"))
    if given.get("description"):
        there["description"] = given["description"]
    if given.get("adopt"):
        there["_ours"] = True


# ---------------------------------------------------------------------- roles


def role(state: State, given: Options) -> None:
    roles, policies, name = state["roles"], state["policies"], given["name"]
    there = roles.get(name)
    carriers = [one for one in state["instances"].values() if one["ram_role_name"] == name]
    if given.get("state") == "absent":
        if not there or leaves(there["_ours"], given):
            return
        if carriers and not given.get("detach"):
            if given.get("leave_others"):
                return
            raise Refused("an instance has it")
        for one in carriers:
            one["ram_role_name"] = ""
        had = there["policies"]
        del roles[name]
        for _type, one in [one for one in had if one[0] == "Custom"]:
            if policies[one]["_for"] == name and not holders(state, ("Custom", one)):
                del policies[one]
        _use(state, name, [])
        return
    given_policies = given.get("policies")
    wanted = [("Custom", f"{name}-trust-report")] if given_policies is None else _refs(given_policies)
    contents = (
        {f"{name}-trust-report": REPORT}
        if given_policies is None
        else {one["name"]: actions(one["document"]) for one in given_policies if "document" in one}
    )
    _have(state, [one for one in wanted if one[1] not in contents])
    for one in given.get("users", []):
        if one not in state["users"]:
            raise Refused(f"there is no user {one}")
    names = [one.removeprefix("$instance:") for one in given.get("instance_ids", [])]
    detached = given.get("attachment") == "detached"
    if set(names) - set(state["instances"]):
        raise Refused("what stands for an instance that is not there is no ID of one")
    targets = [state["instances"][one] for one in names]
    if not detached and not given.get("replace") and [one for one in targets if one["ram_role_name"] not in ("", name)]:
        raise Refused("an instance has another role")
    if there is None:
        there = roles[name] = {
            "description": given.get("description", ""),
            "max_session_duration": 3600,
            "policies": [],
            "_ours": True,
        }
    _clear(given.get("description"), there["description"])
    for one, wanted_actions in contents.items():
        if one not in policies:
            policies[one] = {**new_policy(wanted_actions), "_for": name}
        else:
            _store(policies[one], wanted_actions, given.get("rotate"))
    for option in ("description", "max_session_duration"):
        if option in given:
            there[option] = given[option]
    _settle(there, "policies", wanted, given.get("purge_policies"))
    if "users" in given:
        _use(state, name, given["users"])
    for one in targets:
        if not detached:
            one["ram_role_name"] = name
        elif one["ram_role_name"] == name:
            one["ram_role_name"] = ""


def _use(state: State, name: str, users: list[str]) -> None:
    """Who may use a role has a policy that goes with the last of them."""
    own = ("Custom", f"{name}-use")
    for one, data in state["users"].items():
        data["policies"] = sorted({*data["policies"], own} if one in users else set(data["policies"]) - {own})
    if users:
        state["policies"].setdefault(own[1], {**new_policy(["use"]), "_for": name})


# ---------------------------------------------------------------------- what is told


def told_users(modules: Modules) -> State:
    about = ("display_name", "comments", "groups", "console_login")
    return {
        one["name"]: {**{key: one[key] for key in about}, "policies": told_policies(one)}
        for one in modules.run("ram_user_info")["ram_users"]
    }


def told_policies(one: Options) -> list[tuple[str, str]]:
    return sorted((two["type"], two["name"]) for two in one["policies"])


def told_groups(modules: Modules) -> State:
    found = modules.run("ram_group_info")["ram_groups"]
    return {one["name"]: {"comments": one["comments"], "policies": told_policies(one)} for one in found}


def told_policy_list(modules: Modules) -> State:
    return {
        one["name"]: {
            "actions": ["use"] if one["name"].endswith("-use") else actions(one["document"]),
            "description": one["description"],
            "default_version": one["default_version"],
        }
        for one in modules.run("ram_policy_info")["ram_policies"]
        if not one["name"].startswith("alitrust-share-")
    }


def told_roles(modules: Modules) -> State:
    about = ("description", "max_session_duration")
    return {
        one["name"]: {**{key: one[key] for key in about}, "policies": told_policies(one)}
        for one in modules.run("instance_ram_role_info")["instance_ram_roles"]
    }


FACTS: Facts = {"users": told_users, "user_groups": told_groups, "policies": told_policy_list, "roles": told_roles}

_system = {"name": SYSTEM[1], "type": "System"}
_attachable = some({"name": "reader"}, {"name": "full"}, _system, {"name": "missing"})
_documents = [document(f"ecs:Describe{letter}") for letter in "ABC"]
_words = ["", "for tests", "another"]
_carriers = some("$instance:web-001", "$instance:web-002")

SUBJECTS = [
    Subject(
        "ram_user",
        options(
            {
                "state": ["present", "absent"],
                "display_name": ["Ann A.", "B."],
                "comments": _words,
                "groups": some("dev", "ops"),
                "purge_groups": [True, False],
                "policies": _attachable,
                "purge_policies": [True, False],
                "password": ["Canary-Pass-1"],
                "console_login": [True, False],
                **TERMS,
            },
            name=_USERS,
        ),
        user,
        ("users", "user_groups"),
    ),
    Subject(
        "ram_group",
        options(
            {
                "state": ["present", "absent"],
                "comments": _words,
                "users": some("ann", "bob", "nobody"),
                "purge_users": [True, False],
                "policies": _attachable,
                "purge_policies": [True, False],
                "remove_users": [True, False],
                **TERMS,
            },
            name=_GROUPS,
        ),
        group,
        ("users", "user_groups"),
    ),
    Subject(
        "ram_policy",
        options(
            {
                "state": ["present", "absent"],
                "document": _documents,
                "description": _words,
                "rotate": [True, False],
                "detach": [True, False],
                **TERMS,
            },
            name=[*_POLICIES, "their-policy"],
        )
        | options({"description": _words}, name=_POLICIES, default_version=["v1", "v2", "v9"]),
        policy,
        ("users", "user_groups", "policies", "roles"),
    ),
    Subject(
        "instance_ram_role",
        options(
            {
                "description": _words,
                "max_session_duration": [3600, 7200],
                "policies": some({"name": "reader"}, _system, {"name": "app-extra", "document": _documents[0]}),
                "purge_policies": [True, False],
                "users": some("ann", "bob"),
                "instance_ids": _carriers,
                "attachment": ["attached", "detached"],
                "replace": [True, False],
            },
            name=_ROLES,
        )
        | options({"detach": [True, False], **TERMS}, name=_ROLES, state=["absent"]),
        role,
        ("users", "policies", "roles", "instances"),
    ),
]
