# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions of Session Manager: opened, listed and ended here; ``session_manager/`` serves them."""

from __future__ import annotations

import datetime as dt
import ipaddress
import re
import secrets
import urllib.parse

from local_cloud.framework import ApiError, Call
from local_cloud.services import json_text
from local_cloud.services.ecs.assistant_settings import session_manager_enabled
from local_cloud.services.ecs.common import Record, ecs, find_all, find_one, fits, invalid, new_record, page_token, save
from local_cloud.session_manager import agents, frames, records
from local_cloud.session_manager.service import PATH
from local_cloud.settings import define

define(
    "ecs.session_manager_off_code",
    "OperationDenied.SessionManagerDisabled",
    "code of StartTerminalSession while the account's switch is off, status 403 (UNCERTAIN)",
)
define(
    "ecs.session_agent_offline",
    "refuse",
    "StartTerminalSession for an agent that is offline: refused, or the connection is told so (connect; UNCERTAIN)",
    ("refuse", "connect"),
)
define("ecs.session_url_seconds", 600.0, "how long the WebSocketUrl of a session is valid")
define("ecs.session_kept_days", 28.0, "how long DescribeTerminalSessions tells of a session")
define("ecs.sessions_per_region", 1000, "sessions that may be open at a time in a region")
define("ecs.sessions_per_instance", 20, "sessions that may be connected at a time to an instance")

define(
    "ecs.session_end_resource",
    "all",
    "what the right ecs:EndTerminalSession is needed for: all resources, or the session's instance (UNCERTAIN)",
    ("all", "instance"),
)

_COMMAND_LONGEST = 512
_PASSWORD_NAME_LONGEST = 255


@ecs("StartTerminalSession")
def start_terminal_session(call: Call) -> Record:
    port, target, command = call.get("PortNumber"), call.get("TargetServer") or "", call.get("CommandLine") or ""
    _check_request(call, port, target, command)
    if not session_manager_enabled(call):
        code = call.settings["ecs.session_manager_off_code"]
        raise ApiError(code, 403, "Session Manager is disabled for this account.")
    instance = _instance(call)
    _check_quotas(call, instance["InstanceId"])
    session_id, token = call.store.new_id("s-"), secrets.token_urlsafe(32)
    one = {"InstanceId": instance["InstanceId"], "Status": "Connecting", "StartTime": "", "EndTime": ""}
    record = new_record(
        call,
        SessionId=session_id,
        CreationTime=call.clock.text(),
        ClientIP=call.client,
        IdentityType=call.identity.kind,
        PrincipalId=call.identity.principal_id,
        PortNumber=port or 0,
        TargetServer=target,
        Username=call.get("Username") or "",
        Connections=[{**one, "ClosedReason": "", "FailedDetail": ""}],
        _Token=token,
        _CommandLine=command,
        _Instance=instance["InstanceId"],
        _Ended=False,
    )
    save(call, records.KIND, session_id, record)
    expires = call.now + dt.timedelta(seconds=call.settings["ecs.session_url_seconds"])
    call.store.schedule(records.KIND, session_id, expires, {"_UrlExpired": True})
    gone = call.now + dt.timedelta(days=call.settings["ecs.session_kept_days"])
    call.store.schedule(records.KIND, session_id, gone, None)
    query = urllib.parse.urlencode({"sessionid": session_id, "token": token})
    url = f"{'wss' if call.secure else 'ws'}://{call.host}{PATH}?{query}"
    return {"SessionId": session_id, "SecurityToken": token, "WebSocketUrl": url}


def _check_request(call: Call, port: int | None, target: str, command: str) -> None:
    if command and (port is not None or target):
        raise invalid("CommandLine", "It can't be combined with PortNumber or TargetServer.")
    if len(command) > _COMMAND_LONGEST:
        raise invalid("CommandLine", f"At most {_COMMAND_LONGEST} characters.")
    if port is not None and not 1 <= port <= 65535:
        raise invalid("PortNumber", "Expected 1 to 65535.")
    if target and port is None:
        raise invalid("TargetServer", "It needs a PortNumber.")
    if target:
        try:
            ipaddress.ip_address(target)
        except ValueError:
            raise invalid("TargetServer", "Expected an IP address.") from None
    if call.get("ConnectionType") not in (None, "", "Internet", "Intranet"):
        raise invalid("ConnectionType", "Expected Internet or Intranet.")
    if len(call.get("PasswordName") or "") > _PASSWORD_NAME_LONGEST:
        raise invalid("PasswordName", f"At most {_PASSWORD_NAME_LONGEST} characters.")
    if call.get("Username") and not re.fullmatch(r"[^\s:/]{1,64}", call.params["Username"]):
        raise invalid("Username", "Expected the name of a user.")
    _check_encryption(call)


def _check_encryption(call: Call) -> None:
    if not call.get("EncryptionOptions"):
        return
    try:
        options = json_text.loads(call, call.params["EncryptionOptions"])
    except ValueError:
        options = None
    if not isinstance(options, dict) or set(options) - {"Enabled", "Mode", "KMSKeyId"}:
        raise invalid("EncryptionOptions", "Expected a JSON object with Enabled, Mode and KMSKeyId.")
    if options.get("Mode", "Auto") not in ("Auto", "Kms") or (options.get("KMSKeyId") and options["Mode"] != "Kms"):
        raise invalid("EncryptionOptions", "Expected Mode Auto, or Kms, which takes a KMSKeyId.")
    if options.get("Enabled") in (True, "true"):
        raise ApiError("OperationDenied", 403, "The local cloud doesn't encrypt sessions end to end.")


def _instance(call: Call) -> Record:
    ids = list(dict.fromkeys(call.params["InstanceId"]))
    if len(ids) > 1:
        raise ApiError("InstanceIds.ExceedLimit", 403, "The local cloud opens a session to one instance at a time.")
    instance = find_one(call, "instance", ids[0])
    if instance is None:
        raise ApiError("InvalidInstance.NotFound", 404, "The specified instances do not exist.")
    if instance["Status"] != "Running" or instance.get("_Releasing"):
        raise ApiError("InvalidInstance.NotRunning", 403, "The specified instance is not running.")
    offline = not agents.online(call.store, call.settings, instance)
    if offline and call.settings["ecs.session_agent_offline"] == "refuse":
        raise ApiError("InvalidInstance.ClientNotRunning", 403, "The Cloud Assistant Agent is not running.")
    return instance


def _check_quotas(call: Call, instance_id: str) -> None:
    still = find_all(call, records.KIND, _Ended=False)
    to_instance = [one for one in still if one["_Instance"] == instance_id and _is_connected(one)]
    for name, found in (("ecs.sessions_per_region", still), ("ecs.sessions_per_instance", to_instance)):
        if len(found) >= call.settings[name]:
            raise ApiError("QuotaExceed.Session", 403, f"There may be {call.settings[name]} sessions at most.")


def _is_connected(session: Record) -> bool:
    return bool(records.connection(session)["Status"] == "Connected")


def _ended_resources(call: Call) -> list[str]:
    session = find_one(call, records.KIND, call.get("SessionId") or "")
    if session is None or call.settings["ecs.session_end_resource"] == "all":
        return ["*"]
    return [f"acs:ecs:{call.region}:{call.account_id}:instance/{session['_Instance']}"]


@ecs("EndTerminalSession", resources=_ended_resources)
def end_terminal_session(call: Call) -> Record:
    session = find_one(call, records.KIND, call.params["SessionId"])
    if session is None:
        raise ApiError("InvalidSessionId.NotFound", 404, "The specified SessionId does not exist.")
    records.end(call.store, session["SessionId"], frames.CLOSED, "Exit")
    return {}


_SHOWN = (
    *("SessionId", "CreationTime", "ClientIP", "IdentityType", "PrincipalId"),
    *("PortNumber", "TargetServer", "Username"),
)


@ecs("DescribeTerminalSessions")
def describe_terminal_sessions(call: Call) -> Record:
    found = [
        session
        for session in find_all(call, records.KIND, lagged=True)
        if fits(call, session, ("SessionId",)) and call.get("InstanceId") in (None, "", session["_Instance"])
    ]
    page = page_token(call, found, default=10, most=100)
    shown = [
        {**{key: one[key] for key in _SHOWN}, "Connections": {"Connection": one["Connections"]}} for one in page.items
    ]
    return {"Sessions": {"Session": shown}, **page.about}
