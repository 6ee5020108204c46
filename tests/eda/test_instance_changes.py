# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The event source by itself and under ansible-rulebook, against one local cloud."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import runpy
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import jsonschema
import pytest
from controller.playbook import Ansible
from modules import trust_records as records
from modules.harness import Modules
from modules.network import Network

from local_cloud.control import LocalCloud

COLLECTION = Path(__file__).resolve().parents[2]
SOURCE = "extensions/eda/plugins/event_source/instance_changes.py"
SCHEMA = json.loads((COLLECTION / "extensions/eda/schemas/instance_changes.json").read_text())
Event = dict[str, t.Any]


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[LocalCloud]:
    with LocalCloud.start(tmp_path_factory.mktemp("cloud")) as running:
        yield running


@pytest.fixture
def modules(cloud: LocalCloud) -> Modules:
    cloud.reset()
    return Modules(cloud)


class Source:
    """The source, running in this loop."""

    def __init__(self, cloud: LocalCloud, **args: t.Any) -> None:
        main = runpy.run_path(str(COLLECTION / SOURCE))["main"]
        connection = {
            "region": "cn-hangzhou",
            "endpoint_url": cloud.endpoint,
            "access_key_id": cloud.access_key_id,
            "access_key_secret": cloud.access_key_secret,
        }
        self.queue: asyncio.Queue[Event] = asyncio.Queue()
        self.task = asyncio.create_task(main(self.queue, {**connection, "interval": 0.1, **args}))

    async def next(self) -> Event:
        """The next event; the source's error if it ends instead."""
        waiting = asyncio.create_task(self.queue.get())
        await asyncio.wait({waiting, self.task}, timeout=60, return_when=asyncio.FIRST_COMPLETED)
        if not waiting.done():
            waiting.cancel()
            self.task.result()
            raise AssertionError("no event within 60 s")
        event = waiting.result()
        jsonschema.validate(event, SCHEMA)
        return event

    async def stop(self) -> None:
        self.task.cancel()
        await asyncio.wait({self.task})


def brief(event: Event) -> tuple[t.Any, ...]:
    return event["type"], (event["instance"] or {}).get("name"), event["before"], event["after"]


def test_changes_are_told_once_and_the_loop_is_never_blocked(modules: Modules) -> None:
    one, other = records.fleet(modules, 2)
    records.report(modules, one)
    records.report(modules, other)

    async def story() -> None:
        ticks: list[float] = []

        async def tick() -> None:
            while True:
                ticks.append(time.monotonic())
                await asyncio.sleep(0.02)

        source = Source(modules.cloud, fleet="web", report_existing=True)
        ticking = asyncio.create_task(tick())
        names = [one["InstanceName"], other["InstanceName"]]
        first = (("status", "Running"), ("trust", "trusted"))
        expected = [(kind, name, None, now) for name in names for kind, now in first]
        assert [brief(await source.next()) for _number in range(4)] == expected

        records.report(modules, one, 2, SystemTrustDetail="PCR 9 differs")
        event = await source.next()
        assert brief(event) == ("trust", one["InstanceName"], "trusted", "untrusted")
        assert event["instance"]["instance_id"] == one["InstanceId"]
        assert "PCR 9 differs" in event["summary"]

        modules.door().call("ecs", "StopInstance", InstanceId=other["InstanceId"])
        modules.cloud.clock_advance(60)
        last = None
        while last != "Stopped":  # it may have been seen while it was Stopping
            event = await source.next()
            assert brief(event)[:2] == ("status", other["InstanceName"])
            last = event["after"]

        modules.cloud.fault("error", "ecs:DescribeInstances", times=2, code="Forbidden.RAM", status=403)
        assert [brief(await source.next()) for _number in range(2)] == [
            ("source", None, "ok", "failed"),
            ("source", None, "failed", "ok"),
        ], "two looks failed, and that was told once"
        assert source.queue.empty()
        await source.stop()
        ticking.cancel()
        assert max(after - before for before, after in itertools.pairwise(ticks)) < 5

    asyncio.run(story())


def test_attacks_are_told_when_they_begin_and_end(modules: Modules) -> None:
    network = Network(modules)
    network.new_instances(network.new_group("web"), 1, InternetMaxBandwidthOut=5, InstanceName="shop")
    cloud = modules.cloud
    (address,) = (one["PublicIpAddress"] for one in cloud.resources("instance"))

    async def story() -> None:
        source = Source(cloud, ddos=True, trust=False, report_existing=True)
        assert brief(await source.next()) == ("status", "shop", None, "Running")
        cloud.attack(address, mbps=3000, seconds=3600)
        assert brief(await source.next()) == ("ddos", "shop", "normal", "mitigating")
        cloud.attack(address, mbps=6000)
        event = await source.next()
        assert brief(event) == ("ddos", "shop", "mitigating", "blackholed")
        until = event["instance"]["ddos"]["black_hole_until"]
        assert event["summary"] == f"shop ({address}) is black-holed until {until}"
        cloud.clock_advance(150 * 60 + 1)
        assert brief(await source.next()) == ("ddos", "shop", "blackholed", "normal")
        await source.stop()

    asyncio.run(story())


def test_looking_for_attacks_is_two_calls_while_there_is_none(modules: Modules) -> None:
    network = Network(modules)
    network.new_instances(network.new_group("web"), 3, InternetMaxBandwidthOut=5)

    async def story() -> None:
        source = Source(modules.cloud, ddos=True, trust=False, report_existing=True, interval=600)
        for _number in range(3):
            await source.next()
        await source.stop()

    asyncio.run(story())
    counts = {name: number for name, number in modules.cloud.counts().items() if name.startswith("antiddos")}
    assert counts == {"antiddos-public:DescribeDdosCount": 2}


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"interval": 0}, "interval is 0; expected a number of seconds above 0"),
        ({"intervall": 5}, "There is no option intervall; expected some of "),
        ({"instance_ids": ["web-1"]}, "instance_ids has .web-1.; expected the id of an instance"),
        ({"access_key_id": "wrong"}, "InvalidAccessKeyId"),
    ],
)
def test_wrong_arguments_end_the_source_with_what_to_do(modules: Modules, args: Event, message: str) -> None:
    async def story() -> None:
        await Source(modules.cloud, **args).next()

    with pytest.raises(RuntimeError, match=message) as caught:
        asyncio.run(story())
    assert modules.cloud.access_key_secret not in str(caught.value)


def test_the_rulebook_isolates_an_untrusted_instance_and_opens_an_incident(modules: Modules, tmp_path: Path) -> None:
    bad, good = records.fleet(modules, 2)
    records.report(modules, good)
    records.report(modules, bad)
    (tmp_path / "inventory").write_text("localhost ansible_connection=local\n")
    (tmp_path / "vars.yml").write_text(json.dumps({"alitrust_fleet": "web", "alitrust_interval": 1}))
    environment = {
        **{name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        "ALIBABA_CLOUD_REGION": "cn-hangzhou",
        "ALIBABA_CLOUD_ENDPOINT_URL": modules.cloud.endpoint,
        "ALIBABA_CLOUD_ACCESS_KEY_ID": modules.cloud.access_key_id,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": modules.cloud.access_key_secret,
        "ANSIBLE_SHOW_CUSTOM_STATS": "true",
        "ANSIBLE_NOCOLOR": "true",
        "PYTHONUNBUFFERED": "1",  # what it prints is read while it runs
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    log = tmp_path / "rulebook.log"
    command = ("ansible-rulebook", "--rulebook", "alitrust.ecs.untrusted", "-i", "inventory", "--vars", "vars.yml")
    with log.open("w") as output:
        process = subprocess.Popen(
            [*command, "--print-events"],
            cwd=tmp_path,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:

        def wait_for(what: str, seen: t.Callable[[], bool]) -> None:
            end = time.monotonic() + 150
            while not seen():
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < end, f"waited in vain for {what}:\n{log.read_text()}"
                time.sleep(0.3)

        def groups(instance: Event) -> list[str]:
            modules.cloud.clock_advance(5)
            [found] = modules.run("trusted_instance_info", instance_ids=[instance["InstanceId"]])["instances"]
            return list(found["security_group_ids"])

        before = groups(bad)
        wait_for("the first look", lambda: '"trusted"' in log.read_text() or "'trusted'" in log.read_text())
        records.report(modules, bad, 2, SystemTrustDetail="PCR 9 differs")
        wait_for("the isolation", lambda: groups(bad) != before)
        wait_for("the incident", lambda: "CUSTOM STATS" in log.read_text())
        records.report(modules, bad)
        wait_for("the end of the incident", lambda: "stays isolated until a person" in log.read_text())
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    assert groups(good) == before, "only the untrusted one"
    [quarantine] = modules.run("security_group_info", security_group_ids=groups(bad), include_rules=True)[
        "security_groups"
    ]
    shown = [quarantine[key] for key in ("name", "inner_access_policy", "outbound")]
    assert shown == ["quarantine", "drop", "deny"]
    printed = log.read_text()
    _text, _run, stats = printed.partition("CUSTOM STATS")[2].partition("RUN: ")
    incident = json.JSONDecoder().raw_decode(stats)[0]["incident"]
    assert incident["reason"] == "web-001 is untrusted: SystemTrustStatus is 2 (PCR 9 differs)"
    assert incident["instances"] == {bad["InstanceId"]: before}, "the groups that it was in"
    assert modules.cloud.access_key_secret not in printed


def test_isolate_foretells_what_it_does_and_does_it_once(modules: Modules, tmp_path: Path) -> None:
    one, other = records.fleet(modules, 2)
    ansible = Ansible(tmp_path, modules.cloud)
    request = json.dumps({"isolate_instance_ids": [one["InstanceId"]]})

    def isolate(*arguments: str) -> str:
        done = ansible.command("ansible-playbook", "alitrust.ecs.isolate", "-e", request, *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        modules.cloud.clock_advance(5)
        return done.stdout

    def groups() -> list[list[str]]:
        ids = [one["InstanceId"], other["InstanceId"]]
        return [
            found["security_group_ids"] for found in modules.run("trusted_instance_info", instance_ids=ids)["instances"]
        ]

    before = groups()
    isolate("--check")
    assert groups() == before
    isolate()
    after = groups()
    assert after[0] != before[0]
    assert after[1] == before[1]
    assert "changed=0" in isolate()
    missing = ansible.command(
        "ansible-playbook", "alitrust.ecs.isolate", "-e", '{"isolate_instance_ids": ["i-nothere"]}'
    )
    assert "There is no instance i-nothere in this region." in missing.stdout
