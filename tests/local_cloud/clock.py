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
#: where the clock stops: in 2500, so that what is due centuries later still has a date
LATEST = dt.datetime(2500, 1, 1, tzinfo=dt.UTC).timestamp()
FASTEST = 10**6


class Clock:
    """Real time, moved by an offset and sped up by a scale; both persist in the store.

    Signatures are checked against real time, because clients sign with theirs. Everything else (states, expiry of
    sessions, retention) goes by this clock.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        saved = store.variable("clock") or {}
        #: cloud's time, real time at that moment, scale; one object, because other threads read while one changes it
        self._base = (float(saved.get("cloud", 0.0)), float(saved.get("real", 0.0)), float(saved.get("scale", 1.0)))

    def timestamp(self) -> float:
        """The time in seconds since 1970, to the microsecond as datetimes are, so that both compare exactly."""
        cloud, real, scale = self._base
        return round(min(cloud + (time.time() - real) * scale, LATEST), 6)

    def now(self) -> dt.datetime:
        """The time, aware, in UTC."""
        return dt.datetime.fromtimestamp(self.timestamp(), dt.UTC)

    def text(self, moment: dt.datetime | None = None) -> str:
        """``2026-01-31T12:00:00Z`` for a moment, default now."""
        return (moment or self.now()).strftime(SECOND_FORMAT)

    @property
    def scale(self) -> float:
        return self._base[2]

    @property
    def offset(self) -> float:
        """How far this clock is ahead of real time, in seconds."""
        return self.timestamp() - time.time()

    def advance(self, seconds: float) -> None:
        """Push the clock forward and apply the transitions that this makes due.

        :raises ValueError: for a negative number, because time doesn't go back, or one that leads past the year 2500.
        """
        if not 0 <= seconds <= LATEST - self.timestamp():
            raise ValueError(f"the clock can't go back, nor past 2500; seconds must be 0 or more, not {seconds}")
        self._rebase(self.timestamp() + seconds, self.scale)
        self._store.apply_due()

    def set_scale(self, scale: float) -> None:
        """Let the clock run ``scale`` times as fast as real time. 0 stops it (it then moves by ``advance`` only).

        :raises ValueError: for a negative number, or one above a million.
        """
        if not 0 <= scale <= FASTEST:
            raise ValueError(f"the scale of the clock must be 0 to {FASTEST}, not {scale}")
        self._rebase(self.timestamp(), scale)

    def reset(self) -> None:
        """Go back to real time, at its pace."""
        self._rebase(time.time(), 1.0)

    def _rebase(self, cloud: float, scale: float) -> None:
        real = time.time()
        self._base = (cloud, real, scale)
        self._store.set_variable("clock", {"cloud": cloud, "real": real, "scale": scale})
