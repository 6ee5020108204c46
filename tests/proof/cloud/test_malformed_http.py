# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What lies below requests: bytes that are no HTTP, or half of it, at both ports and at the control API."""

from __future__ import annotations

import contextlib
import json
import random
import re
import socket
import struct
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from proof.cloud.fuzzing import TEXTS, mistakes
from proof.conftest import Figure
from wire import Wire

from local_cloud.control import LocalCloud

WAIT_SECONDS = 0.3
CLIENTS = 8
Pieces = list[bytes]


def exchange(address: tuple[str, int], pieces: Pieces, *, pause: float = 0.0, reset: bool = False) -> bytes:
    """Send bytes and take what comes, until the other side closes or says no more.

    :param pause: seconds between two pieces
    :param reset: leave with a reset as soon as all is sent
    """
    received = b""
    with socket.create_connection(address, timeout=10) as link, contextlib.suppress(ConnectionError):
        for piece in pieces:
            link.sendall(piece)
            if pause:
                time.sleep(pause)
        if reset:
            link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return b""
        link.settimeout(WAIT_SECONDS)
        with contextlib.suppress(TimeoutError):
            while part := link.recv(1 << 20):
                received += part
                link.settimeout(WAIT_SECONDS if received.endswith(b"\n") or b"}" in received[-2:] else 2.0)
    return received


def address(cloud: LocalCloud, *, secure: bool = False) -> tuple[str, int]:
    host, _colon, port = (cloud.tls_endpoint if secure else cloud.endpoint).rpartition("//")[2].partition(":")
    return host, int(port)


def statuses(answer: bytes) -> list[int]:
    return [int(found) for found in re.findall(rb"(?:^|[\n}>])HTTP/1\.1 (\d{3}) ", answer)]


def right(cloud: LocalCloud) -> bytes:
    """The bytes of a request that is right."""
    wire = Wire(cloud.address, cloud.access_key_id, cloud.access_key_secret, form=True)
    sent: list[bytes] = []

    def send(method: str, path: str, headers: dict[str, str], body: bytes = b"") -> t.Any:
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        sent.append("\r\n".join([*lines, f"content-length: {len(body)}", "", ""]).encode() + body)

    wire.send = send  # type: ignore[method-assign]
    wire.v3("ecs", "DescribeVpcs", RegionId="cn-hangzhou")
    return sent[0]


HOST = b"host: 127.0.0.1\r\n"
POST = b"POST / HTTP/1.1\r\n" + HOST
STATUS = b"GET /_local/status HTTP/1.1\r\n" + HOST

#: each is answered by something other than 500, by the end of the connection, or by nothing
WRONG: dict[str, Pieces] = {
    "nothing": [b""],
    "empty lines": [b"\r\n\r\n\r\n"],
    "one word": [b"GET\r\n\r\n"],
    "no version": [b"GET /\r\n\r\n"],
    "HTTP/9.9": [b"GET / HTTP/9.9\r\n" + HOST + b"\r\n"],
    "HTTP/1.0": [b"GET / HTTP/1.0\r\n\r\n"],
    "no method": [b" / HTTP/1.1\r\n" + HOST + b"\r\n"],
    "unknown method": [b"BREW / HTTP/1.1\r\n" + HOST + b"\r\n"],
    "unknown method at the control API": [b"BREW /_local/status HTTP/1.1\r\n" + HOST + b"\r\n"],
    "a head only": [b"HEAD /_local/status HTTP/1.1\r\n" + HOST + b"\r\n"],
    "spaces": [b"GET   /   HTTP/1.1\r\n" + HOST + b"\r\n"],
    "whole address": [b"GET http://127.0.0.1/_local/status HTTP/1.1\r\n" + HOST + b"\r\n"],
    "star": [b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n"],
    "tunnel": [b"CONNECT 127.0.0.1:22 HTTP/1.1\r\n" + HOST + b"\r\n"],
    "dots": [b"GET /_local/../_local/./status HTTP/1.1\r\n" + HOST + b"\r\n"],
    "broken percent": [b"GET /%zz%?a=%zz&=%00&b HTTP/1.1\r\n" + HOST + b"\r\n"],
    "percent of no UTF-8": [b"GET /%ff%fe?x=%ff HTTP/1.1\r\n" + HOST + b"\r\n"],
    "long line": [b"GET /?" + b"a" * 3_000_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n"],
    "many parameters": [b"GET /?" + b"a&" * 200_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n"],
    "zeros": [b"\x00" * 5000],
    "TLS at the plain port": [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"a" * 500],
    "preface of HTTP/2": [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
    "no host": [b"GET /_local/status HTTP/1.1\r\n\r\n"],
    "two hosts": [STATUS + HOST + b"\r\n"],
    "host with half an address": [b"GET /_local/status/ HTTP/1.1\r\nhost: 127.0.0.1:[\r\n\r\n"],
    "metadata host with half an address": [b"GET / HTTP/1.1\r\nhost: 100.100.100.200:[\r\n\r\n"],
    "bucket host with half an address": [b"GET /x HTTP/1.1\r\nhost: a.oss-b.aliyuncs.com:[\r\n\r\n"],
    "odd host": [b"GET /?Action=DescribeVpcs HTTP/1.1\r\nhost: [[[::1\r\n\r\n"],
    "no colon": [STATUS + b"header\r\n\r\n"],
    "space before the colon": [STATUS + b"name : value\r\n\r\n"],
    "folded header": [STATUS + b"name: a\r\n  b\r\n\r\n"],
    "zero in a header": [STATUS + b"name: a\x00b\r\n\r\n"],
    "header of no ASCII": [STATUS + b"x-acs-action: \xff\xfe\r\nauthorization: \xe4\xf6\r\n\r\n"],
    "bare line feeds": [STATUS.replace(b"\r\n", b"\n") + b"\n"],
    "ten thousand headers": [STATUS + b"x: y\r\n" * 10_000 + b"\r\n"],
    "huge header": [STATUS + b"x: " + b"y" * 3_000_000 + b"\r\n\r\n"],
    "header without an end": [STATUS + b"x: " + b"y" * 100_000],
    "authorization of nothing": [POST + b"x-acs-action: DescribeVpcs\r\nauthorization: ACS3-HMAC-SHA256\r\n\r\n"],
    "origin": [STATUS + b"origin: http://example.com\r\n\r\n"],
    "length of letters": [POST + b"content-length: ten\r\n\r\n0123456789"],
    "length below zero": [POST + b"content-length: -5\r\n\r\n01234"],
    "length of twenty digits": [POST + b"content-length: 99999999999999999999\r\n\r\n01234"],
    "two lengths": [POST + b"content-length: 5\r\ncontent-length: 6\r\n\r\n012345"],
    "length and chunks": [POST + b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"],
    "longer than the length": [POST + b"content-length: 2\r\n\r\n0123456789"],
    "shorter than the length": [POST + b"content-length: 100\r\n\r\n0123456789"],
    "chunk of letters": [POST + b"transfer-encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n"],
    "chunk of too many digits": [POST + b"transfer-encoding: chunked\r\n\r\n" + b"f" * 40 + b"\r\nabc"],
    "chunk that is longer": [POST + b"transfer-encoding: chunked\r\n\r\n2\r\nabcdef\r\n0\r\n\r\n"],
    "chunk that is cut": [POST + b"transfer-encoding: chunked\r\n\r\nff\r\nabc"],
    "chunk with an extension": [POST + b"transfer-encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\n\r\n"],
    "unknown coding": [POST + b"transfer-encoding: gzip\r\n\r\nabc"],
    "more than is taken": [POST + b"content-length: 9000000\r\n\r\n" + b"a" * 9_000_000],
    "expects to continue": [POST + b"expect: 100-continue\r\ncontent-length: 3\r\n\r\n", b"a=b"],
    "upgrade to nothing known": [STATUS + b"connection: upgrade\r\nupgrade: tea\r\n\r\n"],
    "WebSocket without a key": [
        b"GET /session HTTP/1.1\r\n" + HOST + b"connection: upgrade\r\nupgrade: websocket\r\n\r\n"
    ],
    "WebSocket to nowhere": [
        b"GET /x HTTP/1.1\r\n" + HOST + b"connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n"
        b"sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    ],
    "control: no JSON": [b"POST /_local/clock HTTP/1.1\r\n" + HOST + b"content-length: 3\r\n\r\n{a}"],
    "control: cut body": [b"POST /_local/preload HTTP/1.1\r\n" + HOST + b"content-length: 300\r\n\r\n{"],
    "a byte at a time": [bytes([byte]) for byte in STATUS + b"\r\n"],
}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[LocalCloud]:
    with LocalCloud.start(tmp_path_factory.mktemp("malformed") / "state") as running:
        yield running


def unharmed(cloud: LocalCloud, answers: list[tuple[str, bytes]], connections: int) -> None:
    """Find that no answer is a 500, that the process is the same and well, and that no connection is left."""
    for name, answer in answers:
        assert not answer or answer.startswith(b"HTTP/1.1 "), f"{name}: {answer[:200]!r}"
        assert 500 not in statuses(answer), f"{name}: {answer[:500]!r}"
    assert cloud.status()["pid"] == cloud.info["pid"]
    assert not mistakes(cloud)
    deadline = time.monotonic() + 10
    while (left := descriptors(cloud)) > connections:
        assert time.monotonic() < deadline, f"{left - connections} connections are left"
        time.sleep(0.05)


def descriptors(cloud: LocalCloud) -> int:
    return len(list(Path(f"/proc/{cloud.info['pid']}/fd").iterdir()))


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
def test_wrong_bytes(cloud: LocalCloud, secure: bool, figure: Figure) -> None:
    """What is no HTTP, sent in the clear to the plain port and to that of HTTPS."""
    cloud.status()
    before = descriptors(cloud)
    where = address(cloud, secure=secure)
    with ThreadPoolExecutor(CLIENTS) as clients:  # they wait most of the time
        tried = [
            (name, clients.submit(exchange, where, pieces, pause=0.002 if len(pieces) > 10 else 0.0, reset=reset))
            for name, pieces in WRONG.items()
            for reset in (False, True)
        ]
        answers = [(name, answer.result()) for name, answer in tried]
    unharmed(cloud, [] if secure else answers, before)
    figure("malformed connections", len(answers))


@pytest.mark.parametrize("seed", range(2))
def test_bytes_changed_at_random(cloud: LocalCloud, seed: int, figure: Figure, long: bool) -> None:
    """A right request with bytes changed, left out, doubled, put in another place, and cut off anywhere."""
    choose = random.Random(seed)
    cloud.status()
    before = descriptors(cloud)
    sent = []
    for _number in range(5000 if long else 300):
        content = bytearray(right(cloud))
        for _change in range(choose.choice((1, 1, 2, 8))):
            at, length = choose.randrange(len(content)), choose.choice((1, 1, 3, 40))
            part = content[at : at + length]
            match choose.randrange(5):
                case 0:
                    content[at : at + length] = choose.randbytes(length)
                case 1:
                    del content[at : at + length]
                case 2:
                    content[at:at] = part * choose.choice((1, 2, 30))
                case 3:
                    content[at:at] = choose.choice((b"\r\n", b"\n", b"\r\n\r\n", b":", b" ", b"\x00", b"%", b"&"))
                case _:
                    where = choose.randrange(len(content))
                    del content[at : at + length]
                    content[where:where] = part
        text = bytes(content)
        if choose.random() < 0.2:
            text = text[: choose.randrange(len(text))]
        if not _is_line(text):  # what a library makes of bytes that no request line has is not ours
            continue
        sent.append((text, choose.random() < 0.3))
    with ThreadPoolExecutor(CLIENTS) as clients:
        tried = [(repr(text), clients.submit(exchange, address(cloud), [text], reset=reset)) for text, reset in sent]
        answers = [(text, answer.result()) for text, answer in tried]
    unharmed(cloud, answers, before)
    figure("malformed connections", len(answers))


def _is_line(text: bytes) -> bool:
    return text.partition(b"\r\n")[0].isascii()


def test_many_requests_in_one_go(cloud: LocalCloud, figure: Figure) -> None:
    """Requests that follow each other unasked are answered one by one; what is wrong among them ends the connection."""
    answer = exchange(address(cloud), [b"".join(right(cloud) for _number in range(50))])
    assert statuses(answer) == [200] * 50
    answer = exchange(address(cloud), [right(cloud) + right(cloud) + b"nonsense\r\n\r\n" + right(cloud)])
    assert statuses(answer) == [200, 200, 400]
    figure("malformed connections", 2)


def test_slow_clients_hold_up_nobody(cloud: LocalCloud, figure: Figure) -> None:
    """Two hundred clients that never finish what they say, while one that does is served; then they go."""
    cloud.status()
    before = descriptors(cloud)
    with contextlib.ExitStack() as stack:
        for number in range(200):
            link = stack.enter_context(socket.create_connection(address(cloud, secure=number % 2 == 1)))
            text = right(cloud)
            link.sendall(text[: number * len(text) // 200])
        wire = Wire(cloud.address, cloud.access_key_id, cloud.access_key_secret, timeout=10)
        for _number in range(20):
            assert wire.v3("vpc", "DescribeVpcs", RegionId="cn-hangzhou").status == 200
    unharmed(cloud, [], before)
    figure("malformed connections", 200)


def test_half_a_request_is_none(cloud: LocalCloud, figure: Figure) -> None:
    """What breaks off before its end is not done, however much of it makes sense by itself."""
    cloud.reset()
    body = json.dumps({"ecs.instances": 7}).encode()
    text = b"POST /_local/settings HTTP/1.1\r\n" + HOST + b"content-length: %d\r\n\r\n" % (len(body) + 1) + body
    exchange(address(cloud), [text], reset=True)
    exchange(address(cloud), [text])
    assert cloud.settings()["ecs.instances"] == 1000
    figure("malformed connections", 2)


CONTROLS = (
    "status", "settings", "clock", "faults", "requests", "reset", "preload", "resources", "agents", "kms_instances",
    "security_center", "tunnels", "nothing", "", "settings/",
)  # fmt: skip
VALUES: tuple[t.Any, ...] = (
    None, True, False, 0, 1, -1, 0.5, 10**30, -(10**30), 1e300, float("inf"), float("nan"), [], {}, [[]], [{}],
    {"a": {}}, *TEXTS[:60],
)  # fmt: skip
NAMES = (
    "advance", "scale", "kind", "operation", "times", "rate", "seconds", "code", "status", "message",
    "retry_after_ms", "body", "content_type", "records", "instance_id", "online", "cut", "region", "account_id",
    "Status", "KeyNum", "SecretNum", "ZoneIds", "default_region", "signature_window_seconds", "client_token_hours",
    "vpc.pending_seconds", "ecs.instances", "ecs.key_bits", "ecs.dry_run_status", "ecs.trusted.kms_off",
    "vpc.default_cidr_block", "resource_directory.members", "sts.oidc_providers", "metadata.credentials_seconds",
    "ecs.priority_type", "oss.failing_hosts", "agent", "alert", "vulnerability", "risk", "x", "", "\x00",
)  # fmt: skip


@pytest.mark.parametrize("seed", range(2))
def test_the_control_api_is_as_firm(tmp_path: Path, seed: int, figure: Figure, long: bool) -> None:
    """No request to it is a 500, nor lets one of the API be one. (Records are put in past all checks.)"""
    choose = random.Random(seed)
    with LocalCloud.start(tmp_path / "state") as cloud:
        wire = Wire(cloud.address, cloud.access_key_id, cloud.access_key_secret)
        tried = 4000 if long else 400
        for number in range(tried):
            path, method = (
                choose.choice(CONTROLS),
                choose.choice(("GET", "POST", "POST", "POST", "DELETE", "PUT", "HEAD")),
            )
            body = choose.choice((*VALUES, *([None] * 3)))
            if choose.random() < 0.9:
                body = {choose.choice(NAMES): choose.choice(VALUES) for _member in range(choose.randint(0, 3))}
                body |= _partly_right(choose, path)
            text = json.dumps(body) if choose.random() < 0.95 else choose.choice(TEXTS)
            query = (
                f"?kind={choose.choice(('instance', '%ff', '%00'))}&last={choose.choice(('1', 'x', '-3', '9' * 30))}"
            )
            headers = {"host": "127.0.0.1", "content-type": "application/json"}
            reply = wire.send(method, f"/_local/{path}{query if method == 'GET' else ''}", headers, text.encode())
            assert reply.status in (200, 400, 404, 405), f"{method} {path} {text}: {reply.status} {reply.body!r}"
            if reply.status == 400 and method != "HEAD":
                assert reply.json["error"], f"{method} {path} {text}"
            if number % 10 == 0:
                cloud.clear_faults()
                for product, action in (("vpc", "DescribeVpcs"), ("ecs", "DescribeInstances"), ("vpc", "CreateVpc")):
                    code = wire.v3(product, action, RegionId="cn-hangzhou").code
                    assert code != "InternalError", f"{action} after {method} {path} {text}"
        cloud.status()
        assert not mistakes(cloud)
        figure("fuzzed requests of the control API", tried)


def _partly_right(choose: random.Random, path: str) -> dict[str, t.Any]:
    """What a request to this path needs, with one thing wrong at most."""
    right: dict[str, dict[str, t.Any]] = {
        "faults": {"kind": choose.choice(("throttling", "slow", "portal", "other_body", "error"))},
        "preload": {"records": choose.choice(([], [{"kind": "thing", "id": "a", "data": choose.choice(VALUES)}], [1]))},
        "kms_instances": {
            "instance_id": "kst-1",
            choose.choice(("Status", "KeyNum", "ZoneIds")): choose.choice(VALUES),
        },
        "agents": {"instance_id": "i-1", "online": True},
        "security_center": {"instance_id": "i-1", choose.choice(("agent", "alert", "risk")): choose.choice(VALUES)},
        "settings": {choose.choice(NAMES[23:36]): choose.choice(VALUES)},
        "clock": {choose.choice(("advance", "scale")): choose.choice(VALUES)},
    }
    return right.get(path, {}) if choose.random() < 0.7 else {}
