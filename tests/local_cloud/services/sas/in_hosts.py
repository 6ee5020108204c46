# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent of Security Center as a process in the hosts, where instances have any.

Installing puts its folder and its unit into the host, through Cloud Assistant, and uninstalling removes them; a record
whose Installed or Removed is :data:`NEVER` waits for that. Security Center hears of an agent for as long as its process
runs. What becomes of it inside the host (stopped, killed, started again at boot) is the host's own affair.
"""

from __future__ import annotations

import shlex
import threading
import typing as t

from local_cloud.hosts import HostError, Hosts
from local_cloud.services.ecs.lifecycle import hosts_of, on_host_up, submit_command
from local_cloud.session_manager import agents
from local_cloud.settings import define

if t.TYPE_CHECKING:
    from local_cloud.store import Record, Store

define("sas.agent_folder", "/usr/local/aegis", "folder of the agent in hosts (UNCERTAIN)", form=r"(/\w[\w.-]*)+")
define("sas.agent_unit", "aegis.service", "unit of the agent in hosts (UNCERTAIN)", form=r"\w[\w.-]*\.service")
define("sas.agent_process", "AliYunDun", "process of the agent in hosts (UNCERTAIN)", form=r"\w[\w-]{0,14}")

AGENT = "security_agent"
NEVER = 1e12
#: ResuleCode of an installation
_NO_RUN, _NO_ASSISTANT = 6, 1008
#: seconds that Cloud Assistant gives the installation
_SECONDS = 60.0

_INSTALL = r"""
set -eu
mkdir -p "$1/aegis_client"
cat > "$1/aegis_client/$3" << 'END'
#!/bin/sh
# A stand-in of the local cloud for the agent of Security Center: all it does is run, under the agent's name.
printf %s "${0##*/}" > /proc/$$/comm
while :; do sleep 3600; done
END
chmod 0755 "$1/aegis_client/$3"
cat > "/etc/systemd/system/$2" << END
[Unit]
Description=Agent of Security Center (a stand-in of the local cloud)

[Service]
ExecStart=$1/aegis_client/$3

[Install]
WantedBy=multi-user.target
END
systemctl daemon-reload
systemctl enable --now --quiet "$2"
"""
_UNINSTALL = r"""
systemctl disable --now --quiet "$2" || true
rm -rf "/etc/systemd/system/$2" "$1/aegis_client"
rmdir --ignore-fail-on-non-empty "$1"
systemctl daemon-reload
"""

#: by instance, so that one thing after the other happens in a host
_LOCKS: dict[str, threading.Lock] = {}


def there(store: Store) -> bool:
    """Whether instances have hosts."""
    return hosts_of(store) is not None


def heard(store: Store, instance_id: str) -> bool:
    """Whether an agent that is installed in a running instance sends anything; without hosts all do."""
    hosts = hosts_of(store)
    return hosts is None or hosts.runs_process(instance_id, store.context.settings["sas.agent_process"])


def follow(store: Store, instance_id: str) -> None:
    """Bring a host to what the agent's record says, once the running transaction is committed."""
    if there(store):
        store.on_commit(lambda: submit_command(store, lambda hosts: _bring(store, hosts, instance_id)))


def _bring(store: Store, hosts: Hosts, instance_id: str) -> None:
    with _LOCKS.setdefault(instance_id, threading.Lock()):
        record = store.get(AGENT, instance_id)
        if record is None:
            return
        leaves = _leaves(record)
        code = _run(store, hosts, instance_id, _UNINSTALL if leaves else _INSTALL)
        with store.transaction():
            record, instance = store.get(AGENT, instance_id), store.get("instance", instance_id)
            if record is None or instance is None or _leaves(record) is not leaves:  # another run is on its way
                return
            now = store.clock.timestamp()
            if leaves:
                record["Removed"] = min(record["Removed"], now)
            elif code:
                record["Result"] = code
            else:
                record["Installed"] = min(record["Installed"], now)
            store.put(AGENT, instance_id, record, region=instance["RegionId"])


def _leaves(record: Record) -> bool:
    return bool(record.get("Leaving"))


def _run(store: Store, hosts: Hosts, instance_id: str, script: str) -> int:
    """Run one of the scripts.

    :return: the ResuleCode; 0: it has done what it should
    """
    settings = store.context.settings
    if not agents.online(store, settings, store.get("instance", instance_id)):
        return _NO_ASSISTANT
    names = [settings[f"sas.agent_{name}"] for name in ("folder", "unit", "process")]
    try:
        ended = hosts.run_command(instance_id, f"set -- {shlex.join(names)}{script}".encode(), timeout=_SECONDS)
    except HostError:
        return _NO_ASSISTANT
    return _NO_RUN if ended.exit_code else 0


@on_host_up
def _came_up(store: Store, instance: Record) -> None:
    """A new instance gets the agent that was ordered with it; an older one what could not be done while it was down."""
    record = store.get(AGENT, instance["InstanceId"])
    if record is None and instance.get("_SecurityEnhancement") == "Active":
        record = fresh(instance["InstanceId"], NEVER)
        store.put(AGENT, instance["InstanceId"], record, region=instance["RegionId"])
    if record is not None and (_leaves(record) or record["Installed"] == NEVER):
        follow(store, instance["InstanceId"])


def fresh(instance_id: str, installed: float = 0.0) -> Record:
    """The record of an agent."""
    return {
        "InstanceId": instance_id,
        "Installed": installed,
        "Removed": NEVER,
        "Leaving": False,
        "Offline": False,
        "Paused": False,
        "Result": 0,
    }
