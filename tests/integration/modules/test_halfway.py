# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every writing call of a change is refused in turn: nothing is lost, what was done is told, and the next run goes on.

A change is a module's task that exchanges something. What it exchanges is looked at in the cloud's own records: after
any refusal all of the old is there, or all of the new.
"""

from __future__ import annotations

import contextlib
import typing as t
from dataclasses import dataclass, field

import pytest
from modules import records
from modules.network import Network
from modules.test_keypair import OTHER_PUBLIC, PUBLIC

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud import errors
from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.door import _READING, Cloud

if t.TYPE_CHECKING:
    from modules.harness import Modules

    from local_cloud.control import LocalCloud

#: What a thing is made of, by name: sets of words.
Parts = dict[str, set[str]]
Options = dict[str, t.Any]


@dataclass
class Change:
    """A task that exchanges something.

    :ivar look: the parts of what it exchanges, from the cloud's records
    """

    module: str
    options: Options
    look: t.Callable[[LocalCloud], Parts]
    before: list[tuple[str, Options]] = field(default_factory=list)


def only(local: LocalCloud, kind: str, **where: str) -> dict[str, t.Any]:
    found = [one for one in local.resources(kind) if all(one[name] == value for name, value in where.items())]
    return found[0] if found else {}


def tags(record: dict[str, t.Any]) -> set[str]:
    """Other tags than ours."""
    return {f"{key}={value}" for key, value in records.tags(record).items() if not key.startswith("alitrust.ecs:")}


def tags_of_a_group(network: Network) -> Change:
    options = {"name": "web", "vpc_id": network.vpc}
    return Change(
        "security_group",
        {**options, "tags": {"repo": "x"}},
        lambda local: {"tags": tags(only(local, "security_group", SecurityGroupName="web"))},
        [("security_group", {**options, "tags": {"team": "ops", "cost": "42"}})],
    )


def tags_of_a_pair(network: Network) -> Change:
    options = {"name": "web", "public_key": PUBLIC}
    return Change(
        "keypair",
        {**options, "tags": {"repo": "x"}},
        lambda local: {"tags": tags(only(local, "key_pair", KeyPairName="web"))},
        [("keypair", {**options, "tags": {"team": "ops", "cost": "42"}})],
    )


def another_public_key(network: Network) -> Change:
    return Change(
        "keypair",
        {"name": "web", "public_key": OTHER_PUBLIC, "replace": True, "tags": {"team": "ops"}},
        lambda local: {"key": {one["PublicKey"].split()[1] for one in local.resources("key_pair")}},
        [("keypair", {"name": "web", "public_key": PUBLIC, "tags": {"team": "ops"}})],
    )


def tags_of_a_vpc(network: Network) -> Change:
    options = {"name": "web", "cidr_block": "10.0.0.0/8"}
    return Change(
        "vpc",
        {**options, "tags": {"repo": "x"}},
        lambda local: {"tags": tags(only(local, "vpc", VpcName="web"))},
        [("vpc", {**options, "tags": {"team": "ops", "cost": "42"}})],
    )


CHANGES = [tags_of_a_group, tags_of_a_pair, another_public_key, tags_of_a_vpc]


class Refusal:
    """Counts the calls that write, and refuses one of them for good."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.refused: int | None = None

    @contextlib.contextmanager
    def at(self, number: int | None) -> t.Iterator[None]:
        self.calls, self.refused = [], number
        yield
        self.refused = None

    def watch(self, monkeypatch: pytest.MonkeyPatch) -> None:
        call = Cloud.call

        def watched(cloud: Cloud, product: str, action: str, *args: t.Any, **more: t.Any) -> dict[str, t.Any]:
            if not action.startswith(_READING):
                self.calls.append(f"{product}:{action}")
                if len(self.calls) - 1 == self.refused:
                    raise errors.from_answer(product, action, "Forbidden.RAM", "You are not authorized.", status=403)
            return call(cloud, product, action, *args, **more)

        monkeypatch.setattr(Cloud, "call", watched)


@pytest.mark.parametrize("change_of", CHANGES, ids=lambda make: make.__name__)
def test_nothing_is_lost_whichever_call_is_refused(
    modules: Modules, monkeypatch: pytest.MonkeyPatch, change_of: t.Callable[[Network], Change]
) -> None:
    def start() -> tuple[Change, Parts]:
        modules.cloud.reset()
        change = change_of(Network(modules))
        for name, options in change.before:
            modules.run(name, **options)
        return change, change.look(modules.cloud)

    refusal = Refusal()
    refusal.watch(monkeypatch)
    change, old = start()
    with refusal.at(None):
        modules.run(change.module, **change.options)
        number = len(refusal.calls)
    new = change.look(modules.cloud)
    assert number > 1, "a change by one call has no half"
    assert old != new
    for refused in range(number):
        change, _old = start()
        with refusal.at(refused):
            failed = modules.run(change.module, fails=True, **change.options)
        name = refusal.calls[refused]
        left = change.look(modules.cloud)
        for part, words in left.items():
            assert words >= old[part] or words >= new[part], (name, part, words, failed["msg"])
        assert failed["changed"] == (refused > 0), (name, failed)
        if refused:
            assert failed["steps_done"] or failed["calls_done"], failed
        modules.run(change.module, **change.options)
        assert change.look(modules.cloud) == new, name
