# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policy documents are checked before any call and compared by meaning."""

from __future__ import annotations

import copy
import json
import random
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.errors import InvalidInput, UnexpectedState
from ansible_collections.alitrust.ecs.plugins.module_utils._ram import documents

ACTIONS = st.lists(st.sampled_from(["ecs:Describe*", "ecs:RunInstances", "kms:List*", "*"]), min_size=1, unique=True)
RESOURCES = st.lists(st.sampled_from(["*", "acs:ecs:*:*:instance/*", "acs:oss:*:*:Bucket"]), min_size=1, unique=True)
CONDITIONS = st.dictionaries(
    st.sampled_from(["StringEquals", "IpAddress"]),
    st.dictionaries(
        st.sampled_from(["acs:SourceIp", "ecs:tag/a"]),
        st.lists(st.text(max_size=3), min_size=1, unique=True),
        min_size=1,
    ),
)
STATEMENTS = st.builds(
    lambda effect, actions, resources, condition: {
        "Effect": effect,
        "Action": actions,
        "Resource": resources,
        **({"Condition": condition} if condition else {}),
    },
    st.sampled_from(["Allow", "Deny"]),
    ACTIONS,
    RESOURCES,
    CONDITIONS,
)
DOCUMENTS = st.builds(
    lambda statements: {"Version": "1", "Statement": statements}, st.lists(STATEMENTS, min_size=1, max_size=3)
)


def rewritten(value: t.Any, rng: random.Random) -> t.Any:
    """The same meaning in another form: other order, one value instead of a list of one, actions in other case."""
    if isinstance(value, dict):
        items = [(key, rewritten(item, rng)) for key, item in value.items()]
        rng.shuffle(items)
        shaped = dict(items)
        for name in ("Action",):
            if name in shaped:
                actions = shaped[name]
                shaped[name] = [one.upper() for one in actions] if isinstance(actions, list) else actions.upper()
        return shaped
    if isinstance(value, list):
        items = [rewritten(item, rng) for item in value]
        rng.shuffle(items)
        return items[0] if len(items) == 1 and rng.random() < 0.5 else items
    return value


@given(DOCUMENTS, st.integers())
def test_the_same_meaning_in_another_form_is_the_same(document: dict[str, t.Any], seed: int) -> None:
    other = rewritten(document, random.Random(seed))
    assert documents.same(document, other)
    assert documents.same(documents.from_answer("it", documents.to_text(other)), document)


@given(DOCUMENTS, st.data())
def test_another_meaning_is_not_the_same(document: dict[str, t.Any], data: st.DataObject) -> None:
    other = copy.deepcopy(document)
    statement = data.draw(st.sampled_from(other["Statement"]))
    change = data.draw(st.sampled_from(["effect", "action", "resource", "resource case", "condition", "statement"]))
    if change == "effect":
        statement["Effect"] = "?"
    elif change == "action":
        statement["Action"] = [*statement["Action"], "ram:GetRole"]
    elif change == "resource":
        statement["Resource"] = ["acs:kms:*:*:key"]
    elif change == "resource case":
        statement["Resource"] = ["acs:oss:*:*:BUCKET"]
    elif change == "condition":
        statement["Condition"] = {"Bool": {"acs:MFAPresent": "true"}}
    else:
        other["Statement"].append({"Effect": "Deny", "Action": "sts:*", "Resource": "*"})
    assert not documents.same(document, other)


def test_numbers_and_booleans_become_the_text_that_the_policy_language_has() -> None:
    given_text = json.dumps(
        {
            "Version": 1,
            "Statement": {
                "Effect": "Allow",
                "Action": "*",
                "Resource": "*",
                "Condition": {"Bool": {"acs:MFAPresent": True}},
            },
        }
    )
    document = documents.parse("document", given_text, "permission")
    assert document["Version"] == "1"
    assert document["Statement"]["Condition"] == {"Bool": {"acs:MFAPresent": "true"}}


ALLOW = {"Effect": "Allow", "Action": "ecs:*", "Resource": "*"}
TRUST = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ecs.aliyuncs.com"}}


def without(statement: dict[str, t.Any], name: str) -> dict[str, t.Any]:
    return {key: value for key, value in statement.items() if key != name}


@pytest.mark.parametrize(
    ("kind", "document", "message"),
    [
        ("permission", "nonsense", "is not valid JSON"),
        ("permission", [], "a JSON object with Version and Statement is expected"),
        ("permission", {"Version": "2", "Statement": [ALLOW]}, 'Version must be "1"'),
        ("permission", {"Version": "1", "Id": "x", "Statement": [ALLOW]}, "Id is not known"),
        ("permission", {"Version": "1", "Statement": []}, "at least one entry"),
        ("permission", {"Version": "1", "Statement": ["x"]}, "statement 1: a JSON object is expected"),
        (
            "permission",
            {"Version": "1", "Statement": [ALLOW, {**ALLOW, "Effect": "allow"}]},
            "statement 2: Effect must",
        ),
        ("permission", {"Version": "1", "Statement": [{**ALLOW, "NotAction": "*"}]}, "Action or NotAction"),
        ("permission", {"Version": "1", "Statement": [without(ALLOW, "Resource")]}, "Resource or NotResource"),
        ("permission", {"Version": "1", "Statement": [{**ALLOW, "Action": []}]}, "Action must be a text or a list"),
        ("permission", {"Version": "1", "Statement": [{**ALLOW, "Action": "ecs"}]}, "'ecs' is not an action"),
        ("permission", {"Version": "1", "Statement": [{**ALLOW, "Actions": "*"}]}, "Actions is not known"),
        ("permission", {"Version": "1", "Statement": [{**ALLOW, "Principal": {}}]}, "cannot be in a permission policy"),
        ("permission", {"Version": "1", "Statement": [{**ALLOW, "Condition": {"Bool": "x"}}]}, "Condition must map"),
        ("permission", {"Version": "1", "Statement": [{**ALLOW, "Resource": "x" * 7000}]}, "can have 6144"),
        ("trust", {"Version": "1", "Statement": [{**TRUST, "Resource": "*"}]}, "cannot be in a trust policy"),
        ("trust", {"Version": "1", "Statement": [without(TRUST, "Principal")]}, "Principal must name"),
        ("trust", {"Version": "1", "Statement": [without(TRUST, "Action")]}, "it must have Action"),
    ],
)
def test_a_document_that_ram_would_refuse_is_refused_before(
    kind: t.Literal["permission", "trust"], document: t.Any, message: str
) -> None:
    text = document if isinstance(document, str) else json.dumps(document)
    with pytest.raises(InvalidInput) as caught:
        documents.parse("document", text, kind)
    assert message in str(caught.value)


def test_an_answer_that_is_no_document_is_told() -> None:
    for text in ("", "[]", "{"):
        with pytest.raises(UnexpectedState, match="policy p"):
            documents.from_answer("policy p", text)


@pytest.mark.parametrize(
    ("statements", "trusts"),
    [
        ([TRUST], True),
        ([{**TRUST, "Action": "STS:assumerole"}], True),
        ([{**TRUST, "Action": ["sts:*"]}], True),
        ([{**TRUST, "Principal": {"RAM": "acs:ram::1:root"}}, TRUST], True),
        ([{**TRUST, "Principal": {"Service": ["fc.aliyuncs.com"]}}], False),
        ([{**TRUST, "Condition": {"StringEquals": {"sts:ExternalId": "x"}}}], False),
        ([TRUST, {**TRUST, "Effect": "Deny"}], False),
        ([{**TRUST, "Action": "sts:GetCallerIdentity"}], False),
    ],
)
def test_whether_a_service_may_assume_a_role(statements: list[dict[str, t.Any]], trusts: bool) -> None:
    document = {"Version": "1", "Statement": statements}
    assert documents.trusts_service(document, "ecs.aliyuncs.com") is trusts


def test_letting_a_service_in_keeps_who_was_in() -> None:
    before = {"Version": "1", "Statement": {**TRUST, "Principal": {"RAM": "acs:ram::1:root"}}}
    after = documents.with_service(before, "ecs.aliyuncs.com")
    assert documents.trusts_service(after, "ecs.aliyuncs.com")
    assert before["Statement"] in after["Statement"]


def test_the_case_of_a_role_s_arn_does_not_matter() -> None:
    upper, lower = (
        documents.trust_statement({"RAM": [f"acs:ram::1:role/{name}"]}) for name in ("ECSAdmin", "ecsadmin")
    )
    assert documents.same(upper, lower)


def test_a_document_is_shown_as_one_sorted_line_a_statement() -> None:
    condition = {"StringEquals": {"acs:Service": ["b", "a"]}, "Bool": {"acs:SecureTransport": True}}
    document = {
        "Version": "1",
        "Statement": [
            {"Effect": "Deny", "NotAction": ["kms:List*", "kms:Describe*"], "NotResource": "acs:kms:*:*:key/k"},
            {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": ["y", "x"], "Condition": condition, "Sid": "One"},
        ],
    }
    assert documents.lines(document) == [
        "Allow kms:Decrypt on x, y if Bool acs:SecureTransport true, StringEquals acs:Service a, b Sid One",
        "Deny all actions but kms:Describe*, kms:List* on all but acs:kms:*:*:key/k",
    ]
    reordered = {**document, "Statement": document["Statement"][::-1]}
    assert documents.lines(reordered) == documents.lines(document), "what means the same is shown the same"
    trust = documents.trust_statement({"Service": ["ecs.aliyuncs.com"], "RAM": ["acs:ram::1:root"]})
    assert documents.lines(trust) == ["Allow sts:AssumeRole to RAM acs:ram::1:root, Service ecs.aliyuncs.com"]
