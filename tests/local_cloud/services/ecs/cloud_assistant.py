# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cloud Assistant: commands run in the instances' hosts.

Without hosts there is no agent that could run anything, and the results say so (``ClientNotRunning``).
"""

from __future__ import annotations

import base64
import binascii
import re
import typing as t

from local_cloud.framework import ApiError, Call
from local_cloud.hosts import CommandResult, Hosts
from local_cloud.services.ecs import assistant_jobs, public_commands
from local_cloud.services.ecs.assistant_jobs import failure
from local_cloud.services.ecs.common import (
    Record,
    ecs,
    find_all,
    fits,
    has_tags,
    invalid,
    new_record,
    page_either,
    request_tags,
    save,
    seconds_text,
    shown_tags,
    tagged_instances,
)
from local_cloud.texts import parse_json

_OUTPUT_LONGEST = 24 * 1024
_CONTENT_LONGEST = {False: 24 * 1024, True: 18 * 1024}  # by KeepCommand; as base64
_TYPES = ("RunShellScript", "RunBatScript", "RunPowerShellScript")
_REPEAT_MODES = ("Once", "Period", "NextRebootOnly", "EveryReboot", "DryRun")


@ecs("RunCommand")
def run_command(call: Call) -> Record:
    script = _script(call)
    instances = _instances(call, call.params["Type"])
    if len(call.get("Name") or "") > 128:
        raise ApiError("CmdName.ExceedLimit", 403, "The length of the command name exceeds the limit.")
    command_id = call.store.new_id("c-")
    about = {
        "CommandId": command_id,
        "CommandName": call.get("Name") or f"cmd-{command_id}",
        "CommandDescription": call.get("Description") or "",
        "CommandType": call.params["Type"],
    }
    return {"CommandId": command_id, "InvokeId": _invoke(call, about, script, instances)}


@ecs("InvokeCommand")
def invoke_command(call: Call) -> Record:
    public = public_commands.find(call.params["CommandId"])
    if public is None:
        raise ApiError("InvalidCmdId.NotFound", 404, "The specified command ID does not exist.")
    script = public.script(call, _parameters(call.get("Parameters") or "{}"))
    about = {
        "CommandId": public.id,
        "CommandName": public.name,
        "CommandDescription": "",
        "CommandType": "RunShellScript",
    }
    return {"InvokeId": _invoke(call, about, script, _instances(call, "RunShellScript"))}


def _invoke(call: Call, about: Record, script: bytes, instances: list[Record]) -> str:
    """Have a command run in the instances; the id of that."""
    mode = call.get("RepeatMode") or "Once"
    if mode not in _REPEAT_MODES:
        raise invalid("RepeatMode", f"Expected one of {', '.join(_REPEAT_MODES)}.")
    if mode == "Period" and not call.get("Frequency"):
        raise ApiError("MissingParam.Frequency", 403, "The Frequency must be specified when RepeatMode is Period.")
    if mode not in ("Once", "DryRun"):
        raise ApiError("OperationDenied", 403, "The local cloud runs commands once only.")
    timeout = call.get("Timeout", 60)
    if not 10 <= timeout <= 86400:
        raise invalid("Timeout", "Expected 10 to 86400 seconds.")
    tags = request_tags(call)
    invoke_id = call.store.new_id("t-")
    if mode == "DryRun":
        return invoke_id
    now = seconds_text(call)
    blank = {"StartTime": now, "FinishedTime": "", "ExitCode": 0, "Output": "", "Dropped": 0}
    record = new_record(
        call,
        **about,
        InvokeId=invoke_id,
        CommandContent=base64.b64encode(script).decode(),
        Parameters=call.get("Parameters") or "{}",
        RepeatMode=mode,
        Timeout=timeout,
        Username=call.get("Username") or "root",
        WorkingDir=call.get("WorkingDir") or "/root",
        CreationTime=now,
        Tags=tags,
        _Results={one["InstanceId"]: {**blank, **assistant_jobs.first_result(call, one)} for one in instances},
    )
    save(call, "invocation", invoke_id, record)
    assistant_jobs.keep(call, "invocation", invoke_id)
    user, folder = record["Username"], record["WorkingDir"]

    def run(hosts: Hosts, instance_id: str) -> Record:
        return _ended(hosts.run_command(instance_id, script, timeout=timeout, user=user, cwd=folder))

    assistant_jobs.start(call, "invocation", record, run)
    return invoke_id


def _script(call: Call) -> bytes:
    if call.params["Type"] not in _TYPES:
        raise ApiError("InvalidCmdType.NotFound", 403, "The specified command type does not exist.")
    encoding = call.get("ContentEncoding") or "PlainText"
    content = call.params["CommandContent"]
    if encoding == "Base64":
        try:
            raw = base64.b64decode(content, validate=True)
        except (binascii.Error, ValueError):
            raise invalid("CommandContent", "It is not base64.") from None
    elif encoding == "PlainText":
        raw = content.encode()
    else:
        raise invalid("ContentEncoding", "Expected PlainText or Base64.")
    if len(base64.b64encode(raw)) > _CONTENT_LONGEST[bool(call.get("KeepCommand"))]:
        raise ApiError("CmdContent.ExceedLimit", 403, "The length of the command content exceeds the limit.")
    if call.get("EnableParameter"):
        return _filled(raw.decode(errors="replace"), call.get("Parameters") or "{}").encode()
    return raw


def _filled(content: str, parameters: str | Record) -> str:
    """The content with ``{{name}}`` replaced.

    :raises ApiError: Parameters isn't a JSON object, or lacks a name.
    """
    values = _parameters(parameters)

    def value(match: re.Match[str]) -> str:
        if match[1] not in values:
            raise invalid("Parameters", f"It has no value for {match[1]}.")
        return str(values[match[1]])

    return re.sub(r"\{\{\s*([\w.-]+)\s*\}\}", value, content)


def _parameters(parameters: str | Record) -> Record:
    """
    :raises ApiError: they are no JSON object
    """
    try:
        values = parse_json(parameters) if isinstance(parameters, str) else parameters
    except ValueError:
        values = None
    if not isinstance(values, dict):
        raise invalid("Parameters", "Expected a JSON object.")
    return values


def _instances(call: Call, kind: str) -> list[Record]:
    """The instances to run a command of this type in."""
    ids = call.get("InstanceId") or []
    if len(set(ids)) > 100:
        raise ApiError("InstanceIds.ExceedLimit", 403, "At most 100 instances can run a command.")
    found = assistant_jobs.instances_of(call, ids or tagged_instances(call))
    for instance in found:
        if (instance["OSType"] == "windows") == (kind == "RunShellScript"):
            raise ApiError("InvalidInstance.NotMatch", 403, "The operating system does not run this type of command.")
        assistant_jobs.check_running(call, instance)
    return found


def _ended(result: CommandResult) -> Record:
    kept = result.output[:_OUTPUT_LONGEST]
    changes = {"Output": base64.b64encode(kept).decode(), "Dropped": len(result.output) - len(kept)}
    if result.timed_out:
        return {**changes, **failure("Timeout", "ExecutionTimeout", "The command did not end in time.")}
    changes.update({"ExitCode": result.exit_code, "InvokeRecordStatus": "Finished"})
    if result.exit_code:
        why = "The exit code of the command is not 0."
        return {**changes, "InvocationStatus": "Failed", "ErrorCode": "ExitCodeNonzero", "ErrorInfo": why}
    return {**changes, "InvocationStatus": "Success", "ErrorCode": "", "ErrorInfo": ""}


# -- results


def _output(call: Call, result: Record) -> str:
    if call.get("ContentEncoding") == "PlainText":
        return base64.b64decode(result["Output"]).decode(errors="replace")
    return t.cast(str, result["Output"])


_RESULT_KEYS = ("InvocationStatus", "ErrorCode", "ErrorInfo", "ExitCode", "Dropped", "StartTime")


@ecs("DescribeInvocationResults")
def describe_invocation_results(call: Call) -> Record:
    shown: list[Record] = []
    for invocation in find_all(call, "invocation", lagged=True):
        if not fits(call, invocation, ("InvokeId", "CommandId")) or not has_tags(call, invocation):
            continue
        for instance_id, result in assistant_jobs.results(invocation, call.get("InstanceId")):
            if call.get("InvokeRecordStatus") in (None, "", result["InvokeRecordStatus"]):
                shown.append(
                    {
                        **{key: result[key] for key in _RESULT_KEYS},
                        "InvokeId": invocation["InvokeId"],
                        "CommandId": invocation["CommandId"],
                        "InstanceId": instance_id,
                        "InvokeRecordStatus": result["InvokeRecordStatus"],
                        "Output": _output(call, result),
                        "FinishedTime": result["FinishedTime"],
                        "Repeats": int(bool(result["FinishedTime"])),
                        "Username": invocation["Username"],
                        "TerminationMode": "Process",
                        "Tags": {"Tag": shown_tags(call, invocation)},
                    }
                )
    page = page_either(call, shown, least=1, most=50)
    return {"Invocation": {"InvocationResults": {"InvocationResult": page.items}, **page.about}}


@ecs("DescribeInvocations")
def describe_invocations(call: Call) -> Record:
    found = []
    for invocation in find_all(call, "invocation", lagged=True):
        results = dict(assistant_jobs.results(invocation, call.get("InstanceId")))
        same = fits(call, invocation, ("InvokeId", "CommandId", "CommandType", "RepeatMode"), ("CommandName",))
        if results and same and has_tags(call, invocation):
            shown = _invocation(call, invocation, results)
            if call.get("InvokeStatus") in (None, "", shown["InvokeStatus"]):
                found.append(shown)
    page = page_either(call, found, least=1, most=50)
    return {"Invocations": {"Invocation": page.items}, **page.about}


def _invocation(call: Call, invocation: Record, results: dict[str, Record]) -> Record:
    states = {result["InvocationStatus"] for result in results.values()}
    status = assistant_jobs.overall(states)
    record_status = "Finished" if status == "Success" else status
    same = "InvokeId CommandId CommandName CommandDescription CommandType CommandContent RepeatMode Timeout Username"
    content = base64.b64decode(invocation["CommandContent"]).decode(errors="replace")
    instances = [
        {
            **{key: result[key] for key in _RESULT_KEYS},
            "InstanceId": instance_id,
            "InstanceInvokeStatus": result["InvokeRecordStatus"],
            "Output": _output(call, result) if call.get("IncludeOutput") else "",
            "FinishTime": result["FinishedTime"],
            "CreationTime": invocation["CreationTime"],
            "UpdateTime": result["FinishedTime"] or result["StartTime"],
            "Repeats": int(bool(result["FinishedTime"])),
        }
        for instance_id, result in results.items()
    ]
    return {
        **{key: invocation[key] for key in same.split()},
        "CommandContent": content if call.get("ContentEncoding") == "PlainText" else invocation["CommandContent"],
        "Parameters": invocation["Parameters"],
        "WorkingDir": invocation["WorkingDir"],
        "CreationTime": invocation["CreationTime"],
        "InvocationStatus": status,
        "InvokeStatus": record_status,
        "TerminationMode": "Process",
        "InvokeInstances": {"InvokeInstance": instances},
        "Tags": {"Tag": shown_tags(call, invocation)},
    }
