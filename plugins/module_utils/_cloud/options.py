# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options that say which account, region and endpoint a task talks to. Private.

One provider serves modules and plugins. A blank value is a value that was not given: AWX hands over empty strings for
optional credential fields.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import typing as t
from dataclasses import dataclass, fields, replace
from urllib.parse import urlsplit

from .errors import InvalidInput
from .spelling import nearest
from .texts import from_json
from .transport import Route, is_host, named

#: Argument specification shared by every cloud module. The documentation is in doc_fragments/cloud.py.
CONNECTION_SPEC: dict[str, dict[str, t.Any]] = {
    "region": {"type": "str", "aliases": ["region_id"]},
    "endpoint_url": {"type": "str"},
    "access_key_id": {"type": "str"},
    "access_key_secret": {"type": "str", "no_log": True},
    "security_token": {"type": "str", "no_log": True},
    "profile": {"type": "str"},
    "ram_role_arn": {"type": "str"},
    "ram_role_session_name": {"type": "str"},
    "ecs_ram_role": {"type": "str"},
    "oidc_provider_arn": {"type": "str"},
    "oidc_token_file": {"type": "path"},
    "credentials_uri": {"type": "str", "no_log": True},
    "http_proxy": {"type": "str", "no_log": True},
    "https_proxy": {"type": "str", "no_log": True},
    "no_proxy": {"type": "str"},
    "ca_bundle": {"type": "path"},
    "api_timeout": {"type": "int", "default": 120},
    "api_calls_per_second": {"type": "float", "default": 0.0},
}

NO_REGION = "No region was given."
#: A region id becomes part of a host name, so its form matters before anything is called.
_REGION = re.compile(r"[a-z]{2,}(-[a-z0-9]+)+")
#: No region id ends in a single letter; those of zones do: cn-hangzhou-i, ap-southeast-1a.
_ZONE = re.compile(r"(?P<region>[a-z0-9-]+?)(?:-|(?<=-[0-9]))[a-z]")

_ENVIRONMENT = {
    "region": ("ALIBABA_CLOUD_REGION", "ALIBABA_CLOUD_REGION_ID"),
    "endpoint_url": ("ALIBABA_CLOUD_ENDPOINT_URL",),
    "http_proxy": ("ALIBABA_CLOUD_HTTP_PROXY",),
    "https_proxy": ("ALIBABA_CLOUD_HTTPS_PROXY",),
    "no_proxy": ("ALIBABA_CLOUD_NO_PROXY",),
    "ca_bundle": ("ALIBABA_CLOUD_CA_BUNDLE",),
    "api_calls_per_second": ("ALITRUST_API_CALLS_PER_SECOND",),
}
#: What api_calls_per_second may be: less would look like a task that hangs.
_RATES = (0.1, 1000.0)

#: Names a file with some of the options, which count where a task gives none: one variable leads to another cloud.
CONNECTION_FILE = "ALITRUST_CONNECTION_FILE"
_WHERE = ("endpoint_url", "region", "ca_bundle")
_WHO = ("access_key_id", "access_key_secret", "security_token")
_SOURCES = ("access_key_id", "profile", "ecs_ram_role", "oidc_provider_arn", "credentials_uri")


@dataclass(frozen=True)
class Connection:
    """Where to, as whom, and how patiently.

    :ivar region: region id, for example C(cn-hangzhou)
    :ivar endpoint_url: address for every product instead of Alibaba Cloud's own, or None
    :ivar api_timeout: time budget of one call with all its retries, in seconds
    :ivar api_calls_per_second: how many calls all tasks of this user share on this machine; 0: as many as there are
    """

    region: str | None = None
    endpoint_url: str | None = None
    access_key_id: str | None = None
    access_key_secret: str | None = None
    security_token: str | None = None
    profile: str | None = None
    ram_role_arn: str | None = None
    ram_role_session_name: str | None = None
    ecs_ram_role: str | None = None
    oidc_provider_arn: str | None = None
    oidc_token_file: str | None = None
    credentials_uri: str | None = None
    http_proxy: str | None = None
    https_proxy: str | None = None
    no_proxy: str | None = None
    ca_bundle: str | None = None
    api_timeout: float = 120.0
    api_calls_per_second: float = 0.0

    @classmethod
    def from_options(cls, options: t.Mapping[str, t.Any], environ: t.Mapping[str, str] | None = None) -> Connection:
        """Read the options of a module or plugin, with the connection file and then the environment behind them. The
        region may come from the profile of the CLI, behind all of these.

        :raises InvalidInput: contradicting or impossible values, or a file that can't be used
        """
        environ = os.environ if environ is None else environ
        given = {name: value.strip() if isinstance(value, str) else value for name, value in options.items()}
        file = _connection_file(environ)
        # Half of one's key with half of another's would be a riddle.
        filled = _WHERE if any(given.get(name) for name in (*_SOURCES, *_WHO)) else (*_WHERE, *_WHO)
        values: dict[str, t.Any] = {}
        for field in fields(cls):
            value = given.get(field.name)
            if value == "" or (field.name == "api_calls_per_second" and not value):
                value = None
            if value is None and field.name in filled:
                value = file.get(field.name)
            if value is None:
                found = (environ.get(name, "").strip() for name in _ENVIRONMENT.get(field.name, ()))
                value = next((text for text in found if text), None)
            if value is not None:
                values[field.name] = value
        if not values.get("region"):
            values["region"] = _profile_region(values, environ)
        if "api_calls_per_second" in values:
            values["api_calls_per_second"] = _rate(values["api_calls_per_second"])
        connection = cls(**values)
        connection._check()
        return connection

    @property
    def route(self) -> Route:
        """How the calls travel."""
        return Route(self.http_proxy, self.https_proxy, self.no_proxy, self.ca_bundle)

    @property
    def source(self) -> str:
        """The option that names where credentials come from; without one it is the SDK that looks around."""
        return next((name for name in _SOURCES if getattr(self, name)), "default")

    def _check(self) -> None:
        _check_endpoint(self.endpoint_url)
        _check_route(self)
        if self.region and not _REGION.fullmatch(self.region):
            raise InvalidInput(f"region is {self.region!r}; expected a region id such as cn-hangzhou.")
        if self.region and (zone := _ZONE.fullmatch(self.region)):
            raise InvalidInput(f"region is {self.region!r}, which is a zone; its region is {zone.group('region')}.")
        if bool(self.access_key_id) != bool(self.access_key_secret):
            missing = "access_key_secret" if self.access_key_id else "access_key_id"
            raise InvalidInput(f"access_key_id and access_key_secret belong together; {missing} is not given.")
        if self.security_token and not self.access_key_id:
            raise InvalidInput("security_token needs the access_key_id and access_key_secret that it was issued with.")
        if self.oidc_provider_arn and not (self.ram_role_arn and self.oidc_token_file):
            raise InvalidInput("oidc_provider_arn needs ram_role_arn and oidc_token_file.")
        given = [name for name in _SOURCES if getattr(self, name)]
        if len(given) > 1:
            raise InvalidInput(
                f"{' and '.join(given)} are different sources of credentials; give one of them.",
            )
        if self.api_timeout <= 0:
            raise InvalidInput(f"api_timeout is {self.api_timeout}; expected a number of seconds above 0.")

    @property
    def account(self) -> str:
        """Tells the account and endpoint of one task from those of another, as far as the options do; no secret."""
        told = (self.endpoint_url, self.ram_role_arn, *(getattr(self, name) for name in _SOURCES))
        return hashlib.sha256(repr(told).encode()).hexdigest()[:12]

    @property
    def whose(self) -> str:
        """Whose credentials these are, in words for people; no secret, and no AccessKey ID."""
        if self.ram_role_arn:
            return f"the RAM role {self.ram_role_arn}"
        if self.source in ("profile", "ecs_ram_role"):
            return f"{self.source} {getattr(self, self.source)}"
        return "the credentials of the environment" if self.source == "default" else f"the credentials of {self.source}"

    def in_region(self, region: str) -> Connection:
        """The same in another region.

        :raises InvalidInput: when that is no region id
        """
        other = replace(self, region=region)
        other._check()
        return other

    def need_region(self) -> str:
        """The region id.

        :raises InvalidInput: when none was given
        """
        if not self.region:
            raise InvalidInput(
                NO_REGION,
                hint="Set the option region, for example to cn-hangzhou, or the environment variable "
                "ALIBABA_CLOUD_REGION, or region_id in the profile of the CLI.",
            )
        return self.region


def _rate(value: t.Any) -> float:
    """Calls a second, 0 for no limit.

    :raises InvalidInput: it is no such number
    """
    least, most = _RATES
    with contextlib.suppress(ValueError):
        rate = float(value)
        if rate == 0 or least <= rate <= most:
            return rate
    raise InvalidInput(
        f"api_calls_per_second is {value}; expected a number from {least:g} to {most:g}, or 0 for no limit."
    )


def _profile_region(values: t.Mapping[str, t.Any], environ: t.Mapping[str, str]) -> str | None:
    """The region of the profile of the CLI that credentials may come from; None where they come from elsewhere.

    A file that cannot be read tells nothing: whether credentials are needed from it is the SDK's to say.

    :raises InvalidInput: it is no region id
    """
    if any(values.get(name) for name in (*_SOURCES, *_WHO) if name != "profile"):
        return None
    home = environ.get("HOME", "").strip()
    if not home or environ.get("ALIBABA_CLOUD_CLI_PROFILE_DISABLED", "").strip().lower() == "true":
        return None
    path = os.path.join(home, ".aliyun", "config.json")
    try:
        with open(path, encoding="utf-8") as stream:
            content = from_json(stream.read())
        name = values.get("profile") or environ.get("ALIBABA_CLOUD_PROFILE", "").strip() or content["current"]
        told = next(one.get("region_id") for one in content["profiles"] if one["name"] == name)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, StopIteration):
        return None
    region = told.strip() if isinstance(told, str) else ""
    if region and not _REGION.fullmatch(region):
        raise InvalidInput(
            f"region_id of the profile {name} in {path} is {region!r}; expected a region id such as cn-hangzhou."
        )
    return region or None


def _connection_file(environ: t.Mapping[str, str]) -> dict[str, str]:
    path = environ.get(CONNECTION_FILE, "").strip()
    if not path:
        return {}
    # No other cloud may take the place of the one that was asked for, so nothing of this passes in silence.
    try:
        with open(os.path.expanduser(path), encoding="utf-8") as stream:
            content = from_json(stream.read())
    except OSError as exc:
        raise InvalidInput(
            f"{CONNECTION_FILE} names {path}, which can't be read: {exc.strerror}.",
            hint="The playbook alitrust.ecs.local_cloud starts the local cloud, which writes such a file. "
            "Unset the variable to use another account.",
        ) from exc
    except ValueError as exc:
        # What can't be parsed is not quoted: it may be half of a secret.
        raise InvalidInput(f"{CONNECTION_FILE} names {path}, which is not JSON; expected an object.") from exc
    expected = f"expected an object with {', '.join((*_WHERE, *_WHO))}, all of them text"
    if not isinstance(content, dict) or not all(isinstance(value, str) for value in content.values()):
        raise InvalidInput(f"{CONNECTION_FILE} names {path}, whose content does not fit; {expected}.")
    if unknown := sorted(set(content) - {*_WHERE, *_WHO}):
        raise InvalidInput(
            f"{CONNECTION_FILE} names {path}, which has {', '.join(unknown)}; {expected}.",
            hint=nearest(unknown, (*_WHERE, *_WHO)),
        )
    return {name: value.strip() for name, value in content.items() if value.strip()}


def _check_route(connection: Connection) -> None:
    for name in ("http_proxy", "https_proxy"):
        proxy = getattr(connection, name)
        if proxy and not named(proxy):
            # Not repeated: before an @ there may be a password.
            raise InvalidInput(
                f"{name} is no address of a proxy; expected a form such as http://proxy.example.com:3128."
            )
    if connection.ca_bundle and not os.path.exists(connection.ca_bundle):
        raise InvalidInput(
            f"ca_bundle is {connection.ca_bundle}, which does not exist; expected a file of certificates in the form "
            "PEM, or a folder of them, where the task runs."
        )


def _check_endpoint(url: str | None) -> None:
    if not url:
        return
    expected = "expected an address that begins with http:// or https:// and ends with the host or its port"
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError as exc:
        raise InvalidInput(f"endpoint_url is not an address ({exc}); {expected}.") from exc
    if "@" in parts.netloc:
        # The address itself is not repeated: what is before the @ may be a password.
        raise InvalidInput(f"endpoint_url has a user name or password in it; {expected}.")
    if parts.scheme not in ("http", "https") or not host or not is_host(host):
        raise InvalidInput(f"endpoint_url is {url!r}; {expected}.")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise InvalidInput(f"endpoint_url is {url!r}; {expected}.")
