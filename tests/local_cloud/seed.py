# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a fresh local cloud has: accounts with their own keys (data/seed.yml) and the system's policies."""

from __future__ import annotations

from pathlib import Path

import yaml

from local_cloud.catalogue.policies import system_policies
from local_cloud.identities import random_text
from local_cloud.store import Store

_SEED = Path(__file__).parent / "data" / "seed.yml"


def seed(store: Store) -> None:
    """Add what is missing. The accounts' keys stay as they are, so that secrets survive a restart."""
    with store.transaction():
        for account in yaml.safe_load(_SEED.read_text(encoding="utf-8"))["accounts"]:
            account_id = str(account["id"])
            if store.get("account", account_id) is None:
                store.put("account", account_id, {"AccountId": account_id, "Name": account["name"]})
            if store.get("access_key", account["access_key_id"]) is None:
                key = {
                    "AccessKeyId": account["access_key_id"],
                    "AccessKeySecret": random_text(30),
                    "Status": "Active",
                    "AccountId": account_id,
                    "UserName": None,
                    "CreateDate": store.clock.text(),
                }
                store.put("access_key", account["access_key_id"], key)
        for id, policy in system_policies().items():
            if store.get("policy", id) != policy:
                store.put("policy", id, policy)


def reset(store: Store) -> None:
    """Empty the state but keep the accounts and their own keys."""
    with store.transaction():
        own_keys = store.find("access_key", where={"UserName": None})
        store.clear(keep=("account",))
        for key in own_keys:
            store.put("access_key", key["AccessKeyId"], key)
        seed(store)
