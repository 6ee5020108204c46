# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs of random steps with all modules, beside a model of what should exist.

A program that has found something is kept in C(kept_programs.py), as it was printed.
"""

from __future__ import annotations

import os
import random
import typing as t
from pathlib import Path

import hypothesis
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from modules.clock import PushedClock
from modules.harness import IN_INSTANCES
from proof.model import model_images, model_instances, model_kms, model_network, model_prefix_lists, model_ram
from proof.model.kept_programs import PROGRAMS
from proof.model.model_bench import Bench, Noting
from proof.model.model_parts import Options, Subject
from proof.model.model_world import World, worlds

from local_cloud.control import LocalCloud

if t.TYPE_CHECKING:
    from proof.conftest import Figure

MODULES = Path(__file__).parents[3] / "plugins" / "modules"
_AREAS = (model_network, model_ram, model_kms, model_instances, model_images, model_prefix_lists)
SUBJECTS = [subject for area in _AREAS for subject in area.SUBJECTS]
FACTS = {kind: told for area in _AREAS for kind, told in area.FACTS.items()}
#: The programs of the default run, in parts that run side by side.
SEEDS, PROGRAMS_OF_A_PART, STEPS = (2, 5, 6, 9, 11, 13, 14, 15, 16, 17, 3, 4, 7, 8, 12, 0, 1, 10, 19), 10, 12


#: Modules that read, by which the state is told; the next test finds that none is missing.
READING = (
    "audit_info",
    "encrypted_share_info",
    "image_info",
    "instance_ram_role_info",
    "keypair_info",
    "kms_key_info",
    "kms_secret_info",
    "kms_service_info",
    "kms_share_role_info",
    "prefix_list_info",
    "preflight_info",
    "ram_group_info",
    "ram_policy_info",
    "ram_user_info",
    "security_center_agent_info",
    "security_center_info",
    "security_center_logon_info",
    "security_center_notice_info",
    "security_group_info",
    "session_manager_info",
    "sg_access_info",
    "sg_rule_info",
    "snapshot_info",
    "trust_event_info",
    "trusted_instance_info",
    "vpc_info",
)
#: Those that have no part in it: a network interface keeps its vSwitch and its groups, and takes a place of its
#: instance, whose models would all have to know it; host keys come out of instances, nobody can order an instance of
#: KMS, nothing that is there has a public address, and nothing attacks, nor lasts as long as installing an agent takes;
#: install codes are in files.
LEFT_OUT = (
    *IN_INSTANCES,
    *("ddos_info", "ddos_threshold", "ddos_threshold_info"),
    *("host_key_info", "kms_instance_info"),
    *("network_interface", "network_interface_info"),
    *("security_center_agent", "security_center_alert"),
    *("security_center_install_code", "security_center_install_code_info"),
)


class Ready(t.NamedTuple):
    bench: Bench
    worlds: list[World]


@pytest.fixture(scope="session")
def ready(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Ready]:
    with LocalCloud.start(tmp_path_factory.mktemp("cloud")) as cloud, pytest.MonkeyPatch.context() as patch:
        PushedClock(cloud).rule(patch)
        bench = Bench(Noting(cloud), tmp_path_factory.mktemp("files"), SUBJECTS, FACTS)
        yield Ready(bench, worlds(bench))


def machine(ready: Ready) -> type[RuleBasedStateMachine]:
    """The state machine: a rule for each module, so that programs are of few modules or of many."""

    class Programs(RuleBasedStateMachine):
        @initialize(number=st.integers(0, len(ready.worlds) - 1))
        def begin(self, number: int) -> None:
            ready.bench.begin(*ready.worlds[number])

        def teardown(self) -> None:
            ready.bench.end()

    def of(subject: Subject) -> t.Any:
        def step(self: Programs, options: Options) -> None:
            ready.bench.step(subject.module, options)

        step.__name__ = subject.module
        return rule(options=subject.steps)(step)

    for subject in SUBJECTS:
        setattr(Programs, subject.module, of(subject))
    return Programs


def test_every_module_has_its_part(ready: Ready) -> None:
    there = {file.stem for file in MODULES.glob("*.py")} - {"__init__"}
    assert there == {*(one.module for one in SUBJECTS), *READING, *LEFT_OUT}
    assert set(READING) - ready.bench.modules.ran == set()


@pytest.mark.parametrize("part", SEEDS)
def test_programs(part: int, ready: Ready, figure: Figure, long: bool) -> None:
    again = os.environ.get("ALITRUST_SEED")
    seed = int(again or (random.SystemRandom().getrandbits(32) if long else part))
    print(f"ALITRUST_SEED={seed}")
    ready.bench.counts.clear()
    ready.bench.by_module.clear()
    settings = hypothesis.settings(
        max_examples=PROGRAMS_OF_A_PART * (20 if long else 1),
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
        print_blob=False,
        # A failure is made smaller where it is repeated, which takes minutes.
        phases=[hypothesis.Phase.generate, *([hypothesis.Phase.shrink] if again else [])],
    )
    run_state_machine_as_test(hypothesis.seed(seed)(machine(ready)), settings=settings)
    for what, count in ready.bench.counts.items():
        figure(what, count)
    for module, count in ready.bench.by_module.items():
        figure(f"of {module}", count)


@pytest.mark.parametrize("name", PROGRAMS)
def test_kept_programs(name: str, ready: Ready, figure: Figure) -> None:
    number, steps = PROGRAMS[name]
    ready.bench.begin(*ready.worlds[number])
    for module, options in steps:
        ready.bench.step(module, options)
    ready.bench.end()
    figure("kept programs")
