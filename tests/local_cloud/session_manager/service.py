# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The WebSocket service: takes the caller of a session in, and has a channel serve it."""

from __future__ import annotations

import asyncio
import hmac
import logging
import typing as t
import urllib.parse

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from local_cloud.session_manager import frames, records
from local_cloud.session_manager.channel import Channel, EndedError
from local_cloud.settings import Settings, define
from local_cloud.store import Record, Store

if t.TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

define(
    "ecs.session_second_connection",
    "refuse",
    "another connection on the address of a session: SessionIdDuplicated for it (refuse), unless the first one has"
    " ended (reconnect), or for the first one (replace; UNCERTAIN)",
    ("refuse", "reconnect", "replace"),
)

PATH = "/session"

_log = logging.getLogger(__name__)


_DUPLICATED = EndedError(frames.CLOSED, "SessionIdDuplicated")


class Protocol(WebSocketsSansIOProtocol):
    """A WebSocket connection that counts the pings it gets, which ASGI does not tell."""

    pings = 0

    def handle_ping(self) -> None:
        self.pings += 1
        super().handle_ping()


class _RefusedError(Exception):
    """The address leads to no session."""


class SessionManager:
    """The ASGI application at :data:`PATH`."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings
        self._live: dict[str, Channel] = {}

    def live(self) -> list[dict[str, t.Any]]:
        """The connections there are."""
        return [channel.describe() for channel in list(self._live.values())]

    def cut(self, session_id: str) -> None:
        """Break a session's connection, as a network does that fails.

        :raises ValueError: it has none.
        """
        channel = self._live.get(session_id)
        if channel is None:
            raise ValueError(f"session {session_id!r} has no connection")
        channel.cut()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()  # websocket.connect
        query = dict(urllib.parse.parse_qsl(scope["query_string"].decode("latin-1")))
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        session_id = query.get("sessionId") or query.get("sessionid") or ""
        tokens = [query.get("token", ""), headers.get("x-acs-session-token") or query.get("token", "")]
        try:
            if scope["path"] != PATH:
                raise _RefusedError
            session = await asyncio.to_thread(self._admit, session_id, tokens)
        except _RefusedError:
            await send({"type": "websocket.close"})  # before it is accepted: HTTP 403
            return
        await send({"type": "websocket.accept"})
        channel = Channel(self._store, self._settings, session, receive, send)
        former, policy = self._live.get(session_id), self._settings["ecs.session_second_connection"]
        if self._is_taken(session, former, policy):
            await channel.say(_DUPLICATED)
            return
        if former is not None:
            former.end(_DUPLICATED)
        self._live[session_id] = channel
        try:
            ended = await channel.serve()
        except Exception:
            _log.exception("session %s failed by a mistake of the local cloud", session_id)
            ended = EndedError(frames.CLOSED, "ProcessDataError", "the local cloud made a mistake; see its log")
        finally:
            if last := self._live.get(session_id) is channel:
                del self._live[session_id]
        if last and not ended.status and policy == "reconnect":
            await asyncio.to_thread(records.disconnected, self._store, session_id)
        elif last:
            status = ended.status or frames.CLOSED
            await asyncio.to_thread(records.end, self._store, session_id, status, ended.reason, ended.detail)
        await channel.say(ended)

    def _admit(self, session_id: str, tokens: list[str]) -> Record:
        """The session that an address leads to.

        :raises _RefusedError: none, or one that is over.
        """
        self._store.apply_due()
        session = self._store.get(records.KIND, session_id)
        if session is None or session.get("_UrlExpired"):
            raise _RefusedError
        if not all(hmac.compare_digest(token.encode(), session["_Token"].encode()) for token in tokens):
            raise _RefusedError
        unused = not records.connection(session)["StartTime"]
        if session["_Ended"] and (unused or self._settings["ecs.session_second_connection"] == "reconnect"):
            raise _RefusedError
        return session

    @staticmethod
    def _is_taken(session: Record, former: Channel | None, policy: str) -> bool:
        """Whether a session has its connection, or had it."""
        if policy == "reconnect":
            return former is not None
        if policy == "replace":
            return bool(session["_Ended"])
        return former is not None or bool(records.connection(session)["StartTime"])
