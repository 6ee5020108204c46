# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The model of keys, secrets and shares, written from the documentation of their modules."""

from __future__ import annotations

import typing as t

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

FIRST, SECOND, THIRD = "1111222233334444", "5555666677778888", "9999000011112222"
#: As modules.shareable makes them.
IMAGE, SNAPSHOTS = f"m-bp1{17 * 'a'}5", [f"s-bp1{17 * 'a'}{number}" for number in (0, 1)]
ACCOUNTS = some(FIRST, SECOND).filter(bool)
ROLES = {
    "share_image": "AliyunECSShareEncryptImageDefaultRole",
    "share_snapshot": "AliyunECSShareEncryptSnapshotDefaultRole",
}


def kms_service(state: State, given: Options) -> None:
    state["kms"] = True


# ---------------------------------------------------------------------- keys


def new_key() -> Options:
    return {"description": "", "state": "Enabled", "rotation_days": None, "protected": False}


def kms_key(state: State, given: Options) -> None:
    if not state["kms"]:
        raise Refused("KMS is off")
    keys, name = state["keys"], given["alias"]
    there = keys.get(name)
    if given.get("state") == "pending_deletion":
        if there is None or there["state"] == "PendingDeletion" or leaves(OWNER in there["tags"], given):
            return
        if any(name in one["_keys"] for one in state["share_roles"].values()) and not given.get("force"):
            if given.get("leave_others"):
                return
            raise Refused("a role may use it")
        if there["protected"]:
            if given.get("deletion_protection") is not False:
                raise Refused("it is protected")
            there["protected"] = False
        there["state"] = "PendingDeletion"
        return
    if there is None:
        there = keys[name] = {**new_key(), "tags": {OWNER: f"kms_key/alias/{name}"}}
    elif OWNER not in there["tags"] and given.get("leave_others") and not given.get("adopt"):
        if there["state"] != "Enabled":
            raise Refused("it is no use as it is")
        return
    if there["state"] == "PendingDeletion":
        there["state"] = "Enabled"
    if "enabled" in given:
        there["state"] = "Enabled" if given["enabled"] else "Disabled"
    if "description" in given:
        there["description"] = given["description"]
    if "rotation_days" in given:
        there["rotation_days"] = given["rotation_days"] or None
    if "deletion_protection" in given:
        there["protected"] = given["deletion_protection"]
    tag(there["tags"], given, f"kms_key/alias/{name}")


# ---------------------------------------------------------------------- secrets


def kms_secret(state: State, given: Options) -> None:
    if not state["kms"]:
        raise Refused("KMS is off")
    secrets, name = state["secrets"], given["name"]
    there = secrets.get(name)
    if given.get("state") == "absent":
        if there is None or (there["pending"] and not given.get("force")) or leaves(OWNER in there["tags"], given):
            return
        if given.get("force"):
            del secrets[name]
        else:
            there["pending"] = True
        return
    if there is None:
        if "value" not in given:
            raise Refused("there is no such secret, and no value")
        there = secrets[name] = {"description": "", "pending": False, "_value": given["value"]}
        there["tags"] = {OWNER: f"kms_secret/{name}"}
    elif OWNER not in there["tags"] and not given.get("adopt"):
        if given.get("leave_others"):
            if there["pending"]:
                raise Refused("it is no use as it is")
            return
        if given.get("value", there["_value"]) != there["_value"]:
            raise Refused("it would lose its value, and is not ours")
    if given.get("description") == "" and there["description"]:
        raise Refused("a description cannot be cleared")
    there["pending"] = False
    if "value" in given:
        there["_value"] = given["value"]
    if "description" in given:
        there["description"] = given["description"]
    tag(there["tags"], given, f"kms_secret/{name}")


# ---------------------------------------------------------------------- the roles by which others use keys


def kms_share_role(state: State, given: Options) -> None:
    roles, purpose = state["share_roles"], given["purpose"]
    there = roles.get(purpose)
    if given.get("state") == "absent":
        if there and not leaves(there["_ours"], given):
            del roles[purpose]
        return
    if given.get("purge_keys") and "kms_key_ids" not in given:
        raise Refused("which keys stay is not said")
    keys = [one.removeprefix("alias/") for one in given.get("kms_key_ids", [])]
    for key in keys:
        if not state["kms"] or key not in state["keys"]:
            raise Refused("there is no such key")
    accounts = set(given.get("account_ids", []))
    mode = given.get("recipients_mode", "present")
    if there is None and mode == "absent":
        return
    if there is None:
        if not accounts:
            raise Refused("a role needs recipients")
        there = roles[purpose] = {
            "account_ids": [],
            "description": "",
            "service_key": False,
            "_keys": [],
            "_ours": True,
        }
    if given.get("description") == "" and there["description"]:
        raise Refused("a description cannot be cleared")
    old = set(there["account_ids"])
    if accounts:
        new = {"present": old | accounts, "absent": old - accounts, "exact": accounts}[mode]
        if not new:
            raise Refused("the last recipient stays")
        there["account_ids"] = sorted(new)
    if "description" in given:
        there["description"] = given["description"]
    if "kms_key_ids" in given:
        there["_keys"] = sorted({*keys, *([] if given.get("purge_keys") else there["_keys"])})
    if "service_key" in given:
        there["service_key"] = given["service_key"]


# ---------------------------------------------------------------------- shares


def encrypted_share(state: State, given: Options) -> None:
    how, accounts = given.get("state", "present"), set(given.get("account_ids", []))
    if "image_id" in given:
        there = state["shares"]["image"]
        old, ours = set(there["account_ids"]), set(there["_ours"])
        new = {"present": old | accounts, "exact": accounts, "absent": old - accounts if accounts else set()}[how]
        foreign = (old - new) - ours
        if foreign and not given.get("adopt"):
            if not given.get("leave_others"):
                raise Refused("others have shared it")
            new |= foreign
        there["account_ids"] = sorted(new)
        there["_ours"] = sorted((ours | (new - old) | ((new & accounts) if given.get("adopt") else set())) & new)
        return
    there = state["shares"].get(given["name"])
    if how == "absent":
        if there is None:
            return
        there["account_ids"] = sorted(set(there["account_ids"]) - accounts) if accounts else []
        if not there["account_ids"]:
            del state["shares"][given["name"]]
        return
    if there is None:
        there = state["shares"][given["name"]] = {"account_ids": [], "snapshot_ids": []}
    snapshots = given["snapshot_ids"]
    exact = how == "exact"
    there["account_ids"] = sorted(accounts | (set() if exact else set(there["account_ids"])))
    there["snapshot_ids"] = sorted({*snapshots, *([] if exact else there["snapshot_ids"])})


# ---------------------------------------------------------------------- what is told


def told_service(modules: Modules) -> bool:
    return bool(modules.run("kms_service_info")["kms_service"]["status"] == "Enabled")


def told_keys(modules: Modules) -> State:
    if not told_service(modules):
        return {}
    found = [one for one in modules.run("kms_key_info")["kms_keys"] if one["aliases"]]
    return {
        one["aliases"][0].removeprefix("alias/"): {
            "state": one["key_state"],
            "protected": one["deletion_protection"],
            **{key: one[key] for key in ("description", "rotation_days", "tags")},
        }
        for one in found
        if not one["aliases"][0].startswith("alias/acs/")
    }


def told_secrets(modules: Modules) -> State:
    if not told_service(modules):
        return {}
    return {
        one["name"]: {"description": one["description"], "pending": one["pending_deletion"], "tags": one["tags"]}
        for one in modules.run("kms_secret_info")["kms_secrets"]
    }


def told_share_roles(modules: Modules) -> State:
    return {
        one["purpose"]: {
            **{key: one[key] for key in ("account_ids", "description")},
            "service_key": any(two["name"] == "AliyunKMSFullAccess" for two in one["policies"]),
        }
        for one in modules.run("kms_share_role_info")["kms_share_roles"]
    }


def told_shares(modules: Modules) -> State:
    found = modules.run("encrypted_share_info")["encrypted_shares"]
    told = {
        one.get("name") or "image": {key: one[key] for key in ("account_ids", "snapshot_ids") if key in one}
        for one in found
    }
    return {"image": {"account_ids": []}, **told}


FACTS: Facts = {
    "kms": told_service,
    "keys": told_keys,
    "secrets": told_secrets,
    "share_roles": told_share_roles,
    "shares": told_shares,
}

_KEYS, _SECRETS = ["disks", "spare", "their-key"], ["db", "api", "their-secret"]
_words = ["", "for tests", "another"]

SUBJECTS = [
    Subject("kms_service", options({}), kms_service, ("kms",)),
    Subject(
        "kms_key",
        options(
            {
                "enabled": [True, False],
                "description": _words,
                "rotation_days": [0, 30, 365],
                "deletion_protection": [True, False],
                "tags": TAGS,
                "purge_tags": [True, False],
                **TERMS,
            },
            alias=_KEYS,
        )
        | options(
            {"deletion_protection": [False], "force": [True, False], **TERMS},
            alias=_KEYS,
            state=["pending_deletion"],
        ),
        kms_key,
        ("keys",),
    ),
    Subject(
        "kms_secret",
        options(
            {
                "value": ["Canary-1", "Canary-2"],
                "description": _words,
                "tags": TAGS,
                "purge_tags": [True, False],
                **TERMS,
            },
            name=_SECRETS,
        )
        | options({"force": [True, False], **TERMS}, name=_SECRETS, state=["absent"]),
        kms_secret,
        ("secrets",),
    ),
    Subject(
        "kms_share_role",
        options(
            {
                "account_ids": ACCOUNTS,
                "recipients_mode": ["present", "absent", "exact"],
                "kms_key_ids": some("alias/disks", "alias/spare", "alias/missing"),
                "purge_keys": [True, False],
                "service_key": [True, False],
                "description": _words,
            },
            purpose=list(ROLES),
        )
        | options(TERMS, purpose=list(ROLES), state=["absent"]),
        kms_share_role,
        ("share_roles", "policies"),
    ),
    Subject(
        "encrypted_share",
        options({**TERMS}, image_id=[IMAGE], account_ids=ACCOUNTS, state=["present", "exact", "absent"])
        | options({**TERMS}, image_id=[IMAGE], state=["absent"])
        | options(
            {},
            name=["backup", "spare"],
            account_ids=ACCOUNTS,
            snapshot_ids=some(*SNAPSHOTS).filter(bool),
            state=["present", "exact"],
        )
        | options({"account_ids": ACCOUNTS}, name=["backup", "spare"], state=["absent"]),
        encrypted_share,
        ("shares",),
    ),
]
