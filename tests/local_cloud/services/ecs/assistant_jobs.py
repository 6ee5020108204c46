# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Cloud Assistant does in instances, in the background: one job an instance, whose result its record keeps."""

from __future__ import annotations

import datetime as dt
import typing as t

from local_cloud.framework import ApiError, Call
from local_cloud.hosts import HostError, Hosts
from local_cloud.services.ecs.common import Record, find_one
from local_cloud.services.ecs.lifecycle import hosts_of, submit_command
from local_cloud.session_manager import agents
from local_cloud.settings import define
from local_cloud.store import Store

define(
    "ecs.run_command_on_stopped",
    "refuse",
    "RunCommand, InvokeCommand or SendFile on an instance that isn't Running (UNCERTAIN): refuse the call, or let its"
    " result say Aborted",
    ("refuse", "abort"),
)

define("ecs.invocation_kept_days", 14.0, "how long what Cloud Assistant has run, sent and seen is told of (two weeks)")

#: what runs in this process right now; a result that is Running but not here was cut off with the server
_LIVE: set[tuple[str, str]] = set()


def instances_of(call: Call, ids: list[str]) -> list[Record]:
    """The named instances.

    :raises ApiError: one of them doesn't exist.
    """
    found = [find_one(call, "instance", instance_id) for instance_id in dict.fromkeys(ids)]
    instances = [instance for instance in found if instance is not None]
    if not instances or len(instances) < len(found):
        raise ApiError("InvalidInstance.NotFound", 404, "The specified instances do not exist.")
    return instances


def check_running(call: Call, instance: Record) -> None:
    """
    :raises ApiError: the instance isn't Running, and that is refused
    """
    if instance["Status"] != "Running" and call.settings["ecs.run_command_on_stopped"] == "refuse":
        raise ApiError("InvalidInstance.NotRunning", 403, "The specified instance is not running.")


def first_result(call: Call, instance: Record) -> Record:
    """How a job begins: Running, or failed where it can't run."""
    now = call.clock.text()
    if instance["Status"] != "Running":
        return failure("Aborted", "InstanceNotRunning", "The instance is not running.", now)
    if hosts_of(call.store) is None:
        why = "There is no Cloud Assistant Agent: the local cloud runs without hosts."
        return failure("Failed", "ClientNotRunning", why, now)
    if not agents.online(call.store, call.settings, instance):
        return failure("Failed", "ClientNotRunning", "The Cloud Assistant Agent is not running.", now)
    return {"InvocationStatus": "Running", "InvokeRecordStatus": "Running", "ErrorCode": "", "ErrorInfo": ""}


def failure(status: str, code: str, info: str, now: str = "") -> Record:
    """What a result says that is none."""
    return {
        "InvocationStatus": status,
        "InvokeRecordStatus": "Failed",
        "ErrorCode": code,
        "ErrorInfo": info,
        "FinishedTime": now,
    }


def keep(call: Call, kind: str, invoke_id: str) -> None:
    """Have a job's record forgotten when its time is up."""
    gone = call.now + dt.timedelta(days=call.settings["ecs.invocation_kept_days"])
    call.store.schedule(kind, invoke_id, gone, None)


def start(call: Call, kind: str, record: Record, job: t.Callable[[Hosts, str], Record]) -> None:
    """Have the job done in every instance whose result in ``_Results`` is Running, once the call is committed.

    :param kind: of the record, which has an InvokeId.
    :param job: given the hosts and an instance's id, returns what changes in the result.
    """
    store, invoke_id = call.store, record["InvokeId"]

    def submit(instance_id: str) -> t.Callable[[], None]:
        return lambda: submit_command(store, lambda hosts: _work(store, hosts, kind, invoke_id, instance_id, job))

    for instance_id, result in record["_Results"].items():
        if result["InvocationStatus"] == "Running":
            _LIVE.add((invoke_id, instance_id))
            call.after_commit.append(submit(instance_id))


def _work(
    store: Store, hosts: Hosts, kind: str, invoke_id: str, instance_id: str, job: t.Callable[[Hosts, str], Record]
) -> None:
    """Do the job in one host and write down how it ended."""
    try:
        changes = job(hosts, instance_id)
    except HostError as error:
        changes = failure("Failed", "ClientNotResponse", str(error))
    except Exception as error:  # whatever it is, the job has ended and somebody waits for its result
        changes = failure("Failed", "ExecutionException", f"{type(error).__name__} in the local cloud")
        raise
    finally:
        with store.transaction():
            record = store.get(kind, invoke_id)
            if record is not None:
                record["_Results"][instance_id].update({**changes, "FinishedTime": store.clock.text()})
                store.put(kind, invoke_id, record, region=record["RegionId"])
        _LIVE.discard((invoke_id, instance_id))


def results(record: Record, only: str | None) -> t.Iterator[tuple[str, Record]]:
    """Results by instance.

    :param only: the instance that is asked for; empty: all.
    """
    for instance_id, result in record["_Results"].items():
        if only not in (None, "", instance_id):
            continue
        if result["InvocationStatus"] == "Running" and (record["InvokeId"], instance_id) not in _LIVE:
            interrupted = "The local cloud was stopped while this ran."
            result = {**result, **failure("Failed", "ExecutionInterrupted", interrupted)}
        yield instance_id, result


def overall(states: set[str]) -> str:
    """The status of a task from those of its instances."""
    if "Running" in states:
        return "Running"
    if states == {"Success"}:
        return "Success"
    return "PartialFailed" if "Success" in states else "Failed"
