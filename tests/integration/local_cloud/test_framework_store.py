# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The store keeps records in order, remembers their past, and moves them when their time comes."""

from __future__ import annotations

import datetime as dt
import re
import threading
import typing as t
from pathlib import Path

import pytest

from local_cloud.store import TRANSITION_HOOKS, Record, Store, on_transition


@pytest.fixture
def store() -> t.Iterator[Store]:
    made = Store(":memory:")
    yield made
    made.close()


def after(store: Store, seconds: float) -> dt.datetime:
    return store.clock.now() + dt.timedelta(seconds=seconds)


def test_records_come_back_as_copies_in_the_order_of_their_creation(store: Store) -> None:
    for id in "bca":
        store.put("letter", id, {"Id": id, "Nested": {"List": [1]}})
    store.put("letter", "b", {"Id": "b", "Changed": True})
    assert [record["Id"] for record in store.find("letter")] == ["b", "c", "a"]
    copy = store.get("letter", "c")
    assert copy is not None
    copy["Nested"]["List"].append(2)
    assert store.get("letter", "c") == {"Id": "c", "Nested": {"List": [1]}}


def test_find_compares_top_level_keys_of_any_type_and_the_region(store: Store) -> None:
    store.put("thing", "1", {"Name": "a", "Size": 1, "On": True}, region="r1")
    store.put("thing", "2", {"Name": "b", "Size": 1, "On": False, "Odd.key": "x"}, region="r2")
    store.put("thing", "3", {"Name": "b", "Size": 2, "On": None}, region="r1")

    def names(region: str | None = None, **where: t.Any) -> list[t.Any]:
        return [record["Size"] for record in store.find("thing", region, where)]

    assert names(Name="b") == [1, 2]
    assert names(Size=1, On=True) == [1]
    assert names(On=None) == [2]
    assert names("r1") == [1, 2]
    assert names("r1", Name="a") == [1]
    assert len(store.find("thing", where={"Odd.key": "x"})) == 1
    assert store.find("thing", where={"Missing": "x"}) == []


def test_an_error_undoes_the_transaction_and_what_was_to_follow_it(store: Store) -> None:
    followed: list[str] = []
    store.put("thing", "kept", {"V": 1})

    @store.transaction()
    def fail() -> None:
        store.put("thing", "kept", {"V": 2})
        store.put("thing", "new", {})
        store.on_commit(lambda: followed.append("never"))
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fail()
    assert store.get("thing", "kept") == {"V": 1}
    assert store.get("thing", "new") is None
    with store.transaction():
        store.on_commit(lambda: followed.append("once"))
        assert followed == []
    with store.transaction():
        pass
    assert followed == ["once"]


def test_an_inner_transaction_can_fail_alone(store: Store) -> None:
    @store.transaction()
    def fail() -> None:
        store.put("thing", "inner", {})
        raise ValueError("inner")

    with store.transaction():
        store.put("thing", "outer", {})
        with pytest.raises(ValueError, match="inner"):
            fail()
    assert store.get("thing", "outer") == {}
    assert store.get("thing", "inner") is None


def test_numbers_and_ids_never_repeat_even_among_threads(store: Store) -> None:
    numbers: list[int] = []
    threads = [
        threading.Thread(target=lambda: numbers.extend(store.next_number("n") for _i in range(50))) for _n in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers) == list(range(1, 201))
    ids = {store.new_id("sg-") for _index in range(100)}
    assert len(ids) == 100
    assert all(re.fullmatch(r"sg-bp1[a-z0-9]{17}", id) for id in ids)


def test_a_lagging_read_shows_the_state_of_that_many_seconds_ago(store: Store) -> None:
    store.clock.set_scale(0)
    store.put("thing", "old", {"Id": "old", "V": 1}, region="r1")
    store.put("thing", "doomed", {"Id": "doomed"}, region="r2")
    store.clock.advance(10)
    store.put("thing", "old", {"Id": "old", "V": 2}, region="r1")
    store.put("thing", "new", {"Id": "new"}, region="r1")
    store.delete("thing", "doomed")
    store.clock.advance(3)

    store.read_lag = 5
    assert store.get("thing", "old", lagged=True) == {"Id": "old", "V": 1}
    assert store.get("thing", "new", lagged=True) is None
    assert store.get("thing", "doomed", lagged=True) == {"Id": "doomed"}
    assert [r["Id"] for r in store.find("thing", lagged=True)] == ["old", "doomed"]
    assert store.find("thing", "r1", {"V": 1}, lagged=True) == [{"Id": "old", "V": 1}]
    assert [r["Id"] for r in store.find("thing")] == ["old", "new"], "reads that don't lag show the present"

    store.read_lag = 2
    assert [r["Id"] for r in store.find("thing", lagged=True)] == ["old", "new"]
    store.read_lag = 60
    assert store.find("thing", lagged=True) == []


def test_what_is_scheduled_happens_when_the_clock_passes_it_in_order(store: Store) -> None:
    store.clock.set_scale(0)
    store.put("thing", "a", {"State": "Pending", "Kept": 1}, region="r1")
    store.schedule("thing", "a", after(store, 20), {"State": "Running"})
    store.schedule("thing", "a", after(store, 10), {"State": "Starting"})
    store.schedule("thing", "a", after(store, 30), None)
    for seconds, expected in ((9, "Pending"), (1, "Starting"), (10, "Running")):
        store.clock.advance(seconds)
        record = store.get("thing", "a")
        assert record == {"State": expected, "Kept": 1}
    assert store.region_of("thing", "a") == "r1"
    store.clock.advance(10)
    assert store.get("thing", "a") is None
    assert store.scheduled("thing", "a") == []


def test_hooks_see_each_transition_and_may_chain_the_next(store: Store) -> None:
    seen: list[tuple[t.Any, t.Any]] = []

    @on_transition("hooked")
    def hook(store: Store, before: Record, after: Record | None) -> None:
        seen.append((before["N"], after and after["N"]))
        assert store.transition_time is not None
        if after and after["N"] < 3:
            store.schedule("hooked", "a", store.transition_time + dt.timedelta(seconds=5), {"N": after["N"] + 1})

    try:
        store.clock.set_scale(0)
        store.put("hooked", "a", {"N": 0})
        store.schedule("hooked", "a", after(store, 5), {"N": 1})
        store.clock.advance(11)
        assert seen == [(0, 1), (1, 2)]
        store.clock.advance(60)
        assert seen == [(0, 1), (1, 2), (2, 3)]
    finally:
        del TRANSITION_HOOKS["hooked"]


def test_a_deleted_record_has_no_future(store: Store) -> None:
    store.put("thing", "a", {"V": 1})
    store.schedule("thing", "a", after(store, 5), {"V": 2})
    store.delete("thing", "a")
    store.put("thing", "a", {"V": 9})
    store.clock.advance(10)
    assert store.get("thing", "a") == {"V": 9}


def test_records_schedule_and_clock_survive_a_restart(tmp_path: Path) -> None:
    first = Store(tmp_path / "s")
    first.clock.set_scale(0)
    first.clock.advance(1000)
    then = first.clock.timestamp()
    first.put("thing", "a", {"V": 1}, region="r")
    first.schedule("thing", "a", after(first, 5), {"V": 2})
    first.close()
    second = Store(tmp_path / "s")
    assert second.clock.timestamp() == pytest.approx(then)
    assert second.get("thing", "a") == {"V": 1}
    second.clock.advance(6)
    assert second.get("thing", "a") == {"V": 2}
    second.close()


def test_the_clock_can_run_fast_but_not_back(store: Store) -> None:
    store.clock.set_scale(3600)
    start = store.clock.now()
    while (store.clock.now() - start).total_seconds() < 36:  # ten milliseconds of ours
        pass
    with pytest.raises(ValueError, match="can't go back"):
        store.clock.advance(-1)
    with pytest.raises(ValueError, match="scale"):
        store.clock.set_scale(-1)


def test_the_past_is_forgotten_in_time(store: Store) -> None:
    store.put("thing", "a", {"V": 1})
    store.clock.advance(1000)
    store.put("thing", "a", {"V": 2})
    store.prune(nonces_before=0, tokens_before=0)
    assert store.execute("SELECT count(*) FROM history") == [(1,)]
