# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Session Manager as a caller sees it: statuses, reasons and limits. The instance's ports are ports of this test."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
import time
import typing as t
from pathlib import Path

import pytest
from people import ram_user
from sdk import Sdk
from tunnel import CLOSE, INPUT, OUTPUT, SIZE, STATUS, Tunnel, frame, opened
from websockets.exceptions import ConnectionClosed, InvalidStatus

from local_cloud.control import LocalCloud

HELLO = b"hello\r\n"


class Ports:
    """Servers at ports of this machine; each greets who connects."""

    def __init__(self) -> None:
        self._servers: list[socket.socket] = []
        self.connections: list[socket.socket] = []

    def open(self, serve: t.Callable[[socket.socket], None]) -> int:
        server = socket.create_server(("127.0.0.1", 0))
        self._servers.append(server)

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _address = server.accept()
                    connection.sendall(HELLO)
                    self.connections.append(connection)
                    threading.Thread(target=serve, args=(connection,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        return t.cast(int, server.getsockname()[1])

    def close(self) -> None:
        for one in (*self._servers, *self.connections):
            one.close()


def echo(connection: socket.socket) -> None:
    with contextlib.suppress(OSError), connection:
        while data := connection.recv(65536):
            connection.sendall(data)


def reset(connection: socket.socket) -> None:
    """Break it off as soon as something comes."""
    connection.recv(1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def hang_up(connection: socket.socket) -> None:
    connection.recv(1)
    connection.sendall(b"bye")
    connection.close()


class Service:
    """One instance whose agent is online, and an echo at its ``port``."""

    def __init__(self, sdk: Sdk, ports: Ports) -> None:
        self.sdk, self.cloud, self.ports = sdk, sdk.cloud, ports
        self.port = ports.open(echo)
        self.cloud.set("ecs.agent_without_hosts", "loopback")
        self.cloud.set("ecs.session_manager_enabled", True)
        self.cloud.set("ecs.session_connect_seconds", 0.0)
        (self.id,) = sdk.run()

    def start(self, **params: t.Any) -> dict[str, t.Any]:
        return self.sdk("StartTerminalSession", InstanceId=[self.id], **{"PortNumber": self.port, **params})

    @contextlib.contextmanager
    def opened(self, **params: t.Any) -> t.Iterator[tuple[Tunnel, str]]:
        """A tunnel through which the port's greeting has come, and the session's id."""
        answer = self.start(**params)
        with opened(answer["WebSocketUrl"]) as tunnel:
            assert tunnel.receive() == (OUTPUT, 0, HELLO)
            yield tunnel, answer["SessionId"]

    def connection(self, session_id: str) -> dict[str, t.Any]:
        (session,) = self.sdk("DescribeTerminalSessions", SessionId=session_id)["Sessions"]["Session"]
        return t.cast("dict[str, t.Any]", session["Connections"]["Connection"][0])

    def until(self, session_id: str, status: str) -> dict[str, t.Any]:
        """The session's connection once it has this status."""
        deadline = time.monotonic() + 30
        while (found := self.connection(session_id))["Status"] != status:
            assert time.monotonic() < deadline, found
            time.sleep(0.02)
        return found


@pytest.fixture
def service(sdk: Sdk) -> t.Iterator[Service]:
    ports = Ports()
    yield Service(sdk, ports)
    ports.close()


# -- the address


def test_an_address_serves_whoever_has_its_token(service: Service) -> None:
    for change in (str, lambda url: url.replace("sessionid=", "sessionId=")):
        answer = service.start()
        for headers in ({}, {"x-acs-session-token": ""}, {"x-acs-session-token": answer["SecurityToken"]}):
            service.cloud.set("ecs.session_second_connection", "reconnect")
            with opened(change(answer["WebSocketUrl"]), headers=headers) as tunnel:
                assert tunnel.output(len(HELLO)) == HELLO
                tunnel.send(b"abc")
                assert tunnel.output(3) == b"abc"
            service.until(answer["SessionId"], "Disconnected")


def test_an_address_that_is_not_right_is_refused(service: Service) -> None:
    url, token = (answer := service.start())["WebSocketUrl"], answer["SecurityToken"]
    for wrong in (
        url.replace(token, "x"),
        url.partition("&")[0],
        url.replace(answer["SessionId"], "s-none"),
        url.replace("/session?", "/other?"),
        url.partition("?")[0],
    ):
        with pytest.raises(InvalidStatus, match="403"), opened(wrong):
            pass
    with pytest.raises(InvalidStatus, match="403"), opened(url, headers={"x-acs-session-token": "x"}):
        pass
    service.cloud.clock_advance(601)  # it is valid for ten minutes
    with pytest.raises(InvalidStatus, match="403"), opened(url):
        pass
    assert service.connection(answer["SessionId"])["Status"] == "Disconnected"


def test_an_open_session_outlives_its_address(service: Service) -> None:
    service.cloud.set("ecs.session_idle_seconds", 1e6)
    with service.opened() as (tunnel, session_id):
        service.cloud.clock_advance(601)
        tunnel.send(b"abc")
        assert tunnel.output(3) == b"abc"
        assert service.connection(session_id)["Status"] == "Connected"


def test_with_tls_it_is_wss(service: Service) -> None:
    secure = Sdk(service.cloud, secure=True)
    answer = secure("StartTerminalSession", InstanceId=[service.id], PortNumber=service.port)
    assert answer["WebSocketUrl"].startswith(f"wss://{service.cloud.tls_endpoint.partition('//')[2]}/")
    with opened(answer["WebSocketUrl"], service.cloud.ca_certificate) as tunnel:
        assert tunnel.output(len(HELLO)) == HELLO


def test_a_second_connection_is_one_too_many(service: Service) -> None:
    answer = service.start()
    with opened(answer["WebSocketUrl"]) as first:
        assert first.output(len(HELLO)) == HELLO
        with opened(answer["WebSocketUrl"]) as second:
            assert second.ended() == b"\x05SessionIdDuplicated"
        first.send(b"abc")
        assert first.output(3) == b"abc"
        service.cloud.set("ecs.session_second_connection", "replace")
        with opened(answer["WebSocketUrl"]) as second:
            assert first.ended() == b"\x05SessionIdDuplicated"
            assert second.output(len(HELLO)) == HELLO
        service.until(answer["SessionId"], "Disconnected")
    service.cloud.set("ecs.session_second_connection", "refuse")
    with opened(answer["WebSocketUrl"]) as third:
        assert third.ended() == b"\x05SessionIdDuplicated"


# -- what a caller may send


@pytest.mark.parametrize(
    ("message", "problem"),
    [
        (b"short", "header has 30 bytes"),
        ("text", "text frame"),
        (frame(INPUT, 0, b"a", version=b"1.00"), "schema version"),
        (frame(INPUT, 0, b"a", created=0), "creation is 0"),
        (frame(INPUT, 0, b"a", ids=b"xy"), "blank"),
        (frame(INPUT, 1, b"a"), "sequence number is 1, not 0"),
        (frame(OUTPUT, 0, b"a"), "type 1"),
        (frame(STATUS, 0, b"\x07"), "type 5"),
        (frame(4, 0, b"a"), "type 4"),
        (frame(CLOSE, 0, b"0"), "payload of a close"),
        (frame(INPUT, 0, bytes(2049)), "2049 bytes, more than 2048"),
    ],
)
def test_what_is_no_message_ends_the_session(service: Service, message: bytes | str, problem: str) -> None:
    with service.opened() as (tunnel, session_id):
        tunnel.raw(message)
        assert tunnel.ended() == b"\x05ProcessDataError"
    ended = service.until(session_id, "Disconnected")
    assert ended["ClosedReason"] == "ProcessDataError"
    assert problem in ended["FailedDetail"]


def test_input_sizes_and_close_share_a_counter(service: Service) -> None:
    with service.opened() as (tunnel, _session_id):
        tunnel.send(bytes(2048))
        tunnel.send(b'{"rows": 24, "cols": 80}', SIZE)
        tunnel.send(b"end")
        assert tunnel.output(2051) == bytes(2048) + b"end"
        tunnel.send(b"1", CLOSE)
        assert tunnel.ended() == b"\x05Ok"


def test_ids_need_not_be_blank_by_setting(service: Service) -> None:
    service.cloud.set("ecs.session_blank_ids", False)
    with service.opened() as (tunnel, _session_id):
        tunnel.raw(frame(INPUT, 0, b"a", ids=b"xy"))
        assert tunnel.output(1) == b"a"


def test_who_is_too_fast_is_cut_off(service: Service) -> None:
    service.cloud.set("ecs.session_burst_seconds", 1.0)
    with service.opened() as (tunnel, session_id):
        with contextlib.suppress(ConnectionClosed):
            for _packet in range(200):  # 16 seconds' worth
                tunnel.send(bytes(2048))
        assert tunnel.ended() == b"\x05FlowExceedLimit"
    assert service.until(session_id, "Disconnected")["ClosedReason"] == "FlowExceedLimit"


def test_the_speed_is_told_and_may_change(service: Service) -> None:
    service.cloud.set("ecs.session_speed", 50_000_000)
    with opened(service.start()["WebSocketUrl"]) as tunnel:
        assert tunnel.receive() == (STATUS, 0, b"\x07" + (50_000_000).to_bytes(4, "big"))
        assert tunnel.output(len(HELLO)) == HELLO
        for _packet in range(100):
            tunnel.send(bytes(2048))
        assert tunnel.output(204_800) == bytes(204_800)
        service.cloud.set("ecs.session_speed", 100_000)
        assert tunnel.receive() == (STATUS, tunnel.received - 1, b"\x07" + (100_000).to_bytes(4, "big"))


def test_input_before_the_agent_has_connected_is_lost(service: Service) -> None:
    service.cloud.set("ecs.session_connect_seconds", 1.0)
    with opened(service.start()["WebSocketUrl"]) as tunnel:
        tunnel.send(b"too early")
        assert tunnel.output(len(HELLO)) == HELLO
        tunnel.send(b"now")
        assert tunnel.output(3) == b"now"
        (live,) = service.cloud.tunnels()
        assert (live["lost"], live["input"]) == (9, 3)


def test_silence_ends_a_session(service: Service) -> None:
    with service.opened() as (tunnel, session_id):
        for _part in range(3):
            service.cloud.clock_advance(100)
            tunnel.send(b"", SIZE)
            tunnel.send(b"alive")
            assert tunnel.output(5) == b"alive"
        service.cloud.clock_advance(100)
        assert tunnel.socket.ping().wait(30)
        service.cloud.clock_advance(81)
        assert tunnel.ended() == b"\x05AgentTimeout"
    assert service.until(session_id, "Disconnected")["ClosedReason"] == "AgentTimeout"


def test_pings_are_signs_of_life_by_setting(service: Service) -> None:
    service.cloud.set("ecs.session_pings_count", True)
    with service.opened() as (tunnel, _session_id):
        for _part in range(3):
            service.cloud.clock_advance(100)
            assert tunnel.socket.ping().wait(30)
            time.sleep(0.5)  # the service looks ten times a second
        tunnel.send(b"alive")
        assert tunnel.output(5) == b"alive"


# -- how a session ends


@pytest.mark.parametrize(
    ("serve", "setting", "reasons"),
    [
        (hang_up, "Ok", {b"\x05Ok"}),
        (hang_up, "Read_port_failed", {b"\x05Read_port_failed"}),
        (reset, "Ok", {b"\x05Read_port_failed", b"\x05IO_port_failed"}),
    ],
)
def test_the_port_s_other_side_ends_it(
    service: Service, serve: t.Callable[[socket.socket], None], setting: str, reasons: set[bytes]
) -> None:
    service.cloud.set("ecs.session_port_closed", setting)
    with service.opened(PortNumber=service.ports.open(serve)) as (tunnel, session_id):
        tunnel.send(b"x")
        assert tunnel.ended() in reasons
    service.until(session_id, "Disconnected")


def test_a_port_that_nobody_listens_at(service: Service) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    answer = service.start(PortNumber=port)
    with opened(answer["WebSocketUrl"]) as tunnel:
        assert tunnel.ended() == b"\x05Open_port_failed"
    assert "refused" in service.until(answer["SessionId"], "Disconnected")["FailedDetail"]


def test_without_hosts_a_terminal_is_refused_plainly(service: Service) -> None:
    answer = service.sdk("StartTerminalSession", InstanceId=[service.id], CommandLine="top", Username="root")
    with opened(answer["WebSocketUrl"]) as tunnel:
        assert tunnel.ended() == b"\x05OpenPtyFailed"
    assert "no terminals" in service.until(answer["SessionId"], "Disconnected")["FailedDetail"]


def test_a_session_is_ended_by_the_api(service: Service) -> None:
    with service.opened() as (tunnel, session_id):
        service.sdk("EndTerminalSession", SessionId=session_id)
        assert tunnel.ended() == b"\x05Exit"
    answer = service.start()
    service.sdk("EndTerminalSession", SessionId=answer["SessionId"])
    service.sdk("EndTerminalSession", SessionId=answer["SessionId"])
    with pytest.raises(InvalidStatus, match="403"), opened(answer["WebSocketUrl"]):
        pass
    assert service.sdk.refused("EndTerminalSession", SessionId="s-none") == (404, "InvalidSessionId.NotFound")


@pytest.mark.parametrize("operation", ["StopInstance", "RebootInstance", "DeleteInstance", "offline", "reset"])
def test_a_session_ends_with_its_agent(service: Service, operation: str) -> None:
    waiting = service.start()
    with service.opened() as (tunnel, session_id):
        if operation == "offline":
            service.cloud.agent(service.id, online=False)
        elif operation == "reset":
            service.cloud.reset()
        else:
            force: dict[str, t.Any] = {"Force": True} if operation == "DeleteInstance" else {}
            service.sdk(operation, InstanceId=service.id, **force)
        assert tunnel.ended() == (b"\x05Exit" if operation == "reset" else b"\x02")
    if operation not in ("reset", "offline"):
        for session in (session_id, waiting["SessionId"]):
            assert "stopped" in service.connection(session)["FailedDetail"]
        with pytest.raises(InvalidStatus, match="403"), opened(waiting["WebSocketUrl"]):
            pass


def test_an_agent_that_is_lost_may_leave_without_a_word(service: Service) -> None:
    for how in ("close", "silence"):
        service.cloud.set("ecs.session_agent_lost", how)
        with service.opened() as (tunnel, session_id):
            service.cloud.agent(service.id, online=False)
            service.until(session_id, "Disconnected")
            if how == "close":
                assert tunnel.ended() == b""
            else:
                with pytest.raises(TimeoutError):
                    tunnel.receive(timeout=0.5)
        service.cloud.agent(service.id, online=True)


def test_an_agent_may_go_offline_before_its_caller_comes(service: Service) -> None:
    answer = service.start()
    service.cloud.agent(service.id, online=False)
    with opened(answer["WebSocketUrl"]) as tunnel:
        assert tunnel.ended() == b"\x02"
    assert service.until(answer["SessionId"], "Failed")["FailedDetail"] == "the agent is offline"
    assert service.sdk.refused("StartTerminalSession", InstanceId=[service.id]) == (
        403,
        "InvalidInstance.ClientNotRunning",
    )
    service.cloud.set("ecs.session_agent_offline", "connect")
    assert service.start()["SessionId"]


def test_a_tunnel_that_is_cut_is_over_at_once(service: Service) -> None:
    with service.opened() as (tunnel, session_id):
        service.cloud.cut_tunnel(session_id)
        with pytest.raises(ConnectionClosed) as caught:
            tunnel.receive()
        assert caught.value.rcvd is None  # no close of WebSocket, and none of TCP
    service.until(session_id, "Disconnected")
    assert service.cloud.tunnels() == []
    while service.ports.connections[-1].fileno() != -1:  # the agent has let go of the port, too
        time.sleep(0.02)


def test_there_may_be_nothing_to_do(service: Service) -> None:
    service.cloud.set("ecs.session_nothing_seconds", 0.2)
    with service.opened() as (tunnel, _session_id):
        assert tunnel.receive()[::2] == (STATUS, b"\x03")


# -- the operations


def test_what_a_session_may_not_be(service: Service) -> None:
    sdk = service.sdk
    one: dict[str, t.Any] = {"InstanceId": [service.id]}
    cases: tuple[tuple[tuple[int, str], dict[str, t.Any]], ...] = (
        ((404, "InvalidInstance.NotFound"), {"InstanceId": ["i-none"]}),
        ((403, "InstanceIds.ExceedLimit"), {"InstanceId": [service.id, "i-none"]}),
        ((400, "InvalidParameter"), {"CommandLine": "x" * 513}),
        ((400, "InvalidParameter"), {"CommandLine": "x", "PortNumber": 22}),
        ((400, "InvalidParameter"), {"TargetServer": "10.0.0.1"}),
        ((400, "InvalidParameter"), {"TargetServer": "example.com", "PortNumber": 22}),
        ((400, "InvalidParameter"), {"PortNumber": 0}),
        ((400, "InvalidParameter"), {"PortNumber": 65536}),
        ((400, "InvalidParameter"), {"ConnectionType": "Carrier"}),
        ((400, "InvalidParameter"), {"Username": "a b"}),
        ((400, "InvalidParameter"), {"PasswordName": "x" * 256}),
        ((400, "InvalidParameter"), {"EncryptionOptions": {"Mode": "Rot13"}}),
        ((403, "OperationDenied"), {"EncryptionOptions": {"Enabled": True}}),
    )
    for code, params in cases:
        assert sdk.refused("StartTerminalSession", **{**one, **params}) == code, params
    assert sdk("StartTerminalSession", **one, CommandLine="x" * 512)["SessionId"]
    assert sdk("StartTerminalSession", **one, PortNumber=22, ConnectionType="Intranet")["SessionId"]


def test_the_account_s_switch(service: Service) -> None:
    sdk = service.sdk
    service.cloud.set("ecs.session_manager_enabled", False)

    def switched() -> bool:
        shown = sdk("DescribeCloudAssistantSettings", SettingType=["SessionManagerConfig"])
        return t.cast(bool, shown["SessionManagerConfig"]["SessionManagerEnabled"])

    def switch(config: dict[str, t.Any]) -> dict[str, t.Any]:
        return {"SettingType": "SessionManagerConfig", "SessionManagerConfig": config}

    assert not switched()
    off = (403, "OperationDenied.SessionManagerDisabled")
    assert sdk.refused("StartTerminalSession", InstanceId=[service.id]) == off
    sdk("ModifyCloudAssistantSettings", **switch({"SessionManagerEnabled": True}), RegionId="eu-central-1")
    assert switched()  # in all regions
    assert service.start()["SessionId"]
    sdk("ModifyCloudAssistantSettings", **switch({"SessionManagerEnabled": False}))
    assert not switched()
    for wrong in (
        {"SettingType": "Other"},
        {"SettingType": "SessionManagerConfig"},
        {"SettingType": "InvocationDelivery", "SessionManagerConfig": {"SessionManagerEnabled": True}},
    ):
        status, code = sdk.refused("ModifyCloudAssistantSettings", **wrong)
        assert (status, code.startswith(("InvalidParameter", "MissingParameter"))) == (400, True)
    assert sdk.refused("DescribeCloudAssistantSettings", SettingType=["Other"])[0] == 400


def test_sessions_are_listed_by_pages_and_kept_four_weeks(service: Service) -> None:
    (other,) = service.sdk.run()
    made = [service.start(ClientToken=f"t-{number}")["SessionId"] for number in range(12)]
    assert service.start(ClientToken="t-11")["SessionId"] == made[-1]
    mine = service.sdk("StartTerminalSession", InstanceId=[other], PortNumber=22, TargetServer="10.0.0.9")["SessionId"]

    def listed(**params: t.Any) -> tuple[list[str], str]:
        answer = service.sdk("DescribeTerminalSessions", **params)
        return [one["SessionId"] for one in answer["Sessions"]["Session"]], answer["NextToken"]

    first, token = listed()
    assert (first, listed(NextToken=token)) == (made[:10], ([*made[10:], mine], ""))
    assert listed(InstanceId=other)[0] == listed(SessionId=mine)[0] == [mine]
    assert len(listed(MaxResults=100)[0]) == 13
    assert service.sdk.refused("DescribeTerminalSessions", MaxResults=101)[0] == 400
    service.cloud.clock_advance(28 * 86400 + 1)
    assert listed()[0] == []


def test_there_are_so_many_sessions_at_a_time(service: Service) -> None:
    service.cloud.set("ecs.sessions_per_instance", 1)
    with service.opened() as (_tunnel, session_id):
        service.until(session_id, "Connected")
        assert service.sdk.refused("StartTerminalSession", InstanceId=[service.id]) == (403, "QuotaExceed.Session")
    service.until(session_id, "Disconnected")
    assert service.start()["SessionId"]
    service.cloud.set("ecs.sessions_per_region", 1)
    assert service.sdk.refused("StartTerminalSession", InstanceId=[service.id]) == (403, "QuotaExceed.Session")


def test_the_control_api_knows_agents_and_tunnels(service: Service) -> None:
    service.cloud.agent(service.id, online=False)
    status = service.sdk("DescribeCloudAssistantStatus", InstanceId=[service.id])["InstanceCloudAssistantStatusSet"]
    (shown,) = status["InstanceCloudAssistantStatus"]
    assert (shown["CloudAssistantStatus"], shown["SupportSessionManager"]) == ("false", False)
    service.cloud.agent(service.id, online=True)
    status = service.sdk("DescribeCloudAssistantStatus", InstanceId=[service.id])["InstanceCloudAssistantStatusSet"]
    (shown,) = status["InstanceCloudAssistantStatus"]
    assert (shown["CloudAssistantStatus"], shown["SupportSessionManager"]) == ("true", True)
    with pytest.raises(Exception, match="no instance 'i-none'"):
        service.cloud.agent("i-none", online=False)
    with pytest.raises(Exception, match="no connection"):
        service.cloud.cut_tunnel("s-none")


# -- who may


def policy(sdk: Sdk, user: str, *statements: dict[str, t.Any]) -> None:
    """Let a RAM user do what these statements allow."""
    document = json.dumps({"Version": "1", "Statement": [{"Effect": "Allow", **one} for one in statements]})
    sdk("CreatePolicy", product="ram", PolicyName=user, PolicyDocument=document)
    sdk("AttachPolicyToUser", product="ram", UserName=user, PolicyName=user, PolicyType="Custom")


@pytest.mark.parametrize("by", ["acs:ResourceTag", "ecs:tag", "arn"])
def test_sessions_and_commands_may_be_limited_to_instances(service: Service, by: str) -> None:
    sdk = service.sdk
    (mine, *_rest) = sdk.run(Tag=[{"Key": "team", "Value": "blue"}])
    (other,) = sdk.run(Tag=[{"Key": "team", "Value": "red"}])
    (untagged,) = sdk.run()
    own: dict[str, t.Any] = {
        "Action": ["ecs:StartTerminalSession", "ecs:EndTerminalSession", "ecs:SendFile", "ecs:RunCommand"],
        "Resource": "*",
    }
    if by == "arn":
        own["Resource"] = [f"acs:ecs:*:*:instance/{mine}", "acs:ecs:*:*:command/*"]
    else:
        own["Condition"] = {"StringEquals": {f"{by}/team": ["blue", "green"]}}
    user = ram_user(sdk, "ann")
    policy(sdk, "ann", own, {"Action": "ecs:RunCommand", "Resource": "acs:ecs:*:*:command/*"})
    for action, params in (
        ("StartTerminalSession", {"PortNumber": 22}),
        ("SendFile", {"Name": "a", "TargetDir": "/tmp", "Content": "a"}),
        ("RunCommand", {"Type": "RunShellScript", "CommandContent": "true"}),
    ):
        assert user(action, InstanceId=[mine], **params)
        for refused in ([other], [untagged], [mine, other]):
            assert user.refused(action, InstanceId=refused, **params) == (403, "Forbidden.RAM"), (action, refused)
    ends = {"SessionId": user("StartTerminalSession", InstanceId=[mine])["SessionId"]}
    assert user.refused("EndTerminalSession", **ends) == (403, "Forbidden.RAM")
    sdk.cloud.set("ecs.session_end_resource", "instance")
    user("EndTerminalSession", **ends)
    command = {"Type": "RunShellScript", "CommandContent": "true"}
    assert user("RunCommand", **command, ResourceTag=[{"Key": "team", "Value": "blue"}])
    assert user.refused("RunCommand", **command, ResourceTag=[{"Key": "team", "Value": "red"}])[1] == "Forbidden.RAM"


def test_who_may_not_start_sessions_is_told_the_right_that_lacks(service: Service) -> None:
    user = ram_user(service.sdk, "bob", "AliyunECSReadOnlyAccess")
    for action, params in (
        ("StartTerminalSession", {"InstanceId": [service.id], "PortNumber": 22}),
        ("EndTerminalSession", {"SessionId": service.start()["SessionId"]}),
        ("ModifyCloudAssistantSettings", {"SettingType": "SessionManagerConfig"}),
    ):
        assert user.refused(action, **params) == (403, "Forbidden.RAM")
    assert user("DescribeTerminalSessions")["Sessions"]["Session"]


# -- servers that end


def test_no_session_outlives_its_server(state_dir: Path) -> None:
    ports = Ports()
    with LocalCloud.start(state_dir) as cloud:
        service = Service(Sdk(cloud), ports)
        for end in (cloud.kill, cloud.stop):
            unused = service.start()["SessionId"]
            with service.opened() as (tunnel, session_id):
                end()
                with pytest.raises(ConnectionClosed):
                    tunnel.receive()
            cloud.restart()
            for session in (session_id, unused):
                assert service.connection(session)["Status"] in ("Disconnected", "Failed")
            assert cloud.tunnels() == []
            with service.opened():
                pass
    assert "Traceback" not in (state_dir / "server.log").read_text(encoding="utf-8")
    ports.close()
