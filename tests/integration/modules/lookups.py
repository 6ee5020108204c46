# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Call lookup plugins as Ansible calls them, in a process of their own.

Where the controller's part of ansible-core is imported, modules give their warnings to the screen instead of into their
results, which other tests look at.
"""

from __future__ import annotations

import copy
import importlib
import multiprocessing
import typing as t
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

import guides

if t.TYPE_CHECKING:
    from modules.harness import Modules

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

    values: list[t.Any]
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


class Lookups:
    """The lookups, pointed at one local cloud."""

    def __init__(self, workers: Workers, modules: Modules) -> None:
        self.workers = workers
        self.modules = modules
        self.connection = {
            "region": modules.region,
            "endpoint_url": modules.cloud.endpoint,
            "access_key_id": modules.cloud.access_key_id,
            "access_key_secret": modules.cloud.access_key_secret,
        }

    def ask(self, name: str, *terms: t.Any, how: dict[str, t.Any] | None = None, **options: t.Any) -> Told:
        return self.workers.ask(Asked(name, list(terms), {**self.connection, **options}, **(how or {})))

    def __call__(self, name: str, *terms: t.Any, how: dict[str, t.Any] | None = None, **options: t.Any) -> list[t.Any]:
        told = self.ask(name, *terms, how=how, **options)
        assert not told.error
        return told.values

    def fails(self, name: str, *terms: t.Any, **options: t.Any) -> str:
        """The message of a lookup that must fail."""
        told = self.ask(name, *terms, **options)
        assert told.error
        assert "Traceback" not in told.error
        return told.error


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
    return Told(values, error, plugin._display.warnings)


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
    for name_of_fragment in said["extends_documentation_fragment"]:
        merge_fragment(said["options"], copy.deepcopy(guides.fragment(name_of_fragment)))
    lookup = importlib.import_module(f"{PLUGINS}.lookup.{name}").LookupModule
    lookup._load_name = f"alitrust.ecs.{name}"
    constants.config.initialize_plugin_configuration_definitions("lookup", lookup._load_name, said["options"])
    return lookup
