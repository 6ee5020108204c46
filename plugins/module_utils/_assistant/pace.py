# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How fast a tunnel may send. Pure, and private to this collection."""

from __future__ import annotations

import time
import typing as t

#: Bit/s in each direction as long as the service says nothing else. Whoever is faster is cut off (FlowExceedLimit).
DEFAULT_SPEED = 200_000


class Pace:
    """Spreads frames so that they never come faster than a speed, not even for a moment.

    :ivar speed: bit/s; a change counts from the next frame on
    """

    def __init__(self, speed: int = DEFAULT_SPEED, clock: t.Callable[[], float] = time.monotonic) -> None:
        self.speed = speed
        self._clock = clock
        self._free = clock()

    def wait(self, size: int) -> float:
        """Count a frame of C(size) bytes in.

        :returns: seconds after which it may be sent
        """
        now = self._clock()
        begins = max(now, self._free)
        self._free = begins + size * 8 / self.speed
        return begins - now
