# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m local_cloud serve``: run a local cloud in the foreground."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

from local_cloud.server import Server, StartError, load_services
from local_cloud.settings import DEFINED


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line and serve. Returns the exit status: 0 after an orderly end, 2 when it can't start."""
    parser = argparse.ArgumentParser(prog="local_cloud", description="A local Alibaba Cloud for tests and rehearsals.")
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="run a local cloud in the foreground")
    serve.add_argument("--state-dir", type=Path, required=True, help="folder of its state; kept over restarts")
    serve.add_argument("--port", type=int, default=0, help="port at 127.0.0.1; 0 (default) picks a free one")
    serve.add_argument(
        "--hosts", choices=("auto", "on", "off"), default="auto", help="real hosts for instances (auto: where possible)"
    )
    serve.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="change a setting; see the command settings"
    )
    commands.add_parser("settings", help="list the settings")
    options = parser.parse_args(arguments)
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", level=logging.WARNING)
    if options.command == "settings":
        load_services()
        for setting in sorted(DEFINED.values(), key=lambda one: one.name):
            sys.stdout.write(f"{setting.name}={setting.default}  # {setting.help}\n")
        return 0
    try:
        settings = dict(_pair(text) for text in options.set)
        Server(options.state_dir.resolve(), options.port, options.hosts, settings).run()
    except (StartError, ValueError) as error:
        sys.stderr.write(f"local_cloud: {error}\n")
        return 2
    return 0


def _pair(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator:
        raise ValueError(f"--set takes NAME=VALUE, not {text!r}")
    return name, value


if __name__ == "__main__":
    sys.exit(main())
