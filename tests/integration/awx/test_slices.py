# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two slices of a job on two workers, which have their credentials of their own."""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from awx import slices
from awx.awx import Awx, config
from modules import trust_records as records
from modules.harness import Modules

from local_cloud.control import LocalCloud

HOSTS = [f"web-{number:03}" for number in range(1, 6)]
COUNT = 2

#: A project with a playbook of the collection, and with something to change on each host.
PROJECT = [
    {"name": "Prove trust", "ansible.builtin.import_playbook": "alitrust.ecs.assert_trusted"},
    {
        "name": "Mark the hosts",
        "hosts": "alitrust_fleet",
        "gather_facts": False,
        "tasks": [
            {
                "name": "Tag the instance",
                "alitrust.ecs.trusted_instance": {
                    "instance_ids": ["{{ alitrust_instance_id }}"],
                    "tags": {"proven": "yes"},
                },
                "delegate_to": "localhost",
                "connection": "local",
                "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
            }
        ],
    },
]


class Workers:
    """A fleet in the local cloud, a project, and two workers with a profile of the CLI in their home folders."""

    def __init__(self, folder: Path, cloud: LocalCloud) -> None:
        self.folder, self.cloud = folder, cloud
        modules = Modules(cloud)
        for one in records.fleet(modules, len(HOSTS)):
            records.report(modules, one)
        self.inventory = Awx(folder / "awx", cloud).update_inventory()
        self.inventory["_meta"]["hostvars"]["localhost"] = config("project")["controller_hosts"][0]["variables"]
        (folder / "project").mkdir()
        (folder / "project" / "prove.yml").write_text(yaml.safe_dump(PROJECT))
        self.homes = [folder / f"worker-{number}" for number in range(COUNT)]
        profile = {
            "name": "default",
            "mode": "AK",
            "access_key_id": cloud.access_key_id,
            "access_key_secret": cloud.access_key_secret,
            "region_id": "cn-hangzhou",
        }
        for home in self.homes:
            (home / ".aliyun").mkdir(parents=True)
            (home / ".aliyun" / "config.json").write_text(json.dumps({"current": "default", "profiles": [profile]}))
        self.runs = 0

    def run(self) -> list[slices.Slice]:
        """Run the job in slices."""
        self.runs += 1
        jobs = [
            slices.private_data(
                self.folder / f"run-{self.runs}" / f"slice-{number}",
                self.folder / "project",
                slices.sliced(self.inventory, number, COUNT),
            )
            for number in range(1, COUNT + 1)
        ]
        self.cloud.forget_requests()
        return slices.run("prove.yml", jobs, self.homes, ALIBABA_CLOUD_ENDPOINT_URL=self.cloud.endpoint)

    def tagged(self) -> list[str]:
        """The instances that were given tags, once for each call that named them."""
        calls = [one["params"] for one in self.cloud.requests() if one["operation"] == "ecs:TagResources"]
        return sorted(value for one in calls for name, value in one.items() if name.startswith("ResourceId."))


@dataclass(frozen=True)
class First:
    """The first run of the job, which no test repeats.

    :ivar slices: how its slices ended
    :ivar tagged: the instances that were given tags, once for each call
    :ivar instances: what the cloud has of each instance afterwards
    """

    slices: list[slices.Slice]
    tagged: list[str]
    instances: dict[str, dict[str, t.Any]]


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory, cloud: LocalCloud) -> Workers:
    cloud.reset()
    folder = tmp_path_factory.mktemp("slices")
    (folder / "awx").mkdir()
    return Workers(folder, cloud)


@pytest.fixture(scope="module")
def first(workers: Workers) -> First:
    done = workers.run()
    return First(done, workers.tagged(), {one["InstanceId"]: one for one in workers.cloud.resources("instance")})


def hosts(one: slices.Slice) -> set[str]:
    return set(one.stats["processed"]) - {"localhost"}


def test_two_workers_do_each_host_once_and_the_next_run_changes_nothing(workers: Workers, first: First) -> None:
    for one in first.slices:
        assert one.status == "successful", one.output
    assert [sorted(hosts(one)) for one in first.slices] == [["web-002", "web-004"], ["web-001", "web-003", "web-005"]]
    for one in first.slices:
        assert one.stats["changed"] == dict.fromkeys(hosts(one), 1)
    assert first.tagged == sorted(first.instances)
    assert all({"TagKey": "proven", "TagValue": "yes"} in instance["Tags"] for instance in first.instances.values())

    second = workers.run()
    assert [one.status for one in second] == ["successful"] * COUNT
    assert [hosts(one) for one in second] == [hosts(one) for one in first.slices]
    assert [one.stats["changed"] for one in second] == [{}] * COUNT
    assert workers.tagged() == []


def test_events_and_results_come_back(first: First) -> None:
    for one in first.slices:
        assert [event["counter"] for event in one.events] == list(range(1, len(one.events) + 1))
        done = [event["event_data"] for event in one.events if event["event"] == "runner_on_ok"]
        results = {event["host"]: event["res"] for event in done if event["task"] == "Tag the instance"}
        assert set(results) == hosts(one)
        assert all(result["instances"][0]["tags"]["proven"] == "yes" for result in results.values())
        assert "Tag the instance" in one.output


def test_neither_streams_nor_artifacts_have_a_secret_in_them(workers: Workers, first: First) -> None:
    for one in first.slices:
        assert one.status == "successful", one.output
        assert "Prove trust" in one.readable  # the project, which is packed
        assert "web-00" in one.readable
        assert workers.cloud.access_key_secret not in one.readable


def test_a_secret_in_a_workers_environment_would_come_back(workers: Workers) -> None:
    """Why the workers have it elsewhere: ansible-runner tells the whole environment of a job to whoever sent it."""
    job = slices.private_data(
        workers.folder / "told" / "slice-1", workers.folder / "project", slices.sliced(workers.inventory, 1, COUNT)
    )
    (one,) = slices.run("prove.yml", [job], workers.homes[:1], ALIBABA_CLOUD_SECURITY_TOKEN="canary")
    assert "canary" in one.readable
