# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The right to a key, given by the playbook kms_access and used from inside a real host."""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
import sys
import sysconfig
import tarfile
import typing as t
from pathlib import Path

import pytest
import yaml
from hosts.fleet import Run, Site
from modules.harness import Modules

HOST = "web-001"
ROLE = "alitrust-instance"
ACCESS: dict[str, t.Any] = {
    "kms_access_key": "alias/data",
    "kms_access_fleet": "web",
    "kms_access_hosts": HOST,
    "kms_access_python": "/opt/sdk/bin/python",
    "kms_access_environment": {
        "LD_LIBRARY_PATH": "/opt/sdk/lib",
        "PYTHONPATH": "/opt/sdk/site",
        "REQUESTS_CA_BUNDLE": "/etc/ssl/certs/ca-certificates.crt",
    },
}


@pytest.fixture(scope="module")
def key(site: Site) -> t.Iterator[str]:
    """Id of the key that the fleet shall use; there is another one that it shall not. The host gets the SDK."""
    modules = Modules(site.cloud)
    modules.run("kms_key", alias="other")
    archive = site.folder / "sdk.tar"
    pack_sdk(archive)
    with archive.open("rb") as packed:
        subprocess.run(site_ssh(site, "tar -C /opt -xf -"), stdin=packed, check=True, timeout=120)
    yield str(modules.run("kms_key", alias="data")["kms_key"]["key_id"])
    site.output(HOST, "rm -r /opt/sdk")


def pack_sdk(archive: Path) -> None:
    """This interpreter and the SDK of KMS, because hosts reach no package index and see no home of the controller."""
    stdlib, site_packages = Path(sysconfig.get_path("stdlib")), Path(sysconfig.get_path("purelib"))
    left_out = re.compile(r"/(site-packages|dist-packages|__pycache__|test|idlelib|ensurepip|config-[^/]*)(/|$)|[.]a$")

    def kept(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
        return None if left_out.search(f"/{member.name}") else member

    with tarfile.open(archive, "w") as packed:
        packed.add(Path(sys.executable).resolve(), "sdk/bin/python")
        packed.add(stdlib, f"sdk/{sys.platlibdir}/{stdlib.name}", filter=kept)
        for library in Path(sys.base_prefix, "lib").glob("libpython3*.so*"):
            packed.add(library, f"sdk/lib/{library.name}")
        for name in dependencies("alibabacloud-kms20160120"):
            for file in importlib.metadata.files(name) or ():
                path = Path(str(file.locate()))
                if path.suffix != ".pyc" and ".." not in file.parts and path.is_relative_to(site_packages):
                    packed.add(path, f"sdk/site/{file}")


def dependencies(name: str) -> set[str]:
    """A distribution and all that it needs here."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        one = waiting.pop()
        try:
            needed = importlib.metadata.requires(one) or []
        except importlib.metadata.PackageNotFoundError:  # of another platform
            continue
        if one not in found:
            found.add(one)
            waiting += [re.split(r"[^\w.-]", need)[0].lower() for need in needed if "extra ==" not in need]
    return found


def site_ssh(site: Site, command: str) -> list[str]:
    """A command line that runs something on the host."""
    options = ("-F", "none", "-i", str(site.key), "-o", f"UserKnownHostsFile={site.known_hosts}", "-o", "BatchMode=yes")
    return ["ssh", *options, f"root@{site.address(HOST)}", command]


def run_part(site: Site, part: str, hosts: str, **variables: t.Any) -> Run:
    """One entry point of the role alone."""
    role = {"ansible.builtin.import_role": {"name": "alitrust.ecs.kms_access", "tasks_from": part}}
    book = site.folder / f"{part}.yml"
    book.write_text(yaml.safe_dump([{"hosts": hosts, "gather_facts": False, "tasks": [role]}]))
    return site.playbook(book, "-i", site.inventory, **{**ACCESS, **variables})


def prove(site: Site, **variables: t.Any) -> Run:
    """The proof alone, without waiting for a right to come."""
    return run_part(site, "prove", HOST, **{"kms_access_patience": 0, **variables})


def told(run: Run) -> str:
    """The output with its lines joined, because a message may be broken anywhere."""
    return " ".join(run.output.split())


def test_access_a_key_from_an_instance_with_the_role_s_own_credentials(site: Site, key: str) -> None:
    refused = prove(site)
    assert f"{HOST} cannot use the key alias/data: the role {ROLE} may not encrypt: Forbidden" in told(refused), (
        refused.output
    )

    given = site.playbook("kms_access", "-i", site.inventory, **ACCESS)
    assert given.changed("localhost") == 1, "one role, which all instances have"
    assert given.changed(HOST) == 0
    assert f"{HOST} can use the key alias/data: the role {ROLE} has encrypted and decrypted" in told(given)
    again = site.playbook("kms_access", "-i", site.inventory, **ACCESS)
    assert again.changed("localhost") == 0

    other = prove(site, kms_access_key="alias/other")
    assert f"{HOST} cannot use the key alias/other: the role {ROLE} may not encrypt" in told(other)
    assert site.output(HOST, "ls -d /tmp/alitrust-kms-* /root/.ansible/tmp/* 2>/dev/null; true") == ""
    used = [one for one in site.cloud.requests() if one["operation"] in ("kms:Encrypt", "kms:Decrypt")]
    assert {one["operation"] for one in used if one["status"] == 200} == {"kms:Encrypt", "kms:Decrypt"}
    assert {one["principal"].split(":")[-1].split("/")[1] for one in used} == {ROLE}, used

    taken = run_part(site, "absent", "localhost")
    assert taken.changed("localhost") == 1
    assert [one for one in site.cloud.resources("policy") if one["PolicyName"].startswith("alitrust-kms")] == []


def test_what_the_proof_needs_is_told_and_nothing_is_left_behind(site: Site, key: str) -> None:
    run = prove(site, kms_access_python="", kms_access_environment={}, kms_access_pip_arguments=["--no-index"])
    assert "No matching distribution found" in told(run) or "ensurepip is not available" in told(run)
    assert site.output(HOST, "ls -d /tmp/alitrust-kms-* 2>/dev/null; true") == ""
