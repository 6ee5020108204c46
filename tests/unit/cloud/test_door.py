# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The door: parameters, tokens, tries, pages and errors, with the SDK's real models and a scripted service."""

from __future__ import annotations

import contextlib
import email.utils
import io
import json
import re
import time
import typing as t
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud import errors, transport
from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.door import Cloud, chunks, json_list
from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.options import Connection
from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.required import REQUIRED

_EMPTY: dict[str, t.Any] = {"object": {}, "list": [], "value": ""}


@dataclass
class Reply:
    """An answer as it goes over the wire."""

    content: str
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


class Service:
    """What stands at the other end of the wire: it answers from a script, and remembers what it was asked."""

    def __init__(self) -> None:
        self.script: list[t.Any] = []
        self.asked: list[tuple[str, dict[str, t.Any]]] = []
        self.sent: list[requests.PreparedRequest] = []
        self.timeouts: list[tuple[float, float]] = []

    def send(self, request: requests.PreparedRequest, timeout: tuple[float, float], **_how: t.Any) -> requests.Response:
        self.timeouts.append(timeout)
        action, version = (str(request.headers[f"x-acs-{name}"]) for name in ("action", "version"))
        self.sent.append(request)
        self.asked.append((f"{action} {version}", dict(parse_qsl(str(urlsplit(str(request.url)).query)))))
        reply = self.script.pop(0)
        if isinstance(reply, Exception):
            raise reply
        if isinstance(reply, dict):
            reply = whole(action, reply)
        response = requests.Response()
        response.status_code, response.raw = reply.status, io.BytesIO(reply.content.encode())
        response.headers.update({"content-type": "application/json;charset=utf-8", **reply.headers})
        return response


def whole(action: str, body: dict[str, t.Any]) -> Reply:
    """An answer with this in it, and with what each answer to an operation has."""
    required = next((members for (_product, name), members in REQUIRED.items() if name == action), {})
    rest = {names.split("|")[0]: _EMPTY[kind] for names, kind in required.items()}
    return Reply(json.dumps({"RequestId": "R", **rest, **body}))


class World:
    """A door to a scripted service, with time that passes only by sleeping."""

    service = Service()

    def __init__(self, **options: t.Any) -> None:
        World.service = self.service = Service()
        self.slept: list[float] = []
        key = {"access_key_id": "key", "access_key_secret": "geheim"}
        self.cloud = Cloud(
            Connection(**{"region": "cn-hangzhou", **key, **options}),
            sleep=self.slept.append,
            monotonic=lambda: sum(self.slept),
        )

    def answers(self, *script: t.Any) -> World:
        self.service.script = list(script)
        return self


@pytest.fixture(autouse=True)
def wire(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "_adapter", lambda *_which: World.service)


@pytest.fixture
def world() -> World:
    return World()


def refused(code: str, status: int = 400, text: str = "no", retry_after: int | None = None) -> Reply:
    headers = {"x-acs-retry-after": str(retry_after)} if retry_after else {}
    return Reply(json.dumps({"Code": code, "Message": text, "RequestId": "R"}), status, headers)


def broken(text: str = "('Connection aborted.', RemoteDisconnected('closed without response'))") -> Exception:
    return requests.ConnectionError(text)


# ---------------------------------------------------------------------- parameters


def test_region_and_token_are_filled_in_where_the_operation_takes_them(world: World) -> None:
    world.answers({}, {}, {})
    world.cloud.call("ecs", "RunInstances", Amount=1)
    world.cloud.call("ecs", "DescribeInstances")
    world.cloud.call("ram", "GetRole", RoleName="web")
    run, describe, role = (request for _name, request in world.service.asked)
    assert run["RegionId"] == describe["RegionId"] == "cn-hangzhou"
    assert 0 < len(run["ClientToken"]) <= 64
    assert "ClientToken" not in describe
    assert role == {"RoleName": "web"}, "the signature is in the headers"


def test_what_is_given_wins_over_what_is_filled_in(world: World) -> None:
    world.answers({})
    world.cloud.call("ecs", "RunInstances", RegionId="cn-beijing", ClientToken="mine")
    request = world.service.asked[0][1]
    assert (request["RegionId"], request["ClientToken"]) == ("cn-beijing", "mine")


@pytest.mark.parametrize(
    ("params", "name"),
    [
        ({"InstanceID": "i-1"}, "InstanceID"),
        ({"SystemDisk": {"Category": "cloud_essd", "Sise": 40}}, "SystemDisk.Sise"),
        ({"Tag": [{"Key": "a", "Worth": "b"}]}, "Tag.Worth"),
    ],
)
def test_a_parameter_that_the_model_would_drop_is_an_error(world: World, params: dict[str, t.Any], name: str) -> None:
    with pytest.raises(TypeError, match=name):
        world.cloud.call("ecs", "RunInstances", params)
    assert not world.service.asked


def test_an_operation_without_parameters_takes_none(world: World) -> None:
    world.answers({"RequestId": "R"})
    world.cloud.call("kms", "OpenKmsService")
    with pytest.raises(TypeError):
        world.cloud.call("kms", "OpenKmsService", Force=True)


def test_what_is_none_is_not_sent(world: World) -> None:
    world.answers({})
    world.cloud.call("ram", "CreateRole", RoleName="web", Description=None)
    assert "Description" not in world.service.asked[0][1]


def test_a_region_is_needed_only_where_the_operation_takes_one() -> None:
    world = World(region=None).answers({})
    world.cloud.call("ram", "GetRole", RoleName="web")
    with pytest.raises(errors.InvalidInput, match="No region"):
        world.cloud.call("ecs", "DescribeInstances")


# ---------------------------------------------------------------------- tries


def test_all_tries_of_a_call_share_one_token_and_two_calls_do_not(world: World) -> None:
    world.answers(broken(), refused("Throttling"), refused("InternalError", 500), {}, {})
    world.cloud.call("ecs", "RunInstances")
    world.cloud.call("ecs", "RunInstances")
    tokens = [request["ClientToken"] for _name, request in world.service.asked]
    assert len(set(tokens[:4])) == 1
    assert tokens[4] != tokens[0]
    assert world.cloud.api_calls == {"ecs:RunInstances": 5}


def test_the_pause_grows_and_keeps_to_what_the_server_asks_for(world: World) -> None:
    world.answers(refused("Throttling"), refused("Throttling"), refused("Throttling", retry_after=7000), {})
    world.cloud.call("ecs", "DescribeInstances")
    first, second, third = world.slept
    assert first <= 0.25
    assert second <= 0.5
    assert 7 <= third < 8


def test_a_failure_that_does_not_pass_ends_with_the_budget_and_says_so(world: World) -> None:
    world.answers(*[refused("Throttling")] * 100)
    with pytest.raises(errors.CloudError) as caught:
        world.cloud.call("ecs", "DescribeInstances")
    assert sum(world.slept) <= 120
    assert "(given up after 120 s of retries)" in caught.value.as_failure()["msg"]


def test_an_address_where_nobody_listens_is_given_up_soon_and_named() -> None:
    world = World(endpoint_url="http://127.0.0.1:1")
    nobody = broken("Failed to establish a new connection: [Errno 111] Connection refused")
    world.answers(refused("Throttling", 400), *[nobody] * 100)
    with pytest.raises(errors.TransportFailure) as caught:
        world.cloud.call("ecs", "DescribeInstances")
    assert sum(world.slept) <= 11
    message = caught.value.as_failure()["msg"]
    assert "(given up after 10 s of retries). The address called was http" in message
    assert "http://127.0.0.1:1" in message


def test_an_endpoint_that_restarts_now_and_then_is_waited_for(world: World) -> None:
    nobody = broken("[Errno 111] Connection refused")
    world.answers(*[nobody, nobody, nobody, refused("ServiceUnavailable", 503)] * 3, {"TotalCount": 1})
    assert world.cloud.call("ecs", "DescribeInstances")["TotalCount"] == 1
    assert sum(world.slept) > 10


def test_what_does_not_pass_is_not_repeated(world: World) -> None:
    world.answers(refused("InvalidParameter"))
    with pytest.raises(errors.CloudError, match="InvalidParameter"):
        world.cloud.call("ecs", "DescribeInstances")
    assert not world.slept


@pytest.mark.parametrize("lost", [broken(), refused("InternalError", 500)])
def test_a_lost_answer_to_a_call_that_makes_something_each_time_is_not_repeated(world: World, lost: t.Any) -> None:
    world.answers(lost, {})
    with pytest.raises(errors.OutcomeUnknown, match="may have been carried out"):
        world.cloud.call("ecs", "CreateKeyPair", KeyPairName="web")
    assert len(world.service.asked) == 1


def test_a_request_that_never_left_is_repeated_whatever_it_makes(world: World) -> None:
    world.answers(broken("Caused by NewConnectionError(': [Errno 111] Connection refused')"), {"KeyPairId": "k"})
    assert world.cloud.call("ecs", "CreateKeyPair", KeyPairName="web")["KeyPairId"] == "k"


@pytest.mark.parametrize(
    "text",
    [
        "HTTPSConnectionPool(host='ecs.cn-nope.aliyuncs.com', port=443): Max retries exceeded with url: /?A=x "
        '(Caused by NameResolutionError("Failed to resolve: [Errno -2] Name or service not known"))',
        "(Caused by SSLError(SSLCertVerificationError(1, 'certificate verify failed: self-signed certificate')))",
    ],
)
def test_a_name_that_does_not_exist_and_a_bad_certificate_are_told_at_once(world: World, text: str) -> None:
    world.answers(broken(text))
    with pytest.raises(errors.TransportFailure) as caught:
        world.cloud.call("ecs", "DescribeInstances")
    assert not world.slept
    assert "Check the option region" in caught.value.as_failure()["msg"]


def test_a_broken_connection_does_not_show_the_request(world: World) -> None:
    url = "HTTPConnectionPool(host='x', port=80): Max retries exceeded with url: /?Password=Geheim1&SecurityToken=abc"
    world.answers(*[broken(f"{url} (Caused by ReadTimeoutError('Read timed out. (read timeout=30.0)'))")] * 100)
    with pytest.raises(errors.TransportFailure) as caught:
        world.cloud.call("ecs", "DescribeInstances")
    message = caught.value.as_failure()["msg"]
    assert "Read timed out" in message
    assert "Geheim1" not in message
    assert "SecurityToken" not in message


@pytest.mark.parametrize(
    "word", ["server string to sign is:", "server StringToSign is:", "server canonical request is:"]
)
def test_a_wrong_signature_does_not_show_the_request(world: World, word: str) -> None:
    text = f"Specified signature is not matched with our calculation. {word}POST&%2F&Password%3DGeheim1"
    world.answers(refused("SignatureDoesNotMatch", 400, text))
    with pytest.raises(errors.CloudError) as caught:
        world.cloud.call("ecs", "DescribeInstances")
    assert caught.value.as_failure()["msg"] == (
        "ecs DescribeInstances: SignatureDoesNotMatch: Specified signature is not matched with our calculation. "
        "Check the AccessKey secret."
    )


def test_a_clock_that_is_wrong_is_said_to_be(world: World) -> None:
    text = 'The input parameter "Timestamp" that is mandatory for processing this request is not supplied.'
    world.answers(refused("IllegalTimestamp", 400, text))
    with pytest.raises(errors.CloudError) as caught:
        world.cloud.call("ecs", "DescribeInstances")
    assert caught.value.as_failure()["msg"].endswith("Check the clock of the machine that runs the task.")


def test_errors_keep_what_a_person_needs(world: World) -> None:
    world.answers(refused("Forbidden.RAM", 403))
    with pytest.raises(errors.AccessDenied) as caught:
        world.cloud.call("ecs", "DescribeInstances")
    assert caught.value.as_failure()["request_id"] == "R"
    assert caught.value.status == 403


# ---------------------------------------------------------------------- answers that are none

PAGE = Reply("<html><title>Log in</title></html>", headers={"content-type": "text/html; charset=utf-8"})
FOREIGN = [
    Reply("{}"),
    Reply("null"),
    Reply("[]"),
    Reply('"text"'),
    Reply(""),
    Reply('{"RequestId": "x"}'),
    Reply('{"Code": "Forbidden", "Message": "no"}'),
    Reply('{"RequestId": "x", "Instances": [], "TotalCount": 0, "Role": []}'),
    Reply('{"RequestId": "x", "Instances": null, "TotalCount": 0, "Role": null}'),
    PAGE,
    Reply(PAGE.content, 302, {"location": "http://portal.example.com/"}),
    Reply('{"RequestId": "x", "Instances": {}, "TotalCount": 0, "Role": {}}', 307, {"location": "http://a.example"}),
    Reply(PAGE.content, 403),
    Reply(PAGE.content, 502),
    Reply("", 504),
    Reply("{}", 403),
    Reply("null", 404),
    Reply('{"message": "forbidden"}', 403),
    Reply('{"Code": "InvalidInstanceId.NotFound", "Message": "no"}', 404),
]


@pytest.mark.parametrize("foreign", FOREIGN, ids=lambda reply: f"{reply.status} {reply.content[:30]}")
@pytest.mark.parametrize(
    "read",
    [
        lambda cloud: cloud.pages("ecs", "DescribeInstances"),
        lambda cloud: list(cloud.walk("ecs", "DescribeInstances", {})),
        lambda cloud: cloud.call("ram", "GetRole", RoleName="web"),
    ],
    ids=["pages", "walk", "call"],
)
def test_what_is_no_answer_is_tried_again_and_never_means_that_there_is_nothing(
    world: World, read: t.Callable[[Cloud], t.Any], foreign: Reply
) -> None:
    instances = {"Instances": {"Instance": [{}]}, "Role": {"RoleName": "web"}}
    world.answers(foreign, foreign, instances)
    assert read(world.cloud)
    assert len(world.slept) == 2
    world.answers(*[foreign] * 100)
    with pytest.raises(errors.ForeignAnswer) as caught:
        read(world.cloud)
    assert not isinstance(caught.value, errors.NotFound)
    failure = caught.value.as_failure()
    assert failure["error_code"] == "NoAnswer"
    assert failure["http_status"] == foreign.status
    assert "aliyuncs.com is no answer of Alibaba Cloud" in failure["msg"]
    assert f"status {foreign.status}, " in failure["msg"]
    assert "(given up after 120 s of retries)" in failure["msg"]


def test_what_is_no_answer_is_told_with_host_status_type_and_beginning() -> None:
    world = World(http_proxy="http://user:geheim@proxy.example.com:3128", endpoint_url="http://ecs.example.com")
    world.answers(*[PAGE] * 100)
    with pytest.raises(errors.ForeignAnswer) as caught:
        world.cloud.call("ecs", "DescribeInstances")
    assert caught.value.as_failure()["msg"] == (
        "ecs DescribeInstances: NoAnswer: what came from ecs.example.com is no answer of Alibaba Cloud, as RequestId, "
        "Instances, NextToken or TotalCount are missing: status 200, text/html, "
        "'<html><title>Log in</title></html>' (given up after 120 s of retries). It went through the proxy "
        "proxy.example.com (port 3128). What needs none belongs into the option no_proxy, or into the variable "
        "NO_PROXY."
    )


def test_what_is_no_answer_to_a_call_that_makes_something_each_time_is_not_repeated(world: World) -> None:
    for foreign in FOREIGN:
        world.answers(foreign, {})
        with pytest.raises(errors.OutcomeUnknown, match="may have been carried out"):
            world.cloud.call("ecs", "CreateKeyPair", KeyPairName="web")


def test_half_an_answer_does_not_show_the_secret_in_it(world: World) -> None:
    world.answers(Reply('{"RequestId": "R", "KeyPairName": "web", "PrivateKeyBody": "geheim'))
    with pytest.raises(errors.OutcomeUnknown) as caught:
        world.cloud.call("ecs", "CreateKeyPair", KeyPairName="web")
    assert "KeyPairName" in str(caught.value.as_failure())
    assert "geheim" not in str(caught.value.as_failure())


def test_a_server_that_repeats_the_request_does_not_make_its_secrets_known(world: World) -> None:
    world.answers(*[Reply("you asked for geheim-und-mehr")] * 100)
    with pytest.raises(errors.ForeignAnswer) as caught:
        world.cloud.call("ecs", "ModifyInstanceAttribute", InstanceId="i-1", Password="geheim-und-mehr")
    assert "you asked for ..." in caught.value.message
    assert "geheim" not in str(caught.value.as_failure())


@pytest.mark.parametrize(
    "refusal",
    [
        Reply("<html>who are you?", 407),
        requests.exceptions.ProxyError(
            "(Caused by ProxyError('Unable to connect to proxy', OSError('Tunnel connection failed: 407 Proxy "
            "Authentication Required')))"
        ),
    ],
)
def test_a_proxy_that_wants_to_know_who_asks_is_told_at_once_and_has_done_nothing(refusal: t.Any) -> None:
    world = World(https_proxy="http://proxy.example.com:3128").answers(refusal)
    with pytest.raises(errors.TransportFailure, match="407") as caught:
        world.cloud.call("ecs", "CreateKeyPair", KeyPairName="web")
    assert not world.slept
    assert "proxy.example.com (port 3128)" in caught.value.as_failure()["msg"]


def test_a_proxy_where_nobody_listens_is_given_up_soon_and_named() -> None:
    world = World(https_proxy="http://user:geheim@proxy.example.com:3128")
    nobody = (
        "(Caused by ProxyError('Unable to connect to proxy', NewConnectionError('[Errno 111] Connection refused')))"
    )
    world.answers(*[requests.exceptions.ProxyError(nobody)] * 100)
    with pytest.raises(errors.TransportFailure) as caught:
        world.cloud.call("ecs", "CreateKeyPair", KeyPairName="web")
    assert sum(world.slept) <= 10
    message = caught.value.as_failure()["msg"]
    assert "Connection refused, through the proxy proxy.example.com (port 3128)" in message
    assert "NO_PROXY" in message
    assert "geheim" not in message


def test_what_is_no_answer_of_sts_gives_no_session() -> None:
    world = World(ram_role_arn="acs:ram::1:role/web").answers(*[PAGE] * 100)
    with pytest.raises(errors.CredentialsError, match=r"came from sts\.cn-hangzhou\.aliyuncs\.com is no answer"):
        world.cloud.call("ecs", "DescribeInstances")
    assert {name for name, _request in world.service.asked} == {"AssumeRole 2015-04-01"}


# ---------------------------------------------------------------------- pages


def test_numbered_pages_are_read_until_all_are_there_even_when_one_is_short(world: World) -> None:
    def page(*names: str) -> dict[str, t.Any]:
        return {"TotalCount": 4, "KeyPairs": {"KeyPair": [{"KeyPairName": name} for name in names]}}

    world.answers(page("a", "b"), page("c"), page("d"))
    assert [one["KeyPairName"] for one in world.cloud.pages("ecs", "DescribeKeyPairs")] == ["a", "b", "c", "d"]
    assert [(request["PageNumber"], request["PageSize"]) for _name, request in world.service.asked] == [
        ("1", "50"),
        ("2", "50"),
        ("3", "50"),
    ]


def test_numbered_pages_end_when_one_is_empty_whatever_the_count_says(world: World) -> None:
    world.answers({"TotalCount": 9, "KeyPairs": {"KeyPair": [{}]}}, {"TotalCount": 9, "KeyPairs": {"KeyPair": []}})
    assert len(world.cloud.pages("ecs", "DescribeKeyPairs")) == 1


def test_pages_by_token_are_read_until_there_is_none(world: World) -> None:
    def page(token: str, *ids: str) -> dict[str, t.Any]:
        return {"NextToken": token, "TotalCount": 1, "Instances": {"Instance": [{"InstanceId": one} for one in ids]}}

    world.answers(page("t1", "i-1"), page("t2"), page("", "i-2"))
    found = world.cloud.pages("ecs", "DescribeInstances", InstanceName="web")
    assert [one["InstanceId"] for one in found] == ["i-1", "i-2"], (
        "an empty page is not the end, and the count means nothing"
    )
    assert [request.get("NextToken") for _name, request in world.service.asked] == [None, "t1", "t2"]
    assert all(request["InstanceName"] == "web" for _name, request in world.service.asked)


def test_pages_by_marker_are_read_while_the_list_is_truncated(world: World) -> None:
    def page(marker: str, *names: str) -> dict[str, t.Any]:
        roles = {"Role": [{"RoleName": name} for name in names]}
        return {"IsTruncated": bool(marker), "Marker": marker, "Roles": roles}

    world.answers(page("m", "a"), page("", "b"))
    assert [one["RoleName"] for one in world.cloud.pages("ram", "ListRoles")] == ["a", "b"]
    assert [request.get("Marker") for _name, request in world.service.asked] == [None, "m"]


def test_a_list_without_pages_is_one_call_and_an_empty_wrapper_is_an_empty_list(world: World) -> None:
    world.answers({"Policies": {}}, {"Policies": {"Policy": []}})
    assert world.cloud.pages("ram", "ListPoliciesForRole", RoleName="web") == []
    assert world.cloud.pages("ram", "ListPoliciesForRole", RoleName="web") == []


def test_a_page_that_fails_for_a_moment_is_read_again(world: World) -> None:
    world.answers(
        {"NextToken": "t", "Instances": {"Instance": [{}]}},
        refused("Throttling"),
        {"NextToken": "", "Instances": {"Instance": [{}]}},
    )
    assert len(world.cloud.pages("ecs", "DescribeInstances")) == 2
    assert world.cloud.api_calls["ecs:DescribeInstances"] == 3


def test_a_long_list_is_read_page_by_page_without_models(world: World) -> None:
    def page(token: str, *ids: str) -> dict[str, t.Any]:
        return {"NextToken": token, "Instances": {"Instance": [{"InstanceId": one} for one in ids]}}

    world.answers(page("t1", "i-1", "i-2"), refused("Throttling"), page("t2"), page("", "i-3"))
    asked = {"Tag": [{"Key": "a", "Value": "b"}], "VpcId": None}
    pages = [[one["InstanceId"] for one in page] for page in world.cloud.walk("ecs", "DescribeInstances", asked)]
    assert pages == [["i-1", "i-2"], [], ["i-3"]]
    assert world.cloud.api_calls["ecs:DescribeInstances"] == 4
    own = {"RegionId": "cn-hangzhou", "MaxResults": "100", "Tag.1.Key": "a", "Tag.1.Value": "b"}
    assert world.service.asked == [
        ("DescribeInstances 2014-05-26", {**own, **token})
        for token in ({}, {"NextToken": "t1"}, {"NextToken": "t1"}, {"NextToken": "t2"})
    ]


def test_a_long_list_that_cannot_be_read_to_its_end_is_an_error(world: World) -> None:
    world.answers({"NextToken": "t", "Instances": {"Instance": [{}]}}, refused("Forbidden.RAM", 403))
    with pytest.raises(errors.AccessDenied):
        list(world.cloud.walk("ecs", "DescribeInstances", {}))


# ---------------------------------------------------------------------- small things


def test_lists_are_sent_as_the_api_takes_them() -> None:
    assert json_list(["i-1", "i-2"]) == '["i-1","i-2"]'
    assert list(chunks([1, 2, 3], 2)) == [[1, 2], [3]]
    assert list(chunks([], 2)) == []


def given_up(cloud: Cloud, product: str, action: str) -> str:
    with pytest.raises(errors.CloudError) as caught:
        cloud.call(product, action)
    return caught.value.message


def test_where_the_cloud_is_down_the_next_call_is_given_up_soon(world: World) -> None:
    world.answers(*[refused("ServiceUnavailable", 503)] * 100)
    assert "given up after 120 s" in given_up(world.cloud, "ram", "ListRoles")
    before = sum(world.slept)
    assert "given up after 5 s" in given_up(world.cloud.in_region("cn-shanghai"), "ecs", "DescribeInstances")
    assert sum(world.slept) - before <= 5


@pytest.mark.parametrize("answer", [{}, refused("Forbidden.RAM", 403)])
def test_where_somebody_answers_again_the_budget_is_whole_again(world: World, answer: t.Any) -> None:
    world.answers(*[refused("Throttling.User")] * 100)
    assert "given up after 120 s" in given_up(world.cloud, "ram", "ListRoles")
    world.answers(answer)
    with contextlib.suppress(errors.CloudError):
        world.cloud.call("ram", "DeleteRole", RoleName="web")
    world.answers(*[refused("Throttling.User")] * 100)
    assert "given up after 120 s" in given_up(world.cloud, "ram", "ListRoles")


@pytest.mark.parametrize(("api_timeout", "longest"), [(120, 30), (12, 12), (1, 5)])
def test_a_try_ends_with_the_budget(world: World, api_timeout: int, longest: float) -> None:
    world = World(api_timeout=api_timeout).answers({})
    world.cloud.call("ram", "DeleteRole", RoleName="web")
    connect, read = world.service.timeouts[-1]
    assert read <= longest
    assert read > longest - 2
    assert connect <= min(10, longest)


def test_every_try_waits_for_its_turn_and_its_time_begins_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    world = World(api_timeout=12, api_calls_per_second=0.1).answers(
        {}, refused("Throttling"), refused("Throttling"), {}
    )
    for _number in range(2):
        world.cloud.call("ram", "DeleteRole", RoleName="web")
    turns = [slept for slept in world.slept if slept > 5]
    assert len(turns) == 3  # the first call may be made at once
    assert sum(world.slept) == pytest.approx(30)  # one in ten seconds: the pauses after a refusal are within
    assert min(read for _connect, read in world.service.timeouts) > 10


def test_a_role_is_assumed_and_other_regions_are_called_within_the_same_budget(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    session = {"AccessKeyId": "STS.x", "AccessKeySecret": "s", "SecurityToken": "t"}
    world = World(api_calls_per_second=1, ram_role_arn="acs:ram::1234567890123456:role/ops").answers(
        {"Credentials": {**session, "Expiration": "2099-01-01T00:00:00Z"}}, {}, {}
    )
    world.cloud.call("ecs", "DescribeInstances")
    world.cloud.in_region("cn-beijing").call("ecs", "DescribeInstances")
    # The session is asked for while the call has its turn already.
    assert [action.split()[0] for action, _params in world.service.asked] == [
        "AssumeRole",
        "DescribeInstances",
        "DescribeInstances",
    ]
    assert sum(world.slept) == pytest.approx(2)


def test_without_a_budget_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    world = World().answers({}, {})
    for _number in range(2):
        world.cloud.call("ram", "DeleteRole", RoleName="web")
    assert not world.slept
    assert not list(tmp_path.iterdir())


def test_what_was_just_made_is_looked_for_again(world: World) -> None:
    missing = refused("EntityNotExist.Role", 404)
    world.answers({"Role": {"RoleName": "web"}}, missing, missing, {"Role": {"RoleName": "web"}})
    world.cloud.call("ram", "CreateRole", RoleName="web", AssumeRolePolicyDocument="{}")
    assert world.cloud.call("ram", "GetRole", RoleName="web")["Role"] == {"RoleName": "web"}
    assert world.cloud.behind_for() > 0


@pytest.mark.parametrize(("ahead", "word"), [(300, "slow"), (-300, "fast")])
def test_a_wrong_clock_is_told_with_both_times(world: World, ahead: int, word: str) -> None:
    date = email.utils.formatdate(time.time() + ahead, usegmt=True)
    expired = refused("InvalidTimeStamp.Expired", 400, "Specified time stamp or date value is expired.")
    world.answers(Reply(expired.content, 400, {"date": date}))
    with pytest.raises(errors.CloudError) as caught:
        world.cloud.call("ram", "ListRoles")
    told = rf"says \S+Z, that of Alibaba Cloud \S+Z: the machine's is (299|300|301) s {word}\."
    assert re.search(told, caught.value.hint)
