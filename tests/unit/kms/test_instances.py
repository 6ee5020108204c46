# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which KMS instance takes one more key or secret, and which is to be given."""

from __future__ import annotations

import pytest

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.errors import InvalidInput
from ansible_collections.alitrust.ecs.plugins.module_utils._kms.instances import (
    Instance,
    Use,
    check_id,
    choice_of,
    lack_of_room,
    shown,
)


def instance(id: str = "kst-1", status: str = "Connected") -> Instance:
    return Instance(id, {"Status": status})


@pytest.mark.parametrize(
    ("status", "uses", "words"),
    [
        ("Connected", {}, ""),
        ("Connected", {"key": Use(2, 1), "secret": Use(1, 1)}, ""),
        ("Connected", {"key": Use(2, 2)}, "has 2 keys and may have 2: it takes no more"),
        ("Connected", {"key": Use(0, 0)}, "has 0 keys and may have 0"),
        ("Uninitialized", {}, "Uninitialized (it was bought, but never enabled)"),
        ("Disconnected", {}, "Disconnected (it is cut off from its VPC, or has expired)"),
        ("Resting", {}, "Resting (this collection does not know what that means)"),
        ("", {}, "in no state"),
    ],
)
def test_what_stands_in_the_way_of_one_more_key(status: str, uses: dict[str, Use], words: str) -> None:
    problem = lack_of_room(instance(status=status), uses, "key")
    assert (problem is None) == (words == "")
    if problem:
        assert words in problem.message
        assert problem.message.startswith("dkms_instance_id is kst-1")
        assert "alitrust.ecs.kms_instance_info" in problem.hint


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ([], "There is none in the region cn-hangzhou, and no module makes one"),
        ([instance()], "Give dkms_instance_id: kst-1, which is the only enabled one"),
        ([instance(), instance("kst-2", "Error")], "Give dkms_instance_id: kst-1, which is the only enabled one"),
        ([instance(), instance("kst-2")], "Give dkms_instance_id; kst-1, kst-2 are enabled"),
        ([instance(f"kst-{one}") for one in range(6)], "kst-3, kst-4, ... are enabled"),
        ([instance(status="Connecting")], "None is enabled in the region cn-hangzhou (kst-1 is Connecting)"),
    ],
)
def test_which_instance_is_to_be_given(found: list[Instance], words: str) -> None:
    assert words in choice_of(found, "cn-hangzhou")


def test_numbers_are_numbers_whatever_they_are_sent_as() -> None:
    told = shown(Instance("kst-1", {"KeyNum": 10, "SecretNum": "20", "Spec": None}, {"key": Use(10, 3)}))
    assert [told[name] for name in ("key_quota", "secret_quota", "spec", "key_count", "secret_count")] == [
        *(10, 20, None, 3, None)
    ]


@pytest.mark.parametrize("wrong", ["acs:kms:cn-hangzhou:1:keystore/kst-1", "kst 1", "kst/1"])
def test_what_is_no_id(wrong: str) -> None:
    with pytest.raises(InvalidInput, match="expected the ID of a KMS instance"):
        check_id("dkms_instance_id", wrong)
