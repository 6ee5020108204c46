# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The system's policies, which every account reads and attaches and nobody changes."""

from __future__ import annotations

import functools
import json
import typing as t
from pathlib import Path

import yaml

_CATALOGUE = Path(__file__).with_name("policies.yml")

#: AccountId of what belongs to no customer
SYSTEM_ACCOUNT = "system"


@functools.cache
def _records() -> dict[str, dict[str, t.Any]]:
    data = yaml.safe_load(_CATALOGUE.read_text(encoding="utf-8"))
    records = {}
    for entry in data["policies"]:
        statement = [{"Action": entry["actions"], "Resource": "*", "Effect": "Allow"}]
        document = json.dumps({"Version": "1", "Statement": statement})
        records[f"System/{entry['name']}"] = {
            "PolicyName": entry["name"],
            "PolicyType": "System",
            "Description": entry["description"],
            "DefaultVersion": "v1",
            "CreateDate": data["created"],
            "UpdateDate": data["created"],
            "Versions": [{"VersionId": "v1", "PolicyDocument": document, "CreateDate": data["created"]}],
            "Tags": [],
            "AccountId": SYSTEM_ACCOUNT,
        }
    return records


def system_policies() -> dict[str, dict[str, t.Any]]:
    """Records of kind "policy" by id, to be put into the store when the server starts."""
    return json.loads(json.dumps(_records()))  # type: ignore[no-any-return]
