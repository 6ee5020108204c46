# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of the text of authorized_keys."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.alitrust.ecs.plugins.module_utils._ssh import lines, listed
from ansible_collections.alitrust.ecs.plugins.module_utils._ssh.entry import Entry


def key(letter: str) -> str:
    parts = (b"ssh-ed25519", letter.encode() * 32)
    return "ssh-ed25519 " + base64.b64encode(b"".join(len(part).to_bytes(4, "big") + part for part in parts)).decode()


A, B, C = map(key, "abc")


def entries(*listed_lines: str) -> list[Entry]:
    found, problems = listed.read(listed_lines)
    assert problems == []
    return found


@pytest.mark.parametrize(
    ("before", "wanted", "after"),
    [
        ("", [A], f"{A}\n"),
        ("# hello", [A], f"# hello\n{A}\n"),
        (f"{A} anna\n", [A], f"{A} anna\n"),
        (f"  {A}\t anna", [A], f"  {A}\t anna"),
        (f"{A} anna\n", [f"{A} other"], f"{A} other\n"),
        (f"{B}\n{A} anna\n# end\n", [f"no-pty {A}"], f"{B}\nno-pty {A} anna\n# end\n"),
        (f"no-pty, no-such {A}\n{B}\n", [f"no-pty {A}"], f"no-pty {A}\n{B}\n"),
        (f"{A}\n{B}\n{A}\n", [A], f"{A}\n{B}\n"),
        (f"{A}\n{B}\n", [f'from="10.0.0.1" {A}', f"no-pty {A}"], f'from="10.0.0.1" {A}\nno-pty {A}\n{B}\n'),
        (f"#{A}\n", [A], f"#{A}\n{A}\n"),
        (f"{B}\r\n", [A], f"{B}\r\n{A}\n"),
    ],
)
def test_keys_are_put_in_their_place(before: str, wanted: list[str], after: str) -> None:
    assert lines.with_entries(before, entries(*wanted)) == after
    assert lines.with_entries(after, entries(*wanted)) == after
    assert lines.lacking(after, entries(*wanted)) == []


def test_exclusive_leaves_comments_and_what_is_listed() -> None:
    text = f"# one\n{A} anna\n\nno such line\n{B}\n"
    assert lines.with_entries(text, entries(B), exclusive=True) == f"# one\n\n{B}\n"


def test_a_key_is_removed_whatever_its_options() -> None:
    text = f'# one\nfrom="10.0.0.1" {A}\n{B}\nno-such, {A} x\n'
    assert lines.without_keys(text, [entries(A)[0].key]) == f"# one\n{B}\n"
    assert lines.without_keys(text, [entries(C)[0].key]) == text


LINES = st.lists(
    st.sampled_from(["# c", "", "junk", B, f"{B} b", f"no-pty {B}", A, f"no-pty {A} a", f"x, {A}", f"  {A}"])
)
WANTED = st.lists(
    st.sampled_from([A, f"{A} a", f"no-pty {A}", f'from="10.0.0.1" {A} a', f"{C} c"]), min_size=1, unique=True
)


@given(LINES, WANTED, st.booleans(), st.booleans())
def test_a_second_run_changes_nothing(before: list[str], wanted: list[str], ended: bool, exclusive: bool) -> None:
    found, _problems = listed.read(wanted)
    text = "\n".join(before) + ("\n" if ended else "")
    after = lines.with_entries(text, found, exclusive=exclusive)
    assert lines.with_entries(after, found, exclusive=exclusive) == after
    assert lines.lacking(after, found) == []
    others = [line for line in before if A not in line and not (exclusive and line and not line.startswith("#"))]
    assert [line for line in after.split("\n") if A not in line and C not in line and line] == [
        one for one in others if one
    ]
