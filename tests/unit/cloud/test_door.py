# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The door: parameters, tokens, tries, pages and errors, with the SDK's real models and a scripted service."""

from __future__ import annotations

import typing as t

import pytest
from alibabacloud_tea_openapi.exceptions import ClientException, ServerException, ThrottlingException

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud import errors
from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.door import Cloud, chunks, json_list
from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.options import Connection


class Service:
    """An SDK client that answers from a script, and remembers what it was asked."""

    def __init__(self) -> None:
        self.script: list[t.Any] = []
        self.asked: list[tuple[str, dict[str, t.Any]]] = []

    def __getattr__(self, name: str) -> t.Callable[..., t.Any]:
        def call(*arguments: t.Any) -> t.Any:
            plain = name == "call_api"  # how, what, runtime; the others take a model
            request = dict(arguments[1].query) if plain else arguments[0].to_map() if len(arguments) > 1 else {}
            self.asked.append((f"{arguments[0].action} {arguments[0].version}" if plain else name, request))
            answer = self.script.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return {"body": answer} if plain else Answer(answer)

        return call


class Answer:
    def __init__(self, body: dict[str, t.Any] | None) -> None:
        self._map = body
        self.body = None if body is None else self

    def to_map(self) -> dict[str, t.Any] | None:
        return self._map


class World:
    """A door to a scripted service, with time that passes only by sleeping."""

    def __init__(self, **options: t.Any) -> None:
        self.service = Service()
        self.slept: list[float] = []
        self.cloud = Cloud(
            Connection(**{"region": "cn-hangzhou", **options}),
            sleep=self.slept.append,
            monotonic=lambda: sum(self.slept),
        )
        for product in ("ecs", "ram", "kms", "vpc"):
            self.cloud._clients[product] = self.service

    def answers(self, *script: t.Any) -> World:
        self.service.script = list(script)
        return self


@pytest.fixture
def world() -> World:
    return World()


def refused(code: str, status: int = 400, text: str = "no", **more: t.Any) -> Exception:
    kind: t.Any = ServerException if status >= 500 else ClientException
    if "retry_after" in more:
        kind = ThrottlingException
    return t.cast(
        "Exception", kind(code=code, status_code=status, message=text, data={"Message": text, "RequestId": "R"}, **more)
    )


def broken(text: str = "('Connection aborted.', RemoteDisconnected('closed without response'))") -> Exception:
    return RuntimeError(text)


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
    assert role == {"RoleName": "web"}


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


def test_an_answer_without_a_body_is_an_empty_answer(world: World) -> None:
    assert world.answers(None).cloud.call("ram", "GetRole", RoleName="web") == {}


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
    assert world.cloud.call("ecs", "DescribeInstances") == {"TotalCount": 1}
    assert sum(world.slept) > 10


def test_what_does_not_pass_is_not_repeated(world: World) -> None:
    world.answers(refused("InvalidParameter"))
    with pytest.raises(errors.CloudError, match="InvalidParameter"):
        world.cloud.call("ecs", "DescribeInstances")
    assert not world.slept


@pytest.mark.parametrize("lost", [broken(), refused("InternalError", 500)])
def test_a_lost_answer_to_a_call_that_makes_something_each_time_is_not_repeated(world: World, lost: Exception) -> None:
    world.answers(lost, {})
    with pytest.raises(errors.OutcomeUnknown, match="may have been carried out"):
        world.cloud.call("ecs", "CreateKeyPair", KeyPairName="web")
    assert len(world.service.asked) == 1


def test_a_request_that_never_left_is_repeated_whatever_it_makes(world: World) -> None:
    world.answers(broken("Caused by NewConnectionError(': [Errno 111] Connection refused')"), {"KeyPairId": "k"})
    assert world.cloud.call("ecs", "CreateKeyPair", KeyPairName="web") == {"KeyPairId": "k"}


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


def test_errors_keep_what_a_person_needs(world: World) -> None:
    world.answers(refused("Forbidden.RAM", 403))
    with pytest.raises(errors.AccessDenied) as caught:
        world.cloud.call("ecs", "DescribeInstances")
    assert caught.value.as_failure()["request_id"] == "R"
    assert caught.value.status == 403


# ---------------------------------------------------------------------- pages


def test_numbered_pages_are_read_until_all_are_there_even_when_one_is_short(world: World) -> None:
    def page(*names: str) -> dict[str, t.Any]:
        return {"TotalCount": 4, "KeyPairs": {"KeyPair": [{"KeyPairName": name} for name in names]}}

    world.answers(page("a", "b"), page("c"), page("d"))
    assert [one["KeyPairName"] for one in world.cloud.pages("ecs", "DescribeKeyPairs")] == ["a", "b", "c", "d"]
    assert [(request["PageNumber"], request["PageSize"]) for _name, request in world.service.asked] == [
        (1, 50),
        (2, 50),
        (3, 50),
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


def test_a_list_without_pages_is_one_call_and_a_missing_wrapper_is_an_empty_list(world: World) -> None:
    world.answers({"Policies": {}}, {})
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
