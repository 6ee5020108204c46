# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an instance reads from sites, and its region from the metadata service. Private.

This runs in instances, so it keeps to Python 3.8 and its standard library. Source: ECS User Guide, "View instance
metadata" for the mode with tokens.
"""

from __future__ import annotations

import hashlib
import os
import re
import typing as t
from http.client import HTTPException
from http.cookiejar import CookieJar
from urllib.error import HTTPError, URLError

from ansible.module_utils.urls import Request, get_user_agent, make_context

from .._cloud.errors import AlitrustError, UnexpectedState
from .._cloud.hidden import hide

METADATA = "http://100.100.100.200/latest"
_TOKEN = "X-aliyun-ecs-metadata-token"
_REGION = re.compile(r"[a-z]+(-[a-z0-9]+)+")
_SECONDS = 10
#: A version, a sum, a region: all texts that are read are short.
_LONGEST_TEXT = 1 << 12
_CHUNK = 1 << 20
#: What reading an answer may end with.
_CUT_OFF = (OSError, HTTPException)


class Unreached(AlitrustError):
    """A site does not answer, or does not have it."""


class Damaged(AlitrustError):
    """What came is not what was asked for."""


class Web:
    """Asks sites by ansible-core's own way, proxies and certificates included.

    :param module: the AnsibleModule, with the option C(validate_certs)
    """

    def __init__(self, module: t.Any) -> None:
        self._module = module
        self._asks: t.Any = None

    def _open(self, url: str, seconds: int, method: str = "GET", **options: t.Any) -> t.Any:
        """What core's C(fetch_url) does, which reads all certificates of the system for each address, http or not."""
        if self._asks is None:
            validate = self._module.params.get("validate_certs", True)
            context = make_context(validate_certs=validate)
            self._asks = Request(http_agent=get_user_agent(), validate_certs=validate, context=context)
        return self._asks.open(method, url, timeout=seconds, cookies=CookieJar(), **options)

    def text(self, url: str, seconds: int) -> str:
        """The text at an address.

        :raises Unreached: there is none
        """
        answer = self._answer(url, seconds)
        try:
            return str(answer.read(_LONGEST_TEXT).decode("utf-8", "replace"))
        except _CUT_OFF as exc:
            raise Unreached(str(exc) or type(exc).__name__) from None

    def download(self, url: str, path: str, seconds: int, *, sha256: str = "") -> str:
        """Write what is at an address to a file of our own; returns its MD5 sum.

        :param seconds: how long the site may be silent
        :param sha256: what its SHA-256 must be; empty for any
        :raises Unreached: there is nothing, or not all of it came
        :raises Damaged: its SHA-256 is another
        """
        sums = (hashlib.sha256(), _md5())
        answer = self._answer(url, seconds)
        expected, came = answer.headers.get("Content-Length"), 0
        try:
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                while True:
                    chunk = answer.read(_CHUNK)
                    if not chunk:
                        break
                    came += len(chunk)
                    file.write(chunk)
                    for one in sums:
                        one.update(chunk)
        except _CUT_OFF as exc:
            raise Unreached(str(exc) or type(exc).__name__) from None
        if expected and expected.isdigit() and int(expected) != came:
            raise Unreached(f"{came} of {expected} bytes came")
        if sha256 and sums[0].hexdigest() != sha256:
            raise Damaged(f"the checksum is {sums[0].hexdigest()}, not the SHA-256 {sha256} that was asked for")
        return str(sums[1].hexdigest())

    def region(self, *, v1: bool) -> str:
        """The region of this instance.

        Token mode works on every instance; the mode without a token is refused where HttpTokens is required.

        :param v1: whether it may be asked without a token where it gives none
        :raises UnexpectedState: it does not say
        """
        status, token = self._metadata("PUT", "/api/token", {f"{_TOKEN}-ttl-seconds": "60"})
        if status != 200 and not v1:
            raise UnexpectedState(
                f"The metadata service gave no token (status {status}).",
                hint="Set region, or metadata_allow_v1 to ask it without one.",
            )
        hide(self._module, [token])
        status, region = self._metadata("GET", "/meta-data/region-id", {_TOKEN: token} if token else {})
        if status != 200 or not _REGION.fullmatch(region):
            raise UnexpectedState(f"The metadata service named no region (status {status}).", hint="Set region.")
        return region

    def _metadata(self, method: str, path: str, headers: dict[str, str]) -> tuple[int, str]:
        """Status and text; none where it fails. Proxies are passed by: they are not in this instance."""
        try:
            answer = self._open(METADATA + path, _SECONDS, method, headers=headers, use_proxy=False)
            return int(answer.code), str(answer.read(_LONGEST_TEXT).decode("utf-8", "replace")).strip()
        except HTTPError as exc:
            return int(exc.code), ""
        except (*_CUT_OFF, ValueError):  # a token that no header can have, too
            return -1, ""

    def _answer(self, url: str, seconds: int) -> t.Any:
        try:
            answer = self._open(url, seconds)
        except HTTPError as exc:
            raise Unreached(str(exc)) from None
        except URLError as exc:
            raise Unreached(f"Request failed: {exc}") from None
        except (*_CUT_OFF, ValueError) as exc:  # an address that cannot be one, too
            raise Unreached(f"Connection failure: {str(exc) or type(exc).__name__}") from None
        if answer.code != 200:
            raise Unreached(f"HTTP status {answer.code}")
        return answer


def _md5() -> t.Any:
    """It finds damage only, so it may be had where a policy forbids it for more."""
    try:
        return hashlib.md5(usedforsecurity=False)
    except TypeError:  # Python 3.8
        return hashlib.md5()
