# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The WebSocket connection of a session: the library, the way there, certificates. Private."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import ssl
import sys
import typing as t
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from .._cloud import sdk, transport
from .._cloud.errors import SdkMissing
from .._cloud.transport import Route
from . import endings

#: Seconds between WebSocket's own pings, which keep a way through proxies and firewalls open. Nobody has to answer them
#: in time: on a slow line that carries a file, an answer comes late.
_PING = 25.0
_CLOSE = 2.0
#: As pip takes it in a shell; the lower bound is that of meta/ee-requirements.txt.
_PACKAGE = "'websockets>=15.0.1,<18'"
#: As HTTP has them; what matters of an address is whether it is one of the two.
_SCHEMES = {"ws": "http", "wss": "https"}


def library() -> t.Any:
    """The library's clients.

    :raises SdkMissing: there is none, or one that is too old
    """
    loaded = sdk.load("websockets.asyncio.client", _PACKAGE)
    if not hasattr(sdk.load("websockets.exceptions", _PACKAGE), "InvalidProxyStatus"):
        raise SdkMissing(
            f"{sdk.MISSING} {sys.executable} has a release of websockets that is too old.",
            hint=f"Install a newer one there: {sys.executable} -m pip install {_PACKAGE}",
        )
    return loaded


def address(url: str) -> str:
    """The address to connect to. Alibaba Cloud's own client writes C(sessionId) where the answer has C(sessionid).

    :raises SessionError: it is none
    """
    parts = urlsplit(url)
    try:
        fits = parts.scheme in _SCHEMES and parts.hostname and parts.port != 0
    except ValueError:
        fits = False
    if not fits:
        raise endings.SessionError(
            "StartTerminalSession gave an address that is none of a WebSocket.", hint="Is a proxy in between?"
        )
    query = [("sessionId" if name == "sessionid" else name, value) for name, value in parse_qsl(parts.query, True)]
    return urlunsplit(parts._replace(query=urlencode(query)))


class WebSocket:
    """An open connection; what tunnels use."""

    def __init__(self, connection: t.Any) -> None:
        self._connection = connection

    async def send(self, frame: bytes) -> None:
        """Returns when there is room for more.

        :raises SessionError: the connection is over
        """
        with _over():
            await self._connection.send(frame)

    async def recv(self) -> bytes | str:
        """The next frame.

        :raises SessionError: the connection is over
        """
        with _over():
            return t.cast("bytes | str", await self._connection.recv())

    async def close(self) -> None:
        """Close it, without waiting for long."""
        await self._connection.close()


@contextlib.contextmanager
def _over() -> t.Iterator[None]:
    from websockets.exceptions import ConnectionClosed

    try:
        yield
    except ConnectionClosed as exc:
        last = exc.rcvd
        why = f"the other side closed it ({last.code})" if last else "it was cut"
        raise endings.broken(why, True) from exc
    except OSError as exc:
        raise endings.broken(_plain(exc), True) from exc


def _plain(exc: OSError) -> str:
    """What the system says; asyncio puts words of its own into its place."""
    if isinstance(exc, (ssl.SSLError, socket.gaierror)) or not exc.errno:
        return exc.strerror or str(exc)
    return os.strerror(exc.errno)


async def connect(url: str, token: str, route: Route, within: float) -> WebSocket:
    """Connect to a session by the way that the options tell.

    :param token: the session's token, which goes into a header
    :param within: seconds that it may take
    :raises SessionError: it was refused, or nobody answered
    :raises SdkMissing: the library is not there
    """
    client = library()
    from websockets.exceptions import InvalidProxyStatus, InvalidStatus, WebSocketException

    # Its records would have the address, which is a secret.
    logger = logging.getLogger("alitrust_session")
    logger.disabled = True
    where = address(url)
    parts = urlsplit(where)
    proxy = route.proxy(f"{_SCHEMES[parts.scheme]}://{parts.netloc}")
    more: dict[str, t.Any] = {}
    if parts.scheme == "wss":
        more["ssl"] = transport.context_of(route.trusted())
    if proxy and proxy.startswith("https:"):
        more["proxy_ssl"] = transport.context_of(route.trusted())
    by = f" through the proxy {transport.named(proxy)}" if proxy else ""
    try:
        return WebSocket(
            await client.connect(
                where,
                additional_headers={"x-acs-session-token": token},
                user_agent_header="alitrust.ecs",
                compression=None,
                proxy=proxy,
                open_timeout=within,
                ping_interval=_PING,
                ping_timeout=None,
                close_timeout=_CLOSE,
                logger=logger,
                **more,
            )
        )
    except InvalidStatus as exc:
        raise endings.broken(f"{parts.hostname} answered with HTTP {exc.response.status_code}{by}", False) from exc
    except InvalidProxyStatus as exc:
        status = exc.response.status_code
        raise endings.SessionError(
            f"The proxy {transport.named(proxy or '')} does not let the WebSocket through to {parts.hostname}: "
            f"HTTP {status}.",
            hint=transport.NO_PROXY_HINT,
        ) from exc
    except ImportError as exc:
        raise endings.broken(f"a proxy of this kind needs {sys.executable} -m pip install python-socks", False) from exc
    except TimeoutError as exc:
        raise endings.broken(f"{parts.hostname} did not answer within {within:.0f} s{by}", False) from exc
    except OSError as exc:
        raise endings.broken(f"{parts.hostname}: {_plain(exc)}{by}", False) from exc
    except WebSocketException as exc:
        raise endings.broken(f"{parts.hostname} speaks no WebSocket ({type(exc).__name__}){by}", False) from exc
