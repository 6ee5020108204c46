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


def masked(parameters: t.Mapping[str, str]) -> dict[str, str]:
    """A copy without secrets."""
    hidden = {name for name in parameters if _SECRET.search(name) and name not in _HARMLESS}
    return {name: "***" if name in hidden else value for name, value in parameters.items()}


class RequestLog:
    """The last requests of the API, newest last, and counts since the last reset."""

    def __init__(self, size: int = 10000) -> None:
        self._lock = threading.Lock()
        self._entries: collections.deque[dict[str, t.Any]] = collections.deque(maxlen=size)
        self._by_operation: collections.Counter[str] = collections.Counter()
        self._by_key: dict[str, collections.Counter[str]] = {}

    def add(self, entry: dict[str, t.Any]) -> None:
        """Note a request: ``operation`` (``ecs:RunInstances``), ``access_key_id``, ``params``, ``rights``, ..."""
        with self._lock:
            self._entries.append(entry)
            self._by_operation[entry["operation"]] += 1
            self._by_key.setdefault(entry["access_key_id"], collections.Counter())[entry["operation"]] += 1

    def entries(self, last: int | None = None, access_key_id: str | None = None) -> list[dict[str, t.Any]]:
        with self._lock:
            found = [e for e in self._entries if access_key_id in (None, e["access_key_id"])]
        return found[-last:] if last else found

    def counts(self, access_key_id: str | None = None) -> dict[str, int]:
        with self._lock:
            if access_key_id is None:
                return dict(self._by_operation)
            return dict(self._by_key.get(access_key_id, {}))

    def reset(self) -> None:
        with self._lock:
            self._entries.clear()
            self._by_operation.clear()
            self._by_key.clear()
