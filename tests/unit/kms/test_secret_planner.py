# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The planner of secrets: what it plans leads to what is wanted, and no plan has a value in it."""

from __future__ import annotations

import typing as t
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.errors import InvalidInput, UnexpectedState
from ansible_collections.alitrust.ecs.plugins.module_utils._core.ownership import Terms
from ansible_collections.alitrust.ecs.plugins.module_utils._kms import secrets
from ansible_collections.alitrust.ecs.plugins.module_utils._kms.secret_planner import (
    Actual,
    KeyRef,
    Wanted,
    plan,
    value_step,
)
from ansible_collections.alitrust.ecs.plugins.module_utils._kms.secrets import Secret, Value

OWNER = "alitrust.ecs:owner"
LABELS = st.dictionaries(st.sampled_from("abc"), st.sampled_from("12"))
VALUES = st.sampled_from([Value("canary-1"), Value("canary-2"), Value("Y2FuYXJ5", binary=True)])


def secret(*, pending: bool = False, ours: bool = True, description: str = "", **more: t.Any) -> Secret:
    metadata = {
        "Description": description,
        "EncryptionKeyId": "k1",
        "DKMSInstanceId": "",
        "PlannedDeleteTime": "2026-02-01T00:00:00Z" if pending else "",
        **more.pop("metadata", {}),
    }
    return Secret("db", metadata, {**({OWNER: "kms_secret/db"} if ours else {}), **more})


class Simulated:
    """KMS as far as the steps of a plan go."""

    def __init__(self, held: Secret | None, value: Value | None, wanted: Wanted) -> None:
        self.secret, self.value, self.wanted = held, value, wanted

    @property
    def seen(self) -> Actual:
        readable = self.secret is not None and not self.secret.planned_delete_time
        return Actual(self.secret, self.value if readable and self.wanted.value else None)

    def run(self, do: str, **args: t.Any) -> None:
        held = self.secret
        if do == "create":
            tags = {OWNER: "kms_secret/db", **(self.wanted.tags or {})}
            about = {"Description": self.wanted.description or "", "EncryptionKeyId": self.wanted.key_id or ""}
            self.secret, self.value = Secret("db", about, tags), self.wanted.value
            return
        assert held is not None
        if do == "store":
            self.value = self.wanted.value
        elif do == "store_if_other":
            step = value_step(self.seen, self.wanted)
            if step:
                self.run(step.do, **step.args)
        elif do == "describe":
            self.secret = replace(held, metadata={**held.metadata, "Description": args["description"]})
        elif do == "tag":
            kept = {name: one for name, one in held.tags.items() if name not in args["to_remove"]}
            self.secret = replace(held, tags={**kept, **args["to_set"]})
        elif do == "restore":
            self.secret = replace(held, metadata={**held.metadata, "PlannedDeleteTime": ""})
        elif args["window_days"] is None:
            self.secret = self.value = None
        else:
            self.secret = replace(held, metadata={**held.metadata, "PlannedDeleteTime": "2026-02-01T00:00:00Z"})


@given(
    there=st.sampled_from(["none", "there", "pending"]),
    ours=st.booleans(),
    absent=st.booleans(),
    window=st.sampled_from([None, 7]),
    old=VALUES,
    new=st.none() | VALUES,
    description=st.sampled_from([None, "one"]),
    labels=st.none() | LABELS,
    adopt=st.booleans(),
)
def test_a_plan_leads_to_what_is_wanted_without_a_value_in_it(
    there: str,
    ours: bool,
    absent: bool,
    window: int | None,
    old: Value,
    new: Value | None,
    description: str | None,
    labels: dict[str, str] | None,
    adopt: bool,
) -> None:
    wanted = Wanted("db", absent, window, new, None, description, tags=labels, owner="o", terms=Terms(adopt=adopt))
    held = None if there == "none" else secret(pending=there == "pending", ours=ours, a="1")
    kms = Simulated(held, old if held else None, wanted)
    made, refused = None, ""
    try:
        made = plan(kms.seen, wanted)
    except UnexpectedState as error:
        refused = str(error.as_failure())
    if made is None:
        assert "canary" not in refused
        assert (held is None and not absent and new is None) or (held is not None and not ours and not adopt)
        return
    assert "canary" not in repr(made)
    assert "Y2FuYXJ5" not in repr(made)
    for step in made.steps:
        kms.run(step.do, **step.args)
    assert not plan(kms.seen, wanted).changed
    if absent:
        assert kms.secret is None or (kms.secret.planned_delete_time and window)
        return
    assert kms.secret is not None
    assert not kms.secret.planned_delete_time
    assert new is None or (kms.value is not None and kms.value.same_as(new))


@pytest.mark.parametrize(
    ("held", "wanted", "message"),
    [
        (None, Wanted("db"), "without a value none can be created"),
        (secret(ours=False), Wanted("db", value=Value("new")), "does not give another value to it"),
        (secret(ours=False), Wanted("db", absent=True), "does not delete it"),
        (secret(), Wanted("db", key=KeyRef("k2")), "The kms_key_id of the secret db is k1, not k2; that cannot be"),
        (None, Wanted("db", value=Value("new"), key=KeyRef("k1", "i")), "Give dkms_instance_id: i, or another key"),
        (None, Wanted("db", value=Value("new"), key=KeyRef("k1"), instance_id="i"), "k1 is in no KMS instance, and"),
        (secret(), Wanted("db", instance_id="i"), "The dkms_instance_id of the secret db is not set, not i"),
        (secret(description="old"), Wanted("db", description=""), "cannot be cleared"),
        (secret(metadata={"SecretType": "Rds"}), Wanted("db", value=Value("new")), "a service gives it its values"),
    ],
)
def test_what_cannot_be_had_is_refused(held: Secret | None, wanted: Wanted, message: str) -> None:
    with pytest.raises(UnexpectedState) as caught:
        plan(Actual(held, Value("old") if held else None), wanted)
    assert message in caught.value.as_failure()["msg"]


def test_a_version_is_written_once() -> None:
    old, new = Value("old", version_id="v1"), Value("new", version_id="v2")
    held = secret()
    back = plan(Actual(held, new, old), Wanted("db", value=Value("old"), version_id="v1"))
    assert [(step.do, step.args) for step in back.steps] == [("make_current", {"version_id": "v1"})]
    with pytest.raises(UnexpectedState, match="has a version v1 already, with another value"):
        plan(Actual(held, new, old), Wanted("db", value=Value("third"), version_id="v1"))
    assert not plan(Actual(held, new), Wanted("db", value=Value("new"), version_id="other")).changed


def test_what_a_check_run_foretold_has_the_value_of_its_task() -> None:
    assert not plan(Actual(replace(secret(), foretold=True)), Wanted("db", value=Value("new"))).changed


def test_values_are_checked_and_never_shown() -> None:
    assert "canary" not in repr(secrets.text_value("canary"))
    assert secrets.binary_value("value_base64", "AAH/\n").content == b"\x00\x01\xff"
    with pytest.raises(InvalidInput) as caught:
        secrets.binary_value("value_base64", "canary?")
    assert "canary" not in str(caught.value)
    with pytest.raises(UnexpectedState) as unreadable:
        _content = Value("canary?", binary=True).content
    assert "canary" not in str(unreadable.value)
    for good in ("db", "acs/ecs/web", "acs:kms:cn-hangzhou:1234567890123456:secret/shop/db"):
        secrets.check_readable("name", good)
    for bad in ("", "a b", None, "acs:kms:cn-hangzhou:1:key/a"):
        with pytest.raises(InvalidInput):
            secrets.check_readable("name", bad)
