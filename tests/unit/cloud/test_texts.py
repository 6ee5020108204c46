# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts of others: what people are shown of them, and what no option can have."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud import texts


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("web-001 is trusted", "web-001 is trusted"),
        ("\u5b89\u5168\u7ec4\u3000caf\u00e9", "\u5b89\u5168\u7ec4\u3000caf\u00e9"),
        ("one\ntwo", r"one\ntwo"),
        ("\x1b[2J\x9b\x07\r\t", r"\x1b[2J\x9b\x07\r\t"),
        ("web\u202etxt\u200b\ufeff", r"web\u202etxt\u200b\ufeff"),
        ("half \ud800", r"half \ud800"),
        ("a " + "x" * 1000, "a " + "x" * 1000),
        ("a " + "x" * 1001 + " b", "a " + "x" * 200 + "... (1001 characters) b"),
        ("", ""),
    ],
)
def test_people_are_shown_what_their_terminal_bears(text: str, shown: str) -> None:
    assert texts.printable(text) == shown


def test_several_lines_stay_lines() -> None:
    assert texts.printable("one\n\x1b", lines=True) == "one\n\\x1b"


SPEC: dict[str, dict[str, t.Any]] = {
    "name": {"type": "str", "aliases": ["called"]},
    "number": {"type": "int"},
    "file": {"type": "path"},
    "user_data": {},
    "tags": {"type": "dict"},
    "disk": {"type": "dict", "options": {"size": {"type": "int"}}},
    "rules": {"type": "list", "elements": "dict", "options": {"cidr": {}}},
}


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({}, ""),
        ({"name": None, "number": 2, "tags": {"a": 10**30}, "disk": {"size": 1}, "rules": ["cidr=a", "{}", ""]}, ""),
        ({"file": "\udcff", "user_data": "\udc8b"}, ""),
        ({"name": "\u00e9 \\x00 \\u0000 \\ud800 \x1b", "rules": [{"cidr": "\u00e9"}]}, ""),
        ({"rules": [{"cidr": "a"}, {"cidr": "\0"}]}, "rules has a NUL character (U+0000); expected text without it."),
        ({"name": "a\0b"}, "name has a NUL character (U+0000); expected text without it."),
        ({"called": "\ud800"}, "called has U+D800, which is half of a character; expected text without it."),
        ({"name": "\udcff"}, "name has U+DCFF, which is half of a character; expected text without it."),
        ({"tags": {"a": [{"b\0": 1}]}}, "tags has a NUL character (U+0000); expected text without it."),
        ({"name": ["a"]}, "name is a list; expected text."),
        ({"file": {"a": 1}}, "file is a dictionary; expected text."),
        ({"disk": True}, "disk has what is no dictionary; expected one with size."),
        ({"rules": [{"cidr": "a"}, None]}, "rules has what is no dictionary; expected one with cidr."),
        ({"rules": [{"cidr": ["a"]}]}, "rules: cidr is a list; expected text."),
    ],
)
def test_what_no_option_can_have_is_told_without_its_value(given: dict[str, t.Any], complaint: str) -> None:
    assert texts.complaint(given, SPEC) == complaint


@pytest.mark.parametrize("number", [2**31, -(2**31), 10**400, float("inf"), float("nan"), "-inf", " NaN "])
def test_a_number_that_no_clock_takes_is_none(number: t.Any) -> None:
    assert "number is not a number that can be meant" in texts.complaint({"number": number}, SPEC)


def test_what_there_is_a_complaint_about_can_be_logged_and_converted() -> None:
    value = {"a\ud800": ["\udcff", float("nan"), 1, None]}
    assert texts.survivable(value) == {"a?": ["?", "?", 1, None]}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        (22, 22),
        ("0022", 22),
        ("\u0661", None),
        ("\u00b2", None),
        ("-1", None),
        ("1" * 19, None),
        (None, None),
    ],
)
def test_only_ten_digits_make_a_number(text: t.Any, number: int | None) -> None:
    assert texts.whole(text) == number


@pytest.mark.parametrize("text", ["[" * 100_000, "{", "9" * 5000, "", b"\xff"])
def test_what_is_no_json_is_told_alike(text: str | bytes) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        texts.from_json(text)
