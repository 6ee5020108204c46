# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The metadata service, as seen from inside an instance: the temporary credentials of its RAM role. Private.

This runs in instances, so it keeps to Python 3.8 and its standard library. Sources: ECS Security, "Obtain a temporary
authorization token"; "View instance metadata" for the mode with tokens.
"""

from __future__ import annotations

import calendar
import http.client
import re
import time
import typing as t
import urllib.parse

from .._cloud import answers
from .._cloud.errors import AlitrustError, InvalidInput, UnexpectedState

URL = "http://100.100.100.200"
#: Longest time that a token of the metadata service can live, in seconds.
LONGEST_TTL = 21600
_TOKEN = "X-aliyun-ecs-metadata-token"
_CREDENTIALS = "/latest/meta-data/ram/security-credentials/"
_SECRETS = ("AccessKeyId", "AccessKeySecret", "SecurityToken")
#: What a token and the name of a role consist of; a page of HTML, say, is neither.
_TOKEN_TEXT = re.compile(r"[A-Za-z0-9+/=_.~-]+")
_ROLE_NAME = re.compile(r"[A-Za-z0-9._@-]{1,64}")
_LARGEST = 1 << 16
_TRIES = 3
_PAUSE = 0.5

SPEC: dict[str, dict[str, t.Any]] = {
    "role_name": {"type": "str"},
    "credentials": {"type": "bool", "default": True},
    "valid_for": {"type": "int", "default": 60},
    "token_ttl": {"type": "int", "default": 300, "no_log": False},
    "timeout": {"type": "int", "default": 5},
    "metadata_url": {"type": "str", "default": URL},
}


class MetadataRefused(AlitrustError):
    """The metadata service cannot be asked, or refuses."""


def read_credentials(options: dict[str, t.Any]) -> dict[str, t.Any]:
    """What C(metadata_credentials) returns.

    :raises InvalidInput: an option that cannot work; nothing was asked
    :raises MetadataRefused: the service does not answer, is closed, or gives no token
    :raises UnexpectedState: no role, another role, or credentials that cannot be used
    """
    _check(options)
    service = _Service(options["metadata_url"], options["timeout"])
    headers = {_TOKEN: service.token(options["token_ttl"])}
    role = service.read(
        _CREDENTIALS, headers, _names_a_role, missing="This instance has no RAM role, or ECS may not assume it."
    ).strip()
    if options["role_name"] and options["role_name"] != role:
        raise UnexpectedState(
            f"This instance has the RAM role {role}, not {options['role_name']}.",
            hint="Attach the other one with alitrust.ecs.instance_ram_role and replace=true, or mend role_name.",
        )
    missing = f"There are no credentials of the RAM role {role}."
    text = service.read(_CREDENTIALS + role, headers, _has_a_code, missing)
    given = _checked(role, answers.parsed(text), options["valid_for"], time.time())
    result = {
        "role_name": role,
        "expiration": given["Expiration"],
        "last_updated": given.get("LastUpdated"),
        "summary": f"credentials of the RAM role {role} that expire at {given['Expiration']}",
    }
    if options["credentials"]:
        result["credentials"] = {
            "access_key_id": given["AccessKeyId"],
            "access_key_secret": given["AccessKeySecret"],
            "security_token": given["SecurityToken"],
        }
    return result


def _check(options: dict[str, t.Any]) -> None:
    if not 1 <= options["token_ttl"] <= LONGEST_TTL:
        raise InvalidInput(f"token_ttl is {options['token_ttl']}; expected 1 to {LONGEST_TTL} seconds.")
    if options["timeout"] < 1:
        raise InvalidInput(f"timeout is {options['timeout']}; expected at least 1 second.")
    if options["valid_for"] < 0:
        raise InvalidInput(f"valid_for is {options['valid_for']}; expected at least 0 seconds.")
    try:
        parts = urllib.parse.urlsplit(options["metadata_url"])
        usable = parts.scheme == "http" and parts.hostname and not (parts.path.strip("/") or parts.query)
        usable = usable and "@" not in parts.netloc and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise InvalidInput(f"metadata_url must begin with http:// and end with the host or its port, as in {URL}.")


def _is_a_token(text: str) -> bool:
    return _TOKEN_TEXT.fullmatch(text.strip()) is not None


def _names_a_role(text: str) -> bool:
    return _ROLE_NAME.fullmatch(text.strip()) is not None


def _has_a_code(text: str) -> bool:
    given = answers.parsed(text)
    return isinstance(given, dict) and isinstance(given.get("Code"), str)


def _checked(role: str, given: dict[str, t.Any], valid_for: int, now: float) -> dict[str, t.Any]:
    """The answer with the credentials, if they can be used.

    :param valid_for: how much longer they must be valid, in seconds
    """
    what = f"The credentials of the RAM role {role}"
    if given.get("Code") != "Success":
        raise UnexpectedState(f"{what} are not given: the metadata service says {str(given.get('Code'))[:80]!r}.")
    lacking = [name for name in (*_SECRETS, "Expiration") if not (isinstance(given.get(name), str) and given[name])]
    if lacking:
        raise UnexpectedState(f"{what} came without {', '.join(lacking)}.")
    try:
        expires = calendar.timegm(time.strptime(given["Expiration"], "%Y-%m-%dT%H:%M:%SZ"))
    except ValueError:
        # Not quoted: who mixes members up may have put a secret there.
        raise UnexpectedState(f"{what} came with an Expiration that is no time such as 2026-12-31T23:59:59Z.") from None
    if expires <= now:
        raise UnexpectedState(f"{what} expired at {given['Expiration']}.", hint="Check the clock of this instance.")
    if expires < now + valid_for:
        raise UnexpectedState(
            f"{what} expire at {given['Expiration']}, in {expires - now:.0f} s, and valid_for asks for {valid_for} s.",
            hint="The metadata service gives new ones some time before they expire: wait, or lower valid_for.",
        )
    return given


class _Service:
    """The metadata service. Proxies of the environment are passed by: they are not in this instance."""

    def __init__(self, url: str, timeout: int) -> None:
        parts = urllib.parse.urlsplit(url)
        self._host, self._port, self._timeout = str(parts.hostname), parts.port or 80, timeout
        self._name = f"The metadata service at {url}"

    def token(self, ttl: int) -> str:
        """A token. There is no way back to reads without one: that would give up what the tokens are for."""
        status, text = self._ask("PUT", "/latest/api/token", {f"{_TOKEN}-ttl-seconds": str(ttl)}, _is_a_token)
        if status == 200:
            return text.strip()
        if status == 403:
            raise MetadataRefused(
                f"{self._name} is closed to this instance (status 403).",
                hint="Switch it on with HttpEndpoint enabled in the instance's metadata options, and ask it from the "
                "instance itself, not through a proxy.",
            )
        if status in (404, 405, 501):
            raise MetadataRefused(
                f"{self._name} gives no token (status {status}); credentials are read with one only.",
                hint="Ask from inside a running ECS instance.",
            )
        raise MetadataRefused(f"{self._name} did not give a token (status {status}).")

    def read(self, path: str, headers: dict[str, str], fits: t.Callable[[str], bool], missing: str) -> str:
        """The text of an item.

        :param fits: whether a text can be this item
        :param missing: what it means that there is none
        """
        status, text = self._ask("GET", path, headers, fits)
        if status == 200:
            return text
        if status == 404:
            raise UnexpectedState(
                missing, hint="Attach a role to the instance, for example with alitrust.ecs.instance_ram_role."
            )
        if status in (401, 403):
            raise MetadataRefused(f"{self._name} refuses the token (status {status}).", hint="Raise token_ttl.")
        raise MetadataRefused(f"{self._name} answered with the status {status}.")

    def _ask(self, method: str, path: str, headers: dict[str, str], fits: t.Callable[[str], bool]) -> tuple[int, str]:
        """Status and text of an answer; the text fits where the status is 200."""
        for number in range(1, _TRIES + 1):
            try:
                status, kind, body = self._once(method, path, headers)
            except (http.client.HTTPException, ConnectionResetError):
                status, kind, body = 0, "", b""
            text = body.decode("utf-8", "replace")
            if 0 < status < 500 and (status != 200 or fits(text)):
                return status, text
            if number < _TRIES:
                time.sleep(_PAUSE)
        how = f"answered with the status {status}" if status else "broke the connection off"
        if status == 200:
            # Something else listens at this address, or stands in between.
            how = f"gave what is none of its answers ({answers.described(status, kind, body)})"
        raise MetadataRefused(f"{self._name} {how}, {_TRIES} times.")

    def _once(self, method: str, path: str, headers: dict[str, str]) -> tuple[int, str, bytes]:
        """Status, type and body of an answer."""
        connection = http.client.HTTPConnection(self._host, self._port, timeout=self._timeout)
        try:
            connection.request(method, path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.getheader("Content-Type") or "", answer.read(_LARGEST)
        except (ConnectionResetError, http.client.HTTPException):
            raise
        except OSError as exc:
            # Python 3.8 and 3.9 have a class of their own for this.
            why = "it did not answer in time" if "timed out" in str(exc) else exc.strerror or "no answer"
            raise MetadataRefused(
                f"{self._name} cannot be reached: {why}.",
                hint="It answers inside a running ECS instance only. There, check that no firewall or route stands in "
                "the way.",
            ) from None
        finally:
            connection.close()
