# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Byte code travels with the sources of a module, and never in their place."""

from __future__ import annotations

import base64
import dataclasses
import importlib.util
import io
import typing as t
import zipfile
import zipimport
from pathlib import Path

import pytest
from ansible import constants

from ansible_collections.alitrust.ecs.plugins.plugin_utils import _bytecode

SOURCES = {
    "room/__init__.py": "",
    "room/thing.py": f"def name():\n    '''{'Of nobody. ' * 100}'''\n    return __name__\n",
    "room/data.json": "{}",
}


def archive(sources: dict[str, str], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as zipped:
        for name, text in sources.items():
            zipped.writestr(name, text)
    return buffer.getvalue()


def program(content: bytes) -> bytes:
    """As core has it: more before and behind it, such as the arguments."""
    return b"#!/usr/bin/python\nmain(zip_data='" + base64.b64encode(content) + b'\', params=\'{"a": "b"}\')\n'


def name_of_thing(loader: zipimport.zipimporter) -> str:
    spec = loader.find_spec("thing")
    assert spec is not None
    thing = importlib.util.module_from_spec(spec)
    loader.exec_module(thing)
    return str(thing.name())


@pytest.fixture(autouse=True)
def of_the_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    folder.mkdir()
    monkeypatch.setattr(constants, "DEFAULT_LOCAL_TMP", str(folder))
    return folder


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_python_takes_the_byte_code(tmp_path: Path, compression: int) -> None:
    place = tmp_path / "module.zip"
    place.write_bytes(_bytecode.compiled(archive(SOURCES, compression)))
    with zipfile.ZipFile(place) as zipped:
        assert {name: zipped.read(name).decode() for name in SOURCES} == SOURCES
        assert sorted(set(zipped.namelist()) - set(SOURCES)) == ["room/__init__.pyc", "room/thing.pyc"]
        assert {info.compress_type for info in zipped.infolist()} == {compression}
    loader = zipimport.zipimporter(str(place / "room"))
    assert loader.get_code("thing").co_filename == "/ansible_payload.zip/room/thing.py"
    assert loader.get_source("thing") == SOURCES["room/thing.py"]
    assert name_of_thing(loader) == "thing"


def test_another_python_compiles_the_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "module.zip"
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(importlib.util, "MAGIC_NUMBER", b"\0\0\r\n")
        place.write_bytes(_bytecode.compiled(archive(SOURCES)))
    loader = zipimport.zipimporter(str(place / "room"))
    assert loader.get_code("thing").co_filename == str(place / "room" / "thing.py")
    assert name_of_thing(loader) == "thing"


def test_only_the_archive_of_a_program_changes_and_is_made_once(
    of_the_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = archive(SOURCES | {"room/noise.txt": bytes(range(256)).hex() * 9}, zipfile.ZIP_STORED)
    found = _bytecode.extended(program(content))
    assert found == program(_bytecode.compiled(content))
    (kept,) = of_the_run.iterdir()
    assert kept.stat().st_mode & 0o077 == 0
    monkeypatch.setattr(_bytecode, "compiled", None)
    assert _bytecode.extended(program(content)) == found


@pytest.mark.parametrize(
    "given",
    [
        b"import json\n",
        program(archive({"x.py": ""})),
        program(archive({"room/thing.py": "def (" + "# no Python\n" * 200}, zipfile.ZIP_STORED)),
        program(b"PK\x03\x04" + bytes(3000)),
    ],
    ids=["no archive", "short", "no Python", "no ZIP"],
)
def test_what_is_unfamiliar_goes_as_it_is(given: bytes) -> None:
    assert _bytecode.extended(given) == given


def test_a_run_s_folder_that_is_full_or_gone_costs_time_only(of_the_run: Path) -> None:
    of_the_run.rmdir()
    given = program(archive(SOURCES, zipfile.ZIP_STORED))
    assert _bytecode.extended(given) == given


@dataclasses.dataclass(frozen=True)
class Built:
    b_module_data: bytes
    shebang: str = "#!/usr/bin/python"


def test_it_is_put_into_what_each_core_makes() -> None:
    given = program(archive(SOURCES, zipfile.ZIP_STORED))
    more = _bytecode.extended(given)
    assert more != given
    assert _bytecode.add((Built(given), "/path")) == (Built(more), "/path")
    assert _bytecode.add(("new", "#!", given, "/path")) == ("new", "#!", more, "/path")
    unfamiliar: tuple[t.Any, ...] = (
        None,
        (),
        ("new", "#!", "text", "/path"),
        (Built, "/path"),
        ({"b_module_data": given},),
    )
    for other in unfamiliar:
        assert _bytecode.add(other) == other
