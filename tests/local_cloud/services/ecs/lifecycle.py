# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How instances move through their states.

Without hosts the timeline alone moves them. With hosts, Starting and Stopping last until the instance's host is up or
down: :class:`HostRunner` brings each host to what the instance's record says, a few at a time.
"""

from __future__ import annotations

import base64
import datetime as dt
import ipaddress
import logging
import threading
import typing as t
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from local_cloud.clock import MINUTE_FORMAT
from local_cloud.framework import Call
from local_cloud.hosts import Hosts, HostSpec
from local_cloud.services.ecs.common import Record, save
from local_cloud.services.ecs.packet_filter import PacketFilter
from local_cloud.session_manager import frames, records
from local_cloud.settings import define
from local_cloud.store import Store, on_transition

define("ecs.pending_seconds", 0.3, "how long a new instance is Pending")
define("ecs.created_stopped_seconds", 0.1, "how long an instance of RunInstances is Stopped before it is Starting")
define("ecs.starting_seconds", 0.3, "how long an instance is Starting, without hosts")
define("ecs.stopping_seconds", 0.3, "how long an instance is Stopping, without hosts")
define("ecs.reboot_passes_stopping", False, "whether a reboot is seen as Stopping before Starting (UNCERTAIN)")
define("ecs.releasing_seconds", 0.3, "how long a deleted instance can still be seen")
define("ecs.membership_linger_seconds", 0.3, "how long a released instance still counts in its groups and vSwitch")

_log = logging.getLogger("local_cloud.hosts")


# -- transitions


def begin(call: Call, instance: Record, *, run: bool) -> None:
    """Put a new instance and plan its first states: to Running (RunInstances), or to Stopped (CreateInstance)."""
    instance.update({"Status": "Pending", "_Initializing": True})
    save(call, "instance", instance["InstanceId"], instance)
    at = call.now + _seconds(call, "ecs.pending_seconds")
    if instance["AutoReleaseTime"]:
        released = dt.datetime.strptime(instance["AutoReleaseTime"], MINUTE_FORMAT).replace(tzinfo=dt.UTC)
        call.store.schedule("instance", instance["InstanceId"], released, None)
    if not run:
        _plan(call, instance, at, {"Status": "Stopped", "_Initializing": False})
        return
    _plan(call, instance, at, {"Status": "Stopped"})
    _plan_start(call, instance, at + _seconds(call, "ecs.created_stopped_seconds"))


def start(call: Call, instance: Record) -> None:
    """Stopped -> Starting -> Running; a new instance that is Pending starts once it has been made."""
    instance["StoppedMode"] = "Not-applicable"
    _plan_start(call, instance, _made(call, instance) if instance["Status"] == "Pending" else None)


def starts_later(call: Call, instance: Record) -> bool:
    """Whether a start is planned already."""
    planned = call.store.scheduled("instance", instance["InstanceId"])
    return any(changes and changes.get("Status") == "Starting" for _at, changes in planned)


def _made(call: Call, instance: Record) -> dt.datetime:
    """When a Pending instance will be Stopped."""
    planned = call.store.scheduled("instance", instance["InstanceId"])
    return next(at for at, changes in planned if changes and changes.get("Status") == "Stopped")


def stop(call: Call, instance: Record, *, stopped_mode: str, force: bool = False) -> None:
    """Running -> Stopping -> Stopped."""
    _set(call, instance, {"Status": "Stopping", "_ForceStop": force})
    done = {"Status": "Stopped", "StoppedMode": stopped_mode}
    if not _follow(call, instance, done):
        _plan(call, instance, call.now + _seconds(call, "ecs.stopping_seconds"), done)


def reboot(call: Call, instance: Record, *, force: bool = False) -> None:
    """Running -> (Stopping ->) Starting -> Running."""
    instance["_ForceStop"] = force
    if call.settings["ecs.reboot_passes_stopping"]:
        _set(call, instance, {"Status": "Stopping"})
        _plan_start(call, instance, call.now + _seconds(call, "ecs.stopping_seconds"))
    else:
        _plan_start(call, instance, None)


def release(call: Call, instance: Record) -> None:
    """Make the instance vanish, soon; its network interface lingers a little longer."""
    instance_id = instance["InstanceId"]
    call.store.unschedule("instance", instance_id)
    changes = {"_Releasing": True, "Status": "Stopping" if instance["Status"] == "Running" else instance["Status"]}
    _set(call, instance, changes)
    gone = call.now + _seconds(call, "ecs.releasing_seconds")
    call.store.schedule("instance", instance_id, gone, None)
    eni_gone = gone + _seconds(call, "ecs.membership_linger_seconds")
    call.store.schedule("eni", instance["NetworkInterfaceId"], eni_gone, None)
    _follow(call, instance, {})


def _plan_start(call: Call, instance: Record, at: dt.datetime | None) -> None:
    """Starting at a moment (None: now), then Running when it is time, or when the host is up."""
    if at is None:
        _set(call, instance, {"Status": "Starting"})
        hosted = _follow(call, instance, {})
    else:
        _plan(call, instance, at, {"Status": "Starting"})
        hosted = _runner(call.store) is not None
    if not hosted:
        running = (at or call.now) + _seconds(call, "ecs.starting_seconds")
        _plan(call, instance, running, running_changes(running))


def running_changes(moment: dt.datetime) -> Record:
    """What changes in the record of an instance that has started."""
    return {"Status": "Running", "_Initializing": False, "StartTime": moment.strftime(MINUTE_FORMAT)}


def _seconds(call: Call, setting: str) -> dt.timedelta:
    return dt.timedelta(seconds=call.settings[setting])


def _plan(call: Call, instance: Record, at: dt.datetime, changes: Record) -> None:
    call.store.schedule("instance", instance["InstanceId"], at, changes)


def _set(call: Call, instance: Record, changes: Record) -> None:
    instance.update(changes)
    save(call, "instance", instance["InstanceId"], instance)
    _end_sessions(call.store, instance)


def _end_sessions(store: Store, instance: Record) -> None:
    """With an instance that no longer runs goes whoever is connected to it."""
    if instance["Status"] != "Running" or instance.get("_Releasing"):
        records.end_all(store, frames.AGENT_FAILED, "the instance was stopped", instance_id=instance["InstanceId"])


def _follow(call: Call, instance: Record, done: Record) -> bool:
    """Have the host follow the record once this call is committed; False without hosts.

    ``done`` is what the record changes to when the host is there.
    """
    runner = _runner(call.store)
    if runner is None:
        return False
    if done:
        _set(call, instance, {"_WhenDone": done})
    instance_id = instance["InstanceId"]
    call.after_commit.append(lambda: runner.follow(instance_id))
    return True


@on_transition("instance")
def _instance_moved(store: Store, before: Record, after: Record | None) -> None:
    """A planned transition happened: the host has to follow, the disks have to go with a released instance."""
    instance_id = before["InstanceId"]
    _end_sessions(store, after or {**before, "_Releasing": True})
    if after is None:
        _release_disks(store, instance_id)
        _release_interfaces(store, instance_id)
        _free_addresses(store, instance_id)
        if not store.scheduled("eni", before["NetworkInterfaceId"]):  # released by AutoReleaseTime
            store.delete("eni", before["NetworkInterfaceId"])
    runner = _runner(store)
    if runner is not None and (after is None or after["Status"] != before["Status"]):
        runner.follow(instance_id)


def _release_disks(store: Store, instance_id: str) -> None:
    for disk in store.find("disk", where={"InstanceId": instance_id}):
        store.unschedule("disk", disk["DiskId"])
        if disk["DeleteWithInstance"]:
            store.delete("disk", disk["DiskId"])
        else:
            detached = {"InstanceId": "", "Device": "", "Status": "Available", "DetachedTime": store.clock.text()}
            store.put("disk", disk["DiskId"], {**disk, **detached}, region=disk["RegionId"])


def _release_interfaces(store: Store, instance_id: str) -> None:
    """Secondary ones; the primary one lingers."""
    for eni in store.find("eni", where={"InstanceId": instance_id, "Type": "Secondary"}):
        store.unschedule("eni", eni["NetworkInterfaceId"])
        if eni["DeleteOnRelease"]:
            store.delete("eni", eni["NetworkInterfaceId"])
        else:
            detached = {"InstanceId": "", "Status": "Available"}
            store.put("eni", eni["NetworkInterfaceId"], {**eni, **detached}, region=eni["RegionId"])


def _free_addresses(store: Store, instance_id: str) -> None:
    """Elastic IP addresses stay without their instance."""
    for eip in store.find("eip", where={"InstanceId": instance_id}):
        store.unschedule("eip", eip["AllocationId"])
        free = {"Status": "Available", "InstanceId": "", "InstanceType": "", "VpcId": ""}
        store.put("eip", eip["AllocationId"], {**eip, **free}, region=eip["RegionId"])


# -- hosts

_RUNNERS: weakref.WeakKeyDictionary[Store, HostRunner] = weakref.WeakKeyDictionary()


def _runner(store: Store) -> HostRunner | None:
    return _RUNNERS.get(store)


def hosts_of(store: Store) -> Hosts | None:
    """The hosts of the server with this store, None when it has none."""
    runner = _runner(store)
    return runner.hosts if runner else None


def settle(store: Store) -> None:
    """End the transitions that waited for hosts, on a server that has none (any more)."""
    ends = {"Starting": running_changes(store.clock.now()), "Stopping": {"Status": "Stopped"}}
    with store.transaction():
        for instance in store.find("instance"):
            if instance["Status"] in ends and not store.scheduled("instance", instance["InstanceId"]):
                changes = {**ends[instance["Status"]], **(instance.get("_WhenDone") or {}), "_WhenDone": None}
                store.put("instance", instance["InstanceId"], {**instance, **changes}, region=instance["RegionId"])


def submit_command(store: Store, command: t.Callable[[Hosts], None]) -> None:
    """Run something against the hosts in the background; nothing happens when the hosts are gone."""
    runner = _runner(store)
    if runner is not None:
        runner.commands.submit(command, runner.hosts)


#: called when a host is up, in the transaction that makes its instance Running
_HOST_UP: list[t.Callable[[Store, Record], None]] = []


def on_host_up(hook: t.Callable[[Store, Record], None]) -> t.Callable[[Store, Record], None]:
    """Have the decorated function called with each instance whose host has come up."""
    _HOST_UP.append(hook)
    return hook


class HostRunner:
    """Brings hosts to what the records say, several at a time, one step of an instance after the other.

    :param names: for a region id, the extra ``/etc/hosts`` entries of its instances.
    :param limit: hosts that may be starting or stopping at the same time.
    """

    def __init__(
        self,
        store: Store,
        hosts: Hosts,
        *,
        names: t.Callable[[str], dict[str, str]] = lambda region: {},
        ca_certificate: Path | None = None,
        limit: int = 3,
    ) -> None:
        self.hosts = hosts
        self._store = store
        self._names = names
        self._ca_certificate = ca_certificate
        self._packets = PacketFilter(store, hosts)
        self._pool = ThreadPoolExecutor(limit, thread_name_prefix="hosts")
        #: commands have threads of their own: they must not wait for hosts that are starting
        self.commands = ThreadPoolExecutor(8, thread_name_prefix="commands")
        self._lock = threading.Lock()
        self._wanted: set[str] = set()  # instances whose record may have changed since their host was looked at
        self._busy: set[str] = set()
        self._hosted: set[str] = set()  # instances that may have a host

    def attach(self) -> None:
        """Let the store's instances have hosts from now on; those recorded as Running get theirs back."""
        _RUNNERS[self._store] = self
        self._packets.attach()
        for instance in self._store.find("instance"):
            self.follow(instance["InstanceId"])

    def close(self) -> None:
        """Stop following; the hosts themselves are closed by who created them."""
        _RUNNERS.pop(self._store, None)
        self.commands.shutdown(wait=False, cancel_futures=True)
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._packets.close()

    def sweep(self) -> None:
        """Remove the hosts of instances that are no longer recorded (the state was emptied)."""
        for instance_id in self._hosted - {i["InstanceId"] for i in self._store.find("instance")}:
            self.follow(instance_id)

    def follow(self, instance_id: str) -> None:
        """Bring an instance's host to what its record says, soon."""
        with self._lock:
            self._wanted.add(instance_id)
            if instance_id in self._busy:
                return
            self._busy.add(instance_id)
        self._pool.submit(self._work, instance_id)

    def powered(self, instance_id: str, state: str) -> None:
        """A guest switched itself off (``stopped``) or came back from its own reboot (``running``)."""
        with self._store.transaction():
            instance = self._store.get("instance", instance_id)
            if instance is None or instance.get("_Releasing"):
                return
            if state == "stopped" and instance["Status"] == "Running":
                self._change(instance, {"Status": "Stopped", "StoppedMode": "KeepCharging"})

    def _work(self, instance_id: str) -> None:
        while True:
            with self._lock:
                if instance_id not in self._wanted:
                    self._busy.discard(instance_id)
                    return
                self._wanted.discard(instance_id)
            try:
                self._bring(instance_id)
            except Exception:  # a worker must outlive whatever a host does; the record tells the user
                _log.exception("the host of %s did not do what its instance's state asks for", instance_id)
                self._gave_up(instance_id)

    def _bring(self, instance_id: str) -> None:
        instance = self._store.get("instance", instance_id)
        if instance is None or instance.get("_Releasing"):
            self.hosts.delete(instance_id)
            self._packets.forget(instance_id)
            self._hosted.discard(instance_id)
            return
        self._hosted.add(instance_id)
        if instance["Status"] == "Starting":
            self.hosts.stop(instance_id, force=bool(instance.get("_ForceStop")))
            self._packets.protect(instance_id)
            self.hosts.start(self._spec(instance))
            self._finish(instance_id, "Starting", running_changes(self._store.clock.now()))
        elif instance["Status"] == "Running":
            if not self.hosts.is_running(instance_id):
                self._packets.protect(instance_id)
                self.hosts.start(self._spec(instance))
        elif instance["Status"] == "Stopping":
            self.hosts.stop(instance_id, force=bool(instance.get("_ForceStop")))
            self._finish(instance_id, "Stopping", instance.get("_WhenDone") or {})
        elif self.hosts.is_running(instance_id):
            self.hosts.stop(instance_id, force=True)

    def _finish(self, instance_id: str, status: str, changes: Record) -> None:
        with self._store.transaction():
            instance = self._store.get("instance", instance_id)
            if instance is not None and instance["Status"] == status and not instance.get("_Releasing"):
                self._change(instance, {**changes, "_WhenDone": None})
                if status == "Starting":
                    for hook in _HOST_UP:
                        hook(self._store, instance)

    def _gave_up(self, instance_id: str) -> None:
        with self._store.transaction():
            instance = self._store.get("instance", instance_id)
            if instance is not None and instance["Status"] in ("Starting", "Running", "Stopping"):
                self._change(instance, {"Status": "Stopped", "_Initializing": False})

    def _change(self, instance: Record, changes: Record) -> None:
        instance.update(changes)
        self._store.put("instance", instance["InstanceId"], instance, region=instance["RegionId"])
        _end_sessions(self._store, instance)

    def _spec(self, instance: Record) -> HostSpec:
        vswitch = self._store.get("vswitch", instance["VSwitchId"])
        network = ipaddress.ip_network(vswitch["CidrBlock"] if vswitch else f"{instance['PrivateIpAddress']}/24", False)
        return HostSpec(
            instance_id=instance["InstanceId"],
            hostname=instance["HostName"],
            private_ip=instance["PrivateIpAddress"],
            prefix_length=network.prefixlen,
            gateway=str(gateway(network)),
            mac=instance["MacAddress"],
            public_key=instance.get("_PublicKey") or None,
            user_data=base64.b64decode(instance["_UserData"]) if instance.get("_UserData") else None,
            password=instance.get("_Password") or None,
            names=self._names(instance["RegionId"]),
            ca_certificate=self._ca_certificate,
            vtpm=bool(instance.get("_Trusted")),
        )


def gateway(network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The router's address in a vSwitch: the last three addresses are the service's, the first of them routes."""
    return network.broadcast_address - 2
