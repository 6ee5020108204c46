# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The request that creates instances, and why its token never makes a fleet twice and never brings a dead one back."""

from __future__ import annotations

import base64
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.instance.builders import CREATABLE, OWNER, desired, options

from ansible_collections.alitrust.ecs.plugins.module_utils._instance.places import places
from ansible_collections.alitrust.ecs.plugins.module_utils._instance.request import parameters, token


def tokened(numbers: list[int | None], fleet: str, existing: t.Iterable[str], **given: t.Any) -> str:
    """The token of a task with these options, which takes the first of its choices."""
    full = options(**{**CREATABLE, "name": "web-[1,3]", "count": 3, **given})
    place = places(full)[0]
    return token(full, parameters(place.over(full), desired(**full), numbers), fleet, existing)


def request(numbers: list[int | None], **given: t.Any) -> dict[str, t.Any]:
    full = {**CREATABLE, "name": "web-[1,3]", "count": 3, **given}
    return parameters(options(**full), desired(**full), numbers)


def test_a_run_of_names_is_asked_for_in_the_sequential_form() -> None:
    params = request([2, 3, 4], host_name="h[1,2]")
    assert (params["InstanceName"], params["HostName"], params["Amount"]) == ("web-[2,3]", "h[2,2]", 3)


@pytest.mark.parametrize(
    ("disk", "encrypted"),
    [
        ({}, True),
        ({"encrypted": True, "kms_key_id": "k"}, True),
        ({"encrypted": False}, False),
        ({"snapshot_id": "s-1"}, None),
    ],
)
def test_disks_are_encrypted_unless_told_otherwise(disk: dict[str, t.Any], encrypted: bool | None) -> None:
    params = request([None], name="web", count=None, data_disks=[{"size": 20, **disk}])
    # The API wants text for data disks and a boolean for the system disk.
    assert params["DataDisk"][0].get("Encrypted") == (None if encrypted is None else str(encrypted).lower())
    system = {key: value for key, value in disk.items() if key != "snapshot_id"}
    assert request([None], name="web", count=None, system_disk=system)["SystemDisk"]["Encrypted"] is (
        encrypted is not False
    )
    assert request([None], name="web", count=None)["SystemDisk"]["Encrypted"] is True


def test_one_name_is_asked_for_as_it_is() -> None:
    params = request([7], host_name="h[1,2]")
    assert (params["InstanceName"], params["HostName"], params["Amount"]) == ("web-007", "h07", 1)


def test_a_plain_name_is_asked_for_as_it_is() -> None:
    assert request([None], name="web", count=None)["InstanceName"] == "web"


@pytest.mark.parametrize(
    ("given", "mode"),
    [
        ({}, {"TrustedSystemMode": "vTPM"}),
        ({"instance_type": "ecs.g6t.large"}, None),
        ({"instance_type": "ecs.g9i.large", "trusted_families": {"g9i": "parameter"}}, {"TrustedSystemMode": "vTPM"}),
        ({"instance_type": "ecs.g7t.large", "trusted_families": {"g7t": "image"}}, None),
        (
            {"instance_type": "ecs.g7t.large", "trusted_families": {"g7t": {"sgx": False}}},
            {"TrustedSystemMode": "vTPM"},
        ),
        ({"trust_service": "self_managed"}, {"TrustedSystemMode": "vTPM"}),
        ({"secure_boot": True}, {"TrustedSystemMode": "vTPM", "EnableSecureBoot": True}),
        ({"trusted_mode": False}, None),
    ],
)
def test_trusted_mode_is_sent_where_the_family_asks_for_it(given: dict[str, t.Any], mode: t.Any) -> None:
    assert request([1], **given).get("SecurityOptions") == mode


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({}, "required"),
        ({"http_tokens": "optional"}, "optional"),
        ({"http_endpoint": "enabled"}, "required"),
        ({"http_endpoint": "disabled"}, None),
    ],
)
def test_metadata_asks_new_instances_for_a_token_unless_told_otherwise(given: dict[str, t.Any], sent: t.Any) -> None:
    assert request([1], **given).get("HttpTokens") == sent


def test_instances_are_born_with_their_owner() -> None:
    assert {"Key": OWNER, "Value": "web"} in request([1], tags={"env": "test"})["Tag"]


def test_user_data_is_encoded() -> None:
    assert request([1], user_data="#!ü")["UserData"] == "IyHDvA=="


def test_disks_are_spelled_as_the_api_wants_them() -> None:
    params = request(
        [1],
        system_disk={"category": "cloud_essd", "size": 40, "encrypted": True},
        data_disks=[{"size": 20, "encrypted": True}],
    )
    assert params["SystemDisk"] == {"Category": "cloud_essd", "Size": "40", "Encrypted": True}
    assert params["DataDisk"] == [{"Category": "cloud_essd", "Size": 20, "Encrypted": "true"}]


def test_the_trust_client_is_brought_by_a_script_that_asks_without_tls_only_when_it_may() -> None:
    for allowed, schemes in ((False, 'schemes="https"'), (True, 'schemes="https http"')):
        sent = request([1], user_data_trust_client=True, user_data_allow_http=allowed)["UserData"]
        text = base64.b64decode(sent).decode()
        assert text.startswith("#!/bin/sh\n")
        assert schemes in text
        assert "@SCHEMES@" not in text


# The token. A re-run knows the options and what the fleet looks like, nothing else.


def test_a_rerun_that_sees_the_same_fleet_sends_the_same_token() -> None:
    assert tokened([1, 2], "web", ["i-b", "i-a"]) == tokened([1, 2], "web", {"i-a", "i-b"})


def test_a_rerun_that_finds_stock_elsewhere_or_a_newer_image_sends_the_same_token() -> None:
    """So that it cannot create a second fleet there: the API refuses a token with other parameters."""
    choices = {"instance_type": None, "instance_types": ["ecs.g6t.large", "ecs.g7t.large"], "image_family": "web"}
    full = options(**{**CREATABLE, "name": "web-[1,3]", "count": 3, **choices, "image_id": None})
    tokens = {
        token(full, parameters({**place.over(full), "image_id": image}, desired(**full), [1]), "web", [])
        for place in places(full)
        for image in ("m-1", "m-2")
    }
    assert len(tokens) == 1


def test_runs_that_want_other_numbers_of_named_instances_send_the_same_token() -> None:
    """So that only one of them creates; what is missing then is made by the other once it has seen that."""
    full = options(**{**CREATABLE, "name": "web-[1,3]", "count": 3})
    (place,) = places(full)
    few, many = (parameters(place.over(full), desired(**full), numbers) for numbers in ([1], [1, 2, 3]))
    assert token(full, few, "web", ["i-a"], numbered=True) == token(full, many, "web", ["i-a"], numbered=True)
    assert token(full, few, "web", ["i-a"], numbered=True) != token(full, few, "shop", ["i-a"], numbered=True)
    assert token(full, few, "web", ["i-a"], numbered=True) != token(full, few, "web", ["i-b"], numbered=True)


@pytest.mark.parametrize(
    "other",
    [
        tokened([1, 2], "web", ["i-a"], description="other"),
        tokened([1, 2], "web", ["i-a"], instance_type="ecs.g8i.large"),
        tokened([1, 2], "web", ["i-a"], vswitch_id=None, vswitch_ids=["vsw-1", "vsw-2"]),
        tokened([1, 2], "web", ["i-a"], image_id="other"),
        tokened([2, 3], "web", ["i-a"]),
        tokened([1, 2], "shop", ["i-a"]),
        tokened([1, 2], "web", []),
        tokened([1, 2], "web", ["i-b"]),
    ],
    ids=["request", "type", "vSwitches", "image", "names", "fleet", "empty fleet", "other instances"],
)
def test_whatever_differs_gives_another_token(other: str) -> None:
    """So a token is never sent with other parameters, and an instance's death does not bring back another."""
    assert other != tokened([1, 2], "web", ["i-a"])


@given(st.lists(st.text(max_size=40), max_size=30))
def test_a_token_fits_the_api(ids: list[str]) -> None:
    text = tokened([1], "web", ids)
    assert len(text) <= 64
    assert text.isascii()
