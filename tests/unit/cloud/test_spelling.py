# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A name that there is none of leads to the one that was meant, wherever a user writes names."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest

from ansible_collections.alitrust.ecs.plugins.module_utils._audit import report
from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.errors import InvalidInput
from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.options import CONNECTION_FILE, Connection
from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.spelling import nearest
from ansible_collections.alitrust.ecs.plugins.module_utils._instance import listing
from ansible_collections.alitrust.ecs.plugins.module_utils._instance.watch import Watch


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        (["fleet"], "Did you mean fleets?"),
        (["Fleet"], "Did you mean fleets?"),
        (["fleet", "regoin"], "Did you mean fleets and region?"),
        (["fleet", "flets"], "Did you mean fleets?"),
        (["xyzzy", 1], ""),
        ([], ""),
    ],
)
def test_the_nearest_name_is_hinted_at(written: list[t.Any], hint: str) -> None:
    assert nearest(written, ["fleets", "region", "statuses"]) == hint


def test_names_in_files_and_dictionaries_of_users(tmp_path: Path) -> None:
    file = tmp_path / "connection.json"
    file.write_text(json.dumps({"endpoint": "http://127.0.0.1:9"}))
    for refuse, hint in (
        (lambda: Connection.from_options({}, {CONNECTION_FILE: str(file)}), "endpoint_url"),
        (lambda: Watch({"region": "cn-hangzhou", "fleets": "web"}), "fleet"),
        (lambda: listing.parameters({"vswitch": "vsw-1"}), "vswitch_id"),
        (lambda: report._limits({"rule_per_group": 10}), "rules_per_group"),
    ):
        with pytest.raises(InvalidInput) as error:
            refuse()
        assert error.value.as_failure()["msg"].endswith(f"Did you mean {hint}?")
