# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a handler of an API operation is given and may do."""

from __future__ import annotations

import datetime as dt
import typing as t
from dataclasses import dataclass, field

if t.TYPE_CHECKING:
    from local_cloud.clock import Clock
    from local_cloud.settings import Settings
    from local_cloud.store import Store


class ApiError(Exception):
    """An error answer of the API: rolls back the call's transaction and becomes the documented envelope."""

    def __init__(
        self,
        code: str,
        status: int = 400,
        message: str = "",
        *,
        extra: dict[str, t.Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.code = code
        self.status = status
        self.message = message
        self.extra = extra or {}
        self.headers = headers or {}


@dataclass(frozen=True)
class Identity:
    """Who calls: the account, a RAM user, or a role's session."""

    account_id: str
    kind: t.Literal["Account", "RAMUser", "AssumedRoleUser"]
    arn: str
    principal_id: str
    access_key_id: str
    role_name: str | None = None
    user_name: str | None = None
    session_name: str | None = None
    session_policy: dict[str, t.Any] | None = None


class Parameters(dict[str, t.Any]):
    """Parameters by name. One that a handler asks for by C([name]) and that is not there is missing in the request.

    Not every operation has a description that says what is mandatory.
    """

    def __missing__(self, name: str) -> t.NoReturn:
        raise ApiError(
            "MissingParameter",
            400,
            f'The input parameter "{name}" that is mandatory for processing this request is not supplied.',
        )


@dataclass
class Call:
    """One request that passed the gate."""

    product: str  # "ecs", "ram", "kms", "sts", "vpc", "sas", "trusted-server", "antiddos-public"
    action: str  # "RunInstances"
    params: dict[str, t.Any]  # nested, typed, API names; absent parameters are absent
    region: str  # RegionId of the request, else the region of the endpoint or the default
    identity: Identity
    request_id: str
    store: Store
    clock: Clock
    settings: Settings
    after_commit: list[t.Callable[[], None]] = field(default_factory=list)
    #: RAM actions that the caller needs for this request; the gate knows the first, handlers may add more
    rights: set[str] = field(default_factory=set)
    client: str = ""  # address of who calls
    host: str = ""  # name and port under which the caller found the server
    secure: bool = False  # whether by HTTPS

    def __post_init__(self) -> None:
        self.params = Parameters(self.params)

    @property
    def account_id(self) -> str:
        return self.identity.account_id

    @property
    def now(self) -> dt.datetime:
        return self.clock.now()

    def get(self, name: str, default: t.Any = None) -> t.Any:
        return self.params.get(name, default)


Handler = t.Callable[[Call], dict[str, t.Any]]


@dataclass(frozen=True)
class Operation:
    """A served API operation."""

    product: str
    action: str
    handler: Handler
    writes: bool
    #: RAM action, e.g. ``ecs:RunInstances``; empty: everybody may
    ram_action: str
    #: resources the RAM decision is about, as ARN patterns; default ``*``
    resources: t.Callable[[Call], list[str]] | None = None
    #: what conditions of policies can ask about one of these resources, by key; default nothing
    about: t.Callable[[Call, str], dict[str, t.Any]] | None = None
    #: whether a request needs no signature, because it proves who asks in another way
    anonymous: bool = False


#: who calls an operation that needs no signature
ANONYMOUS = Identity("", "RAMUser", "", "", "")

OPERATIONS: dict[tuple[str, str], Operation] = {}

#: RAM action prefix per product, where it is not the product's name
RAM_PREFIX = {"antiddos-public": "yundun-ddos", "sas": "yundun-sas", "trusted-server": "yundun-systrust"}

_READS = ("Describe", "Get", "List")


def operation(
    product: str,
    action: str,
    *,
    writes: bool | None = None,
    ram_action: str | None = None,
    resources: t.Callable[[Call], list[str]] | None = None,
    about: t.Callable[[Call, str], dict[str, t.Any]] | None = None,
    anonymous: bool = False,
) -> t.Callable[[Handler], Handler]:
    """Register a handler. ``writes`` defaults to False for Describe*, Get* and List*, else True."""

    def register(handler: Handler) -> Handler:
        key = (product, action)
        if key in OPERATIONS:
            raise RuntimeError(f"{product} {action} is registered twice")
        OPERATIONS[key] = Operation(
            product=product,
            action=action,
            handler=handler,
            writes=(not action.startswith(_READS)) if writes is None else writes,
            ram_action=f"{RAM_PREFIX.get(product, product)}:{action}" if ram_action is None else ram_action,
            resources=resources,
            about=about,
            anonymous=anonymous,
        )
        return handler

    return register
