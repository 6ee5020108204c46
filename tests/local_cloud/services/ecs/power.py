# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starting, stopping, rebooting and releasing instances, one or many."""

from __future__ import annotations

import typing as t

from local_cloud.framework import ApiError, Call
from local_cloud.services.ecs import lifecycle
from local_cloud.services.ecs.common import Record, dry_run, ecs, get_one, invalid, missing
from local_cloud.services.ecs.launch import no_stock
from local_cloud.settings import define

define(
    "ecs.start_while_pending",
    "refuse",
    "StartInstance of an instance that CreateInstance is still making (UNCERTAIN)",
    ("refuse", "accept"),
)

Act = t.Callable[[Record], None]


def _wrong_status(code: str = "IncorrectInstanceStatus") -> ApiError:
    return ApiError(code, 403, "The current status of the resource does not support this operation.")


# -- checks: may this instance do that now?


def _check_start(call: Call, instance: Record) -> None:
    _not_released(instance)
    early = instance["Status"] == "Pending" and call.settings["ecs.start_while_pending"] == "accept"
    if not (early and not lifecycle.starts_later(call, instance)) and (
        instance["Status"] != "Stopped" or instance["_Initializing"]
    ):
        raise _wrong_status()
    if instance["StoppedMode"] == "StopCharging" and no_stock(call, instance["InstanceType"], instance["ZoneId"]):
        raise ApiError("OperationDenied.NoStock", 403, "The requested resource is sold out in the specified zone.")


def _check_running(call: Call, instance: Record) -> None:
    _not_released(instance)
    if instance["Status"] != "Running":
        raise _wrong_status()


def _check_delete(call: Call, instance: Record) -> None:
    _not_released(instance)
    if instance["_Initializing"]:
        raise ApiError(
            "IncorrectInstanceStatus.Initializing",
            403,
            "The specified instance status does not support this operation: it is initializing.",
        )
    if instance["DeletionProtection"]:
        raise ApiError(
            "InvalidOperation.DeletionProtection",
            403,
            "The operation is not allowed because the instance has deletion protection.",
        )
    if instance["InstanceChargeType"] == "PrePaid" and not call.get("TerminateSubscription"):
        raise ApiError("ChargeTypeViolation", 403, "The operation is not permitted due to charge type of the instance.")
    if instance["Status"] == "Stopped" or (call.get("Force") and instance["Status"] == "Running"):
        return
    raise _wrong_status()


def _not_released(instance: Record) -> None:
    if instance.get("_Releasing"):
        raise _wrong_status()


# -- what is done


def _stop(call: Call) -> Act:
    mode = call.get("StoppedMode") or "KeepCharging"
    if mode not in ("StopCharging", "KeepCharging"):
        raise invalid("StoppedMode", "Expected StopCharging or KeepCharging.")
    force = bool(call.get("ForceStop"))
    return lambda instance: lifecycle.stop(
        call,
        instance,
        stopped_mode=mode if instance["InstanceChargeType"] == "PostPaid" else "KeepCharging",
        force=force,
    )


def _start(call: Call) -> Act:
    return lambda instance: lifecycle.start(call, instance)


def _reboot(call: Call) -> Act:
    force = bool(call.get("ForceStop") or call.get("ForceReboot"))
    return lambda instance: lifecycle.reboot(call, instance, force=force)


# -- one


def _one(call: Call, check: t.Callable[[Call, Record], None], act: Act) -> None:
    instance = get_one(call, "instance", call.params["InstanceId"])
    check(call, instance)
    dry_run(call)
    act(instance)


@ecs("StartInstance")
def start_instance(call: Call) -> None:
    _one(call, _check_start, _start(call))


@ecs("StopInstance")
def stop_instance(call: Call) -> None:
    _one(call, _check_running, _stop(call))


@ecs("RebootInstance")
def reboot_instance(call: Call) -> None:
    _one(call, _check_running, _reboot(call))


@ecs("DeleteInstance")
def delete_instance(call: Call) -> None:
    _one(call, _check_delete, lambda instance: lifecycle.release(call, instance))


# -- several


def _ids(call: Call) -> list[str]:
    ids = list(dict.fromkeys(call.get("InstanceId") or ()))
    if not ids:
        raise missing("InstanceId.N")
    if len(ids) > 100:
        raise invalid("InstanceId.N", "Expected 1 to 100 instances.")
    return ids


def _several(call: Call, check: t.Callable[[Call, Record], None], act: Act) -> Record:
    mode = call.get("BatchOptimization") or "AllTogether"
    if mode not in ("AllTogether", "SuccessFirst"):
        raise invalid("BatchOptimization", "Expected AllTogether or SuccessFirst.")
    chosen: list[tuple[str, Record | None, ApiError | None]] = []
    for instance_id in _ids(call):
        instance = None
        try:
            instance = get_one(call, "instance", instance_id)
            check(call, instance)
            chosen.append((instance_id, instance, None))
        except ApiError as error:
            if mode == "AllTogether":
                raise
            chosen.append((instance_id, instance, error))
    dry_run(call, "DRYRUN.SUCCESS")
    answers = []
    for instance_id, instance, problem in chosen:
        before = instance["Status"] if instance else ""
        if instance and problem is None:
            act(instance)
        answers.append(
            {
                "InstanceId": instance_id,
                "Code": problem.code if problem else "200",
                "Message": problem.message if problem else "success",
                "PreviousStatus": before,
                "CurrentStatus": instance["Status"] if instance else "",
            }
        )
    return {"InstanceResponses": {"InstanceResponse": answers}}


@ecs("StartInstances")
def start_instances(call: Call) -> Record:
    return _several(call, _check_start, _start(call))


@ecs("StopInstances")
def stop_instances(call: Call) -> Record:
    return _several(call, _check_running, _stop(call))


@ecs("RebootInstances")
def reboot_instances(call: Call) -> Record:
    return _several(call, _check_running, _reboot(call))


@ecs("DeleteInstances")
def delete_instances(call: Call) -> None:
    instances = [get_one(call, "instance", instance_id) for instance_id in _ids(call)]
    for instance in instances:
        _check_delete(call, instance)
    dry_run(call, "DRYRUN.SUCCESS")
    for instance in instances:
        lifecycle.release(call, instance)
