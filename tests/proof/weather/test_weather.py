# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks that need no login come through any weather at the first try, to exactly what they come to in calm."""

from __future__ import annotations

import json
import os
import typing as t

import pytest
from proof.weather.sky import CALLS, USES, Account, Seen, differences

if t.TYPE_CHECKING:
    from pathlib import Path

    from proof.conftest import Figure

    from local_cloud.control import LocalCloud

SEEDS = 60
#: In the default run, spread over all of them.
SAMPLE = (7, 23, 41, 58)
#: What no run may need more of, as a multiple of the calm run's calls.
MOST = 3.0
#: And what a playbook may need besides: with twenty calls, one that meets bad luck five times is a quarter of them.
#: Over all playbooks of a seed nothing is allowed for chance.
CHANCE = 10


def seeds() -> list[int]:
    return list(range(SEEDS)) if os.environ.get("ALITRUST_LONG") == "1" else list(SAMPLE)


def most(calls: int) -> float:
    """How many calls a playbook may make that makes so many in calm."""
    return MOST * calls + CHANCE


@pytest.mark.parametrize("seed", seeds())
def test_every_playbook_comes_through(
    cloud: LocalCloud, calm: Seen, tmp_path: Path, seed: int, figure: Figure, request: pytest.FixtureRequest
) -> None:
    seen = Account(tmp_path, cloud).lives(seed)
    for moment, stored in calm.stored.items():
        assert differences(stored, seen.stored[moment]) == [], moment
    assert seen.listed == calm.listed
    assert sum(seen.calls.values()) <= MOST * sum(calm.calls.values()), (seen.calls, calm.calls)
    too_many = {name: (seen.calls[name], calls) for name, calls in calm.calls.items() if seen.calls[name] > most(calls)}
    assert not too_many, "calls in weather and in calm"
    request.node.user_properties.append((CALLS, (seed, calm.calls, seen.calls)))
    print(f"seed {seed}:", json.dumps(seen.faults), json.dumps({n: [seen.calls[n], calm.calls[n]] for n in USES}))
    figure("seeds")
    figure("playbook runs in weather", len(USES))
    figure("calls of these", sum(seen.calls.values()))
    figure("calls of the same runs in calm", sum(calm.calls.values()))
    figure("calls hit by a fault", seen.hit)
