# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cloud Assistant: files sent to instances."""

from __future__ import annotations

import base64
import binascii
import re
import shlex

from local_cloud.framework import ApiError, Call
from local_cloud.hosts import Hosts
from local_cloud.services.ecs import assistant_jobs
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
)

_KIND = "sent_file"
_CONTENT_LONGEST = 32 * 1024  # as base64
_TIMEOUT_SHORTEST = 10

#: Takes folder, name, overwrite (true or false), mode, owner and group; the content, as base64, is put at the end. The
#: file appears whole or not at all.
_SCRIPT = """#!/bin/sh
umask 022
set -- {arguments}
fail() {{ echo "$2" >&2; exit "$1"; }}
mkdir -p -- "$1" && cd -- "$1" || fail 71 "there can be no directory $1"
[ ! -d "./$2" ] || fail 76 "$2 is a directory"
[ ! -e "./$2" ] && [ ! -L "./$2" ] || [ "$3" = true ] || fail 72 "$2 exists already"
getent passwd "$5" > /dev/null || fail 73 "there is no user $5"
getent group "$6" > /dev/null || fail 73 "there is no group $6"
new=$(mktemp ./.local-cloud.XXXXXXXX) || fail 75 "no file can be made in $1"
trap 'rm -f -- "$new"' EXIT
base64 -d > "$new" << 'END' || fail 75 "the file can not be written"
{content}
END
chown -- "$5:$6" "$new" && chmod -- "$4" "$new" || fail 74 "$4 is no mode"
mv -fT -- "$new" "./$2" || fail 75 "the file can not be put in place"
"""
_FAILURES = {
    71: "FilePathInvalid",
    72: "FileAlreadyExists",
    73: "UserGroupNotExists",
    74: "FileAuthorityInvalid",
    75: "FileCreateFail",
    76: "FileNameInvalid",
}


@ecs("SendFile")
def send_file(call: Call) -> Record:
    content = _content(call)
    instances = assistant_jobs.instances_of(call, call.params["InstanceId"])
    for instance in instances:
        assistant_jobs.check_running(call, instance)
    tags, now, invoke_id = request_tags(call), seconds_text(call), call.store.new_id("f-")
    blank = {"StartTime": now, "FinishedTime": ""}
    record = new_record(
        call,
        InvokeId=invoke_id,
        Name=call.params["Name"],
        Description=call.get("Description") or "",
        TargetDir=call.params["TargetDir"],
        Content=call.params["Content"],
        ContentType=call.get("ContentType") or "PlainText",
        FileMode=call.get("FileMode") or "0644",
        FileOwner=call.get("FileOwner") or "root",
        FileGroup=call.get("FileGroup") or "root",
        Overwrite="true" if call.get("Overwrite") else "false",
        CreationTime=now,
        Tags=tags,
        _Results={one["InstanceId"]: {**blank, **assistant_jobs.first_result(call, one)} for one in instances},
    )
    save(call, _KIND, invoke_id, record)
    assistant_jobs.keep(call, _KIND, invoke_id)
    timeout = max(call.get("Timeout") or 60, _TIMEOUT_SHORTEST)
    assistant_jobs.start(call, _KIND, record, lambda hosts, one: _write(hosts, one, record, content, timeout))
    return {"InvokeId": invoke_id}


def _content(call: Call) -> bytes:
    """
    :raises ApiError: it is too long, or not what ContentType says
    """
    kind, content = call.get("ContentType") or "PlainText", call.params["Content"]
    if kind == "Base64":
        try:
            raw = base64.b64decode(content, validate=True)
        except (binascii.Error, ValueError):
            raise invalid("Content", "It is not base64.") from None
    elif kind == "PlainText":
        raw = content.encode()
    else:
        raise invalid("ContentType", "Expected PlainText or Base64.")
    if len(base64.b64encode(raw)) > _CONTENT_LONGEST:
        raise ApiError("FileContent.ExceedLimit", 403, "The length of the file content exceeds the limit.")
    return raw


def _write(hosts: Hosts, instance_id: str, record: Record, content: bytes, timeout: int) -> Record:
    """Put the file into one instance."""
    if not record["TargetDir"].startswith("/"):
        return failure("Failed", "FilePathInvalid", "The directory is no absolute path.")
    if not re.fullmatch(r"[^/\0]+", record["Name"]) or record["Name"] in (".", ".."):
        return failure("Failed", "FileNameInvalid", "The name is no name of a file.")
    values = [record[key] for key in ("TargetDir", "Name", "Overwrite", "FileMode", "FileOwner", "FileGroup")]
    script = _SCRIPT.format(arguments=shlex.join(values), content=base64.encodebytes(content).decode().rstrip())
    ended = hosts.run_command(instance_id, script.encode(), timeout=timeout)
    if ended.timed_out:
        return failure("Timeout", "ExecutionTimeout", "The file was not sent in time.")
    if ended.exit_code:
        code = _FAILURES.get(ended.exit_code, "ExecutionException")
        return failure("Failed", code, ended.output.decode(errors="replace").strip())
    return {"InvocationStatus": "Success", "InvokeRecordStatus": "Finished"}


@ecs("DescribeSendFileResults")
def describe_send_file_results(call: Call) -> Record:
    found = []
    for record in find_all(call, _KIND, lagged=True):
        results = dict(assistant_jobs.results(record, call.get("InstanceId")))
        if results and fits(call, record, ("InvokeId", "Name")) and has_tags(call, record):
            shown = _shown(call, record, results)
            if call.get("InvocationStatus") in (None, "", shown["InvocationStatus"]):
                found.append(shown)
    page = page_either(call, found, least=1, most=50)
    return {"Invocations": {"Invocation": page.items}, **page.about}


_SAME = (
    *("InvokeId", "Name", "Description", "TargetDir", "Content", "ContentType"),
    *("FileMode", "FileOwner", "FileGroup", "Overwrite", "CreationTime"),
)


def _shown(call: Call, record: Record, results: dict[str, Record]) -> Record:
    instances = [
        {
            **{key: result[key] for key in ("InvocationStatus", "ErrorCode", "ErrorInfo", "StartTime")},
            "InstanceId": instance_id,
            "CreationTime": record["CreationTime"],
            "FinishTime": result["FinishedTime"],
            "UpdateTime": result["FinishedTime"] or result["StartTime"],
        }
        for instance_id, result in results.items()
    ]
    return {
        **{key: record[key] for key in _SAME},
        "InvocationStatus": assistant_jobs.overall({result["InvocationStatus"] for result in results.values()}),
        "VmCount": len(results),
        "InvokeInstances": {"InvokeInstance": instances},
        "Tags": {"Tag": shown_tags(call, record)},
    }
