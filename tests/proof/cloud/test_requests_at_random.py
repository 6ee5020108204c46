# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever is asked of the local cloud, it answers, and never by a mistake of its own."""

from __future__ import annotations

import http.client
import itertools
import json
import threading
import typing as t
from pathlib import Path

import pytest
from proof.cloud.account import caller, furnish
from proof.cloud.fuzzing import Requests, mistakes, operations
from proof.conftest import Figure

from local_cloud.control import LocalCloud

CLIENTS = 4
#: Rounds after which half of the operations have been reached, however the requests of the clients fell together.
MOST = 40


@pytest.mark.parametrize("seed", range(4))
def test_no_request_makes_it_err(seed: int, tmp_path: Path, figure: Figure, long: bool) -> None:
    """Requests from its own parameter data: wrong types, limits, names, unicode, huge, by four clients at once."""
    rounds = 60 if long else 8  # which sometimes leaves just less than half of the operations for the next ones
    half = len(operations()) / 2
    with LocalCloud.start(tmp_path / "state", ecs__agent_without_hosts="loopback") as cloud:
        account = furnish(cloud)
        wrong: list[t.Any] = []
        done: set[tuple[str, str]] = set()
        asked = itertools.count()

        def ask(number: int) -> None:
            made = Requests(seed * CLIENTS + number)
            made.learn(account.answers)
            wire = caller(cloud)
            for turn in range(max(rounds, MOST)):
                if turn >= rounds and len(done) > half:
                    return
                for product, action in operations():
                    flat = made.make(product, action)
                    next(asked)
                    try:
                        reply = wire.v3(product, action, **flat)
                    except (OSError, http.client.HTTPException) as error:
                        wrong.append((product, action, error, flat))
                        return
                    body = json.loads(reply.body)
                    if reply.status == 500 or body.get("Code") == "InternalError":
                        wrong.append((product, action, flat))
                    elif reply.status == 200:
                        made.learn(body)
                        done.add((product, action))

        clients = [threading.Thread(target=ask, args=(number,)) for number in range(CLIENTS)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        pid = cloud.info["pid"]
        assert not wrong, f"{len(wrong)} of {next(asked)}; the first: {str(wrong[0])[:3000]}\n" + "\n".join(
            mistakes(cloud)
        )
        assert cloud.status()["pid"] == pid
        assert not mistakes(cloud)
        assert len(done) > half, "requests are to be right often enough to get beyond the checks"
        figure("fuzzed requests", next(asked))
