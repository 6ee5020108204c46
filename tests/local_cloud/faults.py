# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trouble on demand: throttling, server errors, lost connections, stale reads, foreign or broken bodies, slowness."""

from __future__ import annotations

import fnmatch
import random
import threading
import time
import types
import typing as t
from collections import Counter, deque
from dataclasses import asdict, dataclass, replace

from local_cloud.answers import Answer
from local_cloud.framework import ApiError

#: seconds that a fault can ask for
LONGEST = 10**6

KINDS = {
    "throttling": "400 Throttling.User",
    "internal_error": "500 InternalError",
    "service_unavailable": "503 ServiceUnavailable",
    "error": "any `code` and `status`",
    "drop_before_commit": "the connection is closed and nothing was done",
    "drop_after_commit": "it was done, but the connection is closed",
    "read_lag": "Describe* show the state of `seconds` ago",
    "empty_body": "it was done, but the answer has no body",
    "cut_body": "it was done, but the answer's JSON breaks off",
    "other_body": "it was done, but the answer is `body` (default: {}), with any `status` and `content_type`",
    "portal": "nothing was done: a page that asks to log in answers, or any `body`, `status` and `content_type`",
    "slow": "the answer comes after `seconds`",
    "hold_before_commit": "nothing is done until it is let go; when the client leaves, nothing is",
    "hold_after_commit": "it was done, but the answer waits until it is let go",
}


def _is_text(value: str) -> bool:
    """Whether it can be sent: half a surrogate pair can't."""
    return value == value.encode("utf-8", "replace").decode()


def _is_header(value: str) -> bool:
    return value.isascii() and value.isprintable()


#: of each member: its types, whether a value fits, and what is expected in words
_FIELDS: dict[str, tuple[tuple[type, ...], t.Callable[[t.Any], bool], str]] = {
    "operation": ((str,), _is_text, "a text"),
    "times": ((int, types.NoneType), lambda value: value > 0, "1 or more, or null"),
    "skip": ((int,), lambda value: value >= 0, "0 or more"),
    "rate": ((int, float), lambda value: 0 < value <= 1, "above 0 and at most 1"),
    "seconds": ((int, float), lambda value: 0 <= value <= LONGEST, f"0 to {LONGEST}"),
    "quota": ((int, types.NoneType), lambda value: value > 0, "1 or more, or null"),
    "seconds_from": ((int, float, types.NoneType), lambda value: 0 <= value <= LONGEST, f"0 to {LONGEST}, or null"),
    "code": ((str, types.NoneType), _is_text, "a text"),
    "status": ((int, types.NoneType), lambda value: 200 <= value <= 599, "200 to 599"),
    "message": ((str, types.NoneType), _is_text, "a text"),
    "retry_after_ms": ((int, types.NoneType), lambda value: 0 <= value <= LONGEST * 1000, f"0 to {LONGEST * 1000}"),
    "body": ((str, types.NoneType), _is_text, "a text"),
    "content_type": ((str, types.NoneType), _is_header, "a media type"),
}


@dataclass
class Fault:
    """One kind of trouble.

    ``operation`` is ``ecs:RunInstances`` or a pattern of such; ``skip`` how many such calls pass before the first that
    is hit; ``times`` how many calls are hit (None: until reset), ``rate`` the share of calls that are (0 to 1),
    ``seconds`` for read_lag and slow, ``retry_after_ms`` adds the header ``x-acs-retry-after`` to an error. ``body``
    and ``content_type`` are for other_body and portal. With ``seconds_from``, each call gets seconds of its own between
    that and ``seconds``. With ``quota``, so many calls of each operation pass within any ``seconds``, and those above
    are hit, as the flow control of an account does it. ``{request}`` in ``message`` and ``body`` stands for what the
    request had in it, as it is meant and as it came.
    """

    kind: str
    operation: str = "*"
    times: int | None = 1
    skip: int = 0
    rate: float = 1.0
    seconds: float = 0.0
    code: str | None = None
    status: int | None = None
    message: str | None = None
    retry_after_ms: int | None = None
    body: str | None = None
    content_type: str | None = None
    seconds_from: float | None = None
    quota: int | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"there is no fault {self.kind!r}; there are: {', '.join(KINDS)}")
        if self.kind == "error" and not (self.code and self.status):
            raise ValueError("the fault 'error' needs a code and a status")
        for name, (kinds, fits, expected) in _FIELDS.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, kinds) or (value is not None and not fits(value)):
                raise ValueError(f"{name} must be {expected}, not {value!r}")
        if self.seconds_from is not None and self.seconds_from > self.seconds:
            raise ValueError(f"seconds_from must be from 0 to seconds ({self.seconds}), not {self.seconds_from}")

        if self.quota and not self.seconds:
            raise ValueError("a quota needs the seconds that it is for")

    def error(self, request: str = "") -> ApiError | None:
        """The error this fault answers with, None when it is of another kind.

        :param request: the parameters of the request
        """
        documented = {
            "throttling": ("Throttling.User", 400, "Request was denied due to user flow control."),
            "internal_error": ("InternalError", 500, "The request processing has failed due to some unknown error."),
            "service_unavailable": (
                "ServiceUnavailable",
                503,
                "The request has failed due to a temporary failure of the server.",
            ),
            "error": ("", 400, "This error was asked for through the control API."),
        }.get(self.kind)
        if documented is None:
            return None
        headers = {"x-acs-retry-after": str(self.retry_after_ms)} if self.retry_after_ms else {}
        code, status, message = documented
        return ApiError(
            self.code or code, self.status or status, _filled(self.message or message, request), headers=headers
        )

    def answer(self, request: str = "") -> Answer:
        """What answers in the place of the API, for C(other_body) and C(portal).

        :param request: the parameters of the request
        """
        body, content_type = {
            "other_body": ("{}", "application/json"),
            "portal": ("<!DOCTYPE html><html><title>Log in to this network</title></html>", "text/html"),
        }[self.kind]
        body = body if self.body is None else _filled(self.body, request)
        return Answer(self.status or 200, body.encode(), {"content-type": self.content_type or content_type})


def _filled(text: str, request: str) -> str:
    return text.replace("{request}", request)


class Faults:
    """The faults that are switched on, in the order they were."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._seed: str | None = None
        self._calls: Counter[str] = Counter()
        self._passed: dict[tuple[int, str], deque[float]] = {}  # by fault and operation: when calls passed its quota

    def seed(self, seed: t.Any) -> None:
        """Let chance be the same again: from now on, the n-th call of an operation meets what it met with this seed.

        By operation, because the order of calls that are made side by side is nobody's. None: true chance again.
        """
        with self._lock:
            self._seed = None if seed is None else str(seed)
            self._calls.clear()

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        """Switch all off, and forget the seed."""
        self.seed(None)
        with self._lock:
            self._faults.clear()
            self._passed.clear()

    def all(self) -> list[dict[str, t.Any]]:
        with self._lock:
            return [asdict(fault) for fault in self._faults]

    def take(self, operation: str) -> dict[str, Fault]:
        """The faults that hit this call, by kind, each used up by one. An error stops at the first."""
        hit: dict[str, Fault] = {}
        with self._lock:
            self._calls[operation] += 1
            seed = None if self._seed is None else f"{self._seed} {operation} {self._calls[operation]}"
            chance = random.Random(seed)
            for fault in list(self._faults):
                # Drawn for each, so that what one fault hits does not depend on the others.
                hits, share = chance.random() < fault.rate, chance.random()
                if not hits or fault.kind in hit or not fnmatch.fnmatchcase(operation.lower(), fault.operation.lower()):
                    continue
                if fault.error() and any(other.error() for other in hit.values()):
                    continue
                if fault.skip:
                    fault.skip -= 1
                    continue
                if fault.quota and self._within(fault, fault.quota, operation):
                    continue
                least = fault.seconds if fault.seconds_from is None else fault.seconds_from
                hit[fault.kind] = replace(fault, seconds=least + (fault.seconds - least) * share, seconds_from=None)
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        self._faults.remove(fault)
                        self._passed = {key: times for key, times in self._passed.items() if key[0] != id(fault)}
        return hit

    def _within(self, fault: Fault, quota: int, operation: str) -> bool:
        """Whether the quota has room for this call, which then counts. One that is refused does not."""
        passed = self._passed.setdefault((id(fault), operation), deque())
        now = time.monotonic()
        while passed and passed[0] <= now - fault.seconds:
            passed.popleft()
        if len(passed) >= quota:
            return False
        passed.append(now)
        return True
