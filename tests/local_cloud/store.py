# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of the local cloud: JSON records in one SQLite file.

Every call of the API is one transaction, committed before its answer leaves. WAL with ``synchronous=NORMAL`` keeps
what was committed when the process is killed, at whatever moment.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import logging
import os
import secrets
import sqlite3
import threading
import typing as t
from pathlib import Path

import orjson

from local_cloud.clock import Clock

Record = dict[str, t.Any]
#: called as ``hook(store, before, after)`` inside the transaction; ``after`` is None for a scheduled deletion
TransitionHook = t.Callable[["Store", Record, "Record | None"], None]

TRANSITION_HOOKS: dict[str, list[TransitionHook]] = {}

#: what :meth:`Store.watch` calls a change of a setting
SETTINGS = "settings"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS record (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL, id TEXT NOT NULL, region TEXT NOT NULL, data TEXT NOT NULL,
    UNIQUE (kind, id));
CREATE INDEX IF NOT EXISTS record_by_kind ON record (kind, seq);
CREATE TABLE IF NOT EXISTS history (
    n INTEGER PRIMARY KEY AUTOINCREMENT, ended REAL NOT NULL,
    kind TEXT NOT NULL, id TEXT NOT NULL, seq INTEGER, region TEXT, data TEXT);
CREATE INDEX IF NOT EXISTS history_by_kind ON history (kind, ended);
CREATE TABLE IF NOT EXISTS schedule (
    n INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, changes TEXT);
CREATE INDEX IF NOT EXISTS schedule_by_time ON schedule (at, n);
CREATE INDEX IF NOT EXISTS schedule_by_record ON schedule (kind, id);
CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS variable (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS nonce (id TEXT PRIMARY KEY, seen REAL NOT NULL);
CREATE INDEX IF NOT EXISTS nonce_by_time ON nonce (seen);
CREATE TABLE IF NOT EXISTS client_token (
    id TEXT PRIMARY KEY, request TEXT NOT NULL, answer TEXT NOT NULL, at REAL NOT NULL);
"""

#: how long the past of a record is kept for reads with a lag, in seconds of the cloud's clock
HISTORY_SECONDS = 600.0
#: how many records a walk takes from the database at a time
_READ_AT_ONCE = 128

_ID_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


def on_transition(kind: str) -> t.Callable[[TransitionHook], TransitionHook]:
    """Have the decorated function called for every scheduled transition of a record of ``kind``."""

    def register(hook: TransitionHook) -> TransitionHook:
        TRANSITION_HOOKS.setdefault(kind, []).append(hook)
        return hook

    return register


def _path(key: str) -> str:
    return '$."' + key.replace('"', "") + '"'


class Store:
    """Records by kind and id. Safe to use from several threads; a transaction is exclusive.

    :param path: the database file; created when missing. ``":memory:"`` works for unit tests.
    """

    def __init__(self, path: Path | str) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        if str(path) != ":memory:":
            # It holds the AccessKeys of all accounts: its owner's alone. SQLite's other files get the mode of this one.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        self._db = sqlite3.connect(str(path), isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(_SCHEMA)
        #: seconds that reads with ``lagged=True`` are behind; the gate sets it for the running call
        self.read_lag = 0.0
        #: the time a transition that is being applied was planned for; None outside of hooks
        self.transition_time: dt.datetime | None = None
        self.clock = Clock(self)
        #: the running server's parts (hosts, settings, ...); None without a server
        self.context: t.Any = None
        self._after_commit: list[t.Callable[[], None]] = []
        self._watchers: list[tuple[frozenset[str], t.Callable[[], None]]] = []
        self._touched: set[str] = set()  # kinds of records that the running transaction changed

    def close(self) -> None:
        with self._lock:
            self._db.close()

    # -- transactions

    @contextlib.contextmanager
    def transaction(self) -> t.Iterator[None]:
        """Run the block in one transaction; any exception rolls it back.

        Inside another transaction of the same thread the block becomes a savepoint of it.
        """
        with self._lock:
            name = f"level{self._depth}"
            self._db.execute("BEGIN IMMEDIATE" if self._depth == 0 else f"SAVEPOINT {name}")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._depth -= 1
                if self._depth == 0:
                    self._after_commit.clear()
                    self._touched.clear()
                self._db.execute("ROLLBACK" if self._depth == 0 else f"ROLLBACK TO {name}")
                if self._depth:
                    self._db.execute(f"RELEASE {name}")
                raise
            self._depth -= 1
            self._db.execute("COMMIT" if self._depth == 0 else f"RELEASE {name}")
            callbacks: list[t.Callable[[], None]] = []
            if self._depth == 0:
                callbacks, self._after_commit = self._after_commit, []
                touched, self._touched = self._touched, set()
                callbacks += [watcher for kinds, watcher in self._watchers if kinds & touched]
        for callback in callbacks:
            try:
                callback()
            except Exception:
                logging.getLogger(__name__).exception("a callback after a commit failed; the commit stands")

    def on_commit(self, callback: t.Callable[[], None]) -> None:
        """Have ``callback`` called once the running transaction is committed; it is dropped when that rolls back."""
        with self._lock:
            self._after_commit.append(callback)

    def watch(self, kinds: t.Iterable[str], watcher: t.Callable[[], None]) -> None:
        """Have ``watcher`` called after every transaction that changed a record of one of the kinds (or a setting)."""
        with self._lock:
            self._watchers.append((frozenset(kinds), watcher))

    def unwatch(self, watcher: t.Callable[[], None]) -> None:
        """Call the watcher no more."""
        with self._lock:
            self._watchers = [one for one in self._watchers if one[1] != watcher]

    def execute(self, sql: str, parameters: t.Sequence[t.Any] = ()) -> list[tuple[t.Any, ...]]:
        """Run a statement of the framework itself (services use the methods below) and return its rows."""
        with self._lock:
            return self._db.execute(sql, parameters).fetchall()

    # -- records

    def put(self, kind: str, id: str, data: Record, region: str = "") -> None:
        """Insert or replace a record. A replaced record keeps its place in the order of creation."""
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        with self.transaction():
            self._remember(kind, id)
            self._db.execute(
                "INSERT INTO record (kind, id, region, data) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (kind, id) DO UPDATE SET region = excluded.region, data = excluded.data",
                (kind, id, region, text),
            )

    def get(self, kind: str, id: str, lagged: bool = False) -> Record | None:
        """Return a copy of the record, or None. ``lagged``: as it was ``read_lag`` seconds ago."""
        with self._lock:
            if lagged and self.read_lag:
                past = self.execute(
                    "SELECT data FROM history WHERE kind = ? AND id = ? AND ended > ? ORDER BY ended, n LIMIT 1",
                    (kind, id, self._lagged_time()),
                )
                if past:
                    return None if past[0][0] is None else orjson.loads(past[0][0])
            rows = self.execute("SELECT data FROM record WHERE kind = ? AND id = ?", (kind, id))
        return orjson.loads(rows[0][0]) if rows else None

    def delete(self, kind: str, id: str) -> None:
        """Delete the record, if there, and whatever is scheduled for it."""
        with self.transaction():
            self._remember(kind, id)
            self._db.execute("DELETE FROM record WHERE kind = ? AND id = ?", (kind, id))
            self._db.execute("DELETE FROM schedule WHERE kind = ? AND id = ?", (kind, id))

    def find(
        self, kind: str, region: str | None = None, where: Record | None = None, lagged: bool = False
    ) -> list[Record]:
        """Return copies of the records of a kind, oldest first.

        :param region: only of this region; None means of any.
        :param where: wanted values (strings, numbers, booleans or None) of top-level keys.
        :param lagged: as it was ``read_lag`` seconds ago.
        """
        return [record for _seq, record in self.walk(kind, region, where, lagged=lagged)]

    def walk(
        self, kind: str, region: str | None = None, where: Record | None = None, *, after: int = 0, lagged: bool = False
    ) -> t.Iterator[tuple[int, Record]]:
        """Yield what L{find} returns one by one with its place, which is a number; it reads no further than asked to.

        :param after: begin behind this place.
        """
        where = where or {}
        if lagged and self.read_lag:
            yield from ((seq, record) for seq, record in self._find_in_the_past(kind, region, where) if seq > after)
            return
        sql, values = "SELECT seq, data FROM record WHERE kind = ?", [kind]
        if region is not None:
            sql, values = sql + " AND region = ?", [*values, region]
        for key, wanted in where.items():
            sql, values = sql + " AND json_extract(data, ?) IS ?", [*values, _path(key), wanted]
        sql += " AND seq > ? ORDER BY seq LIMIT ?"
        while True:
            rows = self.execute(sql, [*values, after, _READ_AT_ONCE])
            for after, data in rows:
                yield after, orjson.loads(data)
            if len(rows) < _READ_AT_ONCE:
                return

    def everything(self) -> list[Record]:
        """Return every record with its kind, id and region, oldest first, and what is ``scheduled`` for it, if any."""
        with self._lock:
            rows = self.execute("SELECT kind, id, region, data FROM record ORDER BY seq")
            later: dict[tuple[str, str], list[list[t.Any]]] = {}
            for kind, id, at, changes in self.execute("SELECT kind, id, at, changes FROM schedule ORDER BY at, n"):
                later.setdefault((kind, id), []).append([at, changes and orjson.loads(changes)])
        return [
            {
                "kind": kind,
                "id": id,
                "region": region,
                "data": orjson.loads(data),
                "scheduled": later.get((kind, id), []),
            }
            for kind, id, region, data in rows
        ]

    def region_of(self, kind: str, id: str) -> str | None:
        """Return the region a record was put with, None when there is no such record."""
        rows = self.execute("SELECT region FROM record WHERE kind = ? AND id = ?", (kind, id))
        return rows[0][0] if rows else None

    def _find_in_the_past(self, kind: str, region: str | None, where: Record) -> list[tuple[int, Record]]:
        with self._lock:
            state: dict[str, tuple[int, str, str] | None] = {
                id: (seq, its_region, data)
                for id, seq, its_region, data in self.execute(
                    "SELECT id, seq, region, data FROM record WHERE kind = ?", (kind,)
                )
            }
            settled = set()
            for id, seq, its_region, data in self.execute(
                "SELECT id, seq, region, data FROM history WHERE kind = ? AND ended > ? ORDER BY ended, n",
                (kind, self._lagged_time()),
            ):
                if id not in settled:  # the first change after the moment tells what was before it
                    settled.add(id)
                    state[id] = None if data is None else (seq, its_region, data)
        found = []
        for entry in sorted(entry for entry in state.values() if entry):
            record = orjson.loads(entry[2])
            if region in (None, entry[1]) and all(record.get(key) == wanted for key, wanted in where.items()):
                found.append((entry[0], record))
        return found

    def _lagged_time(self) -> float:
        return self.clock.timestamp() - self.read_lag

    def _remember(self, kind: str, id: str) -> None:
        self._touched.add(kind)
        now = self.clock.timestamp()
        rows = self._db.execute("SELECT seq, region, data FROM record WHERE kind = ? AND id = ?", (kind, id)).fetchall()
        seq, region, data = rows[0] if rows else (None, None, None)
        self._db.execute(
            "INSERT INTO history (ended, kind, id, seq, region, data) VALUES (?, ?, ?, ?, ?, ?)",
            (now, kind, id, seq, region, data),
        )

    # -- numbers and ids

    def next_number(self, name: str) -> int:
        """Return 1, 2, 3, ... for each name, never the same twice."""
        with self.transaction():
            rows = self._db.execute(
                "INSERT INTO counter (name, value) VALUES (?, 1)"
                " ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value",
                (name,),
            ).fetchall()
        return int(rows[0][0])

    def new_id(self, prefix: str) -> str:
        """Return an id that looks as the real ones (``i-bp1`` and 17 letters and digits) and can't be guessed."""
        return f"{prefix.rstrip('-')}-bp1" + "".join(secrets.choice(_ID_LETTERS) for _index in range(17))

    # -- what happens later

    def schedule(self, kind: str, id: str, at: dt.datetime, changes: Record | None) -> None:
        """Have ``changes`` merged (top-level keys) into the record when the cloud's clock passes ``at``.

        ``changes=None`` deletes the record then. Survives a restart. Dropped when the record is deleted before.
        """
        self.execute(
            "INSERT INTO schedule (at, kind, id, changes) VALUES (?, ?, ?, ?)",
            (at.timestamp(), kind, id, None if changes is None else json.dumps(changes)),
        )

    def unschedule(self, kind: str, id: str) -> None:
        """Forget what is scheduled for a record."""
        self.execute("DELETE FROM schedule WHERE kind = ? AND id = ?", (kind, id))

    def scheduled(self, kind: str, id: str) -> list[tuple[dt.datetime, Record | None]]:
        """Return what is scheduled for a record, soonest first."""
        rows = self.execute("SELECT at, changes FROM schedule WHERE kind = ? AND id = ? ORDER BY at, n", (kind, id))
        return [
            (dt.datetime.fromtimestamp(at, dt.UTC), None if changes is None else json.loads(changes))
            for at, changes in rows
        ]

    def apply_due(self) -> int:
        """Apply, in order of time, every transition that is due, and return how many there were.

        A hook may schedule more; what of that is already due is applied too.
        """
        if not self.execute("SELECT 1 FROM schedule WHERE at <= ? LIMIT 1", (self.clock.timestamp(),)):
            return 0
        applied = 0
        with self.transaction():
            now = self.clock.timestamp()
            while rows := self._db.execute(
                "SELECT n, at, kind, id, changes FROM schedule WHERE at <= ? ORDER BY at, n LIMIT 1", (now,)
            ).fetchall():
                n, at, kind, id, changes = rows[0]
                self._db.execute("DELETE FROM schedule WHERE n = ?", (n,))
                before = self.get(kind, id)
                if before is None:
                    continue
                applied += 1
                after: Record | None = None
                if changes is None:
                    self.delete(kind, id)
                else:
                    after = {**before, **json.loads(changes)}
                    self.put(kind, id, after, region=self.region_of(kind, id) or "")
                self.transition_time = dt.datetime.fromtimestamp(at, dt.UTC)
                try:
                    for hook in TRANSITION_HOOKS.get(kind, ()):
                        hook(self, before, after)
                finally:
                    self.transition_time = None
        return applied

    # -- of the framework

    def variable(self, name: str) -> t.Any:
        """Return a persisted value of the framework (clock, settings), None when not set."""
        rows = self.execute("SELECT value FROM variable WHERE name = ?", (name,))
        return json.loads(rows[0][0]) if rows else None

    def set_variable(self, name: str, value: t.Any) -> None:
        with self.transaction():
            self._touched.add(name)
            self._db.execute("INSERT OR REPLACE INTO variable (name, value) VALUES (?, ?)", (name, json.dumps(value)))

    def prune(self, nonces_before: float, tokens_before: float) -> None:
        """Forget history, nonces and client tokens that nobody can ask for any more (epoch seconds)."""
        with self.transaction():
            self._db.execute("DELETE FROM history WHERE ended < ?", (self.clock.timestamp() - HISTORY_SECONDS,))
            self._db.execute("DELETE FROM nonce WHERE seen < ?", (nonces_before,))
            self._db.execute("DELETE FROM client_token WHERE at < ?", (tokens_before,))

    def clear(self, keep: t.Collection[str] = ()) -> None:
        """Empty the state: every record whose kind isn't in ``keep``, and all that is scheduled or remembered.

        Nonces stay (a captured request must not work after a reset either), and so do the counters.
        """
        marks = ",".join("?" * len(keep))
        with self.transaction():
            self._touched |= {kind for (kind,) in self._db.execute("SELECT DISTINCT kind FROM record")}
            self._db.execute(f"DELETE FROM record WHERE kind NOT IN ({marks})", tuple(keep))
            for table in ("history", "schedule", "client_token"):
                self._db.execute(f"DELETE FROM {table}")
