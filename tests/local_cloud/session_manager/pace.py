# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How fast data may go in one direction of a session."""

from __future__ import annotations

import time
import typing as t


class Allowance:
    """What a sender may send: refilled at its speed, and never more than a burst of some seconds.

    :param speed: bit/s.
    :param burst_seconds: as much as this takes may come at once.
    :param now: seconds of a clock that does not jump.
    """

    def __init__(self, speed: int, burst_seconds: float, now: t.Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._seen = now()
        self.set(speed, burst_seconds)
        self._left = self._most

    def set(self, speed: int, burst_seconds: float) -> None:
        """Go on at another speed."""
        self._rate = speed / 8
        self._most = self._rate * burst_seconds

    def take(self, size: int) -> bool:
        """Whether this many bytes were within the limit."""
        now = self._now()
        self._left = max(self._left, min(self._most, self._left + (now - self._seen) * self._rate)) - size
        self._seen = now
        return self._left >= 0

    def pardon(self, seconds: float) -> None:
        """Give back a time in which nothing was read: what was sent meanwhile was not sent at once."""
        self._left += seconds * self._rate
        self._seen += seconds


class Pace:
    """When a sender that keeps to its speed may send next.

    :param speed: bit/s.
    """

    def __init__(self, speed: int, now: t.Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._free = now()
        self.speed = speed

    def wait(self, size: int) -> float:
        """Seconds to wait before these bytes are sent."""
        start = max(self._now(), self._free)
        self._free = start + size * 8 / self.speed
        return max(0.0, start - self._now())
