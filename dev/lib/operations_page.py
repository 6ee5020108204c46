# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the page "What the documents describe, and how to do it here" from docs/operations/*.yml."""

from __future__ import annotations

import itertools
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
ROWS = ROOT / "docs" / "operations"
PAGE = ROOT / "docs" / "docsite" / "rst" / "operations.rst"

Row = dict[str, str]

HEAD = """\
.. Copyright (c) 2026, alitrust.ecs authors
   GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
   SPDX-License-Identifier: GPL-3.0-or-later
   Made by dev/operations-page from docs/operations/; change those files instead.

.. _ansible_collections.alitrust.ecs.docsite.operations:

What the documents describe, and how to do it here
==================================================

Each row is one operation that Alibaba Cloud's documents describe for the console or the API. It names the module with
the example that does it, or the playbook, role or file of the collection. Every example is run by
``tests/integration/examples``. The test in the last column looks at what the operation does; its name there is written
in words. What no API offers is said, with what to do instead.
"""


def rows() -> list[Row]:
    """All rows, in the order of the files and as written within them."""
    return [row for path in sorted(ROWS.glob("*.yml")) for row in yaml.safe_load(path.read_text()) or []]


def page() -> str:
    """The page as reStructuredText: a table for each document."""
    lines = [HEAD]
    by_document = sorted(rows(), key=lambda row: row["document"])
    for document, listed in itertools.groupby(by_document, key=lambda row: row["document"]):
        lines += [document, "-" * len(document), ""]
        lines += [".. list-table::", "   :header-rows: 1", "   :widths: 20 30 25 25", ""]
        lines += _cells("Section", "Operation", "How to do it here", "Test")
        for row in listed:
            test = _test(row["test"]) if "test" in row else "none, because no API has it"
            lines += _cells(row["section"], row["operation"], _how(row), test)
        lines.append("")
    return "\n".join(lines)


def _cells(*cells: str) -> list[str]:
    return [f"   {'*' if place == 0 else ' '} - {cell}" for place, cell in enumerate(cells)]


def _how(row: Row) -> str:
    if "module" in row:
        module = f":ansplugin:`{row['module']} <alitrust.ecs.{row['module']}#module>`"
        return f"{module}: *{row['example']}*"
    if "role" in row:
        return f":ansplugin:`{row['role']} <alitrust.ecs.{row['role']}#role>`"
    if "by_hand" in row:
        return row["by_hand"]
    if "playbook" in row:
        return f"``ansible-playbook alitrust.ecs.{row['playbook']}``"
    return f"``{row['file']}``"


def _test(name: str) -> str:
    """The test in words, which a table can break into lines, and its file."""
    path, _sep, function = name.partition("::")
    words = function.partition("[")[0].removeprefix("test_").replace("_", " ")
    return f"{words} ({Path(path).name.replace('_', chr(92) + '_')})"


def main() -> None:
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page())


if __name__ == "__main__":
    main()
