# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The instance metadata service, which answers whoever asks from the address of a running instance.

Both modes: plain reads, and reads with a token (``PUT /latest/api/token``). Tokens carry their own proof: nothing is
remembered, and a restart of the local cloud doesn't end them.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import typing as t
import urllib.parse

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from local_cloud.metadata_items import Directory, Item, tree
from local_cloud.settings import define

if t.TYPE_CHECKING:
    from starlette.requests import Request

    from local_cloud.server import Server

Record = dict[str, t.Any]

define("metadata.disabled_status", 403, "HTTP status when an instance's HttpEndpoint is disabled (UNCERTAIN)")
define("metadata.no_token_status", 403, "HTTP status of a read without the token that HttpTokens requires (UNCERTAIN)")
define("metadata.bad_token_status", 401, "HTTP status of a read with a bad or expired token (UNCERTAIN)")
define("metadata.bad_ttl_status", 400, "HTTP status for a token lifetime outside 1 to 21600 (UNCERTAIN)")
define("metadata.refuse_forwarded", True, "whether a token is refused to a request with X-Forwarded-For (UNCERTAIN)")

TOKEN_HEADER = "x-aliyun-ecs-metadata-token"
TTL_HEADER = "x-aliyun-ecs-metadata-token-ttl-seconds"
LONGEST_TTL = 21600


class _Refusal(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class MetadataService:
    """Answers requests of instances."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._store = server.store
        self._settings = server.settings
        key = self._store.variable("metadata_token_key") or secrets.token_hex(32)
        self._store.set_variable("metadata_token_key", key)
        self._key = key.encode()

    def answer(self, method: str, path: str, headers: t.Mapping[str, str], client: str) -> Response:
        """The answer to a request that came from the address ``client``."""
        try:
            self._store.apply_due()
            instance = self._instance(client)
            if path == "/latest/api/token":
                return self._new_token(method, headers, instance)
            if method not in ("GET", "HEAD"):
                raise _Refusal(405, "only GET is allowed here")
            self._check_token(headers, instance)
            with self._store.transaction():
                return self._read(path, instance)
        except _Refusal as refusal:
            return PlainTextResponse(f"{refusal}\n", refusal.status)

    def _instance(self, client: str) -> Record:
        found = self._store.find("instance", where={"PrivateIpAddress": client})
        running = [instance for instance in found if instance["Status"] in ("Running", "Starting", "Stopping")]
        if not running:
            raise _Refusal(404, f"no running instance has the address {client}")
        instance = running[0]
        if instance.get("MetadataOptions", {}).get("HttpEndpoint") == "disabled":
            raise _Refusal(self._settings["metadata.disabled_status"], "the metadata service is off for this instance")
        return instance

    # -- tokens: <expiry>.<proof>

    def _new_token(self, method: str, headers: t.Mapping[str, str], instance: Record) -> Response:
        if method != "PUT":
            raise _Refusal(405, "a token is asked for with PUT")
        if "x-forwarded-for" in headers and self._settings["metadata.refuse_forwarded"]:
            raise _Refusal(403, "a token is not given through a proxy")
        text = headers.get(TTL_HEADER, "")
        seconds = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
        if not 1 <= seconds <= LONGEST_TTL:
            raise _Refusal(self._settings["metadata.bad_ttl_status"], f"{TTL_HEADER} must be 1 to {LONGEST_TTL}")
        expiry = f"{int(self._store.clock.timestamp()) + seconds:x}"
        return PlainTextResponse(f"{expiry}.{self._proof(expiry, instance)}", headers={TTL_HEADER: str(seconds)})

    def _proof(self, expiry: str, instance: Record) -> str:
        return hmac.new(self._key, f"{expiry}/{instance['InstanceId']}".encode(), hashlib.sha256).hexdigest()

    def _check_token(self, headers: t.Mapping[str, str], instance: Record) -> None:
        token = headers.get(TOKEN_HEADER)
        if token is None:
            if instance.get("MetadataOptions", {}).get("HttpTokens") == "required":
                raise _Refusal(self._settings["metadata.no_token_status"], f"the header {TOKEN_HEADER} is required")
            return
        expiry, _mark, proof = token.partition(".")
        genuine = hmac.compare_digest(proof.encode(), self._proof(expiry, instance).encode())
        if not genuine or int(expiry, 16) <= self._store.clock.timestamp():
            raise _Refusal(self._settings["metadata.bad_token_status"], "the token is not valid or has expired")

    # -- items

    def _read(self, path: str, instance: Record) -> Response:
        item: Item | None = tree(self._server, instance)
        for name in filter(None, urllib.parse.unquote(path).split("/")):
            if not isinstance(item, dict):
                raise _Refusal(404, "not found")
            item = _inner(item, name)
        value = item() if callable(item) else item
        if value is None:
            raise _Refusal(404, "not found")
        if isinstance(value, dict):
            return PlainTextResponse("\n".join(_listed(value)))
        media_type = "application/octet-stream" if isinstance(value, bytes) else "text/plain"
        return Response(value, media_type=media_type)


def _inner(directory: Directory, name: str) -> Item | None:
    """An item of a directory; names are compared without case, as older documents spell some of them differently."""
    return next((item for own, item in directory.items() if own.lower() == name.lower()), None)


def _listed(directory: Directory) -> list[str]:
    return [f"{name}/" if isinstance(item, dict) else name for name, item in directory.items() if item is not None]


def app(server: Server) -> Starlette:
    """The application for requests to 100.100.100.200."""
    service = MetadataService(server)

    async def endpoint(request: Request) -> Response:
        client = request.client.host if request.client else ""
        return await run_in_threadpool(service.answer, request.method, request.scope["path"], request.headers, client)

    return Starlette(routes=[Route("/{path:path}", endpoint, methods=["GET", "PUT", "POST", "DELETE"])])
