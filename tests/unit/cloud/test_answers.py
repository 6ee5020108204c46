# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an answer must have, and that what is shown of others has no secret."""

from __future__ import annotations

import typing as t

import answers as recorded
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud import answers
from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.operations import PAGING
from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.required import REQUIRED

INSTANCES = {"Instances": "object", "NextToken|TotalCount": "value"}


@pytest.mark.parametrize(
    ("body", "lacking"),
    [
        ({"RequestId": "R", "Instances": {"Instance": []}, "TotalCount": 0}, []),
        ({"RequestId": "R", "Instances": {}, "NextToken": ""}, []),
        ({"RequestId": "R", "Instances": {}, "TotalCount": None}, ["NextToken or TotalCount"]),
        ({"RequestId": "R", "Instances": [], "TotalCount": 0}, ["Instances"]),
        ({"RequestId": "R"}, ["Instances", "NextToken or TotalCount"]),
        ({"Code": "Forbidden", "Message": "no"}, ["RequestId", "Instances", "NextToken or TotalCount"]),
        ({}, ["RequestId", "Instances", "NextToken or TotalCount"]),
        (None, ["RequestId", "Instances", "NextToken or TotalCount"]),
        ([], ["RequestId", "Instances", "NextToken or TotalCount"]),
        ("text", ["RequestId", "Instances", "NextToken or TotalCount"]),
    ],
)
def test_an_answer_has_what_all_answers_to_the_operation_have(body: t.Any, lacking: list[str]) -> None:
    assert answers.lacking(body, INSTANCES) == lacking


def test_the_table_is_what_dev_answers_writes() -> None:
    assert recorded.TABLE.read_text() == recorded.source(recorded.load())


def test_every_list_has_its_wrapper_and_every_get_its_object() -> None:
    optional = {operation for operation, _member in recorded._MAY_BE_MISSING}
    for product, action in {*PAGING, *(tuple(name.split(":")) for name in recorded.load())}:
        if f"{product}:{action}" in optional:
            continue
        kinds = set(REQUIRED.get((product, action), {}).values())
        if (product, action) in PAGING:
            outer = PAGING[(product, action)].items.split(".")[0]
            assert outer in REQUIRED[(product, action)], f"{product} {action}"
        elif action.startswith(("Get", "Describe", "List")):
            assert kinds, f"{product} {action}: nothing is asked of its answer"


def test_the_answers_of_every_operation_that_the_collection_names_are_recorded() -> None:
    known = set(recorded.load())
    missing = [
        name for name, products in recorded.named().items() if not any(f"{one}:{name}" in known for one in products)
    ]
    assert not missing, f"run dev/answers --record for {', '.join(sorted(missing))}"


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        (b"", ""),
        (b"<html>\n  <title>Log in</title>\n</html>\n", "<html> <title>Log in</title> </html>"),
        (
            b'{"Key": {"AccessKeyId": "LTAI1", "AccessKeySecret": "geheim"}}',
            '{"Key": {"AccessKeyId": "LTAI1", "AccessKey...',
        ),
        (b'{"KeyPairName": "a", "PrivateKeyBody": "geheim', '{"KeyPairName": "a", "...'),
        (b"Host: x\r\nx-acs-security-token: geheim", "Host: x x-acs-security-..."),
        (b"POST /?Password=geheim", "POST /?..."),
        (b"you sent \x1b[31mgeheim-parameter\x00", "you sent [31m..."),
        (b"x" * 500, "x" * 160 + "..."),
        ("\N{SNOWMAN} \xff".encode("latin-1", "replace"), "? \N{REPLACEMENT CHARACTER}"),
    ],
)
def test_the_beginning_of_a_body_is_shown_up_to_a_secret(content: bytes, shown: str) -> None:
    assert answers.beginning(content, ["geheim-parameter"]) == shown


@given(st.binary(max_size=300))
def test_whatever_came_is_shown_in_one_short_printable_line(content: bytes) -> None:
    text = answers.beginning(content)
    assert text.isprintable()
    assert len(text) <= 163


def test_an_answer_is_described_by_status_type_and_beginning() -> None:
    assert answers.described(502, "text/html; charset=x", b"<html>") == "status 502, text/html, '<html>'"
    assert answers.described(200, "", b"") == "status 200, no content type, ''"
