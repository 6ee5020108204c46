# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Install the collection without the internet, by the very commands of the quick start, and use it.

What is not released yet cannot be downloaded: a tarball of this checkout goes through "ansible-galaxy collection
download" as it would get it from Galaxy, and pip takes the local cloud from the working folder, a copy of the checkout.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from environment import CHECKOUT

GUIDE = CHECKOUT / "docs" / "docsite" / "rst" / "quick_start.rst"
DOWNLOAD = "ansible-galaxy collection download -p alitrust-offline alitrust.ecs"
REPOSITORY = "git+https://github.com/alitrust/alitrust.ecs"
#: Whoever asks somebody outside gets no answer.
NOBODY = "http://127.0.0.1:9"


def commands() -> tuple[list[str], list[str]]:
    """The commands of the connected machine and those of the other one."""
    section = GUIDE.read_text().split("Without the internet\n", 1)[1]
    found = re.findall(r"^\.\. code-block:: console\n\n((?: +[^\n]*\n)+)", section, re.MULTILINE)
    online, offline = ([line.strip().removeprefix("$ ") for line in block.splitlines()] for block in found)
    if online[0] != DOWNLOAD:
        sys.exit(f"{GUIDE} begins with {online[0]!r}; expected {DOWNLOAD!r}.")
    if not any(REPOSITORY in line for line in online):
        sys.exit(f"{GUIDE} does not take the local cloud from {REPOSITORY}.")
    return [line.replace(REPOSITORY, Path.cwd().as_uri()) for line in online[1:]], offline


def walk(lines: list[str], folder: Path, environment: dict[str, str]) -> None:
    """Run commands one after the other in one shell, as somebody types them."""
    script = "\n".join(["set -euo pipefail", *(f"echo {quoted(line)}\n{line}" for line in lines)])
    subprocess.run(["bash", "-c", script], cwd=folder, env=environment, stdin=subprocess.DEVNULL, check=True)


def quoted(line: str) -> str:
    return "'$ " + line.replace("'", "'\\''") + "'"


def main() -> None:
    output = Path(sys.argv[1])
    home, here, there = output / "home", output / "online", output / "offline"
    for folder in (home, here, there):
        folder.mkdir(parents=True)
    online, offline = commands()

    galaxy = ["ansible-galaxy", "collection"]
    subprocess.run([*galaxy, "build", "--output-path", output], check=True)
    (own,) = output.glob("alitrust-ecs-*.tar.gz")
    subprocess.run([*galaxy, "download", "--no-deps", "-p", here / "alitrust-offline", own], check=True)
    walk(online, here, dict(os.environ))
    shutil.move(here / "alitrust-offline", there)

    # No pip, index, collection or fact of this machine is of help there.
    lone = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
    lone |= {"HOME": str(home), "PIP_CONFIG_FILE": os.devnull, "NO_COLOR": "1", "ANSIBLE_LOCALHOST_WARNING": "false"}
    lone |= {"PIP_INDEX_URL": NOBODY, "ANSIBLE_GALAXY_SERVER": NOBODY}
    (start,) = (line for line in offline if "alitrust.ecs.local_cloud" in line)
    stop = f"{start} -e local_cloud_state=absent"
    try:
        walk(offline, there, lone)
    finally:
        if (home / "alitrust").exists():
            walk([". ~/alitrust/bin/activate", stop], there, lone)


if __name__ == "__main__":
    main()
