# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How requests travel (proxies, certificates), and what came back, as it came. Private.

The SDK takes proxies from the environment and hands NO_PROXY to C(requests) in a place where that does not look; it
follows redirects with all its headers, and forgets what it could not parse. So its requests are sent here instead, as
long as they belong to a call of this collection.
"""

from __future__ import annotations

import base64
import contextlib
import ipaddress
import json
import os
import ssl
import threading
import typing as t
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from http import HTTPStatus
from types import SimpleNamespace
from urllib.parse import quote, quote_plus, urlsplit
from urllib.request import getproxies_environment

from . import answers
from .errors import ForeignAnswer, InvalidInput

#: What to do where a request should not have gone through a proxy.
NO_PROXY_HINT = "What needs none belongs into the option no_proxy, or into the variable NO_PROXY."
#: The metadata service is that of the machine that asks: through a proxy it would be the proxy's.
_METADATA = "100.100.100.200"
_CA_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
#: Milliseconds; each caller of the SDK has its own.
_CONNECT_TIMEOUT = 5_000
_READ_TIMEOUT = 10_000
#: Bytes of a body; more than any answer has.
_READ_AT_ONCE = 1 << 24
#: Kept open to one host, at most.
_CONNECTIONS = 40


@dataclass(frozen=True)
class Route:
    """The way that requests take; what is None is looked up in the environment.

    :ivar http_proxy: address of the proxy for C(http://)
    :ivar https_proxy: address of the proxy for C(https://)
    :ivar no_proxy: what is reached without a proxy, as in the variable NO_PROXY
    :ivar ca_bundle: file or folder of certificates that are trusted besides those of the system
    """

    http_proxy: str | None = None
    https_proxy: str | None = None
    no_proxy: str | None = None
    ca_bundle: str | None = None
    #: What was found for each address: a route is of one task, whose environment stays as it is.
    _known: dict[str, str | None] = field(default_factory=dict, init=False, repr=False, compare=False)

    def proxy(self, url: str) -> str | None:
        """The proxy for an address, None where there is none.

        :raises InvalidInput: the environment has one that is no address
        """
        if url not in self._known:
            self._known[url] = self._proxy(url)
        return self._known[url]

    def _proxy(self, url: str) -> str | None:
        parts = urlsplit(url)
        given = {"http": self.http_proxy, "https": self.https_proxy}.get(parts.scheme)
        environment = {} if given else getproxies_environment()
        found = given or environment.get(parts.scheme) or environment.get("all")
        if not found or _never_by_proxy(parts.hostname or "") or self._bypassed(url):
            return None
        if not named(found):
            raise InvalidInput(
                f"The environment names a proxy for {parts.scheme}:// that is no address.",
                hint=f"Expected http://host:port in the variable {parts.scheme}_proxy or {parts.scheme.upper()}_PROXY.",
            )
        return _with_scheme(found)

    def _bypassed(self, url: str) -> bool:
        if self.no_proxy is not None:
            return _bypassed(url, self.no_proxy)
        from requests.utils import should_bypass_proxies

        return bool(should_bypass_proxies(url, None)) or _named_with_port(url, getproxies_environment().get("no", ""))

    def trusted(self) -> str | None:
        """The certificates to trust besides those of the system."""
        return self.ca_bundle or next((path for path in map(os.environ.get, _CA_BUNDLES) if path), None)


def named(proxy: str) -> str | None:
    """A proxy's host and port as text, without the user and password; None where the address can't be one."""
    with contextlib.suppress(ValueError):
        parts = urlsplit(_with_scheme(proxy))
        if (
            parts.hostname
            and is_host(parts.hostname)
            and parts.scheme in ("http", "https", "socks4", "socks4a", "socks5", "socks5h")
        ):
            # Not as host:port, which may be the whole value of an option that Ansible must not show.
            return f"{parts.hostname} (port {parts.port})" if parts.port else parts.hostname
    return None


def is_host(name: str) -> bool:
    """Whether this can be the name of a host, or its address: other characters would be part of a request."""
    return name.isprintable() and not set(" \\<>\"'`{}|^").intersection(name)


def _with_scheme(proxy: str) -> str:
    """C(requests) takes the user for a scheme where there is none."""
    return proxy if "://" in proxy else f"http://{proxy}"


def _never_by_proxy(host: str) -> bool:
    """Whether an address is of this very machine, where no proxy can reach it."""
    if host == "localhost" or host == _METADATA:
        return True
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return False


_bypassing = threading.Lock()


@cache
def _bypassed(url: str, no_proxy: str) -> bool:
    """Whether C(no_proxy) names what an address leads to.

    The function of C(requests) puts it into the environment for a moment, so it is asked once and by one at a time.
    """
    from requests.utils import should_bypass_proxies

    with _bypassing:
        return bool(should_bypass_proxies(url, no_proxy)) or _named_with_port(url, no_proxy)


def _named_with_port(url: str, no_proxy: str) -> bool:
    """Whether an address is listed with its port, which C(ansible.builtin.uri) knows of and C(requests) does not."""
    return urlsplit(url).netloc in (name.strip() for name in no_proxy.split(","))


# ---------------------------------------------------------------------- one call


@dataclass
class Exchange:
    """What went over the wire for one call: the last request and its answer.

    :ivar address: C(scheme://host) that was asked; empty as long as nothing was
    :ivar proxy: host and port of the proxy that it went through
    :ivar of_credentials: the SDK asked for credentials, not for what the call is about
    :ivar request: what was sent, as the SDK has it
    :ivar status: HTTP status, 0 as long as there is none
    :ivar date: what time it was where the answer came from, as HTTP says it; empty where that does not say
    """

    address: str = ""
    proxy: str = ""
    of_credentials: bool = False
    request: t.Any = None
    status: int = 0
    content_type: str = ""
    request_id: str = ""
    content: bytes = b""
    date: str = ""

    def begin(self, of_credentials: bool) -> None:
        """Forget the request before."""
        self.address = self.proxy = self.content_type = self.request_id = self.date = ""
        self.of_credentials, self.request, self.status, self.content = of_credentials, None, 0, b""

    @property
    def secrets(self) -> tuple[str, ...]:
        """Parts of the request that must not be shown should an answer repeat them."""
        return tuple(_secrets(self.request)) if self.request else ()

    def without_secrets(self, text: str) -> str:
        """A text of an answer without what it repeats of the request."""
        for secret in self.secrets:
            text = text.replace(secret, "...")
        return text

    def foreign(self, product: str, action: str, lacking: t.Sequence[str] = ()) -> ForeignAnswer:
        """The error for what came back and is no answer of who was asked.

        :param lacking: what an answer would have
        """
        asked_to_log_in = self.status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED
        hint = "Something on the way answered instead, such as a gateway or a captive portal."
        if self.proxy:
            hint = f"It went through the proxy {self.proxy}. {NO_PROXY_HINT}"
        return ForeignAnswer(
            product,
            action,
            host=urlsplit(self.address).netloc,
            answer=answers.described(self.status, self.content_type, self.content, self.secrets),
            lacking=lacking,
            status=self.status,
            content_type=self.content_type,
            sent=not asked_to_log_in,
            passing=not asked_to_log_in,
            hint=hint,
        )


_current: ContextVar[tuple[Route, Exchange] | None] = ContextVar("alitrust_exchange", default=None)


@contextlib.contextmanager
def through(route: Route) -> t.Iterator[Exchange]:
    """Send what the SDK sends in this block by a route; tells what went over the wire."""
    exchange = Exchange()
    token = _current.set((route, exchange))
    try:
        yield exchange
    finally:
        _current.reset(token)


@cache
def install(core: t.Any) -> None:
    """Have a core of the SDK (C(DaraCore), C(TeaCore)) send by C(through), where a call of this collection is made.

    Whoever else uses the SDK in this process gets what the SDK does.
    """
    original = core.do_action

    def do_action(request: t.Any, runtime_option: dict[str, t.Any] | None = None) -> t.Any:
        current = _current.get()
        if current is None:
            return original(request, runtime_option)
        route, exchange = current
        exchange.begin(of_credentials=core.__name__ == "TeaCore")
        return _send(core.compose_url(request), request, runtime_option or {}, route, exchange)

    core.do_action = staticmethod(do_action)


def _send(url: str, request: t.Any, options: dict[str, t.Any], route: Route, exchange: Exchange) -> t.Any:
    """Send a request of the SDK; returns what its own C(do_action) would."""
    from requests import PreparedRequest

    prepared = PreparedRequest()
    body = request.body.encode() if isinstance(request.body, str) else request.body
    prepared.prepare(method=request.method.upper(), url=url, data=body, headers=request.headers)
    parts = urlsplit(str(prepared.url))
    proxy = route.proxy(f"{parts.scheme}://{parts.netloc}")
    exchange.proxy = named(proxy) or "" if proxy else ""
    exchange.request = request
    exchange.address = f"{parts.scheme}://{parts.netloc}"
    # By an adapter, not by a session: that would follow a redirect, which is no answer of Alibaba Cloud.
    answer = _adapter(parts.scheme, route.trusted() if parts.scheme == "https" else None).send(
        prepared,
        timeout=(
            int(options.get("connectTimeout") or _CONNECT_TIMEOUT) / 1000,
            int(options.get("readTimeout") or _READ_TIMEOUT) / 1000,
        ),
        proxies={parts.scheme: proxy} if proxy else {},
    )
    # At once: by its property C(content) it comes in hundreds of parts, and a thread waits for its turn after each.
    exchange.content = b"".join(answer.iter_content(_READ_AT_ONCE))
    exchange.status = answer.status_code
    exchange.content_type = answer.headers.get("content-type", "")
    exchange.request_id = answer.headers.get("x-acs-request-id", "")
    exchange.date = answer.headers.get("date", "")
    return SimpleNamespace(
        status_code=answer.status_code,
        status_message=answer.reason,
        headers={name.lower(): value for name, value in answer.headers.items()},
        body=exchange.content,
        response=answer,
    )


#: Parameters and headers with such a word in their name have values that are nobody's business.
_CONFIDENTIAL = (
    "authorization",
    "commandcontent",
    "password",
    "plaintext",
    "privatekey",
    "secret",
    "token",
    "userdata",
)


#: Characters of a text that is not found by chance.
_TELLING = 8
#: These have such a word in their name, and tell what went wrong: the name of a secret, or a word out of a few.
_TOLD = (
    "clienttoken",
    "httptokens",
    "nexttoken",
    "passwordresetrequired",
    "secretdatatype",
    "secretname",
    "secrettype",
)


def _secrets(request: t.Any) -> t.Iterator[str]:
    """What of a request nobody may see: as it is, as it travels, and what is in base64 in there. The longest first."""
    found: set[str] = set()
    for name, value in (*(request.query or {}).items(), *(request.headers or {}).items()):
        plain = name.lower().replace("-", "").replace("_", "")
        if value and any(word in plain for word in _CONFIDENTIAL) and plain not in _TOLD:
            for text in (str(value), _decoded(str(value))):
                found |= {text, text.strip(), quote(text, safe=""), quote_plus(text), json.dumps(text)[1:-1]}
    yield from sorted(found - {""}, key=len, reverse=True)


def _decoded(value: str) -> str:
    """The text that is in base64 in a value; empty where there is none, or one that may be anywhere."""
    try:
        text = base64.b64decode(value, validate=True).decode()
    except ValueError:
        return ""
    return text if len(text) >= _TELLING else ""


@cache
def context_of(trusted: str | None) -> ssl.SSLContext:
    """How hosts are verified. Reading all these certificates takes long, so the controller has it done once.

    :param trusted: file or folder of certificates that are trusted besides the system's and those of C(requests)
    :raises InvalidInput: there are none in it
    """
    from requests.utils import DEFAULT_CA_BUNDLE_PATH

    context = ssl.create_default_context()
    with contextlib.suppress(OSError):  # the adapter says which file it misses
        _trust(context, DEFAULT_CA_BUNDLE_PATH)
    try:
        if trusted:
            _trust(context, trusted)
    except OSError as exc:
        raise InvalidInput(
            f"The certificates to trust cannot be read from {trusted}: {exc.strerror or exc}.",
            hint=f"Expected a file in the form PEM in the option ca_bundle, or in the variable {_CA_BUNDLES[0]}.",
        ) from exc
    return context


def _trust(context: ssl.SSLContext, path: str) -> None:
    context.load_verify_locations(**{"capath" if os.path.isdir(path) else "cafile": path})


def preload(route: Route) -> None:
    """Read the certificates of a route; used by the controller before it forks workers.

    What cannot be read is told by the task that needs it.
    """
    with contextlib.suppress(InvalidInput):
        context_of(route.trusted())


@cache
def _adapter(scheme: str, trusted: str | None) -> t.Any:
    """What keeps the connections of a scheme; C(trusted) as for C(context_of)."""
    from requests.adapters import HTTPAdapter

    if scheme != "https":
        return HTTPAdapter(pool_maxsize=_CONNECTIONS)
    context = context_of(trusted)

    class Adapter(HTTPAdapter):
        def init_poolmanager(self, *args: t.Any, **kwargs: t.Any) -> None:
            super().init_poolmanager(*args, ssl_context=context, **kwargs)

        def proxy_manager_for(self, proxy: str, **kwargs: t.Any) -> t.Any:
            return super().proxy_manager_for(proxy, ssl_context=context, proxy_ssl_context=context, **kwargs)

        def cert_verify(self, conn: t.Any, *args: t.Any, **kwargs: t.Any) -> None:
            of_requests: t.Any = super().cert_verify
            of_requests(conn, *args, **kwargs)
            # The context has them, and would read them again for each connection, which takes longer than a call.
            conn.ca_certs = conn.ca_cert_dir = None

    return Adapter(pool_maxsize=_CONNECTIONS)


def forget_connections() -> None:
    """Drop the connections that a forked process has from its parent, and a lock that a thread of it may hold."""
    global _bypassing
    _adapter.cache_clear()
    _bypassing = threading.Lock()
