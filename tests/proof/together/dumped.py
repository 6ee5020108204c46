# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a local cloud has, in a form that is the same for two runs with the same outcome."""

from __future__ import annotations

import collections
import itertools
import json
import re
import sqlite3
import typing as t

if t.TYPE_CHECKING:
    from pathlib import Path

#: Kinds of records that say nothing about what there is.
_ELSEWHERE = ("access_key", "account", "kms_system_key", "job", "image_catalogue")
#: What is gone, or going, and only still told of.
_GONE = {
    "resource_share": ("ResourceShareStatus", "Deleted"),
    "resource_share_association": ("AssociationStatus", "Disassociated"),
    "resource_share_invitation": ("Status", "Cancelled"),
    "kms_key": ("KeyState", "PendingDeletion"),
}
#: Members that are other ones each time: numbers, times, random texts.
_OTHER_EACH_TIME = re.compile(
    "(Time|Date|Since|At|Seconds|Mac|MacAddress|[fF]ingerprint|FingerPrint|SerialNumber|(?<!Cidr)Ip|IpAddress|VersionId|"
    "PublicKey|PublicKeyBody|Id|Seq|HostName|Versions|DefaultVersion|LastVersion|Hash|_Secret|GmtHandle|GmtModified)$"
)
_ALIKE = (
    (re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z"), "<time>"),
    (re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"), "<uuid>"),
    (re.compile(r"\b[a-z]{1,5}-(?=[a-z0-9]*\d)[a-z0-9]{16,}"), "<id>"),
    (re.compile(r"/[0-9a-f]{16}\b"), "/<random>"),
    (re.compile(r"\b\d{1,3}(\.\d{1,3}){3}\b(?!/)"), "<ip>"),
)


def state(folder: Path) -> dict[str, list[str]]:
    """All records by kind, without what is another one each time."""
    with sqlite3.connect(f"file:{folder / 'state.sqlite3'}?mode=ro", uri=True) as database:
        rows = database.execute("SELECT kind, data FROM record").fetchall()

    def alike(text: str) -> str:
        for pattern, word in _ALIKE:
            text = pattern.sub(word, text)
        return text

    def plain(value: t.Any) -> t.Any:
        if isinstance(value, dict):
            return {key: plain(one) for key, one in value.items() if not _OTHER_EACH_TIME.search(key)}
        if isinstance(value, list):
            return sorted((plain(one) for one in value), key=lambda one: json.dumps(one, sort_keys=True))
        if isinstance(value, str) and value.startswith("{"):  # a document, whose lists have no order
            return json.dumps(plain(json.loads(value)), sort_keys=True)
        if isinstance(value, str):
            return alike(value)
        return value

    found: dict[str, list[str]] = {}
    for kind, data in rows:
        record = json.loads(data)
        member, gone = _GONE.get(kind, ("", None))
        if kind not in _ELSEWHERE and not (member and record.get(member) == gone):
            found.setdefault(kind, []).append(json.dumps(plain(record), sort_keys=True))
    return {kind: sorted(records) for kind, records in sorted(found.items())}


def differences(one: dict[str, list[str]], other: dict[str, list[str]]) -> str:
    """What only one of two states has, for messages."""
    words = []
    for kind in sorted({*one, *other}):
        gone = collections.Counter(one.get(kind, [])) - collections.Counter(other.get(kind, []))
        new = collections.Counter(other.get(kind, [])) - collections.Counter(one.get(kind, []))
        for left, right in itertools.zip_longest(gone.elements(), new.elements()):
            if left and right:
                words.append(f"{kind}: {_members(left, right)}")
            else:
                words.append(f"{'missing' if left else 'too many'} {kind}: {left or right}")
    return "; ".join(words)


def _members(left: str, right: str) -> dict[str, t.Any]:
    """The members that two records do not have in common."""
    old, new = json.loads(left), json.loads(right)
    return {key: (old.get(key), new.get(key)) for key in {*old, *new} if old.get(key) != new.get(key)}
