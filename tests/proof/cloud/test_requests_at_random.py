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
#: Accounts after which half of the operations have been right, whatever the clients have destroyed in one of them.
MOST = 5


@pytest.mark.parametrize("seed", range(4))
def test_no_request_makes_it_err(seed: int, tmp_path: Path, figure: Figure, long: bool) -> None:
    """Requests from its own parameter data: wrong types, limits, names, unicode, huge, by four clients at once."""
    done: set[tuple[str, str]] = set()
    for account in range(MOST):
        with LocalCloud.start(tmp_path / str(account), ecs__agent_without_hosts="loopback") as cloud:
            pid = cloud.info["pid"]
            first = (seed * MOST + account) * CLIENTS
            figure("fuzzed requests", _ask_at_random(cloud, first, 60 if long else 8, done))
            assert cloud.status()["pid"] == pid
            assert not mistakes(cloud)
        # The first is enough, but where something that all need was deleted early.
        if len(done) > len(operations()) / 2:
            return
    raise AssertionError(f"{len(done)} of {len(operations())} operations were right: too few to get beyond the checks")


def _ask_at_random(cloud: LocalCloud, seed: int, rounds: int, done: set[tuple[str, str]]) -> int:
    """Have the clients ask, in a new account; how many requests.

    :param done: takes the operations of requests that were right
    """
    account = furnish(cloud)
    wrong: list[t.Any] = []
    asked = itertools.count()

    def ask(number: int) -> None:
        made = Requests(seed + number)
        made.learn(account.answers)
        wire = caller(cloud)
        for _round in range(rounds):
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
    number = next(asked)
    assert not wrong, f"{len(wrong)} of {number}; the first: {str(wrong[0])[:3000]}\n" + "\n".join(mistakes(cloud))
    return number
