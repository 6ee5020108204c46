# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recipients of a share role: the documented trust policies, and what each mode makes of what is there."""

from __future__ import annotations

import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.errors import InvalidInput, UnexpectedState
from ansible_collections.alitrust.ecs.plugins.module_utils._kms.share_role import Key
from ansible_collections.alitrust.ecs.plugins.module_utils._ram import documents, recipients
from ansible_collections.alitrust.ecs.plugins.module_utils._ram.recipients import Kind, Mode, Recipients

IDS: dict[Kind, list[str]] = {
    "account_ids": ["1234567890123456", "2345678901234567", "3456789012345678"],
    "resource_directory_ids": ["rd-Ab12Cd", "rd-Ef34Gh"],
    "folder_paths": ["rd-Ab12Cd/r-Ef34Gh*", "rd-Ab12Cd/r-Ef34Gh/fd-Ij56Kl*"],
}


@st.composite
def some(draw: st.DrawFn, kind: Kind | None = None) -> Recipients:
    chosen = draw(st.sampled_from(sorted(IDS))) if kind is None else kind
    return Recipients(chosen, tuple(draw(st.lists(st.sampled_from(IDS[chosen]), min_size=1, unique=True))))


def statement(policy: dict[str, t.Any]) -> dict[str, t.Any]:
    (only,) = policy["Statement"]
    assert policy["Version"] == "1"
    return t.cast("dict[str, t.Any]", only)


def test_the_documented_policy_for_accounts() -> None:
    assert statement(recipients.trust_policy(Recipients("account_ids", ("11111", "22222")))) == {
        "Action": "sts:AssumeRole",
        "Effect": "Allow",
        "Principal": {"Service": ["11111@ecs.aliyuncs.com", "22222@ecs.aliyuncs.com"]},
    }


def test_the_documented_policy_for_a_resource_directory() -> None:
    assert statement(recipients.trust_policy(Recipients("resource_directory_ids", ("rd-1",)))) == {
        "Action": "sts:AssumeRole",
        "Effect": "Allow",
        "Principal": {"Service": "*@ecs.aliyuncs.com"},
        "Condition": {"StringEquals": {"sts:ServiceOwnerRDId": "rd-1"}},
    }


def test_the_documented_policy_for_a_folder() -> None:
    assert statement(recipients.trust_policy(Recipients("folder_paths", ("rd-1/r-2/fd-3*",)))) == {
        "Action": "sts:AssumeRole",
        "Effect": "Allow",
        "Principal": {"Service": "*@ecs.aliyuncs.com"},
        "Condition": {"StringLike": {"sts:ServiceOwnerRDPath": "rd-1/r-2/fd-3*"}},
    }


def test_the_documented_policy_for_a_key() -> None:
    assert Key("k-1", "cn-hangzhou", "111").document == {
        "Version": "1",
        "Statement": [
            {"Action": "kms:List*", "Resource": "acs:kms:cn-hangzhou:111:key", "Effect": "Allow"},
            {
                "Action": [
                    "kms:DescribeKey",
                    "kms:TagResource",
                    "kms:UntagResource",
                    "kms:Encrypt",
                    "kms:Decrypt",
                    "kms:GenerateDataKey",
                ],
                "Resource": "acs:kms:cn-hangzhou:111:key/k-1",
                "Effect": "Allow",
            },
        ],
    }


@given(some())
def test_recipients_are_read_from_what_was_written(wanted: Recipients) -> None:
    assert recipients.of_trust_policy(recipients.trust_policy(wanted)) == wanted


@given(st.data(), st.sampled_from(["present", "absent", "exact"]))
def test_each_mode_does_what_it_says_and_then_nothing_more(data: st.DataObject, mode: Mode) -> None:
    current = data.draw(some())
    wanted = data.draw(some(current.kind))
    there, asked = set(current.ids), set(wanted.ids)
    expected = {"present": there | asked, "absent": there - asked, "exact": asked}[mode]
    if not expected:
        with pytest.raises(UnexpectedState, match="No recipient would be left"):
            recipients.decide("r", recipients.trust_policy(current), wanted, mode, replace=False)
        return
    document = recipients.decide("r", recipients.trust_policy(current), wanted, mode, replace=False)
    assert document is not None
    found = recipients.of_trust_policy(document)
    assert found is not None
    assert (found.kind, set(found.ids)) == (current.kind, expected)
    assert recipients.decide("r", document, wanted, mode, replace=False) is document


UNKNOWN = [
    documents.trust_statement({"RAM": ["acs:ram::1234567890123456:root"]}),
    documents.trust_statement({"Service": ["ecs.aliyuncs.com"]}),
    documents.trust_statement({"Service": "*@ecs.aliyuncs.com"}),
    documents.trust_statement({"Service": ["1@ecs.aliyuncs.com"]}, {"Bool": {"acs:MFAPresent": "true"}}),
    documents.trust_statement(
        {"Service": "*@ecs.aliyuncs.com"},
        {"StringEquals": {"sts:ServiceOwnerRDId": "rd-1"}, "StringLike": {"sts:ServiceOwnerRDPath": "rd-1/r-2*"}},
    ),
    documents.with_service(recipients.trust_policy(Recipients("account_ids", ("11111",))), "fc.aliyuncs.com"),
]


@pytest.mark.parametrize("document", UNKNOWN)
def test_a_trust_policy_of_another_shape_is_replaced_only_on_request(document: documents.Document) -> None:
    wanted = Recipients("account_ids", ("11111",))
    assert recipients.of_trust_policy(document) is None
    for mode in t.get_args(Mode):
        with pytest.raises(UnexpectedState, match="none of the documented"):
            recipients.decide("r", document, wanted, mode, replace=False)
    assert recipients.decide("r", document, wanted, "present", replace=True) == recipients.trust_policy(wanted)
    with pytest.raises(UnexpectedState):
        recipients.decide("r", document, wanted, "absent", replace=True)


def test_another_kind_of_recipients_is_replaced_only_on_request() -> None:
    current = recipients.trust_policy(Recipients("resource_directory_ids", ("rd-1",)))
    wanted = Recipients("account_ids", ("11111",))
    with pytest.raises(UnexpectedState, match="resource_directory_ids rd-1"):
        recipients.decide("r", current, wanted, "present", replace=False)
    assert recipients.decide("r", current, wanted, "exact", replace=True) == recipients.trust_policy(wanted)
    assert recipients.decide("r", current, wanted, "absent", replace=False) is current, "they are not there anyway"


def test_without_recipients_a_role_keeps_its_own_and_is_not_created() -> None:
    assert recipients.decide("r", UNKNOWN[0], None, "present", replace=False) is UNKNOWN[0]
    with pytest.raises(InvalidInput, match="does not exist"):
        recipients.decide("r", None, None, "present", replace=False)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"account_ids": ["1234567890123456"], "folder_paths": ["rd-1/r-2*"]}, "cannot go together"),
        ({"account_ids": ["1234-5678"]}, "the number of an account"),
        ({"account_ids": ["me@example.com"]}, "the number of an account"),
        ({"resource_directory_ids": ["r-1"]}, "the ID of a resource directory"),
        ({"folder_paths": ["rd-1/r-2/fd-3"]}, r"ends with \*"),
        ({"folder_paths": ["fd-3*"]}, "the path of a folder"),
    ],
)
def test_recipients_that_cannot_be_are_refused(options: dict[str, list[str]], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        recipients.from_options(options)
