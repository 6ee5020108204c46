# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two processes that run modules of the collection, each call when the schedule says so.

Ansible keeps what it is about in globals, so two runs take two processes. They are forked once; between two calls of
one the other stands still, so that a schedule always gives the same run. Nobody waits for real: a pause moves the clock
of the cloud.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import threading
import time
import traceback
import typing as t

from modules.harness import Modules, Result
from proof.together.schedule import Schedule, Turns

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud import door

if t.TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from local_cloud.control import LocalCloud

#: Module and options, in order.
Tasks = t.Sequence[tuple[str, dict[str, t.Any]]]
#: Calls and pauses that one interleaving may take; more is a run that never ends.
_MOST = 20_000
#: Seconds in which a run makes its next call or ends; only what hangs takes longer.
_HANGS = 120.0


class _Gate:
    """In a worker: says what it is about to do and waits until it may."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._lock = threading.RLock()  # a module may read with several threads
        self._slept = 0.0

    def _ask(self, *message: t.Any) -> None:
        self._pipe.send(message)
        self._pipe.recv()

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self._ask("pause", seconds)
            self._slept += seconds

    def monotonic(self) -> float:
        return time.monotonic() + self._slept

    def install(self) -> None:
        one_call = door.Cloud._one_call

        @contextlib.contextmanager
        def gated(cloud: door.Cloud, product: str, action: str) -> t.Iterator[t.Any]:
            with self._lock:
                self._ask("call", f"{product}:{action}")
                with one_call(cloud, product, action) as exchange:
                    yield exchange

        door.Cloud._one_call = gated  # type: ignore[method-assign, assignment]
        door.Cloud.__init__.__kwdefaults__ = {
            "sleep": self.sleep,
            "monotonic": self.monotonic,
        }


def _work(pipe: Connection, modules: Modules) -> None:
    _Gate(pipe).install()
    while (tasks := pipe.recv()) is not None:
        results: list[Result] = []
        for module, options in tasks:
            try:
                results.append(modules.attempt(module, **options))
            except BaseException:
                results.append({"failed": True, "traceback": traceback.format_exc()})
            if results[-1].get("failed"):
                break
        pipe.send(("end", results))


class _Side:
    """One of the two, seen from outside."""

    def __init__(self, modules: Modules) -> None:
        context = multiprocessing.get_context("fork")
        self.pipe, other = context.Pipe()
        self.process = context.Process(target=_work, args=(other, modules), daemon=True)
        self.process.start()
        other.close()
        self.doing: tuple[t.Any, ...] = ("end", [])

    def begin(self, tasks: Tasks) -> None:
        self.pipe.send(list(tasks))
        self._wait()

    def go_on(self) -> None:
        self.pipe.send(None)
        self._wait()

    def _wait(self) -> None:
        assert self.pipe.poll(_HANGS), f"no word for {_HANGS} s after {self.doing}"
        self.doing = self.pipe.recv()

    @property
    def ended(self) -> bool:
        return bool(self.doing[0] == "end")


class Race(t.NamedTuple):
    """What came of two runs.

    :ivar results: of the tasks of each
    :ivar calls: those of each, in its order
    """

    results: tuple[list[Result], list[Result]]
    calls: tuple[list[str], list[str]]

    @property
    def failed(self) -> list[Result]:
        return [one for results in self.results for one in results if one.get("failed")]


class Together:
    """Two workers on one cloud. Use it as a context."""

    def __init__(self, cloud: LocalCloud) -> None:
        self._cloud = cloud
        self._sides = [_Side(Modules(cloud)) for _side in range(2)]

    def __enter__(self) -> Together:
        return self

    def __exit__(self, *_error: object) -> None:
        for side in self._sides:
            side.process.kill()
            side.process.join()

    def run(self, tasks: tuple[Tasks, Tasks], schedule: Schedule) -> Race:
        """Run both to their ends. Both begin at once: each has looked at what is no call, such as files."""
        turns = Turns(schedule)
        calls: tuple[list[str], list[str]] = ([], [])
        for side, wanted in zip(self._sides, tasks, strict=True):
            side.begin(wanted)
        return self._finish(turns, calls)

    def one_by_one(self, tasks: tuple[Tasks, Tasks], first: int) -> Race:
        """Run one to its end, then the other."""
        calls: tuple[list[str], list[str]] = ([], [])
        for number in (first, 1 - first):
            self._sides[number].begin(tasks[number])
            self._finish(Turns(()), calls)
        return Race((self._sides[0].doing[1], self._sides[1].doing[1]), calls)

    def _finish(self, turns: Turns, calls: tuple[list[str], list[str]]) -> Race:
        for _turn in range(_MOST):
            ended = [number for number, side in enumerate(self._sides) if side.ended]
            if len(ended) == 2:
                break
            number = turns.next(ended)
            if self._sides[number].doing[0] == "pause":
                self._step(number, calls)
                other = turns.paused(number, ended)
                if other is not None:
                    self._step(other, calls)
            else:
                self._step(number, calls)
        assert len(ended) == 2, f"still at it after {_MOST} calls and pauses"
        return Race((self._sides[0].doing[1], self._sides[1].doing[1]), calls)

    def _step(self, number: int, calls: tuple[list[str], list[str]]) -> None:
        side = self._sides[number]
        kind, what = side.doing
        if kind == "pause":
            self._cloud.clock_advance(what)
        else:
            calls[number].append(what)
        side.go_on()
