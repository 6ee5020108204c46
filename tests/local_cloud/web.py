# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP side: one ASGI application for the API, the control API, the metadata service and the buckets."""

from __future__ import annotations

import asyncio
import email.utils
import logging
import re
import typing as t
import urllib.parse

from starlette.concurrency import run_in_threadpool

from local_cloud.answers import Answer
from local_cloud.gate import Gate, Request, Visit
from local_cloud.holding import Holding

if t.TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_log = logging.getLogger(__name__)

MAX_BODY = 8 * 1024 * 1024
_BUCKET = re.compile(r"^[a-z0-9-]+\.oss-[a-z0-9-]+\.aliyuncs\.com$")
METADATA_HOST = "100.100.100.200"
#: a web page that points its own name here must not get in
_LOCAL_NAMES = ("127.0.0.1", "localhost")


class Application:
    """Sends each request to its part, by the Host header and the path.

    :param metadata: takes requests to 100.100.100.200; None: there is no metadata service.
    :param buckets: takes requests to ``<bucket>.oss-<region>.aliyuncs.com``; None: there are no buckets.
    :param sessions: takes WebSocket connections.
    :param holding: where the requests are that a fault holds.
    """

    def __init__(
        self,
        gate: Gate,
        control: ASGIApp,
        sessions: ASGIApp,
        holding: Holding,
        metadata: ASGIApp | None = None,
        buckets: ASGIApp | None = None,
    ) -> None:
        self._gate = gate
        self._control = control
        self._sessions = sessions
        self._holding = holding
        self._metadata = metadata
        self._buckets = buckets

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._sessions(scope, receive, send)
            return
        if scope["type"] != "http":
            return

        async def dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                date = email.utils.formatdate(self._gate.time_of_day(), usegmt=True).encode()
                message = {**message, "headers": [*message["headers"], (b"date", date)]}
            await send(message)

        if not await self._answer(scope, receive, dated):
            await _drop(receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> bool:
        """Answer a request; False: the connection is to be closed instead."""
        host = _headers(scope).get("host", "").partition(":")[0].lower()
        if host == METADATA_HOST and self._metadata:
            await self._metadata(scope, receive, send)
        elif _BUCKET.match(host) and self._buckets:
            await self._buckets(scope, receive, send)
        elif scope["path"].startswith("/_local/"):
            if (scope.get("client") or ("",))[0] not in ("127.0.0.1", "::1") or host not in _LOCAL_NAMES:
                await _send(send, Answer(403, b"the control API is for this machine only\n"))
            elif "origin" in _headers(scope):
                await _send(send, Answer(403, b"the control API is not for web pages\n"))
            else:
                await self._control(scope, receive, send)
        else:
            return await self._api(scope, receive, send)
        return True

    async def _api(self, scope: Scope, receive: Receive, send: Send) -> bool:
        try:
            body = await _body(receive)
        except _GoneError:  # half a request is none
            return True
        if body is None:
            await _send(send, Answer(413, b"the request is too large\n"))
            return True
        request = Request(
            method=scope["method"],
            path=scope["path"],
            query=urllib.parse.parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True),
            headers=_headers(scope),
            body=body,
            client=(scope.get("client") or ("",))[0],
            secure=scope["scheme"] == "https",
        )
        visit, answer = await run_in_threadpool(self._at_once, request)
        if answer is None:
            if visit.delay:
                await asyncio.sleep(visit.delay)
            if not await self._held(receive, visit, "hold_before_commit"):
                visit.answer = Answer(0, b"", drop=True)
            answer = await run_in_threadpool(self._gate.serve, visit)
        await self._held(receive, visit, "hold_after_commit")
        if not answer.drop:
            await _send(send, answer)
        return not answer.drop

    def _at_once(self, request: Request) -> tuple[Visit, Answer | None]:
        """Admit a request, and answer it unless a fault has it wait."""
        visit = self._gate.admit(request)
        waits = visit.delay or "hold_before_commit" in visit.faults
        return visit, None if waits else self._gate.serve(visit)

    async def _held(self, receive: Receive, visit: Visit, kind: str) -> bool:
        """Hold the request where a fault of this kind hit it; whether its client is still there."""
        if kind not in visit.faults:
            return True
        about = {"kind": kind, "operation": visit.operation, "request_id": visit.request_id}
        return await self._holding.hold(receive, about)


def _headers(scope: Scope) -> dict[str, str]:
    """Lower-case names; several values of a name sorted and joined, as a V3 signature wants them."""
    several: dict[str, list[str]] = {}
    for name, value in scope["headers"]:
        several.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1").strip())
    return {name: ",".join(sorted(values)) for name, values in several.items()}


class _GoneError(Exception):
    """The client has gone before all of its request was there."""


async def _body(receive: Receive) -> bytes | None:
    """The body of a request, None if it is too large.

    :raises _GoneError: it breaks off
    """
    parts: list[bytes] = []
    size = 0
    while True:
        message: Message = await receive()
        if message["type"] == "http.disconnect":
            raise _GoneError
        part = message.get("body", b"")
        size += len(part)
        if size > MAX_BODY:
            return None
        parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts)


async def _send(send: Send, answer: Answer) -> None:
    headers = {"content-length": str(len(answer.body)), **answer.headers}
    await send(
        {
            "type": "http.response.start",
            "status": answer.status,
            "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()],
        }
    )
    await send({"type": "http.response.body", "body": answer.body})


async def _drop(receive: Receive, send: Send) -> None:
    """Reset the connection. ASGI has no word for it: uvicorn's own object behind ``send`` has the transport."""
    transport: asyncio.Transport = send.__self__.transport  # type: ignore[attr-defined]
    transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass
