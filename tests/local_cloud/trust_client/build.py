# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds the packages of the trust client from ``src``."""

from __future__ import annotations

import hashlib
import itertools
import typing as t
from dataclasses import dataclass
from pathlib import Path

from local_cloud.trust_client.deb import build_deb
from local_cloud.trust_client.packaged import PackagedFile
from local_cloud.trust_client.rpm import build_rpm

NAME = "t-trustclient"
SUMMARY = "trust client of the local cloud (a stand-in)"
UNIT = "t-trustclient.service"
SOURCES = Path(__file__).parent / "src"
#: how the agent speaks to the TPM: the same file that the local cloud itself uses
TPM_COMMANDS = Path(__file__).parents[1] / "attestation" / "tpm2.py"
LIBRARY = "/usr/local/lib/t-trustclient"
INSTALLER = "TrustAgentInstall.sh"

#: versions on offer, the newest last, and one whose package does not match its checksum
VERSIONS = ("1.0.0", "1.1.0")
CORRUPT_VERSION = "1.1.9"

#: ``uname -m`` -> Debian's name of the architecture
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}

#: package kind -> folder on the sites
FOLDERS = {"deb": "ubuntu", "rpm": "centos"}


@dataclass(frozen=True)
class Options:
    """What goes into the package's configuration file, in seconds."""

    first_report_seconds: float = 300.0
    report_interval_seconds: float = 1800.0


@dataclass(frozen=True)
class Package:
    """A file on offer."""

    version: str
    architecture: str  # as uname -m says it
    kind: str  # deb or rpm
    content: bytes

    @property
    def file_name(self) -> str:
        return f"{NAME}-{self.version}-{self.architecture}.{self.kind}"

    @property
    def path(self) -> str:
        """Where it is on a site."""
        return f"download/linux/{FOLDERS[self.kind]}/{self.architecture}/{self.version}/{self.file_name}"


def files(version: str, options: Options) -> list[PackagedFile]:
    """What a version installs."""
    values = {
        "VERSION": version,
        "FIRST_REPORT_SECONDS": f"{options.first_report_seconds:g}",
        "REPORT_INTERVAL_SECONDS": f"{options.report_interval_seconds:g}",
    }
    agent = "#!/usr/bin/python3\n" + _source("trust_agent.py", values)
    return [
        PackagedFile("/etc/ali_trust_net.conf", _source("ali_trust_net.conf", values).encode(), configuration=True),
        PackagedFile(f"/usr/lib/systemd/system/{UNIT}", _source(UNIT, values).encode()),
        PackagedFile("/usr/local/bin/trust-agent", agent.encode(), 0o755),
        PackagedFile(f"{LIBRARY}/tpm2.py", TPM_COMMANDS.read_bytes()),
    ]


def _source(name: str, values: t.Mapping[str, str]) -> str:
    text = (SOURCES / name).read_text(encoding="utf-8")
    for key, value in values.items():
        text = text.replace(f"@{key}@", value)
    return text


def script(name: str) -> bytes:
    """A shell script of the sources, ready to run."""
    return b"#!/bin/sh\n" + (SOURCES / name).read_bytes()


def build(version: str, architecture: str, kind: str, options: Options) -> Package:
    """The package of a version; the same sources and options give the same bytes."""
    content = _deb(version, architecture, options) if kind == "deb" else _rpm(version, architecture, options)
    return Package(version, architecture, kind, content)


def _deb(version: str, architecture: str, options: Options) -> bytes:
    fields = {
        "Package": NAME,
        "Version": version,
        "Architecture": ARCHITECTURES[architecture],
        "Maintainer": "alitrust.ecs authors <noreply@example.com>",
        "Depends": "openssl, python3 (>= 3.8)",
        "Section": "admin",
        "Priority": "optional",
        "Description": f"{SUMMARY}\n Reports an instance of the local cloud to its trusted server.",
    }
    scripts = {name: script(f"deb-{name}") for name in ("postinst", "postrm", "prerm")}
    return build_deb(fields, files(version, options), scripts)


def _rpm(version: str, architecture: str, options: Options) -> bytes:
    scripts = {name: script(f"rpm-{name}").decode() for name in ("post", "preun", "postun")}
    return build_rpm(
        NAME,
        version,
        architecture,
        SUMMARY,
        files(version, options),
        ["/bin/sh", "/usr/bin/openssl", "/usr/bin/python3"],
        scripts,
    )


def site(options: Options) -> dict[str, bytes]:
    """Everything that a download site offers, by path, but which version is the newest."""
    offered = {f"download/linux/script/{INSTALLER}": script(INSTALLER)}
    for architecture in ARCHITECTURES:
        for version, kind in itertools.product((*VERSIONS, CORRUPT_VERSION), FOLDERS):
            package = build(version, architecture, kind, options)
            digest = hashlib.md5(package.content, usedforsecurity=False).hexdigest()
            content = package.content
            if version == CORRUPT_VERSION:
                content = content[:-1] + bytes([content[-1] ^ 0xFF])
            offered[package.path] = content
            offered[f"{package.path}.md5"] = f"{digest}  {package.file_name}\n".encode()
    return offered
