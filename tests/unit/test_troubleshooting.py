# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of error codes has every code that this collection knows what to do about, and quotes what it says."""

from __future__ import annotations

import re

from guides import ROOT

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud import errors, operations, retry

PAGE = (ROOT / "docs/docsite/rst/troubleshooting.rst").read_text()
CODES, _heading, MESSAGES = PAGE.partition("What this collection says itself\n")
LISTED = re.findall(r"^(?:   \* - |       )``(\w+(?:\.\w+)*)``$", CODES, re.MULTILINE)


def test_every_code_with_a_hint_or_a_rule_is_on_the_page_once() -> None:
    transient = {code for codes in operations.TRANSIENT.values() for code in codes}
    known = {*errors.HINTS, *errors._DENIED_CODES, *retry._NOT_CARRIED_OUT, *transient}
    assert known - set(LISTED) == set()
    assert sorted(set(LISTED)) == sorted(LISTED)


def test_what_is_quoted_is_what_is_said() -> None:
    said = "".join(
        path.read_text()
        for folder in ("plugins", "roles", "playbooks")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".py", ".yml")
    )
    quoted = re.findall(r'^   \* - "(.+)"$', MESSAGES, re.MULTILINE)
    assert quoted
    parts = [part.strip(" ;") for text in quoted for part in text.split("...") if part.strip(" ;")]
    assert [part for part in parts if part not in said] == []
