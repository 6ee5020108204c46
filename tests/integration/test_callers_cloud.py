# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""However tests are started, they never reach the cloud that the caller works with: here a trap that notes requests."""

from __future__ import annotations

import http.client
import http.server
import json
import os
import subprocess
import sys
import threading
import typing as t
import urllib.request
from pathlib import Path

import caller
import environment
import pytest

#: A test of each way in which tests reach a cloud: in process, by the SDK, by programs of Ansible, under the runner.
WAYS = (
    "modules/test_kms_service.py",
    "local_cloud/test_sts.py",
    "controller/test_in_process.py::test_items_of_a_loop_leave_nothing_behind",
    "controller/test_inventory_guide.py",
    "awx/test_surveys.py",
)
TESTS = environment.CHECKOUT / "tests"


class Trap:
    """A server that nobody may ask."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        asked = self.asked

        class Handler(http.server.BaseHTTPRequestHandler):
            def handle_one_request(self) -> None:
                asked.append(self.rfile.readline().decode(errors="replace").strip())
                self.close_connection = True

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def trap() -> t.Iterator[Trap]:
    one = Trap()
    yield one
    one.server.shutdown()
    one.server.server_close()


def callers(trap: Trap, home: Path) -> dict[str, str]:
    """The environment of somebody who works with that cloud in every way there is."""
    who = {"access_key_id": "callers-key", "access_key_secret": "callers-secret"}
    (home / "connection.json").write_text(json.dumps({"endpoint_url": trap.url, "region": "cn-hangzhou", **who}))
    (home / ".aliyun").mkdir()
    profile = {"name": "default", "mode": "AK", "region_id": "cn-hangzhou", **who}
    (home / ".aliyun" / "config.json").write_text(json.dumps({"current": "default", "profiles": [profile]}))
    (home / ".ansible.cfg").write_text("[defaults]\nforce_handlers = no_such_value\n")
    return {
        "ALIBABA_CLOUD_ACCESS_KEY_ID": "callers-key",
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "callers-secret",
        "ALIBABA_CLOUD_CREDENTIALS_URI": f"{trap.url}/credentials",
        "ALIBABA_CLOUD_ENDPOINT_URL": trap.url,
        "ALIBABA_CLOUD_PROFILE": "default",
        "ALICLOUD_REGION": "cn-hangzhou",
        "ALITRUST_CONNECTION_FILE": str(home / "connection.json"),
        "ALITRUST_IN_PROCESS": "0",
        "ANSIBLE_CONFIG": str(home / ".ansible.cfg"),
        "CONTROLLER_HOST": trap.url,
    }


def test_pytest_alone(trap: Trap, tmp_path: Path) -> None:
    theirs = callers(trap, tmp_path)
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            *(str(TESTS / "integration" / way) for way in WAYS),
        ],
        cwd=environment.CHECKOUT,
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")},
            **theirs,
            **dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), trap.url),
            "HOME": str(tmp_path),
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert trap.asked == []
    assert done.returncode == 0, done.stdout[-5000:]


def test_dev_test_and_the_demo_forget_all_of_it(trap: Trap, tmp_path: Path) -> None:
    theirs = callers(trap, tmp_path)
    ours = {"ALITRUST_CACHE": "/cache", "PATH": "/bin"}
    seen = caller.harmless({**theirs, **ours})
    assert {name for name in seen if "proxy" not in name.lower()} == set(ours)
    program = [sys.executable, str(environment.CHECKOUT / "dev" / "lib" / "caller.py")]
    forgotten = subprocess.run(program, env={**ours, **theirs}, capture_output=True, text=True, check=True)
    assert forgotten.stdout.split() == sorted(theirs)


def test_the_trap_snaps(trap: Trap) -> None:
    """What the tests above are proved with would tell of a request."""
    with pytest.raises(http.client.RemoteDisconnected):
        urllib.request.urlopen(trap.url, timeout=10)
    assert len(trap.asked) == 1
