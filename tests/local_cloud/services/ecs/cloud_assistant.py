# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cloud Assistant: commands run in the instances' hosts.

Without hosts there is no agent that could run anything, and the results say so (``ClientNotRunning``).
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import typing as t

from local_cloud.framework import ApiError, Call
from local_cloud.hosts import CommandResult, HostError, Hosts
from local_cloud.services.ecs.common import (
    Record,
    ecs,
    find_all,
    find_one,
    fits,
    has_tags,
    invalid,
    new_record,
    page_either,
    request_tags,
    save,
    seconds_text,
    shown_tags,
)
from local_cloud.services.ecs.lifecycle import hosts_of, submit_command
from local_cloud.settings import define
from local_cloud.store import Store

define(
    "ecs.run_command_on_stopped",
    "refuse",
    "RunCommand on an instance that isn't Running (UNCERTAIN): refuse the call, or let its result say Aborted",
    ("refuse", "abort"),
)

_OUTPUT_LONGEST = 24 * 1024
_CONTENT_LONGEST = {False: 24 * 1024, True: 18 * 1024}  # by KeepCommand; as base64
_TYPES = ("RunShellScript", "RunBatScript", "RunPowerShellScript")
_REPEAT_MODES = ("Once", "Period", "NextRebootOnly", "EveryReboot", "DryRun")

#: what runs in this process right now; a result that is Running but not here was cut off with the server
_LIVE: set[tuple[str, str]] = set()


@ecs("RunCommand")
def run_command(call: Call) -> Record:
    script = _script(call)
    instances = _instances(call)
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
    if len(call.get("Name") or "") > 128:
        raise ApiError("CmdName.ExceedLimit", 403, "The length of the command name exceeds the limit.")
    tags = request_tags(call)
    invoke_id, command_id = call.store.new_id("t-"), call.store.new_id("c-")
    if mode == "DryRun":
        return {"CommandId": command_id, "InvokeId": invoke_id}
    now = seconds_text(call)
    results = {instance["InstanceId"]: _first_result(call, instance, now) for instance in instances}
    record = new_record(
        call,
        InvokeId=invoke_id,
        CommandId=command_id,
        CommandName=call.get("Name") or f"cmd-{command_id}",
        CommandDescription=call.get("Description") or "",
        CommandType=call.params["Type"],
        CommandContent=base64.b64encode(script).decode(),
        Parameters=call.get("Parameters") or "{}",
        RepeatMode=mode,
        Timeout=timeout,
        Username=call.get("Username") or "root",
        WorkingDir=call.get("WorkingDir") or "/root",
        CreationTime=now,
        Tags=tags,
        _Results=results,
    )
    save(call, "invocation", invoke_id, record)
    for instance_id, result in results.items():
        if result["InvocationStatus"] == "Running":
            _LIVE.add((invoke_id, instance_id))
            call.after_commit.append(_job(call.store, record, instance_id, script))
    return {"CommandId": command_id, "InvokeId": invoke_id}


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
    try:
        values = json.loads(parameters) if isinstance(parameters, str) else parameters
    except ValueError:
        values = None
    if not isinstance(values, dict):
        raise invalid("Parameters", "Expected a JSON object.")

    def value(match: re.Match[str]) -> str:
        if match[1] not in values:
            raise invalid("Parameters", f"It has no value for {match[1]}.")
        return str(values[match[1]])

    return re.sub(r"\{\{\s*([\w.-]+)\s*\}\}", value, content)


def _instances(call: Call) -> list[Record]:
    ids = list(dict.fromkeys(call.get("InstanceId") or ()))
    if len(ids) > 100:
        raise ApiError("InstanceIds.ExceedLimit", 403, "At most 100 instances can run a command.")
    if ids:
        instances = [find_one(call, "instance", instance_id) for instance_id in ids]
    else:
        wanted = call.get("ResourceTag") or []
        instances = [i for i in find_all(call, "instance") if wanted and _has_resource_tags(i, wanted)]
    found = [instance for instance in instances if instance is not None]
    if not found or len(found) < len(instances):
        raise ApiError("InvalidInstance.NotFound", 404, "The specified instances do not exist.")
    for instance in found:
        if (instance["OSType"] == "windows") == (call.params["Type"] == "RunShellScript"):
            raise ApiError("InvalidInstance.NotMatch", 403, "The operating system does not run this type of command.")
        stopped = instance["Status"] != "Running"
        if stopped and call.settings["ecs.run_command_on_stopped"] == "refuse":
            raise ApiError("InvalidInstance.NotRunning", 403, "The specified instance is not running.")
    return found


def _has_resource_tags(instance: Record, wanted: list[Record]) -> bool:
    tags = {tag["TagKey"]: tag["TagValue"] for tag in instance["Tags"]}
    return all(tags.get(tag.get("Key") or "") == (tag.get("Value") or "") for tag in wanted)


def _first_result(call: Call, instance: Record, now: str) -> Record:
    result = {"StartTime": now, "FinishedTime": "", "ExitCode": 0, "Output": "", "Dropped": 0}
    if instance["Status"] != "Running":
        return {**result, **_failure("Aborted", "InstanceNotRunning", "The instance is not running.", now)}
    if hosts_of(call.store) is None:
        why = "There is no Cloud Assistant Agent: the local cloud runs without hosts."
        return {**result, **_failure("Failed", "ClientNotRunning", why, now)}
    return {**result, "InvocationStatus": "Running", "InvokeRecordStatus": "Running", "ErrorCode": "", "ErrorInfo": ""}


def _failure(status: str, code: str, info: str, now: str) -> Record:
    return {
        "InvocationStatus": status,
        "InvokeRecordStatus": "Failed",
        "ErrorCode": code,
        "ErrorInfo": info,
        "FinishedTime": now,
    }


def _job(store: Store, record: Record, instance_id: str, script: bytes) -> t.Callable[[], None]:
    return lambda: submit_command(store, lambda hosts: _run(store, hosts, record, instance_id, script))


def _run(store: Store, hosts: Hosts, record: Record, instance_id: str, script: bytes) -> None:
    """Run the command in one host and write down how it ended."""
    try:
        ended = hosts.run_command(
            instance_id, script, timeout=record["Timeout"], user=record["Username"], cwd=record["WorkingDir"]
        )
        changes = _ended(ended)
    except HostError as error:
        changes = _failure("Failed", "ClientNotResponse", str(error), "")
    except Exception as error:  # whatever it is, the command has ended and somebody waits for its result
        changes = _failure("Failed", "ExecutionException", f"{type(error).__name__} in the local cloud", "")
        raise
    finally:
        with store.transaction():
            invocation = store.get("invocation", record["InvokeId"])
            if invocation is not None:
                invocation["_Results"][instance_id].update({**changes, "FinishedTime": store.clock.text()})
                store.put("invocation", record["InvokeId"], invocation, region=invocation["RegionId"])
        _LIVE.discard((record["InvokeId"], instance_id))


def _ended(result: CommandResult) -> Record:
    kept = result.output[:_OUTPUT_LONGEST]
    changes = {"Output": base64.b64encode(kept).decode(), "Dropped": len(result.output) - len(kept)}
    if result.timed_out:
        return {**changes, **_failure("Timeout", "ExecutionTimeout", "The command did not end in time.", "")}
    changes.update({"ExitCode": result.exit_code, "InvokeRecordStatus": "Finished"})
    if result.exit_code:
        why = "The exit code of the command is not 0."
        return {**changes, "InvocationStatus": "Failed", "ErrorCode": "ExitCodeNonzero", "ErrorInfo": why}
    return {**changes, "InvocationStatus": "Success", "ErrorCode": "", "ErrorInfo": ""}


# -- results


def _results(call: Call, invocation: Record) -> t.Iterator[tuple[str, Record]]:
    for instance_id, result in invocation["_Results"].items():
        if call.get("InstanceId") not in (None, "", instance_id):
            continue
        cut_off = result["InvocationStatus"] == "Running" and (invocation["InvokeId"], instance_id) not in _LIVE
        if cut_off:
            interrupted = "The local cloud was stopped while the command ran."
            result = {**result, **_failure("Failed", "ExecutionInterrupted", interrupted, "")}
        yield instance_id, result


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
        for instance_id, result in _results(call, invocation):
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
        results = dict(_results(call, invocation))
        same = fits(call, invocation, ("InvokeId", "CommandId", "CommandType", "RepeatMode"), ("CommandName",))
        if results and same and has_tags(call, invocation):
            shown = _invocation(call, invocation, results)
            if call.get("InvokeStatus") in (None, "", shown["InvokeStatus"]):
                found.append(shown)
    page = page_either(call, found, least=1, most=50)
    return {"Invocations": {"Invocation": page.items}, **page.about}


def _invocation(call: Call, invocation: Record, results: dict[str, Record]) -> Record:
    states = {result["InvocationStatus"] for result in results.values()}
    if "Running" in states:
        status, record_status = "Running", "Running"
    elif states == {"Success"}:
        status, record_status = "Success", "Finished"
    else:
        status = "PartialFailed" if "Success" in states else "Failed"
        record_status = status
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
