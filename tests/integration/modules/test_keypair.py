# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""keypair and keypair_info against the local cloud: no key is ever lost, shown or overwritten."""

from __future__ import annotations

import base64
import json
import os
import stat
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from modules.network import Network

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.door import Cloud
from ansible_collections.alitrust.ecs.plugins.module_utils._keypair import key_file, keypair, public_key
from ansible_collections.alitrust.ecs.plugins.module_utils._kms import secrets

if t.TYPE_CHECKING:
    from modules.harness import Modules, Result

    from local_cloud.control import LocalCloud

WINDOWS = "win2019_1809_x64_dtc_zh-cn_40G_alibase_20240610.vhd"
OWNER = "alitrust.ecs:owner"


def new_key() -> tuple[str, str]:
    """A private key and its public key."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    return private.decode(), public.decode()


PRIVATE, PUBLIC = new_key()
OTHER_PUBLIC = new_key()[1]


@pytest.fixture
def local(modules: Modules, monkeypatch: pytest.MonkeyPatch) -> LocalCloud:
    """A cloud that makes short keys, and shows sooner than the real one what has been made."""
    modules.cloud.set("ecs.key_bits", 1024)
    monkeypatch.setattr(keypair, "DOUBT", 1.0)
    return modules.cloud


@pytest.fixture
def path(local: LocalCloud, tmp_path: Path) -> Path:
    return tmp_path / "web.pem"


def pair(local: LocalCloud) -> dict[str, t.Any]:
    (found,) = local.resources("key_pair")
    return found


def public_half(path: Path) -> str:
    """What ssh-keygen says belongs to the file, which also wants its rights in order."""
    done = subprocess.run(["ssh-keygen", "-y", "-f", path], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def no_private_key_in(result: Result) -> bool:
    return "PRIVATE KEY" not in json.dumps(result)


# ---------------------------------------------------------------------- a private key in a secret

SECRET = "keys/web"


@pytest.fixture
def kms(modules: Modules, local: LocalCloud) -> Modules:
    """An account whose KMS is on."""
    modules.run("kms_service")
    return modules


def half_in(modules: Modules, **which: str) -> str | None:
    """The public half of the private key that a version of the secret holds; None where there is none."""
    value = secrets.read_value(modules.door(), SECRET, **which)
    public = value and public_key.public_half(value.content)
    return public.text if public else None


def test_a_private_key_in_a_secret_goes_and_comes_with_its_pair(kms: Modules, local: LocalCloud) -> None:
    options = {"name": "web", "private_key_secret": SECRET}
    made = kms.twice("keypair", **options)
    assert made["steps"] == [f"store a new private key in the secret {SECRET}", "import key pair web"]
    assert made["key_pair"]["private_key_secret"] == SECRET
    assert made["diff"]["after"]["private_key_secret"] == {"name": SECRET, "pending_deletion": False}
    first = half_in(kms)
    assert first == pair(local)["PublicKey"] == made["key_pair"]["public_key"]
    assert no_private_key_in(made)

    gone = kms.twice("keypair", state="absent", **options)
    assert gone["steps"] == ["delete key pair web", f"schedule the deletion of the secret {SECRET}"]
    assert not local.resources("key_pair")
    again = kms.twice("keypair", **options)
    assert again["steps"][0] == f"restore the secret {SECRET}"
    assert half_in(kms) == pair(local)["PublicKey"] != first
    assert half_in(kms, stage=secrets.PREVIOUS) == first, "the old key is not lost"


@pytest.mark.parametrize("action", ["CreateSecret", "ImportKeyPair"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_run_that_is_killed_leaves_its_key_in_the_secret(
    kms: Modules, local: LocalCloud, monkeypatch: pytest.MonkeyPatch, action: str, when: str
) -> None:
    class Killed(BaseException):
        pass

    call = Cloud.call

    def killed(cloud: Cloud, product: str, name: str, *args: t.Any, **more: t.Any) -> t.Any:
        if name == action and when == "before":
            raise Killed
        answer = call(cloud, product, name, *args, **more)
        if name == action:
            raise Killed
        return answer

    with monkeypatch.context() as patch:
        patch.setattr(Cloud, "call", killed)
        with pytest.raises(Killed):
            kms.run("keypair", name="web", private_key_secret=SECRET)
    left = None if (action, when) == ("CreateSecret", "before") else half_in(kms)
    kms.run("keypair", name="web", private_key_secret=SECRET)
    assert half_in(kms) == pair(local)["PublicKey"]
    assert left in (None, half_in(kms)), "the key that was stored is taken up"
    assert not kms.run("keypair", name="web", private_key_secret=SECRET)["changed"]


def test_a_key_that_is_in_a_secret_already_is_taken_up_and_stays(kms: Modules, local: LocalCloud) -> None:
    kms.run("kms_secret", name=SECRET, value="canary, no key at all")
    failed = kms.run("keypair", name="web", private_key_secret=SECRET, fails=True)
    assert "holds no private key" in failed["msg"]
    assert "canary" not in json.dumps(failed)
    kms.run("kms_secret", name=SECRET, value=PRIVATE)
    assert no_private_key_in(kms.twice("keypair", name="web", private_key_secret=SECRET))
    assert pair(local)["PublicKey"] == PUBLIC
    gone = kms.run("keypair", name="web", private_key_secret=SECRET, state="absent")
    assert gone["kept"] == [f"The secret {SECRET} stays: it was not made for the key pair web."]
    assert half_in(kms) == PUBLIC


def test_a_secret_that_is_lost_is_told_and_replaced_only_on_request(kms: Modules, local: LocalCloud) -> None:
    kms.run("keypair", name="web", public_key=PUBLIC)
    failed = kms.run("keypair", name="web", private_key_secret=SECRET, fails=True)
    assert "its private key is lost or elsewhere" in failed["msg"]
    assert "set replace" in failed["msg"]
    kms.run("keypair", name="web", private_key_secret=SECRET, replace=True)
    assert half_in(kms) == pair(local)["PublicKey"] != PUBLIC
    other = kms.run("keypair", name="db", private_key_secret=SECRET, fails=True)
    assert "was made for another key pair" in other["msg"]


def test_a_secret_is_encrypted_with_the_key_that_is_named(kms: Modules, local: LocalCloud) -> None:
    failed = kms.run("keypair", name="web", private_key_secret=SECRET, kms_key_id="alias/none", fails=True)
    assert "There is no KMS key alias/none" in failed["msg"]
    key = kms.run("kms_key", alias="alias/keys")["kms_key"]["key_id"]
    kms.run("keypair", name="web", private_key_secret=SECRET, kms_key_id="alias/keys")
    (secret,) = kms.run("kms_secret_info", names=[SECRET])["kms_secrets"]
    assert (secret["kms_key_id"], secret["description"]) == (key, "Private key of the key pair web")
    assert secret["tags"] == {OWNER: "keypair/web"}


# ---------------------------------------------------------------------- create


@pytest.mark.parametrize("name", ["web", "密钥对" * 42], ids=["short", "long"])
def test_create_a_pair_and_keep_its_private_key(modules: Modules, local: LocalCloud, path: Path, name: str) -> None:
    made = modules.twice("keypair", name=name, private_key_file=str(path), tags={"a": 1})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert public_half(path) == pair(local)["PublicKey"] == made["key_pair"]["public_key"]
    assert os.listdir(path.parent) == ["web.pem"]
    assert no_private_key_in(made)
    assert made["key_pair"]["tags"]["a"] == "1"
    assert made["key_pair"]["tags"][OWNER].startswith("web/" if name == "web" else "密钥对")
    assert made["key_pair"]["private_key_file"] == str(path)


def test_a_run_without_change_costs_one_call(modules: Modules, local: LocalCloud, path: Path) -> None:
    modules.run("keypair", name="web", private_key_file=str(path))
    local.forget_requests()
    assert not modules.run("keypair", name="web", private_key_file=str(path))["changed"]
    assert local.counts() == {"ecs:DescribeKeyPairs": 1}


def test_a_place_that_cannot_take_the_key_is_found_out_before_the_pair_exists(
    modules: Modules, local: LocalCloud, tmp_path: Path
) -> None:
    nowhere = str(tmp_path / "none" / "web.pem")
    foretold = modules.run("keypair", name="web", private_key_file=nowhere, check=True)
    assert "does not exist" in json.dumps(foretold["warnings"])
    failed = modules.run("keypair", name="web", private_key_file=nowhere, fails=True)
    assert "does not exist" in failed["msg"]
    assert "Nothing was created" in failed["msg"]
    assert not local.resources("key_pair")


def test_an_existing_file_is_never_overwritten(modules: Modules, local: LocalCloud, path: Path) -> None:
    path.write_text("precious")
    for replace in (False, True):
        failed = modules.run("keypair", name="web", private_key_file=str(path), replace=replace, fails=True)
        assert "It is not overwritten" in failed["msg"]
    modules.run("keypair", name="web", public_key=PUBLIC)
    path.write_text(new_key()[0])
    for replace in (False, True):
        failed = modules.run("keypair", name="web", private_key_file=str(path), replace=replace, fails=True)
        assert "holds another key" in failed["msg"]
        assert no_private_key_in(failed)
    assert "PRIVATE" in path.read_text()


def test_a_file_open_to_others_is_closed(modules: Modules, path: Path) -> None:
    modules.run("keypair", name="web", private_key_file=str(path))
    path.chmod(0o644)
    modules.twice("keypair", name="web", private_key_file=str(path))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_replace_a_pair_whose_private_key_is_elsewhere_on_request(
    modules: Modules, local: LocalCloud, path: Path
) -> None:
    modules.run("keypair", name="web", private_key_file=str(path))
    path.unlink()
    warned = modules.run("keypair", name="web", private_key_file=str(path))
    assert not warned["changed"]
    assert "handed out only once" in json.dumps(warned["warnings"])
    modules.twice("keypair", name="web", private_key_file=str(path), replace=True)
    assert public_half(path) == pair(local)["PublicKey"]


# ---------------------------------------------------------------------- create, with trouble


@pytest.mark.parametrize(
    "kind", ["throttling", "internal_error", "drop_before_commit", "drop_after_commit", "empty_body", "cut_body"]
)
def test_a_lost_answer_loses_no_key(modules: Modules, local: LocalCloud, path: Path, kind: str) -> None:
    local.fault(kind, "ecs:CreateKeyPair", times=2)
    made = modules.run("keypair", name="web", private_key_file=str(path))
    assert public_half(path) == pair(local)["PublicKey"]
    assert os.listdir(path.parent) == ["web.pem"]
    assert no_private_key_in(made)


def test_a_run_that_died_before_it_had_the_key_is_taken_up_again(
    modules: Modules, local: LocalCloud, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Died(BaseException):
        pass

    def die(_destination: object, _key: str) -> None:
        raise Died

    with monkeypatch.context() as patched:
        patched.setattr(key_file.Destination, "keep", die)
        with pytest.raises(Died):
            modules.run("keypair", name="web", private_key_file=str(path))
    lost = pair(local)["PublicKey"]
    assert not path.exists()
    made = modules.twice("keypair", name="web", private_key_file=str(path))
    assert made["steps"] == [f"create key pair web again, private key in {path}"]
    assert "broke off before it had the private key" in json.dumps(made["warnings"])
    assert public_half(path) == pair(local)["PublicKey"] != lost
    assert os.listdir(path.parent) == ["web.pem"]


#: A task of another process, by endpoint, AccessKey pair and path.
_ELSEWHERE = """
import sys, types
from modules.harness import Modules
names = ("endpoint", "access_key_id", "access_key_secret")
modules = Modules(types.SimpleNamespace(**dict(zip(names, sys.argv[1:]))))
modules.run("keypair", name="web", private_key_file=sys.argv[4])
"""


@pytest.mark.usefixtures("real_pauses")
@pytest.mark.parametrize("seen", [True, False])
def test_a_task_waits_while_another_one_makes_the_pair(
    modules: Modules, local: LocalCloud, path: Path, monkeypatch: pytest.MonkeyPatch, seen: bool
) -> None:
    """Such as a worker whose controller is gone. What it makes is what is wanted.

    C(seen): whether it is at it already when the task looks.
    """
    local.fault("hold_after_commit", "ecs:CreateKeyPair")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    given = (local.endpoint, local.access_key_id, local.access_key_secret, path)
    is_busy, others = key_file.is_busy, []

    def start() -> None:
        others.append(subprocess.Popen([sys.executable, "-c", _ELSEWHERE, *given], env=environment))
        while not local.held():
            time.sleep(0.05)

    def look(at: str) -> bool:
        busy = is_busy(at)
        local.let_go()
        return busy

    def start_late(self: keypair.KeyPair, plan: object, actual: object) -> None:
        start()

    monkeypatch.setattr(key_file, "is_busy", look)
    if seen:
        start()
    else:
        monkeypatch.setattr(keypair.KeyPair, "preflight", start_late)
    made = modules.run("keypair", name="web", private_key_file=str(path))
    assert [other.wait() for other in others] == [0]
    assert made["changed"] != seen
    assert public_half(path) == pair(local)["PublicKey"]
    assert os.listdir(path.parent) == ["web.pem"]
    assert local.counts()["ecs:CreateKeyPair"] == 1


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_removal_that_was_cut_off_is_taken_up(modules: Modules, local: LocalCloud, path: Path, when: str) -> None:
    modules.run("keypair", name="web", private_key_file=str(path))
    local.fault(f"drop_{when}_commit", "ecs:DeleteKeyPairs", times=None)
    failed = modules.run("keypair", name="web", state="absent", private_key_file=str(path), api_timeout=1, fails=True)
    assert path.exists(), failed
    local.clear_faults()
    gone = modules.twice("keypair", name="web", state="absent", private_key_file=str(path))
    assert gone["steps"] == [*["delete key pair web"] * (when == "before"), f"delete the private key {path}"]
    assert os.listdir(path.parent) == []


def test_a_file_that_is_not_the_pairs_stays(modules: Modules, local: LocalCloud, path: Path) -> None:
    modules.run("keypair", name="web", private_key_file=str(path))
    modules.run("keypair", name="other", private_key_file=str(path.with_name("other.pem")))
    kept = modules.run("keypair", name="web", state="absent", private_key_file=str(path.with_name("other.pem")))
    assert kept["kept"] == [
        f"{path.with_name('other.pem')} stays: it does not hold the private key of the key pair web."
    ]
    assert not modules.run("keypair", name="web", state="absent", private_key_file=str(path))["changed"]
    assert sorted(os.listdir(path.parent)) == ["other.pem", "web.pem"]


def test_a_pair_of_somebody_else_with_the_name_is_left_alone(modules: Modules, local: LocalCloud, path: Path) -> None:
    # It is not listed yet when the run looks, and then stands in the way.
    Network(modules).api.call("ecs", "CreateKeyPair", KeyPairName="web")
    theirs = pair(local)["PublicKey"]
    local.fault("read_lag", "ecs:DescribeKeyPairs", seconds=3600, times=1)
    failed = modules.run("keypair", name="web", private_key_file=str(path), fails=True)
    assert "Somebody else made a key pair web" in failed["msg"]
    assert pair(local)["PublicKey"] == theirs
    assert os.listdir(path.parent) == []


def test_a_key_that_cannot_be_written_leaves_no_pair(
    modules: Modules, local: LocalCloud, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_destination: object, _key: str) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(key_file.Destination, "keep", full)
        failed = modules.run("keypair", name="web", private_key_file=str(path), fails=True)
        assert "No space left on device. The key pair was deleted again" in failed["msg"]
        assert not local.resources("key_pair")
        assert os.listdir(path.parent) == []
        local.fault("error", "ecs:DeleteKeyPairs", code="Forbidden.RAM", status=403)
        failed = modules.run("keypair", name="web", private_key_file=str(path), fails=True)
        assert "Its private key is lost. Run the task again" in failed["msg"]
    modules.run("keypair", name="web", private_key_file=str(path))
    assert public_half(path) == pair(local)["PublicKey"]


# ---------------------------------------------------------------------- import


def test_import_a_public_key(modules: Modules, local: LocalCloud) -> None:
    made = modules.twice("keypair", name="web", public_key=f"{PUBLIC} me@home", tags={"a": 1})
    assert made["key_pair"]["public_key"].startswith(PUBLIC)
    assert made["key_pair"]["tags"] == {OWNER: "web", "a": "1"}
    assert not modules.run("keypair", name="web", public_key=f"  {PUBLIC} another comment\n")["changed"]


def test_replace_the_public_key_on_request(modules: Modules, local: LocalCloud) -> None:
    modules.run("keypair", name="web", public_key=PUBLIC)
    failed = modules.run("keypair", name="web", public_key=OTHER_PUBLIC, fails=True)
    assert "another public key" in failed["msg"]
    made = modules.twice("keypair", name="web", public_key=OTHER_PUBLIC, replace=True)
    assert made["steps"] == ["delete key pair web", "import key pair web"]
    assert pair(local)["PublicKey"] == OTHER_PUBLIC


@pytest.mark.usefixtures("real_pauses")
@pytest.mark.parametrize("before", ["", PUBLIC])
@pytest.mark.parametrize("source", ["private_key_file", "public_key", "private_key_secret"])
def test_a_pair_that_somebody_replaces_at_once_is_not_taken_for_the_own(
    kms: Modules, local: LocalCloud, path: Path, monkeypatch: pytest.MonkeyPatch, source: str, before: str
) -> None:
    values: dict[str, t.Any] = {"private_key_file": str(path), "public_key": new_key()[1], "private_key_secret": SECRET}
    options = {source: values[source]}
    if before:
        kms.run("keypair", name="web", public_key=before)
    call, others = Cloud.call, kms.door()

    def watched(cloud: Cloud, product: str, action: str, params: t.Any = None, /, **more: t.Any) -> t.Any:
        answer = call(cloud, product, action, params, **more)
        if action in ("CreateKeyPair", "ImportKeyPair"):
            call(others, "ecs", "DeleteKeyPairs", KeyPairNames='["web"]')
            call(others, "ecs", "ImportKeyPair", KeyPairName="web", PublicKeyBody=OTHER_PUBLIC)
        return answer

    monkeypatch.setattr(Cloud, "call", watched)
    began = time.monotonic()
    failed = kms.run("keypair", name="web", replace=True, **options, fails=True)
    assert "Somebody else replaced the key pair web at the same moment" in failed["msg"]
    assert failed["msg"].lower().count("somebody else") == 1
    assert time.monotonic() - began < keypair._SHOW_UP / 2  # at once
    assert no_private_key_in(failed)


@pytest.mark.parametrize("kind", ["throttling", "internal_error", "drop_before_commit", "drop_after_commit"])
def test_trouble_while_importing(modules: Modules, local: LocalCloud, kind: str) -> None:
    local.fault(kind, "ecs:ImportKeyPair", times=2)
    modules.run("keypair", name="web", public_key=PUBLIC)
    assert pair(local)["PublicKey"] == PUBLIC


def test_importing_a_private_key_is_refused_and_never_shows_it(modules: Modules, local: LocalCloud) -> None:
    failed = modules.run("keypair", name="web", public_key=PRIVATE, fails=True)
    assert "holds a private key" in failed["msg"]
    text = json.dumps(failed)
    assert not any(line in text for line in PRIVATE.splitlines()[1:-1])
    failed = modules.run("keypair_info", public_key=PRIVATE, fails=True)
    assert "holds a private key" in failed["msg"]
    assert not any(line in json.dumps(failed) for line in PRIVATE.splitlines()[1:-1])
    assert local.counts() == {}


def rows(*fields: bytes) -> bytes:
    return b"".join(len(one).to_bytes(4, "big") + one for one in fields)


def public_keys() -> dict[str, str]:
    """A public key of every type that the documents list, by type."""
    lines = {"ssh-rsa": PUBLIC}
    for curve in (ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()):
        public = ec.generate_private_key(curve).public_key()
        line = public.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode()
        lines[line.split()[0]] = line
    lines["ssh-dss"] = f"ssh-dss {base64.b64encode(rows(b'ssh-dss', *[b'p' * 9] * 4)).decode()}"
    for kind in public_key.DOCUMENTED_TYPES:
        if "-cert-" in kind:
            keys = 4 if "dss" in kind else 2
            about, ends = bytes(4) + rows(b"id", b"root") + bytes(16), rows(b"", b"authority", b"signature")
            v00 = rows(kind.encode(), *[b"k"] * keys) + about + rows(b"", b"nonce") + ends
            v01 = rows(kind.encode(), b"nonce", *[b"k"] * keys) + bytes(8) + about + rows(b"", b"") + ends
            lines[kind] = f"{kind} {base64.b64encode(v00 if 'v00' in kind else v01).decode()}"
    return lines


def test_import_a_public_key_of_each_supported_type(modules: Modules, local: LocalCloud) -> None:
    lines = public_keys()
    assert set(lines) == set(public_key.DOCUMENTED_TYPES)
    for number, line in enumerate(lines.values()):
        made = modules.run("keypair", name=f"web{number}", public_key=line)
        assert made["changed"]
        assert "warnings" not in made
        assert not modules.run("keypair", name=f"web{number}", public_key=f"{line} comment")["changed"]


# ---------------------------------------------------------------------- tags, quota, delete, info


@pytest.mark.parametrize("how", [{"public_key": PUBLIC}, {}], ids=["import", "create"])
def test_a_full_quota_is_told_before_any_change(
    modules: Modules, local: LocalCloud, path: Path, how: dict[str, t.Any]
) -> None:
    modules.run("keypair", name="db", public_key=OTHER_PUBLIC)
    local.forget_requests()
    wanted = how or {"private_key_file": str(path)}
    for check in (True, False):
        failed = modules.run("keypair", name="web", quota=1, check=check, fails=True, **wanted)
        assert "has 1 key pairs in this region, and the quota is 1. Nothing was changed." in failed["msg"]
    assert not {"ecs:ImportKeyPair", "ecs:CreateKeyPair"} & set(local.counts())
    assert os.listdir(path.parent) == []
    assert not modules.run("keypair", name="db", quota=1)["changed"]
    assert modules.run("keypair", name="db", public_key=PUBLIC, replace=True, quota=1)["changed"]
    local.set("ecs.key_pairs", 1)
    failed = modules.run("keypair", name="web", fails=True, **wanted)
    assert failed["error_code"] == "QuotaExceed.KeyPair"


def test_tag_a_pair(modules: Modules, local: LocalCloud) -> None:
    modules.run("keypair", name="web", public_key=PUBLIC, tags={"a": 1, "b": 2})
    made = modules.twice("keypair", name="web", tags={"a": 3})
    assert made["key_pair"]["tags"] == {OWNER: "web", "a": "3"}
    Network(modules).api.call("ecs", "ImportKeyPair", KeyPairName="bare", PublicKeyBody=OTHER_PUBLIC)
    assert modules.twice("keypair", name="bare", tags={"a": 3})["key_pair"]["tags"] == {"a": "3"}
    assert not modules.run("keypair", name="bare")["changed"]


def test_delete_a_pair(modules: Modules, local: LocalCloud) -> None:
    modules.run("keypair", name="web", public_key=PUBLIC)
    modules.twice("keypair", name="web", state="absent")
    assert not local.resources("key_pair")


def test_query_pairs_with_public_key_fingerprint_and_instances(modules: Modules, local: LocalCloud) -> None:
    network = Network(modules)
    made = modules.run("keypair", name="web", public_key=PUBLIC, tags={"a": 1})["key_pair"]
    modules.run("keypair", name="db", public_key=OTHER_PUBLIC)
    (instance,) = network.new_instances(network.new_group(), KeyPairName="web")

    def names(**options: t.Any) -> list[str]:
        return [one["name"] for one in modules.run("keypair_info", **options)["key_pairs"]]

    assert names() == ["db", "web"]
    assert names(name="w*") == names(tags={"a": 1}) == names(fingerprint=made["fingerprint"]) == ["web"]
    (found,) = modules.run("keypair_info", name="web", include_instances=True)["key_pairs"]
    assert found.pop("instance_ids") == [instance]
    assert {**found, "private_key_file": None, "private_key_secret": None} == made


def test_compare_a_local_key_with_the_stored_ones(modules: Modules, local: LocalCloud, path: Path) -> None:
    modules.run("keypair", name="web", public_key=PUBLIC)
    modules.run("keypair", name="db", private_key_file=str(path))
    local.forget_requests()

    def matches(**options: t.Any) -> dict[str, bool]:
        read = modules.run("keypair_info", **options)
        assert no_private_key_in(read)
        return {one["name"]: one["matches"] for one in read["key_pairs"]}

    assert matches(public_key=f"{PUBLIC} another comment") == {"db": False, "web": True}
    assert matches(private_key_file=str(path)) == {"db": True, "web": False}
    assert set(local.counts()) == {"ecs:DescribeKeyPairs"}
    assert "matches" not in modules.run("keypair_info")["key_pairs"][0]


def test_view_the_public_key_of_a_private_key_file(modules: Modules, local: LocalCloud, tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    subprocess.run(["ssh-keygen", "-q", "-t", "ecdsa", "-N", "secret", "-C", "me", "-f", locked], check=True)
    (tmp_path / "pem").write_text(PRIVATE)
    assert modules.run("keypair_info", private_key_file=str(tmp_path / "pem"))["compared_with"] == PUBLIC
    public = locked.with_suffix(".pub").read_text().split()
    assert modules.run("keypair_info", private_key_file=str(locked))["compared_with"].split() == public[:2]


def test_info_reads_all_pages(modules: Modules, local: LocalCloud) -> None:
    api = Network(modules).api
    for number in range(55):
        api.call("ecs", "ImportKeyPair", KeyPairName=f"key{number}", PublicKeyBody=PUBLIC)
    assert len(modules.run("keypair_info")["key_pairs"]) == 55


# ---------------------------------------------------------------------- bind and unbind


class Fleet(Network):
    """Instances and a pair to bind to them."""

    def __init__(self, modules: Modules, count: int) -> None:
        super().__init__(modules)
        self.modules = modules
        self.ids = self.new_instances(self.new_group(), count)
        modules.run("keypair", name="web", public_key=PUBLIC)
        self.local.forget_requests()

    def bound(self) -> dict[str, str]:
        return {one["InstanceId"]: one["KeyPairName"] for one in self.local.resources("instance")}

    def run(self, state: str, ids: list[str], **options: t.Any) -> Result:
        return self.modules.run("keypair", name="web", state=state, instance_ids=ids, **options)

    def twice(self, state: str, ids: list[str], **options: t.Any) -> Result:
        return self.modules.twice("keypair", name="web", state=state, instance_ids=ids, **options)


def test_bind_and_unbind_only_what_has_to_be(modules: Modules) -> None:
    fleet = Fleet(modules, 3)
    first, second, third = fleet.ids
    fleet.run("bound", [first])
    made = fleet.twice("bound", [first, second])
    assert made["changed_instance_ids"] == made["reboot_needed"] == [second]
    assert fleet.bound() == {first: "web", second: "web", third: ""}
    made = fleet.twice("unbound", [second, third, "i-gone"])
    assert made["changed_instance_ids"] == [second]
    assert fleet.bound() == {first: "web", second: "", third: ""}


def test_bind_in_the_place_of_another_pair(modules: Modules) -> None:
    fleet = Fleet(modules, 1)
    fleet.run("bound", fleet.ids)
    made = modules.twice("keypair", name="new", public_key=OTHER_PUBLIC, state="bound", instance_ids=fleet.ids)
    assert made["steps"][0] == "import key pair new"
    assert set(fleet.bound().values()) == {"new"}


def test_a_fleet_costs_few_calls(modules: Modules) -> None:
    fleet = Fleet(modules, 100)
    fleet.run("bound", fleet.ids)
    assert fleet.local.counts()["ecs:AttachKeyPair"] == 2
    fleet.local.forget_requests()
    assert not fleet.run("bound", fleet.ids)["changed"]
    assert sum(fleet.local.counts().values()) <= 2


def test_restart_on_request_only_and_never_start(modules: Modules) -> None:
    fleet = Fleet(modules, 2)
    running, stopped = fleet.ids
    fleet.api.call("ecs", "StopInstances", InstanceId=[stopped])
    fleet.local.clock_advance(10)
    foretold = modules.run("keypair", name="web", state="bound", instance_ids=fleet.ids, check=True)
    made = fleet.run("bound", fleet.ids)
    assert (made["rebooted"], made["reboot_needed"]) == ([], [running])
    assert len(made["warnings"]) == 1
    assert f"takes effect on 1 instance ({running}) at the next restart" in str(made["warnings"])
    assert str(foretold["warnings"]) == str(made["warnings"])
    assert "warnings" not in fleet.run("bound", fleet.ids)
    made = fleet.twice("unbound", fleet.ids, reboot=True)
    assert (made["rebooted"], made["reboot_needed"]) == ([running], [])
    assert fleet.local.counts()["ecs:RebootInstances"] == 1
    fleet.local.clock_advance(10)
    states = {one["InstanceId"]: one["Status"] for one in fleet.local.resources("instance")}
    assert states == {running: "Running", stopped: "Stopped"}


def test_a_bound_pair_is_neither_deleted_nor_replaced(modules: Modules) -> None:
    fleet = Fleet(modules, 2)
    fleet.run("bound", fleet.ids)
    foretold = modules.run("keypair", name="web", state="absent", check=True)
    assert "still bound to 2 instances" in json.dumps(foretold["warnings"])
    failed = modules.run("keypair", name="web", state="absent", wait_timeout=1, fails=True)
    assert all(one in failed["msg"] for one in fleet.ids)
    failed = modules.run("keypair", name="web", public_key=OTHER_PUBLIC, replace=True, fails=True)
    assert all(one in failed["msg"] for one in fleet.ids)
    assert "ecs:DeleteKeyPairs" not in fleet.local.counts()


def test_delete_a_bound_pair_as_it_is(modules: Modules) -> None:
    fleet = Fleet(modules, 1)
    fleet.run("bound", fleet.ids)
    failed = modules.run("keypair", name="web", state="absent", if_bound="delete", fails=True)
    assert "does not delete the key pair web while it is bound" in failed["msg"]
    fleet.local.set("ecs.key_pair_delete_attached", True)  # as the documents have it
    made = modules.twice("keypair", name="web", state="absent", if_bound="delete")
    assert "go on showing its name" in json.dumps(made["warnings"])
    assert not fleet.local.resources("key_pair")
    assert set(fleet.bound().values()) == {"web"}


def test_the_name_of_a_pair_deleted_while_bound_is_not_free(modules: Modules, local: LocalCloud, path: Path) -> None:
    fleet = Fleet(modules, 1)
    fleet.run("bound", fleet.ids)
    fleet.local.set("ecs.key_pair_delete_attached", True)
    modules.run("keypair", name="web", state="absent", if_bound="delete")
    either: list[dict[str, t.Any]] = [{"public_key": PUBLIC}, {"private_key_file": str(path)}]
    for options in either:
        failed = modules.run("keypair", name="web", fails=True, **options)
        assert f"its name is taken: 1 instance ({fleet.ids[0]})" in failed["msg"]
    assert os.listdir(path.parent) == []
    modules.run("keypair", name="new", public_key=PUBLIC, state="bound", instance_ids=fleet.ids)
    assert modules.run("keypair", name="web", public_key=PUBLIC)["changed"]


def test_delete_a_bound_pair_after_unbinding_it(modules: Modules) -> None:
    fleet = Fleet(modules, 2)
    fleet.run("bound", fleet.ids)
    made = modules.twice("keypair", name="web", state="absent", if_bound="unbind")
    assert sorted(made["reboot_needed"]) == sorted(fleet.ids)
    assert "only if the password is reset" in json.dumps(made["warnings"])
    assert not fleet.local.resources("key_pair")
    assert set(fleet.bound().values()) == {""}


def test_replace_a_bound_pair_on_request(modules: Modules, local: LocalCloud, path: Path) -> None:
    fleet = Fleet(modules, 2)
    first, second = sorted(fleet.ids)
    fleet.run("bound", fleet.ids)
    replaced: dict[str, t.Any] = {"replace": True, "if_bound": "unbind"}
    made = fleet.twice("bound", [first], public_key=OTHER_PUBLIC, **replaced)
    assert fleet.bound() == {first: "web", second: ""}
    assert sorted(made["changed_instance_ids"]) == [first, second]
    made = fleet.twice("bound", [first], private_key_file=str(path), **replaced)
    assert public_half(path) == pair(fleet.local)["PublicKey"]
    assert fleet.bound() == {first: "web", second: ""}
    path.unlink()
    nowhere = str(path.parent / "none" / "web.pem")
    failed = fleet.run("bound", [first], private_key_file=nowhere, fails=True, **replaced)
    assert "Nothing was created" in failed["msg"]
    assert fleet.bound() == {first: "web", second: ""}


def test_unbind_after_resetting_the_password(modules: Modules) -> None:
    fleet = Fleet(modules, 2)
    fleet.run("bound", fleet.ids)
    secret = "Correct-Horse-9"
    made = fleet.twice("unbound", fleet.ids, password=secret)
    assert [step.split(" of ")[0].split(" from ")[0] for step in made["steps"]] == [
        "reset the password",
        "unbind key pair web",
    ]
    assert "warnings" not in made
    assert secret not in json.dumps({**made, "invocation": None})
    assert {one["_Password"] for one in fleet.local.resources("instance")} == {secret}
    # Nothing is unbound any more: said, or done on request, and never done in silence.
    again = fleet.run("unbound", fleet.ids, password="Other-Horse-9")
    assert not again["changed"]
    (warning,) = again["warnings"]
    assert f"The password is not set on 2 instances ({', '.join(fleet.ids)})" in str(warning)
    set_anew = fleet.run("unbound", fleet.ids, password="Other-Horse-9", update_password="always")
    assert set_anew["steps"] == [f"reset the password of 2 instances ({', '.join(fleet.ids)})"]
    assert set_anew["reboot_needed"] == fleet.ids
    assert {one["_Password"] for one in fleet.local.resources("instance")} == {"Other-Horse-9"}
    for state in ("unbound", "bound"):
        failed = fleet.run(state, fleet.ids, password="too-simple", fails=True)
        assert "at least three kinds" in failed["msg"]
        assert "too-simple" not in failed["msg"]


def test_bind_and_let_a_password_in_beside_the_key(modules: Modules) -> None:
    fleet = Fleet(modules, 1)
    made = fleet.twice("bound", fleet.ids, password="Correct-Horse-9")
    assert made["steps"][1].startswith("reset the password")
    assert [one["_Password"] for one in fleet.local.resources("instance")] == ["Correct-Horse-9"]


def test_windows_instances_cannot_be_bound(modules: Modules) -> None:
    network = Network(modules)
    (windows,) = network.new_instances(
        network.new_group(), ImageId="win2019_1809_x64_dtc_zh-cn_40G_alibase_20240610.vhd"
    )
    modules.run("keypair", name="web", public_key=PUBLIC)
    failed = modules.run("keypair", name="web", state="bound", instance_ids=[windows], fails=True)
    assert "Linux instances only" in failed["msg"]


@pytest.mark.parametrize("kind", ["throttling", "internal_error", "drop_after_commit"])
def test_trouble_while_binding(modules: Modules, kind: str) -> None:
    fleet = Fleet(modules, 2)
    for operation in ("AttachKeyPair", "DetachKeyPair"):
        fleet.local.fault(kind, f"ecs:{operation}")
    fleet.run("bound", fleet.ids)
    assert set(fleet.bound().values()) == {"web"}
    fleet.run("unbound", fleet.ids)
    assert set(fleet.bound().values()) == {""}


def test_an_instance_that_cannot_be_bound_is_named(modules: Modules) -> None:
    fleet = Fleet(modules, 1)
    failed = fleet.run("bound", [*fleet.ids, "i-gone"], fails=True)
    assert "There is no instance i-gone" in failed["msg"]
    assert set(fleet.bound().values()) == {""}


# ---------------------------------------------------------------------- what others made


@pytest.fixture
def theirs(modules: Modules, local: LocalCloud) -> Network:
    """A key pair that was made by hand, with a tag of theirs."""
    network = Network(modules)
    network.api.call(
        "ecs", "ImportKeyPair", KeyPairName="web", PublicKeyBody=PUBLIC, Tag=[{"Key": "team", "Value": "theirs"}]
    )
    return network


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"state": "absent"}, id="absent"),
        pytest.param({"state": "absent", "if_bound": "delete"}, id="absent-bound"),
        pytest.param({"public_key": OTHER_PUBLIC, "replace": True}, id="replace"),
    ],
)
def test_what_others_made_is_deleted_only_when_adopted(
    modules: Modules, theirs: Network, options: dict[str, t.Any]
) -> None:
    before = pair(theirs.local)
    for check in (True, False):
        failed = modules.run("keypair", name="web", check=check, fails=True, **options)
        assert "does not carry the tag alitrust.ecs:owner" in failed["msg"]
        assert "adopt: true" in failed["msg"]
        kept = modules.run("keypair", name="web", check=check, leave_others=True, **options)
        assert not kept["changed"]
        assert "key pair web stays" in kept["kept"][0]
    assert pair(theirs.local) == before
    modules.twice("keypair", name="web", adopt=True, **options)


def test_what_others_made_is_used_as_it_is(modules: Modules, theirs: Network) -> None:
    before = pair(theirs.local)
    used = modules.run("keypair", name="web", public_key=PUBLIC, tags={"team": "ops"}, leave_others=True)
    assert not used["changed"]
    assert used["kept"] == ["Using the existing key pair web; it is left as it is."]
    assert pair(theirs.local) == before
    modules.twice("keypair", name="web", public_key=PUBLIC, adopt=True)
    assert {tag["TagKey"] for tag in pair(theirs.local)["Tags"]} == {"team", OWNER}


def test_what_is_still_bound_stays_where_others_are_left_alone(modules: Modules, local: LocalCloud) -> None:
    network = Network(modules)
    modules.run("keypair", name="web", public_key=PUBLIC)
    ids = network.new_instances(network.new_group("web"), KeyPairName="web")
    for check in (True, False):
        kept = modules.run("keypair", name="web", state="absent", leave_others=True, check=check)
        assert not kept["changed"]
        assert ids[0] in kept["kept"][0]
    gone = [{"kind": "instance", "region": modules.region, "id": ids[0], "name": ids[0], "gone": True}]
    account = modules.door().connection.account
    foretold = modules.run(
        "keypair",
        name="web",
        state="absent",
        leave_others=True,
        check=True,
        foretold=[{**one, "account": account} for one in gone],
    )
    assert foretold["changed"], "in a check run the instance would be gone by now"
