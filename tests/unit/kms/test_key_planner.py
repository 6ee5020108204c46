# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The planner of keys: what it plans leads to what is wanted, and then nothing is left to plan."""

from __future__ import annotations

import typing as t
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.errors import UnexpectedState
from ansible_collections.alitrust.ecs.plugins.module_utils._core.ownership import Terms
from ansible_collections.alitrust.ecs.plugins.module_utils._core.plan import Plan
from ansible_collections.alitrust.ecs.plugins.module_utils._kms import key_planner
from ansible_collections.alitrust.ecs.plugins.module_utils._kms.key_planner import Wanted, plan
from ansible_collections.alitrust.ecs.plugins.module_utils._kms.keys import Key

LABELS = st.dictionaries(st.sampled_from("abc"), st.sampled_from("12"))


def key(state: str = "Enabled", rotation: int = 0, protected: bool = False, **more: t.Any) -> Key:
    metadata = {
        "KeyState": state,
        "Description": "",
        "AutomaticRotation": "Enabled" if rotation else "Disabled",
        "RotationInterval": f"{rotation * 86400}s" if rotation else "",
        "DeletionProtection": "Enabled" if protected else "Disabled",
        "KeySpec": "Aliyun_AES_256",
    }
    return Key("k1", metadata, **{"aliases": ("alias/one",), "tags": {"a": "1"}, **more})


class Simulated:
    """KMS as far as the steps of a plan go."""

    def __init__(self, held: Key | None) -> None:
        self.held = held

    def run(self, planned: Plan) -> Key | None:
        for step in planned.steps:
            getattr(self, step.do)(**{name: value for name, value in step.args.items() if name != "key_id"})
        return self.held

    def _set(self, **metadata: str) -> None:
        assert self.held
        self.held = replace(self.held, metadata={**self.held.metadata, **metadata})

    def create_key(
        self, alias: str, description: str | None, fixed: t.Any, rotation_days: int | None, labels: dict[str, str]
    ) -> None:
        self.held = replace(key(rotation=rotation_days or 0), aliases=(), tags=labels)
        self._set(Description=description or "")

    def create_alias(self, alias: str) -> None:
        assert self.held
        self.held = replace(self.held, aliases=tuple(sorted({*self.held.aliases, alias})))

    update_alias = create_alias

    def switch(self, enable: bool) -> None:
        self._set(KeyState="Enabled" if enable else "Disabled")

    def cancel_deletion(self) -> None:
        self._set(KeyState="Enabled")

    def schedule_deletion(self, days: int) -> None:
        assert self.held
        assert not self.held.protected
        self._set(KeyState="PendingDeletion")

    def describe(self, description: str) -> None:
        self._set(Description=description)

    def rotate(self, days: int) -> None:
        self._set(AutomaticRotation="Enabled" if days else "Disabled", RotationInterval=f"{days}d" if days else "")

    def protect(self, enable: bool) -> None:
        self._set(DeletionProtection="Enabled" if enable else "Disabled")

    def tag(self, to_set: dict[str, str], to_remove: list[str]) -> None:
        assert self.held
        kept = {name: value for name, value in self.held.tags.items() if name not in to_remove}
        self.held = replace(self.held, tags={**kept, **to_set})


WANTED = st.builds(
    Wanted,
    alias=st.just("alias/two"),
    move_alias=st.just(True),
    enabled=st.sampled_from([None, True, False]),
    description=st.sampled_from([None, "", "other"]),
    rotation_days=st.sampled_from([None, 0, 7, 365]),
    protected=st.sampled_from([None, True, False]),
    tags=st.none() | LABELS,
    purge_tags=st.booleans(),
)
KEYS = st.none() | st.builds(
    key,
    st.sampled_from(["Enabled", "Disabled", "PendingDeletion"]),
    st.sampled_from([0, 7, 30]),
    st.booleans(),
    tags=LABELS,
)


@given(KEYS, WANTED, st.sampled_from([None, "k2"]))
def test_a_plan_leads_to_what_is_wanted(held: Key | None, wanted: Wanted, target: str | None) -> None:
    first = plan(held, target if held else None, wanted)
    made = Simulated(held).run(first)
    assert made is not None
    again = plan(made, made.id, wanted)
    assert not again.changed, (first.steps, again.steps)
    assert again.before == again.after
    if held is not None:
        assert again.before == first.after


@given(KEYS, st.sampled_from([None, False]))
def test_a_deletion_is_scheduled_once(held: Key | None, protected: bool | None) -> None:
    wanted = Wanted(alias="alias/one", protected=protected, window=30, terms=Terms(adopt=True))
    if held is not None and held.protected and held.state != "PendingDeletion" and protected is None:
        with pytest.raises(UnexpectedState, match="is protected against deletion"):
            plan(held, "k1", wanted)
        return
    made = Simulated(held).run(plan(held, "k1", wanted))
    assert made is None or made.state == "PendingDeletion"
    assert not plan(made, "k1", wanted).changed


def test_a_deletion_that_is_on_its_way_is_told_with_its_time() -> None:
    held = Key("k1", {"KeyState": "PendingDeletion", "DeleteDate": "2026-12-05T19:16:41Z"})
    (warning,) = plan(held, "k1", Wanted(alias="alias/one", window=30)).warnings
    assert "already going to be deleted, at 2026-12-05T19:16:41Z; pending_window_in_days does not move that" in warning


def test_what_was_chosen_for_good_is_not_changed() -> None:
    with pytest.raises(UnexpectedState, match="whose key_spec is Aliyun_AES_256, not RSA_2048"):
        plan(key(), "k1", Wanted(alias="alias/one", fixed={"key_spec": "RSA_2048"}))


@pytest.mark.parametrize(("there", "told"), [("", "not set"), ("kst-1", "kst-1")])
def test_a_key_stays_in_its_instance(there: str, told: str) -> None:
    held = key()
    held = replace(held, metadata={**held.metadata, "DKMSInstanceId": there})
    wanted = Wanted(alias="alias/one", fixed={"dkms_instance_id": "kst-2"})
    with pytest.raises(UnexpectedState, match=f"whose dkms_instance_id is {told}, not kst-2; that cannot be changed"):
        plan(held, "k1", wanted)
    assert not plan(replace(held, metadata={**held.metadata, "DKMSInstanceId": "kst-2"}), "k1", wanted).changed


def test_an_alias_is_taken_away_only_on_request() -> None:
    with pytest.raises(UnexpectedState, match="belongs to the key k2"):
        plan(key(), "k2", Wanted(alias="alias/two"))


OURS = {"alitrust.ecs:owner": "kms_key/alias/one"}
LEAVING = Wanted(alias="alias/one", window=30)


def test_a_key_of_others_is_deleted_only_when_it_is_adopted() -> None:
    with pytest.raises(UnexpectedState, match="did not make it"):
        plan(key(), "k1", LEAVING)
    left = plan(key(), "k1", replace(LEAVING, terms=Terms(leave_others=True)))
    assert not left.changed
    assert left.kept
    assert plan(key(), "k1", replace(LEAVING, terms=Terms(adopt=True))).changed
    used = plan(key(), "k1", Wanted(alias="alias/one", enabled=False, terms=Terms(leave_others=True)))
    assert used.kept == ("Using the existing KMS key k1; it is left as it is.",)


def test_a_key_in_use_stays() -> None:
    mine = key(tags=OURS)
    with pytest.raises(UnexpectedState, match="still used by 2 disks") as caught:
        plan(mine, "k1", LEAVING, ["2 disks"])
    assert "force" in caught.value.hint
    assert not plan(mine, "k1", replace(LEAVING, terms=Terms(leave_others=True)), ["2 disks"]).changed
    assert plan(mine, "k1", LEAVING).changed
    assert key_planner.must_go(mine, LEAVING)
    assert not key_planner.must_go(mine, replace(LEAVING, force=True)), "then nobody has to be asked"
    assert not key_planner.must_go(key(), LEAVING), "it stays, whoever uses it"
