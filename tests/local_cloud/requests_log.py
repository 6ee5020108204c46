# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was asked: the last requests, and counts by operation."""

from __future__ import annotations

import collections
import re
import threading
import typing as t

_SECRET = re.compile(
    r"(password|secret|privatekey|plaintext|securitytoken|oidctoken|samlassertion|^signature$|recipient)", re.IGNORECASE
)


#: names that look like those of secrets, and are not
_HARMLESS = ("SecretName", "SecretType", "SecretDataType")

_OTHER = "?:?"
_LONGEST_NAME = 200


def masked(parameters: t.Mapping[str, str]) -> dict[str, str]:
    """A copy without secrets."""
    hidden = {name for name in parameters if _SECRET.search(name) and name not in _HARMLESS}
    return {name: "***" if name in hidden else value for name, value in parameters.items()}


class RequestLog:
    """The last requests of the API, newest last, and counts since the last reset.

    :param size: how many requests are kept
    :param characters: how many characters of parameters are kept, in all of them together
    :param names: how many operations, and how many keys, are counted by name; what else is asked counts as C(?:?)
    """

    def __init__(self, size: int = 10000, characters: int = 64 * 1024 * 1024, names: int = 2000) -> None:
        self._lock = threading.Lock()
        self._size = size
        self._characters = characters
        self._names = names
        self._kept = 0
        self._entries: collections.deque[tuple[int, dict[str, t.Any]]] = collections.deque()
        self._by_operation: collections.Counter[str] = collections.Counter()
        self._by_key: dict[str, collections.Counter[str]] = {}

    def add(self, entry: dict[str, t.Any]) -> None:
        """Note a request: ``operation`` (``ecs:RunInstances``), ``access_key_id``, ``params``, ``rights``, ..."""
        operation, key = entry["operation"], entry["access_key_id"]
        length = len(operation) + len(key) + sum(len(name) + len(text) for name, text in entry["params"].items())
        with self._lock:
            self._entries.append((length, entry))
            self._kept += length
            while len(self._entries) > self._size or (self._kept > self._characters and len(self._entries) > 1):
                self._kept -= self._entries.popleft()[0]
            self._count(self._by_operation, operation)
            if key in self._by_key or (len(self._by_key) < self._names and len(key) < _LONGEST_NAME):
                self._count(self._by_key.setdefault(key, collections.Counter()), operation)

    def _count(self, counts: collections.Counter[str], operation: str) -> None:
        known = operation in counts or (len(counts) < self._names and len(operation) < _LONGEST_NAME)
        counts[operation if known else _OTHER] += 1

    def entries(self, last: int | None = None, access_key_id: str | None = None) -> list[dict[str, t.Any]]:
        with self._lock:
            found = [entry for _length, entry in self._entries if access_key_id in (None, entry["access_key_id"])]
        return found[-last:] if last else found

    def counts(self, access_key_id: str | None = None) -> dict[str, int]:
        with self._lock:
            if access_key_id is None:
                return dict(self._by_operation)
            return dict(self._by_key.get(access_key_id, {}))

    def reset(self) -> None:
        with self._lock:
            self._entries.clear()
            self._kept = 0
            self._by_operation.clear()
            self._by_key.clear()
