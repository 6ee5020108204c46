# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions as they are recorded. What ends one is written here, and the session's connection, if there is one, follows.

A record (kind ``terminal_session``) has the keys of DescribeTerminalSessions, and ``_Token``, ``_CommandLine``,
``_Instance``, ``_Ended``, and once ended ``_End``: what the caller is told (status and reason).
"""

from __future__ import annotations

import typing as t

from local_cloud.store import Record, Store, on_transition

KIND = "terminal_session"


def connection(session: Record) -> Record:
    """A session's one connection."""
    return t.cast(Record, session["Connections"][0])


def connected(store: Store, session_id: str) -> None:
    """Note that a session's connection is up."""
    with store.transaction():
        session = store.get(KIND, session_id)
        if session is not None and not session["_Ended"]:
            connection(session).update({"Status": "Connected", "StartTime": store.clock.text(), "EndTime": ""})
            _put(store, session)


def disconnected(store: Store, session_id: str) -> None:
    """Note that a session has no connection any more, but may get another one."""
    with store.transaction():
        session = store.get(KIND, session_id)
        if session is not None and not session["_Ended"]:
            connection(session).update({"Status": "Disconnected", "EndTime": store.clock.text()})
            _put(store, session)


def end(store: Store, session_id: str, status: int, reason: str, detail: str = "") -> bool:
    """End a session, unless it has ended before.

    :param status: first byte of the status message for the caller.
    :param detail: why it failed; empty when it did not.
    """
    with store.transaction():
        session = store.get(KIND, session_id)
        if session is None or session["_Ended"]:
            return False
        _end(store, session, status, reason, detail)
        return True


def end_all(store: Store, status: int, detail: str, *, instance_id: str = "") -> None:
    """End all sessions, or those of an instance."""
    where = {"_Ended": False, **({"_Instance": instance_id} if instance_id else {})}
    with store.transaction():
        for session in store.find(KIND, where=where):
            _end(store, session, status, "", detail)


def _end(store: Store, session: Record, status: int, reason: str, detail: str) -> None:
    session.update({"_Ended": True, "_End": {"status": status, "reason": reason}})
    one = connection(session)
    failed = bool(detail) and not one["StartTime"]
    ended = {"EndTime": store.clock.text(), "ClosedReason": reason, "FailedDetail": detail}
    one.update({"Status": "Failed" if failed else "Disconnected", **ended})
    _put(store, session)


def _put(store: Store, session: Record) -> None:
    store.put(KIND, session["SessionId"], session, region=session["RegionId"])


@on_transition(KIND)
def _url_expired(store: Store, before: Record, after: Record | None) -> None:
    """Its address is no longer valid: a session that nobody connected to is over."""
    if after is not None and not connection(after)["StartTime"]:
        end(store, after["SessionId"], 5, "Exit")
