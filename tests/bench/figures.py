# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the benchmarks have found, as one table: printed at the end of a run, and written to C(.build/bench)."""

from __future__ import annotations

import json
import os
import platform
import statistics
import time
import typing as t
from importlib.metadata import version
from pathlib import Path

from measure import Cost

BUILD = Path(__file__).resolve().parents[2] / ".build" / "bench"
#: What another command measures, which compares two revisions or times a whole run.
ELSEWHERE = (
    ("site without changes, 20 hosts / another revision", "0.40", "dev/bench --against REV"),
    ("site, first run, 20 hosts / another revision", "0.50", "dev/bench --against REV"),
    ("dev/test in a fresh clone, downloads cached", "25 min", "the last line of dev/test"),
)
_HEAD = ("measure", "median", "range", "rounds", "target")


class Row(t.NamedTuple):
    """A line of the table, as text."""

    measure: str
    median: str
    range: str
    rounds: str
    target: str


def ratios(ones: t.Sequence[Cost], others: t.Sequence[Cost], what: str) -> list[float]:
    """What rounds cost as shares of what the other cost in the same rounds."""
    return [getattr(one, what) / getattr(other, what) for one, other in zip(ones, others, strict=True)]


class Figures:
    """The rows of one run."""

    def __init__(self) -> None:
        self.rows: list[Row] = []

    def ratio(self, measure: str, values: t.Sequence[float], target: float | None = None) -> None:
        """Note a share, one value a round."""
        self.rows.append(
            Row(
                measure,
                f"{statistics.median(values):.2f}",
                f"{min(values):.2f} to {max(values):.2f}",
                str(len(values)),
                "" if target is None else f"{target:.2f}",
            )
        )

    def number(self, measure: str, value: float, target: str) -> None:
        """Note what is the same in each round."""
        self.rows.append(Row(measure, f"{value:,}", "", "", target))

    def table(self) -> str:
        """All rows, and those that this run cannot tell, in the form of Markdown."""
        rest = [Row(measure, "", f"see {where}", "", target) for measure, target, where in ELSEWHERE]
        lines = [_HEAD, *self.rows, *rest]
        widths = [max(len(line[place]) for line in lines) for place in range(len(_HEAD))]
        texts = [
            "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |"
            for line in lines
        ]
        texts.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
        return "\n".join(texts)

    def write(self) -> None:
        """Keep the table, and the same as JSON, for whoever wants to tell the figures."""
        BUILD.mkdir(parents=True, exist_ok=True)
        about = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "ansible-core": version("ansible-core"),
        }
        how = ", ".join(f"{name} {value}" for name, value in about.items())
        (BUILD / "figures.md").write_text(f"{self.table()}\n\nMeasured: {how}.\n")
        rows = [row._asdict() for row in self.rows]
        (BUILD / "figures.json").write_text(json.dumps({**about, "rows": rows}, indent=2) + "\n")
