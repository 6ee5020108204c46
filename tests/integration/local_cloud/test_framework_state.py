# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was answered is there, whatever happens to the server."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from wire import Wire

from local_cloud.control import ControlError, LocalCloud
from local_cloud.server import is_locked

REGION = {"RegionId": "cn-hangzhou"}


def test_a_kill_loses_nothing_that_was_answered(state_dir: Path) -> None:
    with LocalCloud.start(state_dir) as cloud:
        wire = Wire(cloud.address, cloud.access_key_id, cloud.access_key_secret)
        answered: list[str] = []

        def write(writer: str) -> None:
            with contextlib.suppress(OSError, http.client.HTTPException):
                for number in range(10_000):
                    name = f"user-{writer}-{number}"
                    assert wire.v3("ram", "CreateUser", UserName=name).status == 200
                    answered.append(name)

        for round_ in range(3):
            writers = [threading.Thread(target=write, args=(f"{round_}-{number}",)) for number in range(3)]
            for writer in writers:
                writer.start()
            before = len(answered)
            while len(answered) < before + 20 and any(writer.is_alive() for writer in writers):
                time.sleep(0.001)
            cloud.kill()
            for writer in writers:
                writer.join()
            cloud.restart()
            there = {user["UserName"] for user in cloud.resources("user")}
            assert set(answered) <= there, f"lost after kill {round_ + 1}"
            assert len(there) <= len(answered) + 3 * (round_ + 1), "at most the writes whose answers were cut off"


def test_a_captured_request_stays_useless_after_a_kill(state_dir: Path) -> None:
    with LocalCloud.start(state_dir) as cloud:
        wire = Wire(cloud.address, cloud.access_key_id, cloud.access_key_secret)
        assert wire.v3("ram", "CreateUser", UserName="ann").status == 200
        cloud.kill()
        cloud.restart()
        assert wire.repeat().code == "SignatureNonceUsed"
        cloud.reset()
        assert wire.repeat().code == "SignatureNonceUsed"


def test_keys_settings_clock_tokens_and_plans_survive_a_kill(state_dir: Path) -> None:
    with LocalCloud.start(state_dir, default_region="eu-central-1") as cloud:
        wire = Wire(cloud.address, cloud.access_key_id, cloud.access_key_secret)
        cloud.clock_scale(0)
        cloud.set("vpc.pending_seconds", 60)
        made = wire.v3("vpc", "CreateVpc", **REGION, ClientToken="t").json["VpcId"]
        now, secret = cloud.status()["now"], cloud.access_key_secret
        cloud.kill()
        cloud.restart()
        assert (cloud.status()["now"], cloud.access_key_secret) == (now, secret)
        assert cloud.settings()["default_region"] == "eu-central-1"
        assert wire.v3("vpc", "CreateVpc", **REGION, ClientToken="t").json["VpcId"] == made

        def status() -> str:
            vpc = wire.v3("vpc", "DescribeVpcs", **REGION).json["Vpcs"]["Vpc"][0]
            return str(vpc["Status"])

        assert status() == "Pending"
        cloud.clock_advance(61)
        assert status() == "Available"


def test_a_test_that_is_killed_leaves_no_server(state_dir: Path) -> None:
    script = f"""
import os, pathlib, signal
from local_cloud.control import LocalCloud
LocalCloud.start(pathlib.Path({str(state_dir)!r})).__enter__()
os.kill(os.getpid(), signal.SIGKILL)
"""
    tests = str(Path(__file__).parents[2])
    subprocess.run([sys.executable, "-c", script], check=False, env={**os.environ, "PYTHONPATH": tests}, timeout=60)
    deadline = time.monotonic() + 20
    while is_locked(state_dir):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_states_move_when_nobody_asks(fresh_cloud: LocalCloud, wire: Wire) -> None:
    fresh_cloud.set("vpc.pending_seconds", 0.2)
    wire.v3("vpc", "CreateVpc", **REGION)
    deadline = time.monotonic() + 5
    while fresh_cloud.resources("vpc")[0]["Status"] != "Available":  # reads the store as it is
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_reset_leaves_accounts_and_nothing_else(fresh_cloud: LocalCloud, wire: Wire) -> None:
    before = fresh_cloud.status()["records"]
    wire.v3("ram", "CreateUser", UserName="ann")
    wire.v3("ram", "CreateAccessKey", UserName="ann")
    fresh_cloud.set("unknown_parameters", "ignore")
    fresh_cloud.fault("throttling")
    fresh_cloud.clock_advance(3600)
    fresh_cloud.reset()
    assert fresh_cloud.status()["records"] == before
    assert fresh_cloud.settings()["unknown_parameters"] == "refuse"
    assert fresh_cloud.counts() == {}
    assert wire.v3("ram", "ListUsers").json["Users"]["User"] == []


def test_records_can_be_preloaded(fresh_cloud: LocalCloud) -> None:
    fresh_cloud.preload([{"kind": "thing", "id": "a", "region": "r", "data": {"V": 1}}])
    assert fresh_cloud.resources("thing", "r") == [{"V": 1}]
    assert fresh_cloud.resources("thing", "elsewhere") == []


def test_server_json_tells_how_to_use_it_to_its_owner_only(state_dir: Path) -> None:
    with LocalCloud.start(state_dir) as cloud:
        path = state_dir / "server.json"
        with_secrets = [path, *state_dir.glob("state.sqlite3*")]
        assert {stat.S_IMODE(one.stat().st_mode) for one in with_secrets} == {0o600}
        info = json.loads(path.read_text())
        assert info["endpoint"] == cloud.endpoint
        assert info["hosts"] == {
            "available": False,
            "reason": "hosts are switched off (--hosts off)",
            "no_tpm": "there are no hosts",
        }
        assert info["access_key_secret"] not in (state_dir / "server.log").read_text()
        with pytest.raises(ControlError, match="already runs on"):
            LocalCloud.start(state_dir).__enter__()
        assert json.loads(path.read_text())["pid"] == cloud.info["pid"], "the second start left the first alone"
    assert not path.exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--set", "xyzzy=red"], "there is no setting 'xyzzy' (dev/local-cloud settings lists all)"),
        (["--set", "default_regoin=x"], "did you mean default_region?"),
        (["--set", "unknown_parameters=maybe"], "is one of refuse, ignore, not 'maybe'"),
        (["--set", "signature_window_seconds=soon"], "takes a int, not 'soon'"),
        (["--set", "colour"], "--set takes NAME=VALUE"),
    ],
)
def test_a_bad_start_is_explained(state_dir: Path, arguments: list[str], says: str) -> None:
    command = [sys.executable, "-m", "local_cloud", "serve", "--state-dir", str(state_dir), "--hosts", "off"]
    tests = str(Path(__file__).parents[2])
    done = subprocess.run(
        [*command, *arguments],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": tests},
        timeout=60,
    )
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_taken_port_is_explained(cloud: LocalCloud, state_dir: Path) -> None:
    with pytest.raises(ControlError, match="can't be used"):
        LocalCloud.start(state_dir, port=int(cloud.address.rpartition(":")[2])).__enter__()
