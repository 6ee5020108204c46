# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guides and READMEs use only what there is: options, variables, playbooks, files."""

from __future__ import annotations

import re
import typing as t

import guides
from guides import COLLECTION, MARKDOWN, ROOT, RST

if t.TYPE_CHECKING:
    from pathlib import Path

PAGES = [*RST, *MARKDOWN]
PLAYBOOKS = {path.stem for path in ROOT.glob("playbooks/*.yml")}
ROLES = {path.parent.name for path in ROOT.glob("roles/*/tasks")}
MODULES = {path.stem for path in ROOT.glob("plugins/modules/*.py")}
#: What AWX's objects and the wrappers of examples/awx take.
AWX = frozenset(re.findall(r"\balitrust_\w+", "".join(path.read_text() for path in ROOT.glob("examples/awx/**/*.yml"))))
#: What the playbooks of the cookbook take.
COOKBOOK = frozenset(
    name
    for path in ROOT.glob("examples/security_groups/*.yml")
    for play in guides.load(path.read_text())
    for name in play["vars"]
)
VARIABLES = guides.role_variables() | guides.playbook_variables() | AWX | COOKBOOK
#: Facts that roles leave, by their documentation.
FACTS = {"golden_image_id", "guest_keys", "guest_health", "network_used"}


def wrong_in(value: t.Any) -> t.Iterator[str]:
    """What a play, a task, a rulebook or an inventory names that there is not."""
    if isinstance(value, list):
        for one in value:
            yield from wrong_in(one)
        return
    if not isinstance(value, dict):
        return
    plugin, role = value.get("plugin"), value.get("role")
    if isinstance(plugin, str) and plugin.startswith(COLLECTION):
        known = guides.options("inventory", plugin.removeprefix(COLLECTION))
        yield from (f"{plugin} has no option {name}" for name in value if name not in known)
        return
    if isinstance(role, str) and role.startswith(COLLECTION):
        name = role.removeprefix(COLLECTION)
        known = guides.role_variables(name) | {"role", "tags", "when", "vars", "become"}
        yield from (f"{role} has no variable {key}" for key in value if key not in known)
    for key, inner in value.items():
        if key == "roles":
            yield from (f"no role {one}" for one in inner if isinstance(one, str) and not is_one(one, ROLES))
        elif key.endswith("import_playbook"):
            yield from (f"no playbook {one}" for one in [inner] if not is_one(one, PLAYBOOKS))
        elif str(key).startswith(COLLECTION):
            yield from wrong_options(key.removeprefix(COLLECTION), inner or {})
        yield from wrong_in(inner)


def is_one(name: str, known: set[str]) -> bool:
    """Whether a full name is one of ours that there is, or none of ours."""
    return not name.startswith(COLLECTION) or name.removeprefix(COLLECTION) in known


def wrong_options(name: str, used: dict[str, t.Any]) -> t.Iterator[str]:
    kind = "modules" if name in MODULES else "event_source"
    if not (ROOT / ("plugins" if kind == "modules" else "extensions/eda/plugins") / kind / f"{name}.py").exists():
        yield f"no module {name}"
        return
    known = guides.options(kind, name)
    yield from (f"{name} has no option {option}" for option in used if option not in known)


def found(look: t.Callable[[Path], t.Iterable[str]], pages: t.Iterable[Path]) -> dict[str, list[str]]:
    """What is wrong, by page."""
    return {str(page.relative_to(ROOT)): wrong for page in pages if (wrong := sorted(look(page)))}


def is_variables(block: str) -> bool:
    """Whether its first line calls it a file of variables, which are those of roles and playbooks."""
    return bool(re.match(r"# \w+\.yml\b", block))


def test_yaml_is_valid_and_names_what_there_is() -> None:
    def wrong(page: Path) -> t.Iterator[str]:
        for block in guides.blocks(page, "yaml"):
            value = guides.load(block)
            yield from wrong_in(value)
            if isinstance(value, dict) and "plugin" not in value and is_variables(block):
                yield from (f"no variable {name}" for name in value if name not in VARIABLES)

    assert found(wrong, PAGES) == {}


def test_commands_name_what_there_is() -> None:
    def wrong(page: Path) -> t.Iterator[str]:
        text = "\n".join(guides.blocks(page, "console"))
        yield from set(re.findall(rf"ansible-playbook {re.escape(COLLECTION)}(\w+)", text)) - PLAYBOOKS
        own = set(re.findall(r"\{\{ (\w+)", page.read_text()))  # of a play that the page shows
        yield from set(re.findall(r"-e '?\{?\"?([a-z]\w+)\"?[=:]", text)) - VARIABLES - own
        paths = re.findall(r"(?<![\w/])((?:dev|examples|tests)/[\w./-]+)", text)
        yield from (path for path in paths if not (ROOT / path).exists())

    assert found(wrong, PAGES) == {}


def test_variables_in_the_text_exist() -> None:
    ours = re.compile(r"`((?:" + "|".join(sorted(ROLES | PLAYBOOKS)) + r")_[a-z_]+)`")
    known = VARIABLES | MODULES | ROLES | PLAYBOOKS | FACTS
    assert found(lambda page: set(ours.findall(page.read_text())) - known, PAGES) == {}


def test_links_lead_to_files() -> None:
    def broken(page: Path) -> t.Iterator[str]:
        for link in re.findall(r"\]\(([^)#\s]+)", page.read_text()):
            if "://" not in link and not (page.parent / link).exists():
                yield link

    assert found(broken, MARKDOWN) == {}


def test_links_to_elsewhere_are_https() -> None:
    local = re.compile(r"http://(127\.0\.0\.1|localhost|100\.100\.100\.200)\b")

    def unsafe(page: Path) -> t.Iterator[str]:
        for link in re.findall(r"(?<!\w)http://[^\s`<>)\"']+", page.read_text()):
            if not local.match(link):
                yield link

    assert found(unsafe, PAGES) == {}


def test_the_cookbook_has_every_playbook_of_its_folder() -> None:
    page = (ROOT / "docs/docsite/rst/security_groups.rst").read_text()
    books = {path.name for path in (ROOT / "examples/security_groups").glob("*.yml")}
    assert set(re.findall(r"``(\w+\.yml)``", page)) == books
