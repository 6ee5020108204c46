# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each module, plugin and role says about itself is complete, and leads on to what there is."""

from __future__ import annotations

import re
import typing as t

import guides
from guides import COLLECTION, ROOT, RST

MODULES = {path.stem: guides.document(path) for path in ROOT.glob("plugins/modules/*.py")}
PLUGINS = {
    "callback": {path.stem: guides.document(path) for path in ROOT.glob("plugins/callback/*.py")},
    "connection": {path.stem: guides.document(path) for path in ROOT.glob("plugins/connection/*.py")},
    "inventory": {path.stem: guides.document(path) for path in ROOT.glob("plugins/inventory/*.py")},
    "lookup": {path.stem: guides.document(path) for path in ROOT.glob("plugins/lookup/*.py")},
    "filter": {path.stem: guides.document(path) for path in ROOT.glob("plugins/filter/*.py")},
    "role": {
        path.parents[1].name: guides.load(path.read_text())["argument_specs"]["main"]
        for path in ROOT.glob("roles/*/meta/argument_specs.yml")
    },
}
EVERYTHING = {
    **{f"{name} module": said for name, said in MODULES.items()},
    **{f"{name} {kind}": said for kind, plugins in PLUGINS.items() for name, said in plugins.items()},
}
LABELS = {label for page in RST for label in re.findall(r"^\.\. _(\S+):$", page.read_text(), re.MULTILINE)}


def exists(reference: dict[str, str]) -> bool:
    """Whether an entry of seealso leads somewhere; what is not ours is checked when the documentation is built."""
    if "ref" in reference:
        return reference["ref"] in LABELS
    kind = reference.get("plugin_type", "module")
    name = reference.get("module") or reference["plugin"]
    ours: t.Container[str] = MODULES if kind == "module" else PLUGINS[kind]
    return not name.startswith(COLLECTION) or name.removeprefix(COLLECTION) in ours


def test_everything_refers_to_what_is_near_it() -> None:
    assert [name for name, said in EVERYTHING.items() if not said.get("seealso")] == []
    assert [(name, one) for name, said in EVERYTHING.items() for one in said["seealso"] if not exists(one)] == []


def test_a_module_and_the_one_that_reads_refer_to_each_other() -> None:
    pairs = [(name, f"{name}_info") for name in MODULES if f"{name}_info" in MODULES]
    assert pairs
    for one, other in (*pairs, *(pair[::-1] for pair in pairs)):
        assert f"{COLLECTION}{other}" in [entry.get("module") for entry in MODULES[one]["seealso"]], one


def test_everything_says_since_when_and_by_whom() -> None:
    assert [name for name, said in EVERYTHING.items() if not (said.get("version_added") and said.get("author"))] == []


def test_what_is_returned_has_a_sample() -> None:
    def bare(values: dict[str, t.Any], path: str) -> t.Iterator[str]:
        for key, value in values.items():
            if "sample" not in value and "contains" in value:
                yield from bare(value["contains"], f"{path}.{key}")
            elif "sample" not in value:
                yield f"{path}.{key}"

    returned = {name: guides.document(ROOT / f"plugins/modules/{name}.py", "RETURN") for name in MODULES}
    assert [one for name, values in returned.items() for one in bare(values, name)] == []
