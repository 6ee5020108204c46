# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes Debian packages with the standard library; the same input gives the same bytes."""

from __future__ import annotations

import gzip
import io
import tarfile
import typing as t

from local_cloud.trust_client.packaged import EPOCH, PackagedFile


def build_deb(
    fields: t.Mapping[str, str], files: t.Sequence[PackagedFile], scripts: t.Mapping[str, bytes] | None = None
) -> bytes:
    """A Debian package.

    :param fields: of the control file: Package, Version, Architecture, Maintainer, Description, ...
    :param scripts: maintainer scripts by name (postinst, prerm, ...)
    """
    control = "".join(f"{name}: {value}\n" for name, value in fields.items())
    configuration = "".join(f"{file.path}\n" for file in files if file.configuration)
    members = [PackagedFile("/control", control.encode())]
    if configuration:
        members.append(PackagedFile("/conffiles", configuration.encode()))
    members += [PackagedFile(f"/{name}", text, 0o755) for name, text in (scripts or {}).items()]
    parts = {"debian-binary": b"2.0\n", "control.tar.gz": _tar(members), "data.tar.gz": _tar(files)}
    return b"!<arch>\n" + b"".join(_ar_member(name, content) for name, content in parts.items())


def _ar_member(name: str, content: bytes) -> bytes:
    header = f"{name:<16}{EPOCH:<12}{0:<6}{0:<6}{0o100644:<8o}{len(content):<10}`\n".encode()
    return header + content + b"\n" * (len(content) % 2)


def _tar(files: t.Sequence[PackagedFile]) -> bytes:
    """A gzipped tar of the files and of every directory above them, all root's."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as tar:
        known: set[str] = set()
        for file in sorted(files, key=lambda file: file.path):
            parts = file.path.strip("/").split("/")
            for depth in range(len(parts)):
                folder = "./" + "".join(f"{part}/" for part in parts[:depth])
                if folder not in known:
                    known.add(folder)
                    tar.addfile(_info(folder, 0o755, tarfile.DIRTYPE))
            info = _info(f"./{'/'.join(parts)}", file.mode, tarfile.REGTYPE)
            info.size = len(file.content)
            tar.addfile(info, io.BytesIO(file.content))
    return gzip.compress(buffer.getvalue(), mtime=0)


def _info(name: str, mode: int, kind: bytes) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.mode, info.type, info.mtime = mode, kind, EPOCH
    info.uname = info.gname = "root"
    return info
