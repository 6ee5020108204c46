# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Deleting what others may still use: patient with those that are just going, clear about those that stay. Private."""

from __future__ import annotations

import typing as t

from .._cloud.door import Cloud
from .._cloud.errors import CloudError, NotFound, UnexpectedState, WaitTimeout
from .._cloud.writes import DOUBT
from . import progress

#: How long what was just seen may be a late echo of something already gone, in seconds.
_ECHO = DOUBT
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 5.0


def lasting_users(cloud: Cloud, users: t.Callable[[], list[str]]) -> list[str]:
    """What uses something, once an echo of what has just gone has had the time to fade."""
    start = cloud.monotonic()
    while (found := users()) and cloud.monotonic() - start < _ECHO:
        cloud.sleep(_FIRST_PAUSE)
    return found


def delete_when_free(
    cloud: Cloud,
    what: str,
    delete: t.Callable[[], t.Any],
    dependents: t.Callable[[], list[str]],
    *,
    blocked: tuple[str, ...],
    timeout: float,
    hint: str = "",
) -> None:
    """Delete something as soon as nothing uses it; gone already counts as deleted.

    The cloud refuses to delete for a while after the last user went. As long as no user can be seen, that is waited
    for. A user that can still be seen after a moment will not go by itself, and is named.

    :param what: for messages, for example C(security group web)
    :param dependents: reads what uses it now, in words
    :param blocked: error codes (or their first part before a dot) by which the cloud says that it is in use
    :param timeout: patience in seconds
    :raises UnexpectedState: naming what uses it
    :raises WaitTimeout: when nothing can be seen to use it and the cloud refuses all the same
    """
    start = cloud.monotonic()
    pause = _FIRST_PAUSE
    told = False
    while True:
        users = dependents()
        waited = cloud.monotonic() - start
        if users:
            if waited + pause > min(_ECHO, timeout):
                raise UnexpectedState(f"The {what} is still used by {'; '.join(users)}.", hint=hint)
        else:
            try:
                delete()
                return
            except NotFound:
                return
            except CloudError as error:
                if not any(error.code == code or error.code.startswith(code + ".") for code in blocked):
                    raise
                if waited + pause > timeout:
                    raise WaitTimeout(
                        f"Waited {waited:.0f} s to delete the {what}; Alibaba Cloud still says {error.code}: "
                        f"{error.text}",
                        hint="Raise wait_timeout, or look at the resource in the console.",
                        waited_seconds=round(waited, 1),
                    ) from error
        if not told:
            progress.report(f"waiting for the {what} to be free (at most {max(0.0, timeout - waited):.0f} s more)")
            told = True
        cloud.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE)
