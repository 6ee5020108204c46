# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a call is tried again, and how long that is put off."""

from __future__ import annotations

import random

import products
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud import errors, retry
from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.errors import CloudError, TransportFailure
from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.operations import NOT_REPEATABLE, PAGING, TRANSIENT


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def answered(code: str, status: int = 400, product: str = "ecs", action: str = "DescribeInstances") -> CloudError:
    return errors.from_answer(product, action, code, "", status=status)


@given(st.floats(0.1, 300), st.integers())
def test_all_tries_together_stay_within_the_budget(budget: float, seed: int) -> None:
    clock = Clock()
    backoff = retry.Backoff(budget, clock, random.Random(seed))
    tries = 0
    while (delay := backoff.next_delay(None)) is not None:
        assert delay > 0
        clock.sleep(delay)
        tries += 1
    assert clock.now <= 1000.0 + budget
    # Growing pauses: a long budget is not used for hammering.
    assert tries <= 8 + budget / 5


@given(st.floats(0.1, 20), st.integers())
def test_the_delay_that_the_server_asks_for_is_honoured_and_not_by_all_clients_at_once(asked: float, seed: int) -> None:
    delays = [retry.Backoff(1000, Clock(), random.Random(seed + n)).next_delay(asked) for n in range(5)]
    assert all(delay is not None and delay >= asked for delay in delays)
    assert len(set(delays)) > 1


def test_a_delay_beyond_the_budget_is_not_waited_for() -> None:
    assert retry.Backoff(10, Clock()).next_delay(11) is None


@pytest.mark.parametrize(
    "error",
    [
        answered("Throttling"),
        answered("Throttling.User"),
        answered("Throttling.Resource", 429),
        answered("Rejected.Throttling"),
        answered("QpsLimit", 429),
        answered("ServiceUnavailable", 503),
        answered("ServiceUnavailable.RegionMaintaining", 503),
        answered("InternalError", 500),
        answered("LastTokenProcessing", 403),
        answered("IdempotentProcessing", 403),
        answered("OperationConflict", 409),
        answered("DeleteConflict.Role.Policy", 409, "ram", "DeleteRole"),
        answered("IncorrectInstanceStatus.Initializing", 403, "ecs", "DeleteInstances"),
        answered("InvalidRamRole.NotEcsRole", 404, "ecs", "AttachInstanceRamRole"),
        TransportFailure("ecs", "RunInstances", "Read timed out", sent=True),
    ],
    ids=lambda error: error.code,
)
def test_what_passes_is_tried_again(error: CloudError) -> None:
    assert retry.is_transient(error)


@pytest.mark.parametrize(
    "error",
    [
        answered("InvalidParameter"),
        answered("Forbidden.RAM", 403),
        answered("InvalidInstanceId.NotFound", 404),
        answered("IncorrectInstanceStatus", 403),
        answered("DeleteConflict.Role.Policy", 409, "ram", "DeletePolicyVersion"),
        TransportFailure("ecs", "RunInstances", "Name or service not known", sent=False, passing=False),
    ],
    ids=lambda error: error.code,
)
def test_what_stays_is_not_tried_again(error: CloudError) -> None:
    assert not retry.is_transient(error)


@pytest.mark.parametrize(
    ("error", "repeat"),
    [
        (TransportFailure("ecs", "CreateKeyPair", "Connection refused", sent=False), True),
        (TransportFailure("ecs", "CreateKeyPair", "Read timed out", sent=True), False),
        (answered("InternalError", 500, "ecs", "CreateKeyPair"), False),
        (answered("ServiceUnavailable", 503, "ecs", "CreateKeyPair"), True),
        (answered("Throttling.User", 400, "ecs", "CreateKeyPair"), True),
    ],
)
def test_a_call_that_makes_something_each_time_is_repeated_only_when_it_was_not_carried_out(
    error: CloudError, repeat: bool
) -> None:
    assert retry.must_not_repeat("ecs", "CreateKeyPair", error) is not repeat
    assert not retry.must_not_repeat("ecs", "RunInstances", error), "it has a ClientToken"


def test_the_tables_name_operations_that_exist() -> None:
    for product, action in {*PAGING, *NOT_REPEATABLE, *TRANSIENT}:
        assert products.method(product, action), f"{product} {action}"


def test_what_must_not_be_repeated_takes_no_client_token() -> None:
    for product, action in NOT_REPEATABLE:
        model = getattr(products.models(product), f"{action}Request")
        assert "client_token" not in vars(model()), f"{product} {action}"


def test_a_list_s_page_size_is_a_parameter_of_the_operation() -> None:
    for (product, action), paging in PAGING.items():
        model = getattr(products.models(product), f"{action}Request")()
        names = {name.replace("_", "") for name in vars(model)}
        needed = {"page": paging.number_name, "token": "nexttoken", "marker": "marker"}.get(paging.style)
        for name in filter(None, (paging.size_name, needed)):
            assert name.lower() in names, f"{product} {action} has no {name}"
