# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""alitrust.ecs.kms_secret and its info module against the local cloud: values are kept, and shown to nobody."""

from __future__ import annotations

import base64
import json
import typing as t

import pytest
from modules.harness import CheckRun, Modules, Result

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.errors import CloudError
from ansible_collections.alitrust.ecs.plugins.module_utils._kms import secrets

ONE, TWO = "canary-one-7d1f", "canary-two-52ac"
DAY = 86400


class Vault(Modules):
    """The modules, none of whose results may have a value in it."""

    def run(self, module_name: str, /, **options: t.Any) -> Result:
        result = super().run(module_name, **options)
        shown = json.dumps({name: value for name, value in result.items() if name != "invocation"})
        assert "canary" not in shown
        assert base64.b64encode(ONE.encode()).decode() not in shown
        assert "canary" not in json.dumps(result.get("invocation", {}))
        return result

    def held(self, name: str = "db", **which: t.Any) -> str:
        """The value, as KMS has it."""
        value = secrets.read_value(self.door(), name, **which)
        assert value is not None
        return value.data


@pytest.fixture
def vault(modules: Modules) -> Vault:
    """An account whose KMS is on."""
    modules.run("kms_service")
    return Vault(modules.cloud)


def test_keep_a_value_in_a_secret(vault: Vault) -> None:
    wanted = {"name": "db", "value": ONE, "description": "Database", "tags": {"service": "shop"}}
    made = vault.twice("kms_secret", **wanted)
    assert made["steps"] == ["create secret db"]
    secret = made["kms_secret"]
    assert (secret["description"], secret["secret_type"], secret["pending_deletion"]) == ("Database", "Generic", False)
    assert secret["tags"] == {"service": "shop", "alitrust.ecs:owner": "kms_secret/db"}
    assert [one["stages"] for one in secret["versions"]] == [["ACSCurrent"]]
    assert secret["version_id"] == secret["versions"][0]["version_id"]
    assert vault.held() == ONE
    assert vault.run("kms_secret", check=True, **wanted)["kms_secret"] == secret, "check mode returns what there is"


def test_another_value_is_another_version(vault: Vault) -> None:
    first = vault.run("kms_secret", name="db", value=ONE)["kms_secret"]
    changed = vault.twice("kms_secret", name="db", value=TWO, description="new", tags={"a": "1"})
    assert changed["diff"]["before"]["value"] == "hidden"
    assert changed["diff"]["after"]["value"] == "hidden, another one"
    assert changed["steps"][0] == "store another value of secret db"
    versions = changed["kms_secret"]["versions"]
    assert [one["stages"] for one in versions] == [["ACSCurrent"], ["ACSPrevious"]]
    assert versions[1]["version_id"] == first["version_id"]
    assert (vault.held(), vault.held(stage=secrets.PREVIOUS)) == (TWO, ONE)
    assert not vault.run("kms_secret", name="db")["changed"], "what is not given stays"


def test_versions_by_their_ids(vault: Vault) -> None:
    vault.run("kms_secret", name="db", value=ONE, version_id="v1")
    assert not vault.run("kms_secret", name="db", value=ONE, version_id="other")["changed"], "the value is what counts"
    assert vault.twice("kms_secret", name="db", value=TWO, version_id="v2")["kms_secret"]["version_id"] == "v2"
    for taken in ("v1", "v2"):
        failed = vault.run("kms_secret", name="db", value="canary-three", version_id=taken, fails=True)
        assert f"has a version {taken} already, with another value" in failed["msg"]
    back = vault.twice("kms_secret", name="db", value=ONE, version_id="v1")
    assert back["steps"] == ["make version v1 of secret db the current one again"]
    assert (vault.held(), back["kms_secret"]["version_id"]) == (ONE, "v1")


def test_what_is_no_text(vault: Vault) -> None:
    text = base64.b64encode(bytes(range(256))).decode()
    vault.twice("kms_secret", name="keystore", value_base64=text)
    value = secrets.read_value(vault.door(), "keystore")
    assert value is not None
    assert (value.binary, value.content) == (True, bytes(range(256)))
    assert not vault.run("kms_secret", name="keystore", value_base64=f"{text[:76]}\n{text[76:]}")["changed"]
    too_long = vault.run("kms_secret", name="keystore", value="x" * 30721, fails=True)
    assert "value has 30721 bytes; expected 1 to 30720" in too_long["msg"]


def test_schedule_the_deletion_of_a_secret_and_restore_it(vault: Vault) -> None:
    vault.run("kms_secret", name="db", value=ONE)
    gone = vault.twice("kms_secret", name="db", state="absent", recovery_window_in_days=7)
    assert gone["kms_secret"]["pending_deletion"]
    assert "will be deleted in 7 days" in str(gone["warnings"])
    again = vault.run("kms_secret", name="db", state="absent")
    assert "already going to be deleted, at 20" in str(again["warnings"])
    back = vault.twice("kms_secret", name="db")
    assert (back["steps"], back["kms_secret"]["pending_deletion"]) == (["restore secret db"], False)
    vault.cloud.clock_advance(8 * DAY)
    vault.run("kms_secret", name="db", state="absent", recovery_window_in_days=7)
    vault.cloud.clock_advance(8 * DAY)
    assert vault.run("kms_secret", name="db", state="absent")["kms_secret"] == {}


@pytest.mark.parametrize("value", [ONE, TWO], ids=["the same value", "another value"])
def test_restored_with_a_value(vault: Vault, value: str) -> None:
    vault.run("kms_secret", name="db", value=ONE)
    vault.run("kms_secret", name="db", state="absent")
    back = vault.twice("kms_secret", name="db", value=value)
    assert vault.held() == value
    assert len(back["kms_secret"]["versions"]) == (1 if value == ONE else 2)
    assert "can be compared only after it is restored" in str(back["warnings"])


@pytest.mark.parametrize("at_once", [True, False], ids=["KMS deletes what is scheduled", "KMS restores first"])
def test_delete_a_secret_for_good(vault: Vault, at_once: bool) -> None:
    vault.cloud.set("kms.secret_force_in_window", at_once)
    vault.run("kms_secret", name="db", value=ONE)
    vault.run("kms_secret", name="db", state="absent")
    gone = vault.twice("kms_secret", name="db", state="absent", force=True)
    assert (gone["kms_secret"], gone["diff"]["after"]) == ({}, {})
    vault.twice("kms_secret", name="db", value=TWO)


def test_a_key_of_the_account_and_what_is_fixed(vault: Vault) -> None:
    key = vault.run("kms_key", alias="shop")["kms_key"]["key_id"]
    other = vault.run("kms_key", alias="other")["kms_key"]["key_id"]
    missing = vault.run("kms_secret", name="db", value=ONE, kms_key_id="alias/none", fails=True)
    assert "There is no KMS key alias/none in the region cn-hangzhou" in missing["msg"]
    made = vault.twice("kms_secret", name="db", value=ONE, kms_key_id="alias/shop")["kms_secret"]
    assert made["kms_key_id"] == key
    assert not vault.run("kms_secret", name="db", value=ONE, kms_key_id=key)["changed"]
    for option, given in (("kms_key_id", other), ("dkms_instance_id", "kst-1")):
        failed = vault.run("kms_secret", name="db", value=ONE, fails=True, **{option: given})
        assert f"The {option} of the secret db is" in failed["msg"]
        assert "cannot be changed" in failed["msg"]
    vault.run("kms_key", key_id=key, enabled=False)
    failed = vault.run("kms_secret", name="db", value=TWO, fails=True)
    assert "The KMS key is disabled; alitrust.ecs.kms_key enables it." in failed["msg"]


def test_find_secrets_by_name_or_tag_and_never_a_value(vault: Vault) -> None:
    one = vault.run("kms_secret", name="a/one", value=ONE, tags={"service": "shop"})["kms_secret"]
    two = vault.run("kms_secret", name="b/two", value=TWO)["kms_secret"]
    assert vault.run("kms_secret_info")["kms_secrets"] == [one, two]
    assert vault.run("kms_secret_info", names=["b/two", "none"])["kms_secrets"] == [two]
    vault.cloud.forget_requests()
    assert vault.run("kms_secret_info", tags={"service": None})["kms_secrets"] == [one]
    assert "kms:GetSecretValue" not in vault.cloud.counts()


def test_what_others_made_is_left_alone_or_adopted(vault: Vault) -> None:
    def corp() -> None:
        vault.door().call("kms", "CreateSecret", SecretName="corp", SecretData=ONE, VersionId="v1")

    corp()
    before = vault.cloud.resources("kms_secret")
    for check in (True, False):
        failed = vault.run("kms_secret", name="corp", value=TWO, check=check, fails=True)
        assert "did not make it and does not give another value to it. Set adopt: true" in failed["msg"]
        failed = vault.run("kms_secret", name="corp", state="absent", force=True, check=check, fails=True)
        assert "did not make it and does not delete it" in failed["msg"]
        kept = vault.run("kms_secret", name="corp", state="absent", force=True, leave_others=True, check=check)
        assert "The secret corp stays" in kept["kept"][0]
        used = vault.run("kms_secret", name="corp", value=TWO, leave_others=True, check=check)
        assert (used["changed"], used["kept"]) == (
            False,
            ["Using the existing secret corp; it is left as it is."],
        )
    assert vault.cloud.resources("kms_secret") == before
    adopted = vault.run("kms_secret", name="corp", value=TWO, adopt=True)
    assert adopted["kms_secret"]["tags"] == {"alitrust.ecs:owner": "kms_secret/corp"}
    vault.twice("kms_secret", name="corp", state="absent", force=True)
    corp()
    vault.door().call("kms", "DeleteSecret", SecretName="corp")
    failed = vault.run("kms_secret", name="corp", leave_others=True, fails=True)
    assert "is not this collection's, and will be deleted at" in failed["msg"]


@pytest.mark.parametrize("fault", ["drop_after_commit", "read_lag"])
def test_lost_answers_and_late_reads_cost_nothing(vault: Vault, fault: str) -> None:
    vault.cloud.clock_advance(60)
    options = {"seconds": 1, "times": None} if fault == "read_lag" else {"times": 1}
    for operation in ("CreateSecret", "PutSecretValue") if fault != "read_lag" else ("*",):
        vault.cloud.fault(fault, f"kms:{operation}", **options)
    vault.run("kms_secret", name="db", value=ONE)
    vault.run("kms_secret", name="db", value=TWO)
    vault.cloud.clear_faults()
    assert (vault.held(), vault.held(stage=secrets.PREVIOUS)) == (TWO, ONE)
    assert len(vault.run("kms_secret", name="db", value=TWO)["kms_secret"]["versions"]) == 2


def test_tasks_of_a_check_run_know_of_each_other(vault: Vault) -> None:
    run = CheckRun(Modules(vault.cloud))
    made = run("kms_secret", name="db", value=ONE)
    assert "canary" not in json.dumps({**made, "invocation": run._records})
    assert not run("kms_secret", name="db", value=ONE)["changed"]
    assert run("kms_secret_info", names=["db"])["kms_secrets"][0]["name"] == "db"
    assert run("kms_secret", name="db", state="absent")["changed"]
    assert run("kms_secret", name="db")["steps"] == ["restore secret db"]
    assert run("kms_secret", name="db", state="absent", force=True)["changed"]
    assert not run("kms_secret", name="db", state="absent")["changed"]
    assert not vault.cloud.resources("kms_secret")


def test_no_error_and_no_repr_has_a_value(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    door = vault.door()
    value = secrets.text_value(f"first line\n{ONE}\n")
    assert "canary" not in repr(value)

    def refuse(_product: str, action: str, params: dict[str, t.Any]) -> t.Any:
        raise CloudError("kms", action, "InvalidParameter", f"{params['SecretData']} is not valid")

    monkeypatch.setattr(door, "call", refuse)
    with pytest.raises(CloudError) as caught:
        secrets.put(door, "db", value)
    told = json.dumps([caught.value.as_failure(), str(caught.value), repr(caught.value)])
    assert "canary" not in told
    assert "has the value in it, so it is left out here" in told


def test_the_log_of_the_cloud_has_no_value(vault: Vault) -> None:
    vault.run("kms_secret", name="db", value=ONE)
    vault.run("kms_secret", name="db", value=TWO)
    assert "canary" not in json.dumps([vault.cloud.requests(), vault.cloud.resources("kms_secret")])
