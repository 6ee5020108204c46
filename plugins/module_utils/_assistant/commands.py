# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Commands that Cloud Assistant runs in instances. Private."""

from __future__ import annotations

import base64
import binascii
import typing as t

from .._cloud.door import Cloud
from .._cloud.errors import CloudError, NotFound, UnexpectedState
from .._core.waiter import wait_for

#: RunCommand takes up to 100 instances, DescribeInvocationResults gives up to 50 a page.
AT_ONCE = 100
_SECONDS = 60
_ENDED = frozenset({"Success", "Failed", "Error", "Timeout", "Cancelled", "Terminated", "Aborted", "Invalid"})

Result = dict[str, t.Any]


def run_shell(cloud: Cloud, ids: list[str], command: str, name: str, timeout: float) -> list[Result]:
    """Run a shell command on at most L{AT_ONCE} instances; what Cloud Assistant tells of each, once all have ended.

    :param timeout: seconds to wait for all to end
    :raises UnexpectedState: an instance that does not exist
    :raises WaitTimeout: not all have ended in time
    """
    try:
        invocation = cloud.call(
            "ecs",
            "RunCommand",
            Name=name,
            Type="RunShellScript",
            CommandContent=command,
            InstanceId=ids,
            Timeout=_SECONDS,
        )["InvokeId"]
    except NotFound as error:
        raise UnexpectedState(
            f"Not all of these instances exist in {cloud.region}: {', '.join(ids)}.", hint=error.message
        ) from error
    except CloudError as error:
        if "NotRunning" not in error.code:
            raise
        return [{"InstanceId": one, "ErrorCode": "InstanceNotRunning"} for one in ids]
    waited = wait_for(
        cloud,
        f"command {invocation} to end",
        lambda: cloud.pages("ecs", "DescribeInvocationResults", InvokeId=invocation, ContentEncoding="Base64"),
        lambda results: len(results) == len(ids) and all(one.get("InvocationStatus") in _ENDED for one in results),
        lambda results: f"{sum(one.get('InvocationStatus') in _ENDED for one in results)} of {len(ids)} ended",
        timeout=max(timeout, _SECONDS),
    )
    return waited.value


def succeeded(result: t.Mapping[str, t.Any]) -> bool:
    """Whether the command has ended well in an instance."""
    return result.get("InvocationStatus") == "Success"


def output(result: t.Mapping[str, t.Any]) -> str:
    """What the command has printed.

    :raises UnexpectedState: what Cloud Assistant gives is not readable
    """
    try:
        return base64.b64decode(result.get("Output") or "", validate=True).decode(errors="replace")
    except binascii.Error as exc:
        raise UnexpectedState(
            f"Cloud Assistant's output for {result.get('InstanceId')} is not readable: {exc}."
        ) from exc
