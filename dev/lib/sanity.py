# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run ansible-test's sanity tests on this checkout: dev/lib/sanity.py PYTHON_VERSION [ansible-test options]."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import environment

BOOTSTRAP = Path(__file__).with_name("get_pip.py")


def pip_settings(python: Path) -> dict[str, str]:
    """The caller's settings of pip and of certificates: environment variables, and pip's configuration files."""
    found = environment.output_of(python, "-m", "pip", "config", "list") or ""
    settings = {
        f"PIP_{name.upper().replace('-', '_')}": value
        for name, value in re.findall(r"^(?:global|install|:env:)\.([\w-]+)='(.*)'$", found, re.MULTILINE)
    }
    names = re.compile("SSL_CERT_FILE|SSL_CERT_DIR|REQUESTS_CA_BUNDLE|PIP_.*|https?_proxy|no_proxy", re.IGNORECASE)
    return settings | {name: value for name, value in os.environ.items() if names.fullmatch(name)}


def prepare_home(home: Path, folder: Path) -> None:
    """A home folder whose ansible-test cache holds our bootstrap under each name that this version may look for."""
    cache = home / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    (cache / "pip-settings.json").write_text(json.dumps(pip_settings(folder / "bin" / "python")))
    ansible_test = next(folder.glob("lib/python*/site-packages/ansible_test"))
    source = (ansible_test / "_internal" / "python_requirements.py").read_text()
    for version in re.findall(r"pip='([\d.]+)'", source):
        shutil.copy(BOOTSTRAP, cache / f"get_pip_{version.replace('.', '_')}.py")


def main() -> int:
    version, *options = sys.argv[1:]
    python = environment.interpreter(version)
    if python is None:
        raise environment.SetupError(f"no interpreter of Python {version} was found on PATH or under pyenv")
    folder = environment.venv("sanity", python)
    with environment.locked(f"ansible-test-{version}"):
        home = environment.CACHE / f"ansible-test-{version}"
        prepare_home(home, folder)
        # Not under the checkout: ansible-test would ask its git for the files and find all of them ignored.
        tree = home / "ansible_collections" / "alitrust" / "ecs"
        environment.copy_checkout(tree)
        # Real interpreters first: a shim of pyenv fails for a version that isn't switched on.
        found = [environment.interpreter(other) for other in ("3.11", "3.12", "3.13", "3.14")]
        path = os.pathsep.join([str(folder / "bin"), *(str(one.parent) for one in found if one), os.environ["PATH"]])
        command: list[str | Path] = [
            folder / "bin" / "ansible-test",
            "sanity",
            "--local",
            "--color",
            "no",
            "--python",
            version,
            *options,
        ]
        settings = os.environ | {"HOME": str(home), "PATH": path}
        return subprocess.run(command, cwd=tree, env=settings, check=False).returncode


if __name__ == "__main__":
    try:
        sys.exit(main())
    except environment.SetupError as error:
        sys.exit(f"error: {error}")
