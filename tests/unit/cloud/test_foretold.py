# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a check run remembers of what it would have done."""

from __future__ import annotations

import pytest

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.foretold import Foretold, ids_in, is_id


def made(**where: str) -> Foretold:
    """What a task that would make a VPC and a vSwitch hands on."""
    first = Foretold(account="a", region="cn-hangzhou")
    first.would_make("vpc", "vpc", "web", cidr_block="172.16.0.0/16")
    first.would_make("vswitch", "vsw", "web", zone_id="cn-hangzhou-h")
    return Foretold(first.made, **{"account": "a", "region": "cn-hangzhou", **where})


def test_a_later_task_finds_it_by_name_and_by_id() -> None:
    known = made()
    by_name = known.find("vpc", "web")
    assert by_name is not None
    assert is_id(by_name["id"])
    assert known.find("vpc", by_name["id"]) == by_name
    assert known.find("vswitch", "web", zone_id="cn-hangzhou-h") is not None
    assert known.find("vswitch", "web", zone_id="cn-hangzhou-g") is None
    assert known.all_of("vpc") == [by_name]


@pytest.mark.parametrize("where", [{"region": "cn-shanghai"}, {"account": "b"}])
def test_neither_another_region_nor_another_account_has_it(where: dict[str, str]) -> None:
    assert made(**where).find("vpc", "web") is None


def test_what_belongs_to_the_account_is_there_in_every_region() -> None:
    first = Foretold(region="cn-hangzhou")
    first.would_make("ram_role", "role", "trusted", global_=True)
    assert Foretold(first.made, region="cn-shanghai").find("ram_role", "trusted") is not None


def test_what_would_be_gone_is_used_by_nobody() -> None:
    first = Foretold(region="cn-hangzhou")
    first.would_delete("instance", "i-1")
    known = Foretold(first.made, region="cn-hangzhou")
    assert known.staying("instance", ["i-1", "i-2"]) == ["i-2"]
    assert known.in_region("cn-shanghai").staying("instance", ["i-1"]) == ["i-1"]


def test_the_last_word_counts() -> None:
    first = Foretold(region="cn-hangzhou")
    first.would_make("key_pair", "ssh", "web")
    first.would_delete("key_pair", "web")
    assert Foretold(first.made, region="cn-hangzhou").find("key_pair", "web") is None


def test_names_in_any_script_give_different_ids() -> None:
    first = Foretold(region="cn-hangzhou")
    ids = {first.would_make("vpc", "vpc", name) for name in ("网络", "服务", "web", "web 1")}
    assert len(ids) == 4
    assert all(map(is_id, ids))


def test_made_up_ids_are_found_anywhere_in_options() -> None:
    found = Foretold().would_make("security_group", "sg", "web")
    assert ids_in({"a": [{"b": found}], "c": "sg-bp1fg655nh68xyz9i1tp", "d": None}) == [found]
