# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lookups kms_secret and kms_decrypt against the local cloud, called as Ansible calls them."""

from __future__ import annotations

import base64
import typing as t

import pytest
from modules.harness import CheckRun, Modules
from modules.lookups import Lookups, Told, Workers

VALUE = "canary-9b1c"


@pytest.fixture(scope="module")
def workers() -> t.Iterator[Workers]:
    started = Workers()
    yield started
    started.end()


@pytest.fixture
def lookup(workers: Workers, modules: Modules) -> Lookups:
    """An account whose KMS is on, with a secret of two versions."""
    modules.run("kms_service")
    modules.run("kms_secret", name="shop/db", value="older", version_id="v1")
    modules.run("kms_secret", name="shop/db", value=VALUE, version_id="v2")
    modules.cloud.forget_requests()
    return Lookups(workers, modules)


def test_values_by_name_version_and_stage(lookup: Lookups) -> None:
    arn = f"acs:kms:cn-hangzhou:{lookup.modules.cloud.account_id}:secret/shop/db"
    assert lookup("kms_secret", "shop/db", arn) == [VALUE, VALUE]
    assert lookup("kms_secret", ["shop/db"], version_id="v1") == ["older"]
    assert lookup("kms_secret", "shop/db", stage="ACSPrevious") == ["older"]


def test_the_connection_comes_from_variables_too(lookup: Lookups) -> None:
    variables = {f"alitrust_{name}": value for name, value in lookup.connection.items()}
    variables |= {"alitrust_region": "{{ site }}", "site": "cn-hangzhou"}
    lookup.connection = {}
    assert lookup("kms_secret", "shop/db", how={"variables": variables}) == [VALUE]
    lookup.connection = {"region": "cn-beijing-a"}
    told = lookup.fails("kms_secret", "shop/db", how={"variables": variables})
    assert "its region is cn-beijing" in told, "an option goes before a variable"


@pytest.mark.parametrize(
    ("name", "terms", "options", "message"),
    [
        ("kms_secret", ["a b"], {}, "the name of a secret is 'a b'; expected 1 to 192 letters"),
        ("kms_secret", [""], {}, "the name of a secret is ''"),
        ("kms_secret", ["none"], {}, "There is no secret none in the region cn-hangzhou. Check name and region"),
        ("kms_secret", ["shop/db"], {"version_id": "v9"}, "There is no secret shop/db with a version v9"),
        ("kms_secret", ["shop/db"], {"stage": "next"}, "There is no secret shop/db with the stage next"),
        ("kms_secret", ["shop/db"], {"region": "cn-hangzhou-h"}, "which is a zone; its region is cn-hangzhou"),
        ("kms_secret", ["shop/db"], {"region": ""}, "No region was given"),
        ("kms_secret", ["shop/db"], {"on_missing": "ignore"}, "on_missing"),
        ("kms_decrypt", ["?"], {}, "the ciphertext is no Base64; expected the CiphertextBlob"),
        ("kms_decrypt", ["eA=="], {}, "Check the ciphertext, that its key is in this region, and encryption_context."),
        ("kms_decrypt", ["eA=="], {"encryption_context": {"a": 1}}, "encryption_context has a, which is no text"),
    ],
)
def test_what_is_wrong_is_a_sentence(
    lookup: Lookups, name: str, terms: list[t.Any], options: dict[str, t.Any], message: str
) -> None:
    lookup.connection |= {name: options.pop(name) for name in ("region",) if name in options}
    assert message in lookup.fails(name, *terms, **options)


def test_a_missing_secret_is_skipped_where_that_is_wanted(lookup: Lookups) -> None:
    assert lookup.ask("kms_secret", "none", "shop/db", on_missing="skip") == Told([VALUE], "", [])
    warning = "alitrust.ecs.kms_secret: There is no secret none in the region cn-hangzhou."
    assert lookup.ask("kms_secret", "none", on_missing="warn") == Told([], "", [warning])


def test_refusals_are_told_with_what_to_do(lookup: Lookups) -> None:
    lookup.modules.run("kms_secret", name="shop/db", state="absent")
    assert "The secret is going to be deleted; alitrust.ecs.kms_secret takes it back." in lookup.fails(
        "kms_secret", "shop/db"
    )
    door = lookup.modules.door()
    door.call("ram", "CreateUser", UserName="ann")
    key = door.call("ram", "CreateAccessKey", UserName="ann")["AccessKey"]
    lookup.connection |= {"access_key_id": key["AccessKeyId"], "access_key_secret": key["AccessKeySecret"]}
    told = lookup.fails("kms_secret", "shop/db")
    assert "Let an administrator allow kms:GetSecretValue to this RAM user or role." in told


def test_what_a_key_has_encrypted(lookup: Lookups) -> None:
    door, key = lookup.modules.door(), lookup.modules.run("kms_key", alias="shop")["kms_key"]["key_id"]

    def sealed(content: bytes, **more: t.Any) -> str:
        text = base64.b64encode(content).decode()
        return str(door.call("kms", "Encrypt", KeyId=key, Plaintext=text, **more)["CiphertextBlob"])

    blob = sealed(VALUE.encode(), EncryptionContext={"service": "shop"})
    folded = f"{blob[:20]}\n  {blob[20:]}\n"
    assert lookup("kms_decrypt", folded, encryption_context={"service": "shop"}) == [VALUE]
    assert "encryption_context" in lookup.fails("kms_decrypt", blob)
    raw = bytes(range(256))
    assert lookup("kms_decrypt", sealed(raw), as_base64=True) == [base64.b64encode(raw).decode()]
    assert "What was encrypted is no text. Set as_base64" in lookup.fails("kms_decrypt", sealed(raw))
    lookup.modules.run("kms_key", key_id=key, enabled=False)
    assert "The KMS key is disabled" in lookup.fails("kms_decrypt", blob, encryption_context={"service": "shop"})


def test_a_task_asks_once_and_the_next_one_anew(lookup: Lookups) -> None:
    def asked() -> int:
        return lookup.modules.cloud.counts().get("kms:GetSecretValue", 0)

    same_task = {"remember": True}
    assert lookup("kms_secret", "shop/db") == [VALUE]
    for _again in range(3):
        assert lookup("kms_secret", "shop/db", how=same_task) == [VALUE]
    assert asked() == 1
    assert lookup("kms_secret", "shop/db", version_id="v1", how=same_task) == ["older"]
    assert lookup("kms_secret", "new", on_missing="skip", how=same_task) == []
    lookup.modules.run("kms_secret", name="new", value="young")
    assert lookup("kms_secret", "new", how=same_task) == ["young"], "what was missing may be there by now"
    before = asked()
    lookup.workers.end()
    assert lookup("kms_secret", "shop/db", how=same_task) == [VALUE]
    assert asked() == before + 1


def test_a_check_run_has_stand_ins_for_what_it_would_make(lookup: Lookups) -> None:
    run = CheckRun(lookup.modules)
    run("kms_secret", name="new", value=VALUE)
    assert "There is no secret new" in lookup.fails("kms_secret", "new", how={"records": run._records})
    checking = {"records": run._records, "check": True}
    assert lookup("kms_secret", "new", how=checking) == ["what the secret new will hold"]
    assert lookup("kms_secret", "shop/db", how=checking) == [VALUE]
