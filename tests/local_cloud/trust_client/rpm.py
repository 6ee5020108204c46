# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes RPM packages (file format 4, not signed) with the standard library; the same input gives the same bytes."""

from __future__ import annotations

import gzip
import hashlib
import posixpath
import struct
import typing as t

from local_cloud.trust_client.packaged import EPOCH, PackagedFile

_Value = str | bytes | list[str] | list[int]
_Entry = tuple[int, int, _Value]  # tag, type, value

_INT16, _INT32, _STRING, _BINARY, _STRINGS, _I18N = 3, 4, 6, 7, 8, 9
_ALIGNMENT = {_INT16: 2, _INT32: 4}
_REGION_OF_HEADER, _REGION_OF_SIGNATURE = 63, 62

_ARCHITECTURE_NUMBERS = {"x86_64": 1, "aarch64": 19}
_SHA256 = 8
#: flags of a configuration file that an upgrade doesn't replace
_CONFIGURATION = 1 | 16
_LESS_OR_EQUAL, _RPMLIB, _EQUAL = 2 | 8, 1 << 24, 8
#: features of rpm that a package of this kind needs, and since which version they exist
_FEATURES = {"CompressedFileNames": "3.0.4-1", "PayloadFilesHavePrefix": "4.0-1", "FileDigests": "4.6.0-1"}
#: script -> its tag and that of its interpreter
_SCRIPTS = {"post": (1024, 1086), "preun": (1025, 1087), "postun": (1026, 1088)}


def build_rpm(
    name: str,
    version: str,
    architecture: str,
    summary: str,
    files: t.Sequence[PackagedFile],
    requires: t.Sequence[str] = (),
    scripts: t.Mapping[str, str] | None = None,
) -> bytes:
    """An RPM package, release 1.

    :param architecture: ``x86_64`` or ``aarch64``
    :param requires: what must be installed: packages or paths
    :param scripts: ``post``, ``preun`` and ``postun``, run by /bin/sh
    """
    files = sorted(files, key=lambda file: file.path)
    payload = _cpio(files)
    compressed = gzip.compress(payload, mtime=0)
    entries: list[_Entry] = [
        (100, _STRINGS, ["C"]),
        (1000, _STRING, name),
        (1001, _STRING, version),
        (1002, _STRING, "1"),
        (1004, _I18N, [summary]),
        (1005, _I18N, [summary]),
        (1006, _INT32, [EPOCH]),
        (1007, _STRING, "localhost"),
        (1009, _INT32, [sum(len(file.content) for file in files)]),
        (1014, _STRING, "GPL-3.0-or-later"),
        (1016, _I18N, ["Unspecified"]),
        (1021, _STRING, "linux"),
        (1022, _STRING, architecture),
        (1044, _STRING, f"{name}-{version}-1.src.rpm"),
        (1047, _STRINGS, [name]),
        (1112, _INT32, [_EQUAL]),
        (1113, _STRINGS, [f"{version}-1"]),
        (1124, _STRING, "cpio"),
        (1125, _STRING, "gzip"),
        (1126, _STRING, "9"),
        (5092, _STRINGS, [hashlib.sha256(compressed).hexdigest()]),
        (5093, _INT32, [_SHA256]),
        *_files(files),
        *_requirements(requires),
    ]
    for script, text in (scripts or {}).items():
        body, interpreter = _SCRIPTS[script]
        entries += [(body, _STRING, text), (interpreter, _STRING, "/bin/sh")]
    header = _header(entries, _REGION_OF_HEADER)
    signature = _header(
        [
            (269, _STRING, hashlib.sha1(header, usedforsecurity=False).hexdigest()),
            (273, _STRING, hashlib.sha256(header).hexdigest()),
            (1000, _INT32, [len(header) + len(compressed)]),
            (1004, _BINARY, hashlib.md5(header + compressed, usedforsecurity=False).digest()),
            (1007, _INT32, [len(payload)]),
        ],
        _REGION_OF_SIGNATURE,
    )
    lead = struct.pack(
        ">4sBBHH66sHH16x",
        b"\xed\xab\xee\xdb",
        *(3, 0, 0, _ARCHITECTURE_NUMBERS[architecture]),
        f"{name}-{version}-1".encode(),
        *(1, 5),
    )
    return lead + signature + b"\0" * (-len(signature) % 8) + header + compressed


def _files(files: t.Sequence[PackagedFile]) -> list[_Entry]:
    folders = sorted({posixpath.dirname(file.path) + "/" for file in files})
    count = len(files)
    return [
        (1028, _INT32, [len(file.content) for file in files]),
        (1030, _INT16, [0o100000 | file.mode for file in files]),
        (1033, _INT16, [0] * count),
        (1034, _INT32, [EPOCH] * count),
        (1035, _STRINGS, [hashlib.sha256(file.content).hexdigest() for file in files]),
        (1036, _STRINGS, [""] * count),
        (1037, _INT32, [_CONFIGURATION if file.configuration else 0 for file in files]),
        (1039, _STRINGS, ["root"] * count),
        (1040, _STRINGS, ["root"] * count),
        (1045, _INT32, [0xFFFFFFFF] * count),
        (1095, _INT32, [1] * count),
        (1096, _INT32, list(range(1, count + 1))),
        (1097, _STRINGS, [""] * count),
        (1116, _INT32, [folders.index(posixpath.dirname(file.path) + "/") for file in files]),
        (1117, _STRINGS, [posixpath.basename(file.path) for file in files]),
        (1118, _STRINGS, folders),
        (5011, _INT32, [_SHA256]),
    ]


def _requirements(requires: t.Sequence[str]) -> list[_Entry]:
    features = [f"rpmlib({feature})" for feature in _FEATURES]
    return [
        (1048, _INT32, [0] * len(requires) + [_LESS_OR_EQUAL | _RPMLIB] * len(features)),
        (1049, _STRINGS, [*requires, *features]),
        (1050, _STRINGS, [""] * len(requires) + list(_FEATURES.values())),
    ]


def _header(entries: t.Sequence[_Entry], region: int) -> bytes:
    """A header: index, then data, all of it in one region, whose trailer comes last."""
    index, data = b"", b""
    for tag, kind, value in sorted(entries, key=lambda entry: entry[0]):
        data += b"\0" * (-len(data) % _ALIGNMENT.get(kind, 1))
        index += struct.pack(">4i", tag, kind, len(data), 1 if kind == _STRING else len(value))
        data += _encoded(kind, value)
    size = len(entries) + 1
    index = struct.pack(">4i", region, _BINARY, len(data), 16) + index
    data += struct.pack(">4i", region, _BINARY, -16 * size, 16)
    return b"\x8e\xad\xe8\x01" + struct.pack(">4x2I", size, len(data)) + index + data


def _encoded(kind: int, value: _Value) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode() + b"\0"
    if kind in (_INT16, _INT32):
        return struct.pack(f">{len(value)}{'H' if kind == _INT16 else 'I'}", *value)
    return b"".join(str(item).encode() + b"\0" for item in value)


def _cpio(files: t.Sequence[PackagedFile]) -> bytes:
    members = [(f".{file.path}", file.content, 0o100000 | file.mode, number) for number, file in enumerate(files, 1)]
    archive = b""
    for name, content, mode, inode in [*members, ("TRAILER!!!", b"", 0, 0)]:
        links = 1
        numbers = (inode, mode, 0, 0, links, EPOCH if inode else 0, len(content), 0, 0, 0, 0, len(name) + 1, 0)
        archive += b"070701" + "".join(f"{number:08x}" for number in numbers).encode() + name.encode() + b"\0"
        archive += b"\0" * (-len(archive) % 4) + content
        archive += b"\0" * (-len(archive) % 4)
    return archive
