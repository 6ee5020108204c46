# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The agents of Cloud Assistant in instances: online or not, and whether sessions reach them. Private."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from .._cloud.door import Cloud, chunks
from .._cloud.errors import WaitTimeout
from .._core.summary import counted
from .._core.waiter import wait_for

#: DescribeCloudAssistantStatus takes up to 100 IDs, and gives up to 50 a page where none are named.
_AT_ONCE = 100
#: How many instances a message names.
_NAMED = 3


@dataclass(frozen=True)
class Agent:
    """The agent of one instance.

    :ivar version: None where none was ever heard of
    :ivar heard: when it was heard of last, as the API writes times; None for never
    :ivar serves_sessions: whether its version knows Session Manager; only told of agents that are online
    """

    instance_id: str
    online: bool
    version: str | None = None
    heard: str | None = None
    serves_sessions: bool = False

    def shown(self) -> dict[str, t.Any]:
        """As modules return it."""
        return {
            "instance_id": self.instance_id,
            "online": self.online,
            "version": self.version,
            "last_heartbeat_time": self.heard,
            "supports_session_manager": self.serves_sessions,
        }

    @property
    def why_no_session(self) -> tuple[str, str] | None:
        """What is in the way of a session, and what to do; None if nothing is."""
        if not self.online:
            heard = f", last heard of at {self.heard}" if self.heard else ""
            return (
                f"The Cloud Assistant agent in {self.instance_id} is offline{heard}.",
                "A fresh instance needs a minute. Otherwise aliyun.service has to run in it, and it has to reach "
                "Alibaba Cloud (outbound rules, DNS).",
            )
        if not self.serves_sessions:
            return (
                f"The Cloud Assistant agent in {self.instance_id} is too old for Session Manager.",
                "It renews itself where the instance reaches Alibaba Cloud; its version is "
                f"{self.version or 'not known'}.",
            )
        return None


def read(cloud: Cloud, ids: t.Sequence[str] | None = None) -> list[Agent]:
    """The agents of these instances, or of all instances of the region. An instance that the API does not tell of has
    one that is offline."""
    if ids is None:
        return [_agent(one) for one in cloud.pages("ecs", "DescribeCloudAssistantStatus")]
    known = {
        agent.instance_id: agent
        for some in chunks(list(ids), _AT_ONCE)
        for agent in map(_agent, cloud.pages("ecs", "DescribeCloudAssistantStatus", InstanceId=some))
    }
    return [known.get(one) or Agent(one, online=False) for one in ids]


def wait_for_sessions(cloud: Cloud, names: t.Mapping[str, str], *, timeout: float) -> None:
    """Wait until sessions reach these instances.

    :param names: what each instance is called, by its ID
    :param timeout: in seconds
    :raises WaitTimeout: naming those without, and why
    """
    seen: list[Agent] = []

    def poll() -> list[Agent]:
        nonlocal seen
        seen = [one for one in read(cloud, list(names)) if one.why_no_session]
        return seen

    def called(ones: t.Sequence[Agent]) -> str:
        more = f" and {len(ones) - _NAMED} more" if len(ones) > _NAMED else ""
        return ", ".join(names[one.instance_id] for one in ones[:_NAMED]) + more

    try:
        wait_for(
            cloud,
            f"the Cloud Assistant agents of {counted(len(names), 'instances')}",
            poll,
            lambda ones: not ones,
            lambda ones: f"no session would reach {called(ones)}",
            timeout=timeout,
        )
    except WaitTimeout as error:
        whys = [one.why_no_session for one in seen]
        error.hint = " ".join(dict.fromkeys(part for why in whys[:_NAMED] if why for part in why))
        raise


def _agent(item: t.Mapping[str, t.Any]) -> Agent:
    online = str(item.get("CloudAssistantStatus")).lower() == "true"  # the API writes some of its booleans as text
    return Agent(
        str(item["InstanceId"]),
        online=online,
        version=item.get("CloudAssistantVersion") or None,
        heard=item.get("LastHeartbeatTime") or None,
        # Not every answer says it; the session itself tells then.
        serves_sessions=online and str(item.get("SupportSessionManager")).lower() != "false",
    )
