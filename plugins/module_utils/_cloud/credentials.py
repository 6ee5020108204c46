# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From connection options to the SDK's credential client. Private."""

from __future__ import annotations

import re
import time
import typing as t
from http import HTTPStatus

from . import answers, sdk
from .errors import AlitrustError, CredentialsError
from .options import Connection
from .transport import Exchange

#: A session is renewed this long before it ends, in seconds.
_RENEW_BEFORE = 300.0
#: How the message begins where no source has any.
NONE_USABLE = "No usable credentials"
#: Python's words before a text that is no time or number, which a source has answered in the place of one.
_PARSED = re.compile(
    r"(time data|literal for int\(\) with base \d+:|could not convert string to float:) (['\"])(?:\\.|(?!\2).)*\2",
    re.DOTALL,
)
#: The options whose credentials somebody is asked for, at an address.
_ASKED = ("ecs_ram_role", "credentials_uri")


class Session(t.NamedTuple):
    """Temporary credentials as STS issues them; C(expires) is in seconds since the epoch."""

    access_key_id: str
    access_key_secret: str
    security_token: str
    expires: float


class _RenewedSession:
    """Credential provider (in the SDK's sense) that asks for a new session shortly before the old one ends."""

    def __init__(self, name: str, issue: t.Callable[[], Session]) -> None:
        self._name = name
        self._issue = issue
        self._session: Session | None = None

    def get_credentials(self) -> t.Any:
        if self._session is None or time.time() > self._session.expires - _RENEW_BEFORE:
            self._session = self._issue()
        credentials_class = sdk.of_credentials("provider.refreshable").Credentials
        return credentials_class(
            access_key_id=self._session.access_key_id,
            access_key_secret=self._session.access_key_secret,
            security_token=self._session.security_token,
            expiration=int(self._session.expires),
            provider_name=self._name,
        )

    def get_provider_name(self) -> str:
        return self._name


class _Trimmed:
    """Credential provider that takes off what is around a credential: a line break at the end of a variable of the
    environment or of a value in a file, which is no part of it and cannot be sent.

    :param provider: whose credentials they are
    """

    def __init__(self, provider: t.Any) -> None:
        self._provider = provider

    def get_credentials(self) -> t.Any:
        found = self._provider.get_credentials()
        credentials_class = sdk.of_credentials("provider.refreshable").Credentials
        return credentials_class(
            access_key_id=(found.get_access_key_id() or "").strip(),
            access_key_secret=(found.get_access_key_secret() or "").strip(),
            security_token=(found.get_security_token() or "").strip() or None,
            provider_name=found.get_provider_name(),
        )

    def get_provider_name(self) -> str:
        return str(self._provider.get_provider_name())


def client_for(connection: Connection, issue_session: t.Callable[[t.Any], Session]) -> t.Any:
    """The SDK credential client for a connection.

    Without any explicit option it is the SDK's own default chain (environment, OIDC, CLI profile, credentials file, ECS
    RAM role, credentials URI).

    :param issue_session: asks STS for a session, signed with the given credential client (None: unsigned, for OIDC)
    :raises CredentialsError: with the SDK's reason
    """
    module = sdk.of_credentials("client")
    providers = sdk.of_credentials("provider")
    try:
        if connection.oidc_provider_arn:
            return module.Client(provider=_RenewedSession("oidc_role_arn", lambda: issue_session(None)))
        base = _base_client(connection, module, providers)
        if connection.ram_role_arn:
            return module.Client(provider=_RenewedSession("ram_role_arn", lambda: issue_session(base)))
        return base
    except (ValueError, OSError) as exc:
        raise CredentialsError(f"The credential options cannot be used: {exc}.") from exc


def usable(client: t.Any, exchange: Exchange, source: str) -> t.Any:
    """The client, after it has found credentials once: a missing key is told before anything is planned.

    :param exchange: what goes over the wire for it
    :param source: the option that names where credentials come from
    :raises ForeignAnswer: who was asked for them did not answer, but something else did
    :raises CredentialsError: with the reasons of every source that was tried
    """
    try:
        client.get_credential()
    except AlitrustError:
        raise
    except Exception as exc:
        if source in _ASKED and is_foreign(exchange):
            raise exchange.foreign("credentials", source) from exc
        raise CredentialsError(
            f"{NONE_USABLE}: {reason(exc)}.",
            hint="Give access_key_id and access_key_secret, or profile, or set ALIBABA_CLOUD_ACCESS_KEY_ID and "
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET.",
        ) from exc
    return client


def reason(exc: Exception) -> str:
    """Why there are no credentials, without what a source answered, which may be half of one, and without what follows
    the host in its address, which may have a token in it.
    """
    text = re.sub(r",?\s*result:.*", "", str(getattr(exc, "message", None) or exc), flags=re.DOTALL)
    text = re.sub(r"(\w://)(?:[^\s/?#]*@)?([^\s/?#,]+)[/?#][^\s,]*", r"\1\2/...", text)
    text = re.sub(r"with url: \S+", "with url: ...", text)
    text = _PARSED.sub(r"\1 '...'", text)
    return text.rstrip(".")


def is_foreign(exchange: Exchange) -> bool:
    """Whether something else answered than a source of credentials. These say with a code what they have."""
    if exchange.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return True
    body = answers.parsed(exchange.content)
    return exchange.status == HTTPStatus.OK and not (isinstance(body, dict) and isinstance(body.get("Code"), str))


def _base_client(connection: Connection, module: t.Any, providers: t.Any) -> t.Any:
    provider: t.Any
    if connection.access_key_id and connection.security_token:
        provider = providers.StaticSTSCredentialsProvider(
            access_key_id=connection.access_key_id,
            access_key_secret=connection.access_key_secret,
            security_token=connection.security_token,
        )
    elif connection.access_key_id:
        provider = providers.StaticAKCredentialsProvider(
            access_key_id=connection.access_key_id, access_key_secret=connection.access_key_secret
        )
    elif connection.profile:
        provider = providers.CLIProfileCredentialsProvider(profile_name=connection.profile)
    elif connection.ecs_ram_role:
        provider = providers.EcsRamRoleCredentialsProvider(role_name=connection.ecs_ram_role)
    elif connection.credentials_uri:
        provider = providers.URLCredentialsProvider(uri=connection.credentials_uri)
    else:
        provider = _of_environment(providers) or providers.DefaultCredentialsProvider()
    return module.Client(provider=_Trimmed(provider))


def _of_environment(providers: t.Any) -> t.Any:
    """The provider that is the first of the SDK's chain, None where it has nothing. To make the chain takes longer than
    a call, because all its sources are made ready.
    """
    provider = providers.EnvironmentVariableCredentialsProvider()
    try:
        provider.get_credentials()
    except sdk.of_credentials("exceptions").CredentialException:
        return None
    return provider
