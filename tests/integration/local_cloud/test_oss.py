# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The buckets of the trust client: layout, checksums, and packages that dpkg takes."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import typing as t

import pytest
from wire import Reply, Wire

from local_cloud.trust_client import build

if t.TYPE_CHECKING:
    from pathlib import Path

    from local_cloud.control import LocalCloud

SITES = [
    "trustclient-cn-hangzhou.oss-cn-hangzhou-internal.aliyuncs.com",
    "trustclient-cn-hangzhou.oss-cn-hangzhou.aliyuncs.com",
    "t-trustclient-cn-hangzhou.oss-cn-hangzhou-internal.aliyuncs.com",
]


def get(wire: Wire, path: str, host: str = SITES[0], method: str = "GET") -> Reply:
    return wire.send(method, path, {"host": host})


def package(wire: Wire, version: str, kind: str = "deb", suffix: str = "") -> bytes:
    folder = {"deb": "ubuntu", "rpm": "centos"}[kind]
    name = f"t-trustclient-{version}-x86_64.{kind}{suffix}"
    answer = get(wire, f"/download/linux/{folder}/x86_64/{version}/{name}")
    assert answer.status == 200
    return answer.body


@pytest.mark.parametrize("host", SITES)
def test_every_site_offers_the_newest_version(wire: Wire, host: str) -> None:
    for architecture in ("x86_64", "aarch64"):
        assert get(wire, f"/version/{architecture}/last", host).body == b"1.1.0\n"
    assert get(wire, "/download/linux/script/TrustAgentInstall.sh", host).body.startswith(b"#!/bin/sh\n")


@pytest.mark.parametrize("kind", ["deb", "rpm"])
def test_packages_match_their_checksums_but_the_corrupt_one(wire: Wire, kind: str) -> None:
    def matches(version: str) -> bool:
        digest, name = package(wire, version, kind, ".md5").decode().split()
        assert name == f"t-trustclient-{version}-x86_64.{kind}"
        return hashlib.md5(package(wire, version, kind), usedforsecurity=False).hexdigest() == digest

    assert [matches(version) for version in build.VERSIONS] == [True, True]
    assert not matches(build.CORRUPT_VERSION)


def test_newest_version_is_a_setting(wire: Wire, fresh_cloud: LocalCloud) -> None:
    fresh_cloud.set("trust_client.newest", "1.0.0")
    assert get(wire, "/version/x86_64/last").body == b"1.0.0\n"


def test_errors_are_those_of_oss(wire: Wire, fresh_cloud: LocalCloud) -> None:
    def error(path: str, host: str = SITES[0], method: str = "GET") -> tuple[int, str]:
        answer = get(wire, path, host, method)
        return answer.status, answer.body.decode().partition("<Code>")[2].partition("<")[0]

    assert error("/version/riscv64/last") == (404, "NoSuchKey")
    assert error("/", "aliyun-tpm-ca.oss-cn-beijing.aliyuncs.com") == (404, "NoSuchKey")
    for host in (
        "trustclient-cn-nowhere.oss-cn-nowhere.aliyuncs.com",
        "trustclient-cn-hangzhou.oss-cn-beijing.aliyuncs.com",
        "t-trustclient-cn-hangzhou.oss-cn-hangzhou.aliyuncs.com",
    ):
        assert error("/version/x86_64/last", host) == (404, "NoSuchBucket")
    assert error("/version/x86_64/last", method="PUT") == (403, "AccessDenied")
    fresh_cloud.set("oss.failing_hosts", SITES[0])
    assert error("/version/x86_64/last") == (503, "ServiceUnavailable")
    assert get(wire, "/version/x86_64/last", SITES[1]).status == 200


def test_building_is_deterministic() -> None:
    assert build.site(build.Options()) == build.site(build.Options())


def test_intervals_of_the_agent_are_settings(wire: Wire, fresh_cloud: LocalCloud) -> None:
    before = package(wire, "1.1.0")
    fresh_cloud.set("trust_client.first_report_seconds", 1)
    assert package(wire, "1.1.0") != before
    shown = {file.path: file.content.decode() for file in build.files("1.1.0", build.Options(1, 5))}
    assert "first_report_seconds = 1\nreport_interval_seconds = 5\n" in shown["/etc/ali_trust_net.conf"]


@pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="dpkg-deb is not installed on this machine")
def test_dpkg_unpacks_what_the_trust_client_installs(wire: Wire, tmp_path: Path) -> None:
    archive, root = tmp_path / "client.deb", tmp_path / "root"
    archive.write_bytes(package(wire, "1.1.0"))
    fields = subprocess.run(["dpkg-deb", "-f", archive], check=True, capture_output=True, text=True).stdout
    assert {"Package: t-trustclient", "Version: 1.1.0", "Architecture: amd64"} <= set(fields.splitlines())
    subprocess.run(["dpkg-deb", "-R", archive, root], check=True)
    agent = root / "usr/local/bin/trust-agent"
    assert agent.stat().st_mode & 0o777 == 0o755
    version = subprocess.run(["python3", agent, "--version"], check=True, capture_output=True, text=True)
    assert version.stdout == "1.1.0\n"
    assert (root / "usr/lib/systemd/system/t-trustclient.service").exists()
    assert (root / "DEBIAN/conffiles").read_text() == "/etc/ali_trust_net.conf\n"


@pytest.mark.skipif(shutil.which("rpm") is None, reason="rpm is not installed on this machine")
def test_rpm_finds_the_package_whole(wire: Wire, tmp_path: Path) -> None:
    archive = tmp_path / "client.rpm"
    archive.write_bytes(package(wire, "1.1.0", "rpm"))

    def rpm(*arguments: str) -> str:
        return subprocess.run(["rpm", *arguments, archive], check=True, capture_output=True, text=True).stdout

    checks = rpm("-Kv").splitlines()[1:]
    assert len(checks) == 4
    assert all(check.endswith(": OK") for check in checks)
    assert rpm("-qp", "--qf", "%{NAME} %{VERSION} %{ARCH}") == "t-trustclient 1.1.0 x86_64"
    assert rpm("-qpl").splitlines() == [file.path for file in build.files("1.1.0", build.Options())]
    assert rpm("-qpc") == "/etc/ali_trust_net.conf\n"


@pytest.mark.parametrize(
    "name", [path.name for path in build.SOURCES.iterdir() if path.name.startswith(("deb-", "rpm-", "TrustAgent"))]
)
def test_shell_scripts_parse(name: str) -> None:
    subprocess.run(["sh", "-n"], input=build.script(name), check=True)
