# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Send a small file to instances through Cloud Assistant. Private.

The limits are SendFile's own: 32 KB in Base64, 50 instances, lengths of names.
"""

from __future__ import annotations

import base64
import posixpath
import typing as t

from .._cloud.door import Cloud, chunks
from .._cloud.errors import InvalidInput
from .._core.waiter import wait_for

_PER_CALL = 50
_LIMIT = 32 * 1024
_NAME = 255
_TIMEOUT = 60
_ENDED = frozenset({"Success", "Failed", "PartialFailed", "Invalid", "Stopped", "Timeout", "Cancelled"})


def check(path: str, content: bytes) -> None:
    """:raises InvalidInput: SendFile does not take such a file"""
    folder, name = posixpath.split(path)
    if not folder.startswith("/") or not name or len(folder) > _NAME or len(name) > _NAME:
        raise InvalidInput(
            f"{path!r} cannot be the place of a file that Cloud Assistant sends; expected an absolute path whose "
            f"folder and name have at most {_NAME} characters each."
        )
    size = len(base64.b64encode(content))
    if not content or size > _LIMIT:
        raise InvalidInput(
            f"{path} has {size} bytes in Base64; Cloud Assistant sends files of 1 to {_LIMIT} bytes in Base64."
        )


def send(
    cloud: Cloud, ids: t.Sequence[str], path: str, content: bytes, *, mode: str = "0600", owner: str = "root"
) -> list[dict[str, t.Any]]:
    """Write a file in instances, over what is there. What DescribeSendFileResults tells of each, once all have ended.

    :param path: absolute, in the instances
    :param mode: as chmod takes it
    :raises InvalidInput: what L{check} says
    :raises CloudError: typed
    :raises WaitTimeout: an instance did not end in time
    """
    check(path, content)
    folder, name = posixpath.split(path)
    return [
        result
        for some in chunks(list(ids), _PER_CALL)
        for result in _sent(
            cloud,
            some,
            {
                "Name": name,
                "TargetDir": folder,
                "Content": base64.b64encode(content).decode(),
                "ContentType": "Base64",
                "FileMode": mode,
                "FileOwner": owner,
                "FileGroup": owner,
                "Overwrite": True,
                "Timeout": _TIMEOUT,
            },
        )
    ]


def _sent(cloud: Cloud, ids: t.Sequence[str], query: dict[str, t.Any]) -> list[dict[str, t.Any]]:
    invocation = cloud.call("ecs", "SendFile", query, InstanceId=list(ids))["InvokeId"]
    waited = wait_for(
        cloud,
        f"file {query['Name']} to be sent",
        lambda: _results(cloud, invocation),
        lambda results: len(results) == len(ids) and all(one.get("InvocationStatus") in _ENDED for one in results),
        lambda results: f"{sum(one.get('InvocationStatus') in _ENDED for one in results)} of {len(ids)} ended",
        timeout=_TIMEOUT * 2,
    )
    return waited.value


def _results(cloud: Cloud, invocation: str) -> list[dict[str, t.Any]]:
    invocations = cloud.pages("ecs", "DescribeSendFileResults", InvokeId=invocation)
    return [
        one for invoked in invocations for one in ((invoked.get("InvokeInstances") or {}).get("InvokeInstance") or [])
    ]
