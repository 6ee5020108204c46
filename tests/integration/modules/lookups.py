# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Call lookup plugins as Ansible calls them, in a process of their own.

Where the controller's part of ansible-core is imported, modules give their warnings to the screen instead of into their
results, which other tests look at.
"""

from __future__ import annotations

import importlib
import multiprocessing
import typing as t
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

import guides

PLUGINS = "ansible_collections.alitrust.ecs.plugins"


@dataclass
class Asked:
    """One call of a lookup.

    :ivar check: in check mode
    :ivar records: what earlier tasks of a check run have foretold
    :ivar remember: whether what calls before it have read counts, as within one task
    """

    name: str
    terms: list[t.Any]
    options: dict[str, t.Any]
    variables: dict[str, t.Any] = field(default_factory=dict)
    check: bool = False
    records: list[dict[str, t.Any]] = field(default_factory=list)
    remember: bool = False


class Told(t.NamedTuple):
    """What came of it: values, or the error as a text; and warnings."""

    values: list[str]
    error: str
    warnings: list[str]


class Workers:
    """Ansible's workers, as far as lookups go: one at a time."""

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None

    def ask(self, asked: Asked) -> Told:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))
        return self._pool.submit(_look_up, asked).result()

    def end(self) -> None:
        """End the worker: the next call gets a new one."""
        if self._pool is not None:
            self._pool.shutdown()
        self._pool = None


def _look_up(asked: Asked) -> Told:
    from ansible import context
    from ansible.errors import AnsibleError
    from ansible.module_utils.common.collections import ImmutableDict
    from ansible.parsing.dataloader import DataLoader
    from ansible.template import Templar, trust_as_template

    own: t.Any = importlib.import_module(f"{PLUGINS}.plugin_utils._cloud_lookup")
    check_run: t.Any = importlib.import_module(f"{PLUGINS}.plugin_utils._check_run")
    check_run.records = lambda: asked.records
    if not asked.remember:
        own._memory = own._Memory()
    context.CLIARGS = ImmutableDict(check=asked.check)
    variables = {name: trust_as_template(value) for name, value in asked.variables.items()}
    loader = DataLoader()
    plugin = _plugin_class(asked.name)(loader=loader, templar=Templar(loader=loader, variables=variables))
    plugin._display = _Screen()
    try:
        values, error = plugin.run(asked.terms, variables=variables, **asked.options), ""
    except AnsibleError as failed:
        # Ansible shows the causes of an error, too.
        values, error = [], f"{failed} {failed.__cause__ or ''}".strip()
    return Told([str(value) for value in values], error, plugin._display.warnings)


class _Screen:
    def __init__(self) -> None:
        self.warnings: list[str] = []

    def warning(self, text: str) -> None:
        self.warnings.append(text)


def _plugin_class(name: str) -> t.Any:
    """A lookup, with its options known to Ansible as if it had loaded it."""
    from ansible import constants
    from ansible.utils.plugin_docs import merge_fragment

    said = guides.document(guides.ROOT / f"plugins/lookup/{name}.py")
    for fragment in said["extends_documentation_fragment"]:
        holder = importlib.import_module(f"{PLUGINS}.doc_fragments.{fragment.rpartition('.')[2]}").ModuleDocFragment
        merge_fragment(said["options"], guides.load(holder.DOCUMENTATION)["options"])
    lookup = importlib.import_module(f"{PLUGINS}.lookup.{name}").LookupModule
    lookup._load_name = f"alitrust.ecs.{name}"
    constants.config.initialize_plugin_configuration_definitions("lookup", lookup._load_name, said["options"])
    return lookup
