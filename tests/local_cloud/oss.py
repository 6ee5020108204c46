# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The buckets from which instances download the trust client: public, read-only, addressed by the Host header."""

from __future__ import annotations

import functools
import hashlib
import re
import typing as t
from email.utils import formatdate
from xml.sax.saxutils import escape

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.routing import Route

from local_cloud import catalogue
from local_cloud.answers import new_request_id
from local_cloud.settings import define
from local_cloud.trust_client import build, packaged

if t.TYPE_CHECKING:
    from starlette.requests import Request

    from local_cloud.server import Server

define("trust_client.newest", build.VERSIONS[-1], "the version that the download sites call the last one")
define("trust_client.first_report_seconds", 300.0, "when the agent reports first, in the package's configuration")
define("trust_client.report_interval_seconds", 1800.0, "seconds between reports, in the package's configuration")
define("oss.failing_hosts", "", "host names of buckets that answer 503, separated by commas")

#: the trust client's buckets and from where each is reached; the region is in both parts
_SITES = re.compile(
    r"(?P<bucket>t-trustclient|trustclient)-(?P<region>[a-z0-9-]+?)"
    r"\.oss-(?P=region)(?P<internal>-internal)?\.aliyuncs\.com"
)
_EMPTY_BUCKETS = {"aliyun-tpm-ca.oss-cn-beijing.aliyuncs.com"}


@functools.lru_cache(maxsize=4)
def _offered(options: build.Options) -> dict[str, bytes]:
    return build.site(options)


class Buckets:
    """Answers requests for objects."""

    def __init__(self, server: Server) -> None:
        self._settings = server.settings

    def answer(self, method: str, host: str, path: str) -> Response:
        """The object, or the error OSS answers."""
        if host in (name.strip() for name in self._settings["oss.failing_hosts"].split(",")):
            return _error(503, "ServiceUnavailable", "Please reduce your request rate.", host)
        if method not in ("GET", "HEAD"):
            return _error(403, "AccessDenied", "The bucket is read-only.", host)
        content = self._object(host, path.lstrip("/"))
        if content is None:
            bucket_known = host in _EMPTY_BUCKETS or self._is_site(host)
            if not bucket_known:
                return _error(404, "NoSuchBucket", "The specified bucket does not exist.", host)
            return _error(404, "NoSuchKey", "The specified key does not exist.", host)
        digest = hashlib.md5(content, usedforsecurity=False).hexdigest().upper()
        headers = {
            "etag": f'"{digest}"',
            "last-modified": formatdate(packaged.EPOCH, usegmt=True),
            "x-oss-request-id": new_request_id().replace("-", "")[:24],
        }
        text = path.endswith((".sh", ".md5", "/last"))
        return Response(content, media_type="text/plain" if text else "application/octet-stream", headers=headers)

    def _is_site(self, host: str) -> bool:
        match = _SITES.fullmatch(host)
        if not match or match["region"] not in catalogue.regions():
            return False
        return match["bucket"] == "trustclient" or match["internal"] is not None

    def _object(self, host: str, path: str) -> bytes | None:
        if not self._is_site(host):
            return None
        if re.fullmatch(f"version/({'|'.join(build.ARCHITECTURES)})/last", path):
            return f"{self._settings['trust_client.newest']}\n".encode()
        options = build.Options(
            self._settings["trust_client.first_report_seconds"], self._settings["trust_client.report_interval_seconds"]
        )
        return _offered(options).get(path)


def _error(status: int, code: str, message: str, host: str) -> Response:
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<Error>'
        f"<Code>{code}</Code><Message>{escape(message)}</Message>"
        f"<RequestId>{new_request_id()}</RequestId><HostId>{escape(host)}</HostId></Error>\n"
    )
    return Response(body, status, media_type="application/xml")


def app(server: Server) -> Starlette:
    """The application for requests to ``<bucket>.oss-<region>.aliyuncs.com``."""
    buckets = Buckets(server)

    async def endpoint(request: Request) -> Response:
        host = request.headers.get("host", "").partition(":")[0].lower()
        return await run_in_threadpool(buckets.answer, request.method, host, request.scope["path"])

    return Starlette(routes=[Route("/{path:path}", endpoint, methods=["GET", "PUT", "POST", "DELETE"])])
