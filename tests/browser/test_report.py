# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report in a real browser: figures, no network, no complaints, fits a phone, dark and light."""

from __future__ import annotations

import shutil
import typing as t

import pytest
from audit import account
from audit.playbook import Report, make
from browser.chromium import Chromium

from local_cloud.control import LocalCloud

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
pytestmark = pytest.mark.skipif(not PROGRAM, reason="the command 'chromium' is missing: install the package chromium")

PHONE, DESKTOP = 390, 1280


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Report]:
    with LocalCloud.start(tmp_path_factory.mktemp("cloud")) as cloud:
        yield make(cloud, tmp_path_factory.mktemp("report"))


@pytest.fixture(scope="module")
def browser() -> t.Iterator[Chromium]:
    with Chromium(PROGRAM) as running:
        yield running


def flat(figures: dict[str, t.Any], prefix: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in figures.items():
        found |= flat(value, f"{name}.") if isinstance(value, dict) else {f"{prefix}{name}": str(value)}
    return found


def texts(browser: Chromium, selector: str, key: str) -> dict[str, str]:
    """What the elements say, by an attribute of theirs."""
    found: dict[str, str] = browser.value(
        f"Object.fromEntries([...document.querySelectorAll({selector!r})].map(e => [{key}, e.textContent]))"
    )
    return found


def test_the_figures_are_those_of_the_facts(browser: Chromium, report: Report) -> None:
    browser.open(report.html)
    shown = texts(browser, "[data-figure]", "e.dataset.figure")
    figures = flat(report.facts["figures"])
    del figures["disks"]  # said as the total of the encrypted ones
    assert shown == figures
    fleets = texts(browser, "[data-fleet]", "e.dataset.fleet + ' ' + e.dataset.verdict")
    assert fleets == {
        f"{one['fleet']} {verdict}": str(number)
        for one in report.facts["fleets"]
        for verdict, number in one["verdicts"].items()
        if number
    }


def test_everything_of_the_facts_is_on_the_page(browser: Chromium, report: Report) -> None:
    browser.open(report.html)
    for selector, number in (
        ("tr[data-instance]", len(report.facts["instances"])),
        ("tr[data-group]", len(report.facts["security_groups"])),
        ("tr[data-key]", len(report.facts["kms"]["keys"])),
        ("article.finding", len(report.facts["findings"])),
        ("article.finding pre", len(report.facts["findings"])),
        ("#checks tbody tr", len(report.facts["checks"])),
    ):
        assert browser.value(f"document.querySelectorAll({selector!r}).length") == number, selector
    order = browser.value("[...document.querySelectorAll('article.finding')].map(e => e.dataset.check)")
    assert order == [finding["check"] for finding in report.facts["findings"]]


def test_the_charts_draw_the_figures(browser: Chromium, report: Report) -> None:
    browser.open(report.html)
    drawn = browser.value("[...document.querySelectorAll('.charts rect title')].map(e => e.textContent)")
    expected = [
        f"{column[verdict]} {verdict}, {column['age']}"
        for one in report.facts["fleets"]
        for column in one["timeline"]
        for verdict in report.facts["figures"]["verdicts"]
        if column[verdict]
    ]
    assert sorted(drawn) == sorted(expected)
    lines = browser.value("[...document.querySelectorAll('.picture.wide .path title')].map(e => e.textContent)")
    apart = [edge for edge in report.facts["reach"] if edge["source"] != edge["security_group_id"]]
    assert sorted(lines) == sorted(
        f"{edge['source_name']} may reach {edge['security_group']} on {edge['ports']}" for edge in apart
    )


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, DESKTOP])
def test_it_opens_quietly_and_needs_no_scrolling_sideways(
    browser: Chromium, report: Report, width: int, dark: bool
) -> None:
    browser.open(report.html, width, dark=dark)
    browser.value("document.querySelectorAll('details').forEach(e => e.open = true)")
    assert browser.value("document.documentElement.scrollWidth") <= width
    assert browser.requests == [report.html.resolve().as_uri()]
    assert browser.complaints == []
    assert browser.value("document.querySelectorAll('script, iframe, object, embed, img, form').length") == 0


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_text_stands_out_from_what_is_behind_it(browser: Chromium, report: Report, dark: bool) -> None:
    browser.open(report.html, dark=dark)
    weak = browser.value(CONTRAST)
    assert weak == []


#: Elements with text of their own whose contrast is below 4.5 (WCAG 2, AA).
CONTRAST = """
(() => {
  const rgba = text => text.match(/[\\d.]+/g).map(Number);
  const linear = v => v <= .03928 * 255 ? v / 255 / 12.92 : ((v / 255 + .055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => .2126 * linear(r) + .7152 * linear(g) + .0722 * linear(b);
  const behind = element => {
    for (let e = element; e; e = e.parentElement) {
      const colour = rgba(getComputedStyle(e).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const speaks = e => [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
  const ratio = e => {
    const [one, other] = [light(rgba(getComputedStyle(e).color)), light(behind(e))];
    return (Math.max(one, other) + .05) / (Math.min(one, other) + .05);
  };
  return [...document.querySelectorAll('body *')]
    .filter(e => !e.closest('svg') && e.checkVisibility() && speaks(e) && ratio(e) < 4.5)
    .map(e => [ratio(e), e.className, e.textContent.trim().slice(0, 40)]);
})()
"""


def test_a_hostile_name_is_only_text(browser: Chromium, report: Report) -> None:
    browser.open(report.html)
    names = browser.value(
        "[...document.querySelectorAll('tr[data-instance] th > div')].map(e => e.firstChild.textContent)"
    )
    assert account.HOSTILE in names


def test_it_prints(browser: Chromium, report: Report) -> None:
    browser.open(report.html)
    assert browser.pdf().startswith(b"%PDF-")
    browser.send("Emulation.setEmulatedMedia", media="print")
    hidden = browser.value("[...document.querySelectorAll('pre')].filter(e => !e.checkVisibility()).length")
    browser.send("Emulation.setEmulatedMedia", media="")
    assert hidden == 0


def test_what_is_told_by_colour_is_also_told_by_words(browser: Chromium, report: Report) -> None:
    browser.open(report.html)
    assert browser.value("document.querySelectorAll('svg').length") > 0
    assert browser.value("document.querySelectorAll('svg:not([role=img][aria-label])').length") == 0
    assert browser.value("document.querySelectorAll('.badge').length") > 0
    assert browser.value("[...document.querySelectorAll('.badge')].every(e => /[a-z]/.test(e.textContent))")


def test_the_file_is_small_enough_to_mail(report: Report) -> None:
    assert report.html.stat().st_size < 200_000
