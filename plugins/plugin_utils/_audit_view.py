# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An audit as a page: what the template needs beside the facts, with every position computed here.

Private to this collection. Everything that comes from the cloud is untrusted: the page is rendered with automatic
escaping, by an environment of its own because Ansible's templating has none that can be switched on.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import jinja2

from ._mend_yaml import tasks
from ._plain import plain

Item = dict[str, t.Any]

VERDICTS = ("trusted", "untrusted", "unmeasured", "unknown")
SEVERITIES = ("critical", "high", "medium", "low")
#: So that nothing is told by colour alone.
MARKS = {"trusted": "✓", "untrusted": "✕", "unmeasured": "…", "unknown": "?"}


def html(audit: Mapping[str, t.Any], template: str) -> str:
    """The page.

    :param audit: what C(audit_info) returns
    :param template: Jinja template of the page
    """
    facts = plain(audit)
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(template).render(audit=facts, view=view(facts), marks=MARKS) + "\n"


def view(audit: Item) -> Item:
    """What the template needs beside the facts."""
    return {
        "findings": [{**finding, "yaml": tasks(finding)} for finding in audit["findings"]],
        "instances": sorted(audit["instances"], key=_worst_first),
        "charts": charts(audit["fleets"]),
        "pictures": [picture(audit, WIDE), picture(audit, NARROW)],
        "reach": reach(audit),
        "share": share(audit["figures"]["verdicts"]),
    }


def _worst_first(one: Item) -> tuple[int, str, str]:
    order = ("untrusted", "unmeasured", "unknown", "trusted")
    return order.index(one["trust"]["verdict"]), one["fleet"] or "", one["name"]


# ---------------------------------------------------------------------- charts


def share(verdicts: Mapping[str, int]) -> list[Item]:
    """The bar of all instances: where each verdict's part begins and how wide it is, in percent."""
    total, start, parts = sum(verdicts.values()), 0.0, []
    for verdict in VERDICTS:
        width = 100 * verdicts[verdict] / total if total else 0.0
        if width:
            parts.append(
                {"verdict": verdict, "count": verdicts[verdict], "x": round(start, 3), "width": round(width, 3)}
            )
        start += width
    return parts


_CHART_WIDTH, _PLOT_TOP, _PLOT_HEIGHT, _CHART_HEIGHT = 340, 18, 96, 136
#: Lowest part of a bar that a number fits into.
_LABEL_HEIGHT = 13


def charts(fleets: Sequence[Item]) -> list[Item]:
    """One chart a fleet: bars by age of the last report, stacked by verdict; all with the same scale."""
    highest = max((sum(column[v] for v in VERDICTS) for one in fleets for column in one["timeline"]), default=0)
    scale = _PLOT_HEIGHT / highest if highest else 0.0
    found = []
    for one in fleets:
        columns = []
        width = _CHART_WIDTH / len(one["timeline"])
        for place, column in enumerate(one["timeline"]):
            bottom, parts = float(_PLOT_TOP + _PLOT_HEIGHT), []
            for verdict in VERDICTS:
                if column[verdict]:
                    height = column[verdict] * scale
                    bottom -= height
                    parts.append(
                        {
                            "verdict": verdict,
                            "count": column[verdict],
                            "x": round(place * width + width * 0.16, 1),
                            "y": round(bottom, 1),
                            "width": round(width * 0.68, 1),
                            "height": round(max(height - 1, 1), 1),
                            "middle": round(bottom + height / 2 + 4, 1),
                            "labelled": height >= _LABEL_HEIGHT,
                        }
                    )
            columns.append(
                {
                    "age": column["age"],
                    "total": sum(column[verdict] for verdict in VERDICTS),
                    "centre": round((place + 0.5) * width, 1),
                    "top": round(bottom - 4, 1),
                    "parts": parts,
                }
            )
        told = [f"{column['total']} {column['age']}" for column in columns if column["total"]]
        found.append(
            {
                "fleet": one["fleet"],
                "instances": one["instances"],
                "verdicts": one["verdicts"],
                "columns": columns,
                "width": _CHART_WIDTH,
                "height": _CHART_HEIGHT,
                "base": _PLOT_TOP + _PLOT_HEIGHT,
                "label": f"Last reports of {one['fleet'] or 'instances in no fleet'}: {', '.join(told)}",
            }
        )
    return found


# ---------------------------------------------------------------------- who may reach whom


@dataclass(frozen=True)
class Layout:
    """Sizes of the picture, in its own units; on the screen one is at most a pixel.

    :ivar two_lines: whether a row says ports and source below each other
    """

    name: str
    source: int
    gap: int
    box: int
    margin: int
    row: int
    char: float
    two_lines: bool

    @property
    def width(self) -> int:
        return self.source + self.gap + self.box + self.margin


WIDE = Layout("wide", source=230, gap=190, box=480, margin=140, row=26, char=7.0, two_lines=False)
NARROW = Layout("narrow", source=106, gap=26, box=196, margin=30, row=38, char=6.2, two_lines=True)

_HEAD, _BETWEEN, _SOURCE_HEIGHT, _SOURCE_BETWEEN = 46, 20, 44, 12
#: So many groups are drawn, and so many rows in each; the tables have all.
_MOST_GROUPS, _MOST_ROWS = 40, 14
_KINDS = ("world", "cidr", "prefix_list", "foreign_group", "group")


def reach(audit: Item) -> dict[str, list[Item]]:
    """Security group -> the ways into it."""
    by_group: dict[str, list[Item]] = {}
    for edge in audit["reach"]:
        by_group.setdefault(edge["security_group_id"], []).append(edge)
    return by_group


def picture(audit: Item, layout: Layout) -> Item:
    """Sources on the left, security groups on the right, a line for each way in.

    Lines from networks come from the left, those between groups go around on the right.
    """
    by_group = reach(audit)
    for edges in by_group.values():
        edges.sort(key=lambda edge: (edge["source"] == edge["security_group_id"], _KINDS.index(edge["source_kind"])))
    reached = [group for group in audit["security_groups"] if group["security_group_id"] in by_group]
    reached.sort(
        key=lambda group: (_KINDS.index(by_group[group["security_group_id"]][0]["source_kind"]), group["name"])
    )
    drawn = reached[:_MOST_GROUPS]
    boxes, y = [], 2.0
    for group in drawn:
        box = _box(group, by_group[group["security_group_id"]], layout, y)
        boxes.append(box)
        y = box["bottom"] + _BETWEEN
    sources = _sources(boxes, layout)
    height = max([box["bottom"] for box in boxes] + [one["y"] + _SOURCE_HEIGHT for one in sources], default=0) + 4
    return {
        "name": layout.name,
        "width": layout.width,
        "height": round(height),
        "boxes": boxes,
        "sources": sources,
        "paths": _paths(boxes, sources, layout),
        "left_out": len(reached) - len(drawn),
        "unreached": [
            group["name"] for group in audit["security_groups"] if group["security_group_id"] not in by_group
        ],
    }


def _box(group: Item, edges: Sequence[Item], layout: Layout, y: float) -> Item:
    left = layout.source + layout.gap
    rows = []
    for place, edge in enumerate(edges[:_MOST_ROWS]):
        own = edge["source"] == edge["security_group_id"]
        source = "its own members" if own else edge["source_name"]
        room = layout.box - 30
        half = room if layout.two_lines else room / 2
        rows.append(
            {
                "kind": "own" if own else edge["source_kind"],
                "source": edge["source"],
                "y": y + _HEAD + place * layout.row,
                "ports": fitted(edge["ports"], half, layout.char),
                "from": fitted(f"from {source}", half, layout.char),
                "risky": bool(edge["risky"]),
                "title": f"{source} may reach {edge['security_group']} on {edge['ports']}",
            }
        )
    more = len(edges) - len(rows)
    bottom = y + _HEAD + len(rows) * layout.row + (20 if more else 6)
    number = len(group["instance_ids"])
    return {
        "id": group["security_group_id"],
        "x": left,
        "y": y,
        "width": layout.box,
        "height": bottom - y,
        "bottom": bottom,
        "name": fitted(group["name"] or group["security_group_id"], layout.box - 24, layout.char + 0.8),
        "title": f"{group['name']} {group['security_group_id']}",
        "text": f"{number} instance{'' if number == 1 else 's'}",
        "rows": rows,
        "more": more,
    }


def _sources(boxes: Sequence[Item], layout: Layout) -> list[Item]:
    """Each beside the middle of what it reaches, and below the one before."""
    targets: dict[tuple[str, str], list[float]] = {}
    names: dict[tuple[str, str], Item] = {}
    for box in boxes:
        for row in box["rows"]:
            if row["kind"] not in ("own", "group"):
                key = (row["kind"], row["source"])
                targets.setdefault(key, []).append(row["y"] + layout.row / 2)
                names[key] = row
    found: list[Item] = []
    lowest = 2.0
    for key in sorted(targets, key=lambda key: (sum(targets[key]) / len(targets[key]), key)):
        middle = sum(targets[key]) / len(targets[key])
        y = max(lowest, middle - _SOURCE_HEIGHT / 2)
        lowest = y + _SOURCE_HEIGHT + _SOURCE_BETWEEN
        kind, source = key
        label, about = {
            "world": ("The world", "whole internet"),
            "cidr": (source.removesuffix("/32"), "network" if not source.endswith("/32") else "address"),
            "prefix_list": (source, "prefix list"),
            "foreign_group": (source, "group of others"),
        }[kind]
        found.append(
            {
                "kind": kind,
                "source": source,
                "x": 2,
                "y": y,
                "width": layout.source - 4,
                "height": _SOURCE_HEIGHT,
                "label": fitted(label, layout.source - 14, layout.char),
                "about": fitted(about, layout.source - 14, layout.char),
                "title": source,
            }
        )
    return found


def _paths(boxes: Sequence[Item], sources: Sequence[Item], layout: Layout) -> list[Item]:
    start = {(one["kind"], one["source"]): one for one in sources}
    place = {box["id"]: box for box in boxes}
    paths, lane = [], 0
    for box in boxes:
        for row in box["rows"]:
            end = row["y"] + layout.row / 2
            if row["kind"] == "group" and row["source"] in place:
                other = place[row["source"]]
                x = box["x"] + box["width"]
                out = other["y"] + _HEAD / 2
                bow = x + min(layout.margin * 1.25, layout.margin * (0.6 + 0.18 * (lane % 4)))
                lane += 1
                line = f"M{x} {out:.1f} C{bow:.1f} {out:.1f} {bow:.1f} {end:.1f} {x + 7} {end:.1f}"
            elif (row["kind"], row["source"]) in start:
                one = start[(row["kind"], row["source"])]
                x, out = one["x"] + one["width"], one["y"] + _SOURCE_HEIGHT / 2
                half = (x + box["x"]) / 2
                line = f"M{x} {out:.1f} C{half:.1f} {out:.1f} {half:.1f} {end:.1f} {box['x'] - 7} {end:.1f}"
            else:
                continue
            paths.append({"kind": row["kind"], "line": line, "title": row["title"]})
    # The world's lines last, so that nothing hides them.
    return sorted(paths, key=lambda path: path["kind"] == "world")


def fitted(text: str, room: float, char: float) -> str:
    """Cut to what fits; the whole is in the title."""
    most = max(4, int(room / char))
    return text if len(text) <= most else text[: most - 1] + "…"
