# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page: escaped, laid out, with tasks that can be pasted."""

from __future__ import annotations

import itertools
import typing as t
from pathlib import Path

import pytest
import yaml

from ansible_collections.alitrust.ecs.plugins.plugin_utils import _audit_view, _mend_yaml

ROOT = Path(__file__).resolve().parents[3]
TEMPLATE = (ROOT / "roles/audit/templates/report.html.j2").read_text()
HOSTILE = "<script>alert('{{ 1 }}')</script>\"'><img src=x onerror=alert(1)>"


def edge(source: str, group: str, kind: str = "cidr", **more: t.Any) -> dict[str, t.Any]:
    plain = {
        "source_name": source,
        "security_group": group,
        "ports": "tcp 22",
        "risky": [],
        "peers": [],
        "includes": [],
    }
    return {"source_kind": kind, "source": source, "security_group_id": group, **plain, **more}


def group(name: str) -> dict[str, t.Any]:
    return {"security_group_id": name, "name": name, "instance_ids": ["i-1"]}


def drawn(reach: list[dict[str, t.Any]], *names: str) -> dict[str, t.Any]:
    audit = {"reach": reach, "security_groups": [group(name) for name in names]}
    return _audit_view.picture(audit, _audit_view.WIDE)


def test_each_way_in_is_a_row_and_a_line() -> None:
    found = drawn(
        [edge("world", "web", "world"), edge("10.0.0.0/8", "web"), edge("web", "app", "group")], "app", "web", "x"
    )
    assert [box["id"] for box in found["boxes"]] == ["web", "app"]
    assert [one["source"] for one in found["sources"]] == ["world", "10.0.0.0/8"]
    assert sorted(path["kind"] for path in found["paths"]) == ["cidr", "group", "world"]
    assert found["unreached"] == ["x"]


def test_nothing_lies_over_another_thing_or_outside() -> None:
    reach = [edge(f"10.{n}.0.0/16", f"g{n % 7}") for n in range(40)] + [
        edge("world", f"g{n}", "world") for n in range(7)
    ]
    found = drawn(reach, *(f"g{n}" for n in range(7)))
    for things in (found["boxes"], found["sources"]):
        ends = [(one["y"], one["y"] + one["height"]) for one in things]
        assert all(before[1] <= after[0] for before, after in itertools.pairwise(ends))
        assert all(top >= 0 and bottom <= found["height"] for top, bottom in ends)


def test_a_large_account_is_cut_and_says_so() -> None:
    reach = [edge("world", f"g{n}", "world") for n in range(60)] + [edge(f"10.{n}.0.0/16", "g1") for n in range(30)]
    found = drawn(reach, *(f"g{n}" for n in range(60)))
    assert (len(found["boxes"]), found["left_out"]) == (40, 20)
    box = next(box for box in found["boxes"] if box["id"] == "g1")
    assert (len(box["rows"]), box["more"]) == (14, 17)


def test_charts_share_a_scale_and_add_up() -> None:
    def column(age: str, trusted: int, unknown: int) -> dict[str, t.Any]:
        return {"age": age, "trusted": trusted, "untrusted": 0, "unmeasured": 0, "unknown": unknown}

    fleets = [
        {"fleet": name, "instances": 0, "verdicts": {}, "timeline": [column("now", number, 1), column("never", 0, 0)]}
        for name, number in (("a", 9), ("b", 1))
    ]
    large, small = _audit_view.charts(fleets)
    assert [part["count"] for part in large["columns"][0]["parts"]] == [9, 1]
    heights = [part["height"] + 1 for chart in (large, small) for part in chart["columns"][0]["parts"]]
    assert heights[0] == pytest.approx(9 * heights[2], abs=0.2)
    assert large["columns"][1]["parts"] == []


def test_the_bar_of_verdicts_is_full() -> None:
    parts = _audit_view.share({"trusted": 2, "untrusted": 1, "unmeasured": 0, "unknown": 0})
    assert [part["verdict"] for part in parts] == ["trusted", "untrusted"]
    assert sum(part["width"] for part in parts) == pytest.approx(100, abs=0.01)
    assert _audit_view.share(dict.fromkeys(_audit_view.VERDICTS, 0)) == []


def test_tasks_are_a_playbook_and_text_from_the_cloud_is_no_template_in_it() -> None:
    rules = [{"description": "{{ lookup('pipe', 'id') }}", "cidr": "{{ admin_networks }}"}]
    text = _mend_yaml.tasks(
        {"title": "Mend", "mend": [{"module": "alitrust.ecs.sg_rule", "options": {"rules": rules}}]}
    )
    assert "!unsafe '{{ lookup(''pipe'', ''id'') }}'" in text
    assert "!unsafe '{{ admin" not in text

    class Loader(yaml.SafeLoader):
        pass

    Loader.add_constructor("!unsafe", lambda _loader, node: node.value)
    assert yaml.load(text, Loader) == [{"name": "Mend", "alitrust.ecs.sg_rule": {"rules": rules}}]


def test_an_empty_account_has_a_page() -> None:
    page = _audit_view.html(empty(), TEMPLATE)
    assert "There are no instances in this region." in page
    assert "Not everything could be read" not in page


@pytest.mark.parametrize("where", ["account_id", "region", "not_read"])
def test_whatever_comes_from_the_cloud_is_escaped(where: str) -> None:
    audit = empty()
    audit[where] = [{"part": HOSTILE, "reason": HOSTILE}] if where == "not_read" else HOSTILE
    page = _audit_view.html(audit, TEMPLATE)
    assert "<script" not in page
    assert "<img" not in page
    assert "&lt;script&gt;alert(&#39;{{ 1 }}&#39;)" in page


def test_what_security_center_tells_is_on_the_page_and_escaped() -> None:
    audit = empty()
    levels = {"serious": 1, "suspicious": 0, "remind": 0, "other": 0}
    row = {"instance_id": "i-1", "name": HOSTILE, "agent": "online", "protected": True, "alerts": levels}
    audit["security_center"] = {
        "in_use": True,
        "edition": HOSTILE,
        "instances": [{**row, "vulnerability_count": 3, "risk_count": 0}],
        "alerts": [dict.fromkeys(("name", "type", "instance_id", "instance_name", "alert_id", "level"), HOSTILE)],
    }
    audit["security_center"]["alerts"][0]["last_time"] = None
    audit["figures"].update(alerts=levels, protected=1, vulnerabilities=3, risks=0)
    page = _audit_view.html(audit, TEMPLATE)
    assert "<script" not in page
    assert "<img" not in page
    assert '<b data-figure="alerts.serious">1</b>' in page
    assert '<tr data-protected="i-1">' in page


def test_where_security_center_was_not_read_the_page_says_why() -> None:
    audit = empty()
    audit["not_read"] = [{"part": "Security Center", "reason": HOSTILE}]
    page = _audit_view.html(audit, TEMPLATE)
    assert "That could not be read: &lt;script&gt;" in page
    assert '<b data-figure="protected">?</b>' in page


def empty() -> dict[str, t.Any]:
    counted = "instances fleets checks_passed checks_failed checks_unknown disks disks_encrypted imdsv2_required"
    counted += " deletion_protected with_key_pair with_role security_groups rules groups_open_to_world keys share_roles"
    numbers = counted.split()
    figures: dict[str, t.Any] = dict.fromkeys(numbers, 0)
    figures.update(dict.fromkeys(("alerts", "protected", "vulnerabilities", "risks")))
    figures["verdicts"] = dict.fromkeys(_audit_view.VERDICTS, 0)
    figures["findings"] = dict.fromkeys(_audit_view.SEVERITIES, 0)
    lists = ("fleets", "instances", "security_groups", "reach", "roles", "share_roles", "shared_images", "findings")
    return {
        "addresses": [],
        "security_center": None,
        "quotas": [],
        "sessions": None,
        **{name: [] for name in (*lists, "checks", "not_read", "key_pairs")},
        "generated": "2026-01-20T08:15:00Z",
        "region": "cn-hangzhou",
        "account_id": None,
        "kms": {"status": "NotEnabled", "keys": []},
        "figures": figures,
    }


class _OfOthers(str):
    """As ansible-core before 2.19 has text of others."""


def test_text_of_others_is_text_in_the_tasks_to_paste() -> None:
    options = {"name": _OfOthers("x"), "tags": {"a": "{{ b }}"}}
    finding = {
        "title": _OfOthers("A title"),
        "mend": [{"module": _OfOthers("alitrust.ecs.vpc"), "options": options}],
    }
    assert yaml.safe_load(_mend_yaml.tasks(finding).replace("!unsafe ", "")) == [
        {"name": "A title", "alitrust.ecs.vpc": {"name": "x", "tags": {"a": "{{ b }}"}}}
    ]
