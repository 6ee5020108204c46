# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When to try a call again, and for how long. Private to this collection."""

from __future__ import annotations

import random
import typing as t

from .errors import CloudError, TransportFailure
from .operations import NOT_REPEATABLE, TRANSIENT

#: Codes by which the service says that the request was not carried out and may be sent again.
_NOT_CARRIED_OUT = ("Rejected.Throttling", "LastTokenProcessing", "IdempotentProcessing", "OperationConflict")
#: How long to try again where nobody listens, in seconds: long enough for a restart, too short to wait out a wrong
#: address.
REFUSED_BUDGET = 10.0
#: How long to try again where the call before was given up: the cloud is down, and a task may be about many things. In
#: seconds.
DOWN_BUDGET = 5.0
_FIRST_DELAY = 0.25
_LONGEST_DELAY = 10.0


def is_throttling(error: CloudError) -> bool:
    return "Throttling" in error.code or error.status == 429


def is_transient(error: CloudError) -> bool:
    """Whether the same call may succeed a little later."""
    if isinstance(error, TransportFailure):
        return error.passing
    if is_throttling(error) or error.code in _NOT_CARRIED_OUT or error.code.startswith("ServiceUnavailable"):
        return True
    codes = TRANSIENT.get((error.product, error.action), ())
    return error.status >= 500 or any(error.code == code or error.code.startswith(code + ".") for code in codes)


def is_refused(error: CloudError) -> bool:
    """Whether nobody listens at the address called."""
    return isinstance(error, TransportFailure) and "Connection refused" in error.text


def is_outage(error: CloudError) -> bool:
    """Whether it says nothing about the call, only that calls are not carried out now."""
    return isinstance(error, TransportFailure) or is_throttling(error) or error.status >= 500


def may_have_happened(error: CloudError) -> bool:
    """Whether the failed call may have been carried out all the same."""
    if isinstance(error, TransportFailure):
        return error.sent
    return error.status >= 500 and not error.code.startswith("ServiceUnavailable")


def must_not_repeat(product: str, action: str, error: CloudError) -> bool:
    """Whether repeating this call after this error could do its work twice."""
    return (product, action) in NOT_REPEATABLE and may_have_happened(error)


class Backoff:
    """Delays between tries, in seconds: exponential with full jitter, never shorter than what the server asks for.

    :param budget: how long all tries of one call may take together
    :param clock: monotonic clock
    """

    def __init__(self, budget: float, clock: t.Callable[[], float], rng: random.Random | None = None) -> None:
        self._clock = clock
        self._deadline = clock() + budget
        self._ceiling = _FIRST_DELAY
        self._rng = rng or random.Random()

    def next_delay(self, asked: float | None) -> float | None:
        """Seconds to wait before the next try, or None when the budget would be exceeded."""
        delay = self._rng.uniform(self._ceiling / 2, self._ceiling)
        self._ceiling = min(self._ceiling * 2, _LONGEST_DELAY)
        if asked is not None:
            # A little on top, so that all clients told the same delay do not come back at the same moment.
            delay = asked + delay / 2
        return delay if self._clock() + delay <= self._deadline else None
