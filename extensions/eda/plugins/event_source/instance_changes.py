# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Event source for ansible-rulebook: changes of trust and of state of instances."""

from __future__ import annotations

import asyncio
import importlib
import sys
import typing as t
from pathlib import Path

DOCUMENTATION = r"""
---
short_description: Tell when the trust or the state of ECS instances changes, or they are attacked
description:
  - Looks at the instances of one region again and again and emits an event when the verdict of the trusted server on an
    instance, or the state of an instance, has changed. What stays as it is gives no event. With O(ddos) it also tells
    when the public address of an instance is scrubbed or black-holed.
  - The fields of an event are described by C(extensions/eda/schemas/instance_changes.json).
  - An event has C(type) (C(trust), C(status), C(ddos) or C(source)), C(before) and C(after), C(at) (UTC), C(region),
    C(summary) (one line), C(instance) and C(error). Values of C(trust) are C(trusted), C(untrusted), C(unmeasured) and
    C(unknown). C(status) is the one of ECS, for example C(Running). Values of C(ddos) are C(normal), C(mitigating)
    while traffic is scrubbed, and C(blackholed), then with C(instance.ddos.black_hole_until). An instance that was not
    there before has a C(before) of null, one that is gone an C(after) of null.
  - When the instances cannot be read any more, one event of the type C(source) says so, with C(after) C(failed), and
    another one when they can be read again. When the very first look fails, the source ends with the error.
  - Needs ansible-core and the Python packages of this collection in the environment of ansible-rulebook.
options:
  region:
    description: ID of the region. Without it the environment variable ALIBABA_CLOUD_REGION counts.
    type: str
  interval:
    description: Pause between two looks, in seconds.
    type: float
    default: 30
  report_existing:
    description:
      - Whether the first look tells of everything it finds, with C(before) null. So nothing is missed that happened
        while no rulebook ran.
      - Otherwise the first look is what later ones are compared with.
    type: bool
    default: false
  fleet:
    description: Only instances of this fleet.
    type: str
  name:
    description: Only instances of this name, where V(*) stands for anything.
    type: str
  instance_ids:
    description: Only these instances.
    type: list
    elements: str
  tags:
    description: Only instances with all these tags.
    type: dict
  vpc_id:
    description: Only instances in this VPC.
    type: str
  vswitch_id:
    description: Only instances at this vSwitch.
    type: str
  trust:
    description: Whether to ask the trusted server; without it there are no events of the type C(trust).
    type: bool
    default: true
  ddos:
    description:
      - Whether to ask Anti-DDoS Basic, which gives events of the type C(ddos). Needs the rights
        C(yundun-ddos:DescribeDdosCount), C(yundun-ddos:DescribeInstanceIpAddress) and
        C(yundun-ddos:DescribeDdosEventList).
    type: bool
    default: false
notes:
  - Takes further the options of alitrust.ecs.trusted_instance_info about what counts as trusted, such as
    C(trust_fresh_seconds), and those about the connection and credentials, such as C(profile), C(access_key_id),
    C(access_key_secret), C(ram_role_arn), C(endpoint_url), C(https_proxy), C(no_proxy), C(ca_bundle) and
    C(api_timeout), with the same environment variables.
"""

EXAMPLES = r"""
- alitrust.ecs.instance_changes:
    region: cn-hangzhou
    fleet: web
    interval: 60
    report_existing: true
"""

_WATCH = "ansible_collections.alitrust.ecs.plugins.module_utils._instance.watch"


async def main(queue: asyncio.Queue[t.Any], args: dict[str, t.Any]) -> None:
    """Look, tell, pause, for ever.

    :param queue: where events go
    :param args: see DOCUMENTATION
    :raises RuntimeError: wrong arguments, or the first look fails
    """
    watched = {name: value for name, value in args.items() if name != "eda_feedback_queue"}
    module = await asyncio.to_thread(_load)
    try:
        watch = module.Watch(watched)
        while True:
            # In a thread, because the SDK waits for answers and the loop must not.
            for event in await asyncio.to_thread(watch.look):
                await queue.put(event)
            await asyncio.sleep(watch.interval)
    except module.AlitrustError as error:
        raise RuntimeError(error.as_failure()["msg"]) from error


def _load() -> t.Any:
    """The collection's own code. ansible-rulebook runs this file by its path and imports no collections."""
    try:
        return importlib.import_module(_WATCH)
    except ModuleNotFoundError as error:
        if not _WATCH.startswith(str(error.name)):
            raise
    namespace = next((folder for folder in Path(__file__).parents if folder.name == "ansible_collections"), None)
    if namespace is None:
        raise RuntimeError(
            "alitrust.ecs.instance_changes needs the rest of its collection; install alitrust.ecs and name the source "
            "by its full name."
        )
    if str(namespace.parent) not in sys.path:
        sys.path.append(str(namespace.parent))
    importlib.invalidate_caches()
    # The package ansible has an ansible_collections of its own, which hides all others on the path.
    path = importlib.import_module("ansible_collections").__path__
    if str(namespace) not in list(path):
        path.append(str(namespace))
    return importlib.import_module(_WATCH)
