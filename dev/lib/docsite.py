# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the documentation as HTML, a warning being an error: docsite.py FOLDER. It needs no network.

Pages of ansible-core that the collection's documentation refers to are listed here, because Sphinx would fetch their
inventory from the internet. A reference that is not listed is a warning.
"""

from __future__ import annotations

import os
import subprocess
import sys
import typing as t
import zlib
from pathlib import Path

COLLECTION = "alitrust.ecs"
ANSIBLE = "https://docs.ansible.com/projects/ansible/latest/"
#: Label of a page or heading of ansible-core's documentation -> where it is.
LABELS = {
    "action_plugins": "plugins/action.html",
    "ansible_configuration_settings": "reference_appendices/config.html",
    "callback_plugins": "plugins/callback.html",
    "common_return_values": "reference_appendices/common_return_values.html",
    **{
        f"ansible_collections.ansible.builtin.{name}": f"collections/ansible/builtin/{name}.html"
        for name in (
            "assert_module",
            "blockinfile_module",
            "known_hosts_module",
            "ping_module",
            "raw_module",
            "set_fact_module",
            "setup_module",
            "ssh_connection",
            "to_json_filter",
            "uri_module",
            "user_data_module",
            "wait_for_connection_module",
        )
    },
}
_COMPRESSED = "# The remainder of this file is compressed using zlib."
VARIABLES = (
    *(f"ANSIBLE_CACHE_PLUGIN{name}" for name in ("", "_CONNECTION", "_PREFIX", "_TIMEOUT")),
    "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED",
    *(f"ANSIBLE_{name}" for name in ("HOST_KEY_CHECKING", "PIPELINING", "PRIVATE_KEY_FILE", "TIMEOUT")),
    *(f"ANSIBLE_REMOTE_{name}" for name in ("PORT", "USER")),
)
CONFIGURATION = f"""
project = "{COLLECTION}"
title = html_title = html_short_title = "{COLLECTION}"
copyright = "alitrust.ecs authors"
extensions = ["sphinx.ext.intersphinx", "sphinx_antsibull_ext"]
intersphinx_mapping = {{"ansible": ("{ANSIBLE}", "../ansible.inv")}}
pygments_style = "ansible"
highlight_language = "YAML+Jinja"
html_theme = "sphinx_ansible_theme"
html_show_sphinx = display_version = html_use_modindex = html_use_index = html_copy_source = False
default_role = "any"
nitpicky = True
"""


def inventory() -> bytes:
    """The labels and variables above in the form that Sphinx fetches from a site (objects.inv, version 2)."""
    head = f"# Sphinx inventory version 2\n# Project: ansible\n# Version: \n{_COMPRESSED}\n"
    lines = [f"{label} std:label -1 {page} -" for label, page in sorted(LABELS.items())]
    page = "reference_appendices/config.html"
    lines += [f"{name} std:envvar 1 {page} -" for name in VARIABLES]
    return head.encode() + zlib.compress("".join(f"{line}\n" for line in lines).encode())


def run(command: t.Sequence[str | Path], folder: Path) -> None:
    print("+", *command, flush=True)
    subprocess.run(command, cwd=folder, check=True)


def build(folder: Path) -> Path:
    """Build into a folder that need not exist; returns the first page."""
    source = folder / "rst"
    source.mkdir(parents=True, exist_ok=True)
    source.chmod(0o755)  # antsibull-docs wants nobody else to write there
    (folder / "ansible.inv").write_bytes(inventory())
    (folder / "conf.py").write_text(CONFIGURATION)
    tools = Path(sys.executable).parent
    options: list[str | Path] = ["--cleanup", "everything", "--use-current", "--squash-hierarchy", "--dest-dir", source]
    run([tools / "antsibull-docs", "collection", *options, COLLECTION], folder)
    run([tools / "sphinx-build", "-q", "-W", "--keep-going", "-c", ".", "-b", "html", "rst", "html"], folder)
    return folder / "html" / "index.html"


def main() -> None:
    if "ANSIBLE_COLLECTIONS_PATH" not in os.environ:
        sys.exit("ANSIBLE_COLLECTIONS_PATH is not set; run this through dev/test docsite")
    folder = Path(sys.argv[1]).absolute()
    print(build(folder))


if __name__ == "__main__":
    main()
