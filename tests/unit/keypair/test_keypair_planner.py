# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Planning of key pairs, their files and their instances."""

from __future__ import annotations

import base64
import typing as t
from dataclasses import replace

import pytest

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.errors import InvalidInput, UnexpectedState
from ansible_collections.alitrust.ecs.plugins.module_utils._core.tags import OWNER_KEY
from ansible_collections.alitrust.ecs.plugins.module_utils._keypair.key_file import FileState
from ansible_collections.alitrust.ecs.plugins.module_utils._keypair.key_secret import SecretState
from ansible_collections.alitrust.ecs.plugins.module_utils._keypair.planner import (
    Actual,
    Desired,
    Instance,
    lost,
    must_go,
    plan,
)
from ansible_collections.alitrust.ecs.plugins.module_utils._keypair.public_key import PublicKey, parse


def key(*content: bytes) -> PublicKey:
    blob = b"".join(len(part).to_bytes(4, "big") + part for part in (b"ssh-rsa", *content))
    return parse("public_key", f"ssh-rsa {base64.b64encode(blob).decode()} me")


FIRST, OTHER = key(b"e", b"first"), key(b"e", b"other")


def pair(public: PublicKey = FIRST, owner: str = "web/1", **tags: str) -> dict[str, t.Any]:
    return {
        "name": "web",
        "fingerprint": "aa:bb",
        "public_key": public.text,
        "tags": {OWNER_KEY: owner, **tags},
        "creation_time": "2026-01-01T00:00:00Z",
    }


def file(**more: t.Any) -> FileState:
    return FileState("/keys/web.pem", **more)


def secret(exists: bool = True, public: PublicKey | None = FIRST, **more: t.Any) -> SecretState:
    return SecretState("keys/web", exists, public if exists else None, **{"owner": "keypair/web", **more})


THERE = file(exists=True, public=FIRST)
NO_SECRET = secret(exists=False, owner="")
GOING = secret(public=None, deleted_at="2026-02-01")


CASES: dict[str, tuple[Desired, Actual, list[str]]] = {
    "nothing there, created": (Desired("web"), Actual(file=file()), ["make"]),
    "nothing there, imported": (Desired("web", public_key=FIRST), Actual(), ["bring"]),
    "there with its file": (Desired("web"), Actual(pair(), THERE), []),
    "there with the public key": (Desired("web", public_key=FIRST), Actual(pair()), []),
    "only named": (Desired("web"), Actual(pair()), []),
    "file open to others": (Desired("web"), Actual(pair(), file(exists=True, public=FIRST, loose=True)), ["restrict"]),
    "file elsewhere": (Desired("web"), Actual(pair(), file()), []),
    "file elsewhere, replace": (Desired("web", replace=True), Actual(pair(), file()), ["make"]),
    "other key, replace": (Desired("web", public_key=OTHER, replace=True), Actual(pair()), ["delete", "bring"]),
    "same key, replace": (Desired("web", public_key=FIRST, replace=True), Actual(pair()), []),
    "lost on the way": (Desired("web"), Actual(pair(), file(unfinished="web/1")), ["make"]),
    "another one's, mark left over": (Desired("web"), Actual(pair(), file(unfinished="web/2")), []),
    "tags": (Desired("web", tags={"a": 1}), Actual(pair(b="2")), ["tag"]),
    "tags not given": (Desired("web"), Actual(pair(b="2")), []),
    "absent": (Desired("web", "absent"), Actual(pair()), ["delete"]),
    "absent, unbound first": (
        Desired("web", "absent", if_bound="unbind"),
        Actual(pair(), instances=(Instance("i-1", "web"),), users=("i-1",)),
        ["unbind", "delete"],
    ),
    "absent, left bound": (
        Desired("web", "absent", if_bound="delete"),
        Actual(pair(), instances=(Instance("i-1", "web"),), users=("i-1",)),
        ["delete_bound"],
    ),
    "left bound where it is not": (Desired("web", "absent", if_bound="delete"), Actual(pair()), ["delete"]),
    "other key, unbound first": (
        Desired("web", public_key=OTHER, replace=True, if_bound="unbind"),
        Actual(pair(), instances=(Instance("i-1", "web"),), users=("i-1",)),
        ["unbind", "delete", "bring"],
    ),
    "absent with its file": (Desired("web", "absent"), Actual(pair(), THERE), ["delete", "delete_file"]),
    "absent, a file of another key": (
        Desired("web", "absent"),
        Actual(pair(), file(exists=True, public=OTHER)),
        ["delete"],
    ),
    "absent, the file left": (
        Desired("web", "absent"),
        Actual(file=file(exists=True, public=FIRST, going=True)),
        ["delete_file"],
    ),
    "absent, anybody's file": (Desired("web", "absent"), Actual(file=THERE), []),
    "absent, left bound, with its file": (
        Desired("web", "absent", if_bound="delete"),
        Actual(pair(), THERE, users=("i-1",)),
        ["delete_bound"],
    ),
    "absent already": (Desired("web", "absent"), Actual(), []),
    "no secret, created": (Desired("web"), Actual(secret=NO_SECRET), ["create_secret", "bring"]),
    "secret of a run that broke off": (Desired("web"), Actual(secret=secret()), ["bring"]),
    "secret of others": (Desired("web"), Actual(secret=secret(owner="")), ["bring"]),
    "secret of an earlier task of a check run": (
        Desired("web"),
        Actual(secret=secret(public=None, foretold=True)),
        ["bring"],
    ),
    "secret that was to be deleted": (
        Desired("web"),
        Actual(secret=GOING),
        ["restore_secret", "put_secret", "bring"],
    ),
    "there with its secret": (Desired("web"), Actual(pair(), secret=secret()), []),
    "there with its secret, replace": (Desired("web", replace=True), Actual(pair(), secret=secret()), []),
    "there, secret only foretold": (Desired("web"), Actual(pair(), secret=secret(public=None, foretold=True)), []),
    "lost secret, replace": (
        Desired("web", replace=True, if_bound="unbind"),
        Actual(pair(), secret=NO_SECRET, instances=(Instance("i-1", "web"),), users=("i-1",)),
        ["create_secret", "unbind", "delete", "bring"],
    ),
    "secret to be deleted, replace": (
        Desired("web", replace=True),
        Actual(pair(), secret=GOING),
        ["restore_secret", "put_secret", "delete", "bring"],
    ),
    "secret of another key, replace": (
        Desired("web", replace=True),
        Actual(pair(OTHER), secret=secret()),
        ["delete", "bring"],
    ),
    "absent with its secret": (Desired("web", "absent"), Actual(pair(), secret=secret()), ["delete", "delete_secret"]),
    "absent, the secret left": (Desired("web", "absent"), Actual(secret=secret()), ["delete_secret"]),
    "absent, somebody else's secret": (Desired("web", "absent"), Actual(pair(), secret=secret(owner="")), ["delete"]),
    "absent, secret going already": (Desired("web", "absent"), Actual(secret=GOING), []),
    "absent, left bound, with a secret": (
        Desired("web", "absent", if_bound="delete"),
        Actual(pair(), secret=secret(), users=("i-1",)),
        ["delete_bound"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_planned(case: str) -> None:
    desired, actual, expected = CASES[case]
    made = plan(desired, actual)
    assert [step.do for step in made.steps] == expected
    assert made.changed == (made.before != made.after)


def test_a_secret_that_was_not_made_for_the_pair_stays() -> None:
    made = plan(Desired("web", "absent"), Actual(pair(), secret=secret(owner="kms_secret/keys/web")))
    assert made.kept == ("The secret keys/web stays: it was not made for the key pair web.",)
    desired = Desired("web", "absent", private_key_secret="keys/web", if_bound="delete")
    made = plan(desired, Actual(pair(), secret=secret(), users=("i-1",)))
    assert made.kept == ("The secret keys/web stays: 1 instance (i-1) still take its key.",)


def test_the_ownership_tag_never_shows_in_a_diff_and_is_never_purged() -> None:
    made = plan(Desired("web", tags={}), Actual(pair(b="2")))
    assert made.steps[0].args == {"to_set": {}, "to_remove": ["b"]}
    assert OWNER_KEY not in str((made.before, made.after))


ERRORS: dict[str, tuple[Desired, Actual, str]] = {
    "nothing to make it from": (Desired("web"), Actual(), "private_key_file is needed to create it"),
    "other public key": (Desired("web", public_key=OTHER), Actual(pair()), "another public key than public_key"),
    "file in the way": (Desired("web"), Actual(None, THERE), "It is not overwritten"),
    "file of another key": (Desired("web"), Actual(pair(OTHER), THERE), "holds another key"),
    "file of another key, replace": (Desired("web", replace=True), Actual(pair(OTHER), THERE), "holds another key"),
    "replace while bound": (
        Desired("web", public_key=OTHER, replace=True),
        Actual(pair(), users=("i-1", "i-2")),
        r"while it is bound to 2 instances \(i-1, i-2\)",
    ),
    "lost secret": (Desired("web"), Actual(pair(), secret=NO_SECRET), "its private key is lost or elsewhere"),
    "secret of another key": (Desired("web"), Actual(pair(OTHER), secret=secret()), "keys/web holds another key"),
    "secret to be deleted": (Desired("web"), Actual(pair(), secret=GOING), "until it is restored"),
    "somebody else's secret to be deleted": (
        Desired("web"),
        Actual(secret=secret(public=None, owner="", deleted_at="2026-02-01")),
        "until it is restored",
    ),
    "secret of another pair": (Desired("web"), Actual(secret=secret(owner="keypair/db")), "for another key pair"),
    "no such instance": (Desired("web", "bound", instance_ids=("i-1",)), Actual(pair()), "There is no instance i-1"),
    "Windows": (
        Desired("web", "bound", instance_ids=("i-1",)),
        Actual(pair(), instances=(Instance("i-1", windows=True),)),
        "run Windows",
    ),
}


@pytest.mark.parametrize("case", ERRORS)
def test_what_stands_in_the_way(case: str) -> None:
    desired, actual, words = ERRORS[case]
    with pytest.raises((UnexpectedState, InvalidInput), match=words):
        plan(desired, actual)


def test_a_file_that_is_elsewhere_is_warned_about() -> None:
    (warning,) = plan(Desired("web"), Actual(pair(), file())).warnings
    assert "handed out only once" in warning
    (warning,) = plan(Desired("web"), Actual(pair(), file(exists=True))).warnings
    assert "cannot be told" in warning


def test_bound_means_all_of_them_and_only_those_that_are_not_yet() -> None:
    there = Actual(pair(), instances=(Instance("i-1", "web"), Instance("i-2", "old"), Instance("i-3", "", "Stopped")))
    made = plan(Desired("web", "bound", instance_ids=("i-1", "i-2", "i-3"), reboot=True), there)
    assert [(step.do, step.args["instance_ids"]) for step in made.steps] == [
        ("bind", ["i-2", "i-3"]),
        ("reboot", ["i-2"]),
    ]
    assert made.before["instances"] == {"i-1": "web", "i-2": "old", "i-3": None}
    assert made.after["instances"] == {"i-1": "web", "i-2": "web", "i-3": "web"}
    bound = Actual(pair(), instances=there.instances[:1])
    assert not plan(Desired("web", "bound", instance_ids=("i-1",), reboot=True), bound).changed


def test_unbound_leaves_other_pairs_alone() -> None:
    there = Actual(pair(), instances=(Instance("i-1", "web"), Instance("i-2", "old")))
    made = plan(Desired("web", "unbound", instance_ids=("i-1", "i-2", "i-gone")), there)
    assert [(step.do, step.args["instance_ids"]) for step in made.steps] == [("unbind", ["i-1"])]
    assert made.after["instances"] == {"i-1": None, "i-2": "old"}


def test_unbinding_says_that_a_password_must_be_reset() -> None:
    there = Actual(pair(), instances=(Instance("i-1", "web"),))
    (warning,) = plan(Desired("web", "unbound", instance_ids=("i-1",)), there).warnings
    assert "only if the password is reset" in warning
    made = plan(Desired("web", "unbound", instance_ids=("i-1",), sets_password=True), there)
    assert [step.do for step in made.steps] == ["reset_password", "unbind"]
    assert not made.warnings
    there = Actual(pair(), instances=(Instance("i-1"),))
    made = plan(Desired("web", "bound", instance_ids=("i-1",), sets_password=True), there)
    assert [step.do for step in made.steps] == ["bind", "reset_password"]


@pytest.mark.parametrize("state", ["bound", "unbound"])
def test_a_password_is_set_or_said_not_to_be(state: str) -> None:
    there = Actual(pair(), instances=(Instance("i-1", "web" if state == "bound" else ""), Instance("i-2", "Stopped")))
    desired = Desired("web", state, instance_ids=("i-1",), sets_password=True)
    made = plan(desired, there)
    assert not made.changed
    assert made.warnings[0].startswith("The password is not set on 1 instance (i-1)")
    made = plan(replace(desired, always_password=True, reboot=True), there)
    assert [(step.do, step.args["instance_ids"]) for step in made.steps] == [
        ("reset_password", ["i-1"]),
        ("reboot", ["i-1"]),
    ]
    assert (made.before.get("passwords"), made.after["passwords"]) == (None, {"i-1": "(set anew)"})
    with pytest.raises(UnexpectedState, match="There is no instance i-gone"):
        plan(replace(desired, always_password=True, instance_ids=("i-1", "i-gone")), there)


def test_a_password_for_a_pair_that_nobody_has_is_said_not_to_be_set() -> None:
    desired = Desired("web", "absent", if_bound="unbind", sets_password=True)
    for there in (Actual(), Actual(pair())):
        assert "bound to no instance" in plan(desired, there).warnings[0]


def test_a_replaced_pair_is_bound_again_to_those_asked_for_only() -> None:
    there = Actual(pair(), instances=(Instance("i-1", "web"), Instance("i-2", "web")), users=("i-1", "i-2"))
    desired = Desired("web", "bound", public_key=OTHER, replace=True, if_bound="unbind", instance_ids=("i-1",))
    made = plan(desired, there)
    assert [(step.do, step.args.get("instance_ids")) for step in made.steps] == [
        ("unbind", ["i-1", "i-2"]),
        ("delete", None),
        ("bring", None),
        ("bind", ["i-1"]),
    ]
    assert made.after["instances"] == {"i-1": "web", "i-2": None}
    assert "i-2) will have no key pair" in " ".join(made.warnings)


def test_no_pair_is_deleted_without_proof_or_order() -> None:
    assert not must_go(Desired("web"), Actual(pair(), file()))
    assert not must_go(Desired("web"), Actual(pair(), file(unfinished="web/2")))
    assert not lost(Actual(pair(), file(exists=True, unfinished="web/1")))
    assert must_go(Desired("web"), Actual(pair(), file(unfinished="web/1")))
