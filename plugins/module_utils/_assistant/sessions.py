# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sessions of Session Manager: begin one, end it, and say why there is none. Private."""

from __future__ import annotations

import contextlib
import typing as t
from dataclasses import dataclass

from .._cloud.door import Cloud, dig
from .._cloud.errors import AccessDenied, CloudError, NotFound, TransportFailure
from . import agents
from .endings import SessionError
from .settings import session_manager_is_on

#: What a session takes, beginning and end. Whatever else is asked only finds out why there is none.
CALLS = ("ecs:StartTerminalSession", "ecs:EndTerminalSession")
#: What the API says of a connection that is not over.
_OPEN = frozenset({"Connecting", "Connected"})


@dataclass(frozen=True)
class Session:
    """A session that was begun. One address serves one connection.

    :ivar url: address of its WebSocket, a secret
    :ivar token: goes with it
    """

    session_id: str
    url: str
    token: str


def start(cloud: Cloud, instance_id: str, port: int) -> Session:
    """Begin a session to a port of an instance.

    :raises SessionError: with the reason, as far as it can be found out, and what to do
    :raises CloudError: another one
    """
    try:
        answer = cloud.call("ecs", "StartTerminalSession", InstanceId=[instance_id], PortNumber=port)
    except TransportFailure:
        raise
    except AccessDenied as error:
        raise SessionError(
            f"You may not start sessions to {instance_id}: {error.message}",
            hint=f"Let an administrator allow ecs:StartTerminalSession on acs:ecs:{cloud.region}:*:instance/"
            f"{instance_id} to this RAM user or role.",
        ) from error
    except CloudError as error:
        raise why_not(cloud, instance_id) or error from error
    return Session(answer["SessionId"], answer["WebSocketUrl"], str(answer.get("SecurityToken") or ""))


def end(cloud: Cloud, session_id: str) -> None:
    """End a session; one that is over already stays so.

    :raises CloudError: typed
    """
    with contextlib.suppress(NotFound):
        cloud.call("ecs", "EndTerminalSession", SessionId=session_id)


def all_of(cloud: Cloud, instance_ids: t.Sequence[str] | None = None) -> list[dict[str, t.Any]]:
    """The sessions of a region, or of some instances, that the API still tells of, as modules return them."""
    queries: list[dict[str, str]] = [{}] if instance_ids is None else [{"InstanceId": one} for one in instance_ids]
    return [_shown(one) for query in queries for one in cloud.pages("ecs", "DescribeTerminalSessions", query)]


def open_ones(cloud: Cloud, instance_ids: t.Sequence[str] | None = None) -> list[dict[str, t.Any]]:
    """Those that are not over."""
    return [one for one in all_of(cloud, instance_ids) if one["status"] in _OPEN]


def _shown(session: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    connections = dig(session, "Connections.Connection") or [{}]
    last = connections[-1]
    return {
        "session_id": session["SessionId"],
        "instance_id": last.get("InstanceId") or None,
        "status": last.get("Status") or None,
        "port": session.get("PortNumber") or None,
        "target_server": session.get("TargetServer") or None,
        "username": session.get("Username") or None,
        "creation_time": session.get("CreationTime") or None,
        "end_time": last.get("EndTime") or None,
        "closed_reason": last.get("ClosedReason") or None,
        "client_ip": session.get("ClientIP") or None,
        "principal_id": session.get("PrincipalId") or None,
        "principal_type": session.get("IdentityType") or None,
    }


def why_not(cloud: Cloud, instance_id: str) -> SessionError | None:
    """Why there is no session to an instance: the switch of the account, the instance, its agent. None where nothing is
    found, or may be asked."""
    for question in (_instance, _switch, _agent):
        with contextlib.suppress(CloudError):
            if found := question(cloud, instance_id):
                return found
    return None


def _instance(cloud: Cloud, instance_id: str) -> SessionError | None:
    found = cloud.call("ecs", "DescribeInstances", InstanceIds=f'["{instance_id}"]')
    items = dig(found, "Instances.Instance") or []
    if not items:
        return SessionError(
            f"There is no instance {instance_id} in {cloud.region}.",
            hint="Check alitrust_instance_id, and the region and account that are asked.",
        )
    status = items[0].get("Status")
    if status != "Running":
        return SessionError(
            f"{instance_id} is {status}, and sessions need it Running.",
            hint="Start it, for example with alitrust.ecs.trusted_instance and power_state: running.",
        )
    return None


def _switch(cloud: Cloud, _instance_id: str) -> SessionError | None:
    if session_manager_is_on(cloud):
        return None
    return SessionError(
        "Session Manager is switched off for this account.",
        hint="The module alitrust.ecs.session_manager switches it on, for all regions.",
    )


def _agent(cloud: Cloud, instance_id: str) -> SessionError | None:
    why = agents.read(cloud, [instance_id])[0].why_no_session
    return SessionError(why[0], hint=why[1]) if why else None
