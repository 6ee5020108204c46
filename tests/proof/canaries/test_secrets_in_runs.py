# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plays that use secrets, with all that can show or keep one: it is in no output, log, cache, temporary file, journal
and in the command line of no process, whichever way modules run.
"""

from __future__ import annotations

import json
import os
import re
import time
import typing as t
from pathlib import Path

import pytest
import yaml
from awx.awx import Awx
from modules.metadata_door import MetadataDoor
from modules.network import IMAGE, Network
from proof.canaries.secret_values import Canaries
from proof.canaries.watch import Watched

if t.TYPE_CHECKING:
    from modules.harness import Modules
    from proof.conftest import Figure

    from local_cloud.control import LocalCloud

PASSWORD = "Canary+Pw/77%c1x"
VALUE = 'canary value "77" of the shop\nand its other line'
USER_DATA = "#!/bin/sh\ncanary_user_data='d41d8cd98f00'\n"
PROXY = "http://user:canary-proxy-password@127.0.0.1:9"
SECRET = "CanarySecretOfAKey0123456789"
TOKEN = "CAIScanaryTOKENvalue/+77=="
PUBLIC = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ ops"
KEY, HIDDEN = "access_key_id", ("access_key_secret", "security_token")
WAYS: dict[str, dict[str, t.Any]] = {
    "in process": {"alitrust_in_process": True},
    "own process": {"alitrust_in_process": False},
}
MORE: dict[str, dict[str, t.Any]] = {"async": {"async": 60, "poll": 1}, "become": {"become": True}}
#: Ansible's own words on its work. In these two it shows arguments and answers of all modules, "despite no_log
#: settings", as its documentation of DEFAULT_DEBUG says; what else it shows is searched.
DEBUG = "with ANSIBLE_DEBUG"
OF_CORE = re.compile(
    r"^ *\d+ [\d.]+: (done with _execute_module \(|_low_level_execute_command\(\) done: )"
    r".*?(?=^ *\d+ [\d.]+: |^[A-Z]+ \[|^\w+: \[)",
    re.MULTILINE | re.DOTALL,
)


def tasks(folder: Path, network: Network, door: MetadataDoor, more: dict[str, t.Any]) -> list[dict[str, t.Any]]:
    """What a play does with secrets. Variables have them: C(password), C(value), ..."""
    group = network.new_group()
    own_name = {"name": "{{ way }}-shop"}
    made: list[dict[str, t.Any]] = [
        {"alitrust.ecs.kms_service": {}},
        {"alitrust.ecs.kms_secret": {**own_name, "value": "older value of it"}},
        {"alitrust.ecs.kms_secret": {**own_name, "value": "{{ value }}"}},
        {"alitrust.ecs.kms_secret": {"name": "bytes", "value_base64": "{{ value | b64encode }}"}},
        {
            "alitrust.ecs.kms_secret": {
                "name": "copy",
                "value": "{{ looked_up }}",
            }
        },
        {"alitrust.ecs.kms_secret_info": {}},
        {"alitrust.ecs.keypair": {"name": "file", "private_key_file": str(folder / "web.pem")}},
        {"alitrust.ecs.keypair": {"name": "secret", "private_key_secret": "keys/web"}},
        {"alitrust.ecs.keypair_info": {"private_key_file": str(folder / "web.pem")}},
        {"alitrust.ecs.keypair": {"name": "wrong", "public_key": "{{ lookup('ansible.builtin.file', key_file) }}"}},
        {
            "alitrust.ecs.ram_user": {
                "name": "ann",
                "password": "{{ password }}",
                "access_key_file": str(folder / "ann.json"),
            }
        },
        {"alitrust.ecs.ram_user": {"name": "ann", "password": "{{ password }}", "update_password": "always"}},
        {"alitrust.ecs.ram_user_info": {}},
        {
            "alitrust.ecs.trusted_instance": {
                "name": "web",
                "image_id": IMAGE,
                "instance_type": "ecs.g7t.large",
                "vswitch_id": network.vswitch,
                "security_group_ids": [group],
                "user_data": "{{ user_data }}",
                "key_name": "file",
                "wait": False,
            }
        },
        {"alitrust.ecs.preflight_info": {"trusted_instance": {"name": "web", "user_data": "{{ user_data }}"}}},
        {"alitrust.ecs.metadata_credentials": {"metadata_url": door.url}, "no_log": True, "register": "given"},
        {"alitrust.ecs.metadata_credentials": {"metadata_url": door.url, "credentials": False}},
        {"alitrust.ecs.metadata_credentials": {"metadata_url": door.url}},
        {"alitrust.ecs.keypair_info": {one: f"{{{{ given.credentials.{one} }}}}" for one in (KEY, *HIDDEN)}},
        {
            "alitrust.ecs.keypair_info": {
                "https_proxy": "{{ proxy }}",
                "endpoint_url": "https://x.example",
                "api_timeout": 1,
            }
        },
        # What the instance that a task runs on may do: the SDK asks the metadata service.
        {"alitrust.ecs.keypair_info": {"ecs_ram_role": door.role}},
        {"alitrust.ecs.keypair_info": {"ecs_ram_role": door.role, "ram_role_arn": "acs:ram::1:role/x"}},
        {"alitrust.ecs.keypair_info": {KEY: "LTAI", **{one: f"{{{{ {one} }}}}" for one in HIDDEN}}},
    ]
    registered = [f"result_{number}" for number, task in enumerate(made) if "register" not in task]
    for number, task in enumerate(made):
        task |= more | {"register": task.get("register", f"result_{number}"), "ignore_errors": True}
    shown = "{{ [" + ", ".join(registered) + "] }}"
    return [
        *made,
        {"ansible.builtin.debug": {"msg": shown}},
        {"ansible.builtin.set_stats": {"data": {"all": shown}}},
        {"ansible.builtin.set_fact": {"all_of_it": shown, "cacheable": True}},
    ]


@pytest.fixture
def door(modules: Modules) -> t.Iterator[MetadataDoor]:
    made = MetadataDoor(modules.cloud)
    yield made
    made.close()


def canaries_of(cloud: LocalCloud, folder: Path, door: MetadataDoor, modules: Modules) -> Canaries:
    found = Canaries(
        password=PASSWORD, value=VALUE, user_data=USER_DATA, secret=SECRET, token=TOKEN,
        proxy_password="canary-proxy-password", cloud_secret=cloud.access_key_secret,
    )  # fmt: skip
    for one in cloud.resources("access_key"):
        found.add("secret of an AccessKey pair", one["AccessKeySecret"])
    assert door.secrets(), "the metadata service was not asked"
    for secret in door.secrets():
        found.add("of the metadata service", secret)
    if (folder / "web.pem").exists():
        found.add_private_key("private key in a file", (folder / "web.pem").read_text())
    if "keys/web" in {one["SecretName"] for one in cloud.resources("kms_secret")}:
        kept = modules.door().call("kms", "GetSecretValue", SecretName="keys/web")["SecretData"]
        found.add_private_key("private key in a secret", kept)
    return found


LONG = os.environ.get("ALITRUST_LONG") == "1"
#: Ways to run, in check mode or not; by default without those that take longest.
CASES = [
    (way, check)
    for way in (*WAYS, *MORE, DEBUG)
    for check in (False, True)
    if LONG or (way != "async" and (way, check) not in (("become", False), (DEBUG, True)))
]


@pytest.mark.parametrize(("way", "check"), CASES)
def test_a_play_shows_and_leaves_no_secret(
    modules: Modules, door: MetadataDoor, tmp_path: Path, figure: Figure, way: str, check: bool
) -> None:
    cloud, secrets = modules.cloud, tmp_path / "secrets"
    secrets.mkdir()
    variables = {"password": PASSWORD, "value": VALUE, "user_data": USER_DATA, "way": way.replace(" ", "-")}
    variables |= {"proxy": PROXY, "access_key_secret": SECRET, "security_token": TOKEN}
    variables["looked_up"] = "{{ lookup('alitrust.ecs.kms_secret', way ~ '-shop') }}"
    variables |= {"key_file": str(secrets / "web.pem"), **WAYS.get(way, {})}
    (secrets / "variables.json").write_text(json.dumps(variables))
    debug = {"ANSIBLE_DEBUG": "1"} if way == DEBUG else {}
    watched = Watched(tmp_path, cloud, WATCHED_METADATA=door.url.rpartition(":")[2], **debug)
    book = secrets / "play.yml"
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "tasks": tasks(secrets, Network(modules), door, MORE.get(way, {})),
    }
    book.write_text(yaml.safe_dump([play]))
    arguments = ["-vvvv", "--diff", "-e", f"@{secrets / 'variables.json'}", *(["--check"] if check else [])]
    output = watched.command("ansible-playbook", book, *arguments)
    assert "all_of_it" in output, output
    if debug:
        assert OF_CORE.search(output), "core says nothing of its work"
        (watched.kept / "output").write_text(OF_CORE.sub("", output))
    wrong, canaries = _search(watched, canaries_of(cloud, secrets, door, modules), modules_file=way in MORE)
    assert not wrong, "\n\n".join(wrong)
    if not check:
        assert "hidden, another one" in output
        assert (secrets / "web.pem").exists()
        assert (secrets / "ann.json").exists()
    assert (watched.kept / "started").exists(), "nothing was watched"
    assert way in ("in process", DEBUG) or (watched.kept / "journal").exists(), "the journal was not heard"
    _count(figure, canaries)


def _search(watched: Watched, canaries: Canaries, *, modules_file: bool) -> tuple[list[str], Canaries]:
    """Search all that a run showed, kept and left.

    :param modules_file: whether core has to put modules with their arguments into files that are gone in the end
    """
    if modules_file:
        for path in (watched.kept / "files").iterdir():
            if b"ANSIBLE_MODULE_ARGS" in path.read_bytes():
                assert path.suffix == ".py" or path.stat().st_mode & 0o077 == 0, path
                path.unlink()
        # The copies may be for everybody, but nobody else gets to them. One that runs by itself goes seconds later.
        deadline = time.monotonic() + 30
        while list((watched.run / "remote").glob("ansible-tmp-*")) and time.monotonic() < deadline:
            time.sleep(0.2)
        assert set((watched.kept / "folders").read_text().splitlines()) == {"700"}
    return [*canaries.seen_in(watched.kept), *canaries.seen_in(watched.run)], canaries


def _count(figure: Figure, canaries: Canaries) -> None:
    figure("canaries", len(canaries))
    figure("places searched", canaries.places)
    figure("bytes searched", canaries.searched)
    figure("runs of Ansible")


def test_an_inventory_and_its_cache_have_no_secret(modules: Modules, tmp_path: Path, figure: Figure) -> None:
    cloud = modules.cloud
    network = Network(modules)
    modules.run("kms_service")
    modules.run(
        "trusted_instance", name="web", image_id=IMAGE, instance_type="ecs.g7t.large", vswitch_id=network.vswitch,
        security_group_ids=[network.new_group()], user_data=USER_DATA,
    )  # fmt: skip
    (tmp_path / "secrets").mkdir()
    options = {
        "plugin": "alitrust.ecs.instances", "cache": True, "cache_plugin": "ansible.builtin.jsonfile",
        "access_key_id": cloud.access_key_id, "access_key_secret": cloud.access_key_secret,
    }  # fmt: skip
    canaries = Canaries(user_data=USER_DATA, secret=SECRET, token=TOKEN, cloud_secret=cloud.access_key_secret)
    canaries.add("proxy password", "canary-proxy-password")
    bad = {"access_key_secret": SECRET, "security_token": TOKEN}
    for number, more in enumerate(({}, {}, bad, {"https_proxy": PROXY, "endpoint_url": "https://x.example"})):
        folder = tmp_path / str(number)
        folder.mkdir()
        watched = Watched(folder, cloud, ANSIBLE_INVENTORY_CACHE_CONNECTION=str(tmp_path / "cache"))
        source = tmp_path / "secrets" / f"{number}.alitrust.yml"
        source.write_text(yaml.safe_dump({**options, **more, "api_timeout": 1}))
        output = watched.command("ansible-inventory", "-i", source, "--list", "-vvvv")
        assert ('"web"' in output) == (number < 2), output
        wrong, _canaries = _search(watched, canaries, modules_file=False)
        wrong += canaries.seen_in(tmp_path / "cache")
        assert not wrong, "\n\n".join(wrong)
        figure("runs of Ansible")
    assert list((tmp_path / "cache").iterdir()), "nothing was cached"
    _count(figure, canaries)


def test_a_job_keeps_no_secret(modules: Modules, tmp_path: Path, figure: Figure) -> None:
    """What AWX gives to a job: extra variables of a survey, credentials, the fact cache; what it keeps is searched."""
    awx = Awx(tmp_path, modules.cloud)
    given: dict[str, t.Any] = {
        "fleet_name": "web",
        "fleet_image_name": "aliyun_3_x64_20G_uefi_alibase_*",
        "fleet_reach": "false",
    }
    given |= {"fleet_count": 2, "fleet_public_key": PUBLIC}
    given |= {"network_name": "web", "network_zone_id": "cn-hangzhou-h", "network_ssh_from": "192.0.2.0/24"}
    job = awx.launch("provision", given, check=True)
    assert job.status == "successful", job.output
    awx.inputs["access_key_secret"] = SECRET
    awx.inputs["security_token"] = TOKEN
    refused = awx.launch("provision", given)
    assert refused.status == "failed"
    canaries = Canaries(secret=SECRET, token=TOKEN, cloud_secret=modules.cloud.access_key_secret)
    wrong = [one for job in awx.jobs for one in canaries.seen(job.kept)]
    assert not wrong, "\n\n".join(wrong)
    _count(figure, canaries)
