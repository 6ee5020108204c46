# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cloud's own time, which tests can push forward."""

from __future__ import annotations

import datetime as dt
import time
import typing as t

if t.TYPE_CHECKING:
    from local_cloud.store import Store

#: date formats of the API: to the second, and to the minute (instances)
SECOND_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
MINUTE_FORMAT = "%Y-%m-%dT%H:%MZ"


class Clock:
    """Real time, moved by an offset and sped up by a scale; both persist in the store.

    Signatures are checked against real time, because clients sign with theirs. Everything else (states, expiry of
    sessions, retention) goes by this clock.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        saved = store.variable("clock") or {}
        self._cloud_base = float(saved.get("cloud", 0.0))
        self._real_base = float(saved.get("real", 0.0))
        self._scale = float(saved.get("scale", 1.0))

    def timestamp(self) -> float:
        """The time in seconds since 1970, to the microsecond as datetimes are, so that both compare exactly."""
        return round(self._cloud_base + (time.time() - self._real_base) * self._scale, 6)

    def now(self) -> dt.datetime:
        """The time, aware, in UTC."""
        return dt.datetime.fromtimestamp(self.timestamp(), dt.UTC)

    def text(self, moment: dt.datetime | None = None) -> str:
        """``2026-01-31T12:00:00Z`` for a moment, default now."""
        return (moment or self.now()).strftime(SECOND_FORMAT)

    @property
    def scale(self) -> float:
        return self._scale

    @property
    def offset(self) -> float:
        """How far this clock is ahead of real time, in seconds."""
        return self.timestamp() - time.time()

    def advance(self, seconds: float) -> None:
        """Push the clock forward and apply the transitions that this makes due.

        :raises ValueError: for a negative number; time doesn't go back.
        """
        if seconds < 0:
            raise ValueError(f"the clock can't go back; seconds must be 0 or more, not {seconds}")
        self._rebase(self.timestamp() + seconds, self._scale)
        self._store.apply_due()

    def set_scale(self, scale: float) -> None:
        """Let the clock run ``scale`` times as fast as real time. 0 stops it (it then moves by ``advance`` only).

        :raises ValueError: for a negative number.
        """
        if scale < 0:
            raise ValueError(f"the scale of the clock must be 0 or more, not {scale}")
        self._rebase(self.timestamp(), scale)

    def reset(self) -> None:
        """Go back to real time, at its pace."""
        self._rebase(time.time(), 1.0)

    def _rebase(self, cloud: float, scale: float) -> None:
        self._cloud_base, self._real_base, self._scale = cloud, time.time(), scale
        self._store.set_variable("clock", {"cloud": self._cloud_base, "real": self._real_base, "scale": self._scale})
