# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Byte code for modules that run in a process of their own on the controller's machine. Private to this collection.

Core sends a module and all that it imports as sources in a ZIP archive, and the new process compiles every one of them,
for each task: that is most of what a task costs there. Here the byte code is put beside each source in that archive,
compiled from that very source. Python takes it where it is of the same version, and compiles as ever where it is not.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import importlib.util
import io
import marshal
import re
import struct
import tempfile
import typing as t
import zipfile
from pathlib import Path

from ansible import constants

#: The archive as it is in the program that core has made of a module.
_ARCHIVE = re.compile(rb"(?<=['\"])UEsDB[A-Za-z0-9+/]{1000,}={0,2}(?=['\"])")
#: Says in the head of byte code that it need not be compared with its source, which has travelled with it.
_UNCHECKED = 1
#: Until ansible-core 2.18, a module's style, shebang, program and path.
_PARTS = 4


def add(built: t.Any) -> t.Any:
    """What core's C(_configure_module) has returned, with byte code in it; the same where it looks unfamiliar."""
    if not isinstance(built, tuple) or not built:
        return built
    if len(built) == _PARTS and isinstance(built[2], bytes):
        return (*built[:2], extended(built[2]), *built[3:])
    if dataclasses.is_dataclass(built[0]) and isinstance(data := getattr(built[0], "b_module_data", None), bytes):
        return (dataclasses.replace(t.cast("t.Any", built[0]), b_module_data=extended(data)), *built[1:])
    return built


def extended(program: bytes) -> bytes:
    """The program of a module with byte code in its archive; the same where there is none that can be read."""
    found = _ARCHIVE.search(program)
    if not found:
        return program
    try:
        archive = _kept(found[0])
    except (OSError, SyntaxError, ValueError, zipfile.BadZipFile):  # the new process says what is wrong with it
        return program
    return program[: found.start()] + archive + program[found.end() :]


def _kept(archive: bytes) -> bytes:
    """An archive with byte code in it. That is made once a run, as core makes the archive itself.

    Both keep it in the same folder, which is the run's own, so that nobody else can write there.
    """
    place = Path(constants.DEFAULT_LOCAL_TMP) / f"alitrust-{hashlib.sha256(archive).hexdigest()}"
    try:
        return place.read_bytes()
    except FileNotFoundError:
        made = base64.b64encode(compiled(base64.b64decode(archive)))
    with tempfile.NamedTemporaryFile(dir=place.parent, delete=False) as file:
        file.write(made)
    Path(file.name).replace(place)
    return made


def compiled(archive: bytes) -> bytes:
    """A ZIP archive with the byte code of each Python file beside it."""
    buffer = io.BytesIO(archive)
    with zipfile.ZipFile(io.BytesIO(archive)) as given, zipfile.ZipFile(buffer, "a") as zipped:
        for info in given.infolist():
            if not info.filename.endswith(".py"):
                continue
            source = given.read(info)
            # Nobody knows yet in which folder the new process has the archive. Traces show the lines all the same.
            code = compile(source, f"/ansible_payload.zip/{info.filename}", "exec", dont_inherit=True)
            beside = zipfile.ZipInfo(f"{info.filename}c", info.date_time)
            beside.compress_type = info.compress_type
            head = importlib.util.MAGIC_NUMBER + struct.pack("<I", _UNCHECKED) + importlib.util.source_hash(source)
            zipped.writestr(beside, head + marshal.dumps(code))
    return buffer.getvalue()
