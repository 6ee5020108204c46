# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values that must be seen nowhere, in every form in which programs write a value."""

from __future__ import annotations

import base64
import json
import typing as t
from pathlib import Path
from urllib.parse import quote, quote_plus

from ansible_collections.alitrust.ecs.plugins.module_utils._keypair.public_key import public_half

#: A line of a private key that is shorter tells nothing, and may be found anywhere.
_SHORTEST = 12
_MARKS = ("PRIVATE KEY--", "OPENSSH PRIVATE")


class Canaries:
    """Secrets by what they are, and how much was searched for them.

    :ivar forms: in which a secret may be written, and which secret that is
    :ivar searched: bytes
    :ivar places: texts and files
    """

    def __init__(self, **secrets: str) -> None:
        self.forms: dict[bytes, str] = {}
        self._names: set[str] = set()
        self.searched = 0
        self.places = 0
        for name, value in secrets.items():
            self.add(name.replace("_", " "), value)

    def __len__(self) -> int:
        return len(self._names)

    def add_private_key(self, name: str, value: str) -> None:
        """A private key has its public half in it, some lines of which everybody may see."""
        public = public_half(value.encode())
        self.add(name, value, but=public.text if public else "")
        self.forms[b"PRIVATE KEY--"] = "the words around a private key"

    def add(self, name: str, value: str, but: str = "") -> None:
        """Look for a secret, except for parts of it that are in another text, too, in whatever form."""
        assert len(value) >= _SHORTEST, f"{name} is too short to be looked for"
        self._names.add(f"{name}: {value}")
        allowed = forms(but)
        for form in forms(value):
            if not any(form in one for one in allowed):
                self.forms[form] = name

    def add_all(self, others: Canaries) -> None:
        """Look for those secrets as well."""
        self.forms |= others.forms
        self._names |= others._names

    def seen(self, content: bytes | str) -> list[str]:
        """Which secrets are in there, with what is around them."""
        content = content.encode() if isinstance(content, str) else content
        self.searched += len(content)
        self.places += 1
        found = []
        for form, name in self.forms.items():
            where = content.find(form)
            if where >= 0:
                around = content[max(0, where - 200) : where + len(form) + 80].decode(errors="replace")
                found.append(f"{name}: ...{around}...")
        return found

    def seen_in(self, folder: Path) -> list[str]:
        """The same of every file in a folder, and of their names."""
        found = []
        for path in sorted(folder.rglob("*")):
            told = self.seen(str(path))
            if path.is_file() and not path.is_symlink():
                told += self.seen(path.read_bytes())
            found += [f"{path}: {one}" for one in told]
        return found


def forms(value: str) -> set[bytes]:
    """A value as it is, and as it looks in URLs, JSON, Python, YAML and base64, whole and each of its lines."""
    found: set[bytes] = set()
    lines = [line.strip() for line in value.splitlines() if len(line.strip()) >= _SHORTEST]
    for text in {value.strip(), *lines}:
        if any(mark in text for mark in _MARKS) and text in lines:
            continue  # the same in every key, looked for by itself
        found |= {
            text.encode(),
            quote(text).encode(),
            quote(text, safe="").encode(),
            quote_plus(text).encode(),
            quote(quote(text, safe=""), safe="").encode(),
            json.dumps(text)[1:-1].encode(),
            json.dumps(json.dumps(text))[3:-3].encode(),
            repr(text)[1:-1].encode(),
            text.encode("utf-16-le"),
            text.encode().hex().encode(),
            *_base64(text.encode()),
        }
    return {form for form in found if len(form) >= _SHORTEST}


def _base64(value: bytes) -> t.Iterator[bytes]:
    """What of a value is in the base64 of a longer text, wherever it begins there."""
    for before, skipped in ((0, 0), (1, 2), (2, 3)):
        whole = (before + len(value)) // 3 * 4
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(b"\0" * before + value)[skipped:whole]
