# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wrong values: each is refused with a word that helps, before anything was written.

The tables are in C(bad_input/<module>.yml). C(base) holds options that are fine; each row of C(rows) has the C(options)
that are wrong, a part of the C(message), and a C(note) for the reader. Null as the value of an option takes it out of
the base.
"""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
import yaml
from modules.harness import Modules

TABLES = Path(__file__).parent / "bad_input"
READS = ("Describe", "Get", "List")


def rows() -> t.Iterator[t.Any]:
    for path in sorted(TABLES.glob("*.yml")):
        table = yaml.safe_load(path.read_text(encoding="utf-8"))
        # A table is a list of rows, or a mapping of base and rows.
        base = table.get("base", {}) if isinstance(table, dict) else {}
        for number, row in enumerate(table["rows"] if isinstance(table, dict) else table):
            options = {key: value for key, value in {**base, **row["options"]}.items() if value is not None}
            yield pytest.param(path.stem, options, row["message"], id=f"{path.stem}-{number}-{row.get('note', '')}")


@pytest.mark.parametrize("check", [False, True], ids=["real", "check"])
@pytest.mark.parametrize(("module", "options", "message"), list(rows()))
def test_a_wrong_value_is_refused_before_anything_is_written(
    modules: Modules, module: str, options: dict[str, t.Any], message: str, check: bool
) -> None:
    result = modules.run(module, check=check, fails=True, **options)
    assert message in result["msg"], result["msg"]
    assert "Traceback" not in str(result)
    assert modules.cloud.access_key_secret not in str(result)
    written = [name for name in modules.cloud.counts() if not name.partition(":")[2].startswith(READS)]
    assert not written


def test_there_are_enough_rows() -> None:
    assert len(list(rows())) >= 60
