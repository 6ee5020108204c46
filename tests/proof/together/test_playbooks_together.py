# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two playbooks at once, at interleavings of their calls."""

from __future__ import annotations

import collections
import re
import threading
import typing as t
from dataclasses import dataclass, field

import pytest
import yaml
from controller.playbook import Ansible
from controller.test_roles import FLEET
from proof.together import schedule
from proof.together.turnstile import Turnstile

if t.TYPE_CHECKING:
    from pathlib import Path

    from proof.conftest import Figure

    from local_cloud.control import LocalCloud

#: What a run says that is overtaken within a task, or between two: what the earlier one has made is gone, or used.
_SAYS_SO = re.compile(
    r"somebody\s+else|another\s+task|is\s+still\s+used\s+by"
    r"|There\s+is\s+no\s+(VPC|vSwitch|security\s+group|key\s+pair|RAM\s+role|role)\s",
    re.IGNORECASE,
)
_CALM = 120.0
_SEEDS, _LONG_SEEDS = 1, 40
#: What a fleet is made of.
_NAMES = {
    "instance": "InstanceName",
    "vpc": "VpcName",
    "vswitch": "VSwitchName",
    "security_group": "SecurityGroupName",
    "key_pair": "KeyPairName",
    "role": "RoleName",
}
_ONE = {"instance": 2, "vpc": 1, "vswitch": 1, "security_group": 1, "key_pair": 1, "role": 1}


@dataclass(frozen=True)
class Two:
    """Two runs of playbooks.

    :ivar names: of the two playbooks
    :ivar left: how many of each kind there are when both have run again, one after the other
    :ivar before: playbooks that have run before
    :ivar other: variables of the second
    :ivar one_home: whether both run on one controller
    """

    names: tuple[str, str]
    left: dict[str, int]
    before: tuple[str, ...] = ()
    other: dict[str, t.Any] = field(default_factory=dict)
    one_home: bool = True


_SHOP = {"fleet_name": "shop", "network_name": "shop", "account_role_name": "shop"}
_NONE = dict.fromkeys(_ONE, 0)
KINDS = {
    "site twice from one controller": Two(("site", "site"), _ONE),
    "provision twice from two controllers": Two(("provision", "provision"), _ONE, one_home=False),
    "provision and teardown": Two(("provision", "teardown"), _NONE, before=("provision",)),
    "teardown twice": Two(("teardown", "teardown"), _NONE, before=("provision",)),
    "two fleets in one account": Two(
        ("provision", "provision"), {kind: 2 * count for kind, count in _ONE.items()}, other=_SHOP
    ),
    "two fleets in one network": Two(
        ("provision", "provision"), {**_ONE, "instance": 4, "key_pair": 2}, other={"fleet_name": "shop"}
    ),
}


class Controller:
    """Runs playbooks by an address of the cloud of its own."""

    def __init__(self, home: Path, cloud: LocalCloud, number: int, variables: dict[str, t.Any]) -> None:
        home.mkdir(exist_ok=True)
        self._extra = home / f"variables-{number}.yml"
        self._extra.write_text(yaml.safe_dump({**FLEET, **variables}))
        self._ansible = Ansible(home, cloud, HOME=str(home))

    def run(self, name: str, endpoint: str = "") -> tuple[int, str]:
        """:returns: exit code and output"""
        if endpoint:
            self._ansible.environment["ALIBABA_CLOUD_ENDPOINT_URL"] = endpoint
        done = self._ansible.command("ansible-playbook", f"alitrust.ecs.{name}", "-e", f"@{self._extra}")
        return done.returncode, done.stdout + done.stderr


def at_once(
    cloud: LocalCloud, controllers: t.Sequence[Controller], names: t.Sequence[str], order: schedule.Schedule
) -> list[tuple[int, str]]:
    outcomes: dict[int, tuple[int, str]] = {}
    with Turnstile(cloud, order) as turnstile:

        def run(side: int) -> None:
            try:
                outcomes[side] = controllers[side].run(names[side], turnstile.endpoints[side])
            finally:
                turnstile.ended(side)

        threads = [threading.Thread(target=run, args=(side,)) for side in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert set(turnstile.calls) == {0, 1}
    return [outcomes[0], outcomes[1]]


def counted(cloud: LocalCloud) -> dict[str, collections.Counter[str]]:
    cloud.clock_advance(_CALM)
    return {kind: collections.Counter(str(one[name]) for one in cloud.resources(kind)) for kind, name in _NAMES.items()}


@pytest.mark.parametrize("kind", KINDS)
def test_two_playbooks_at_once_give_one_result_or_say_so(
    shared_cloud: LocalCloud, tmp_path: Path, figure: Figure, long: bool, kind: str
) -> None:
    two, cloud = KINDS[kind], shared_cloud
    for seed in range(_LONG_SEEDS if long else _SEEDS):
        cloud.reset()
        folder = tmp_path / str(seed)
        folder.mkdir()
        homes = [folder / "one", folder / ("one" if two.one_home else "other")]
        variables: tuple[dict[str, t.Any], ...] = ({}, two.other)
        controllers = [Controller(homes[side], cloud, side, variables[side]) for side in range(2)]
        for name in two.before:
            code, output = controllers[0].run(name)
            assert code == 0, output
        order = schedule.at_random(seed, 200)
        for code, output in at_once(cloud, controllers, two.names, order):
            assert "Traceback" not in output, output
            if code:
                if not _SAYS_SO.search(output):
                    pytest.fail(f"{schedule.named(order)}: does not say so: {output}", pytrace=False)
                figure("runs that lost, saying so")
        for one, names in counted(cloud).items():
            assert not {name: count for name, count in names.items() if count > 1}, (one, schedule.named(order))
        for side, name in enumerate(two.names):
            code, output = controllers[side].run(name, cloud.endpoint)
            assert code == 0, (schedule.named(order), output)
        assert {one: names.total() for one, names in counted(cloud).items() if one != "role"} == {
            one: count for one, count in two.left.items() if one != "role"
        }, schedule.named(order)
        figure("interleavings of playbooks")
    figure("pairs of playbooks")
