# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who signs right gets in; everybody else is told what is wrong, as documented."""

from __future__ import annotations

import pytest
from wire import VERSIONS, Wire, utc

from local_cloud import signatures
from local_cloud.control import LocalCloud
from local_cloud.products import of_host

EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_v3_signs_the_published_vector() -> None:
    headers = {
        "host": "ecs.cn-hangzhou.aliyuncs.com",
        "x-acs-version": "2014-05-26",
        "x-acs-action": "DescribeInstances",
        "user-agent": "ua",
        "x-acs-date": "2024-01-01T00:00:00Z",
        "x-acs-signature-nonce": "n0",
        "accept": "application/json",
        "x-acs-content-sha256": EMPTY,
    }
    query = [("RegionId", "cn-hangzhou"), ("Tag.1.Key", "a b"), ("Tag.1.Value", "c*d~é")]
    canonical = signatures.v3_canonical_request("POST", "/", query, headers, headers, b"")
    assert canonical.splitlines()[-2] == (
        "accept;host;user-agent;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version"
    )
    assert (
        signatures.v3_signature("testsecret", canonical)
        == "89b7120f13a6fc2b75a9918f241f7c43001d1e6464ed8bdc7464bb101122b9e2"
    )


def test_rpc_signs_the_published_vector() -> None:
    parameters = {
        "AccessKeyId": "testid",
        "Action": "DescribeRegions",
        "Format": "XML",
        "SignatureMethod": "HMAC-SHA1",
        "SignatureNonce": "3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf",
        "SignatureVersion": "1.0",
        "Timestamp": "2016-02-23T12:46:24Z",
        "Version": "2014-05-26",
        "Signature": "is not part of what is signed",
    }
    text = signatures.rpc_string_to_sign("GET", list(parameters.items()))
    assert signatures.rpc_signature("testsecret", text) == "OLeaidS1JvxuMvnyHOwuJ+uX5qY="


@pytest.mark.parametrize("form", [False, True], ids=["query", "form"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_both_signatures_are_taken_in_query_and_form(wire: Wire, method: str, form: bool) -> None:
    wire.method, wire.form = method, form
    described = "text with + * ~ % & = é and a  space"
    made = wire.v3("ram", "CreateUser", UserName="ann", Comments=described)
    assert (made.status, made.json["User"]["Comments"]) == (200, described)
    read = wire.rpc("ram", "GetUser", UserName="ann", Format="JSON")
    assert read.json["User"]["Comments"] == described


def test_an_unknown_key_is_not_found(wire: Wire) -> None:
    wire.access_key_id = "NobodysKey"
    assert _error(wire) == (404, "InvalidAccessKeyId.NotFound")
    assert _rpc_error(wire) == (404, "InvalidAccessKeyId.NotFound")


def test_a_wrong_secret_does_not_match_and_the_answer_says_what_was_calculated(wire: Wire) -> None:
    secret, wire.access_key_secret = wire.access_key_secret, "wrong"
    v3, rpc = wire.v3("ram", "ListUsers"), wire.rpc("ram", "ListUsers", Format="JSON")
    assert (v3.status, v3.code) == (rpc.status, rpc.code) == (400, "SignatureDoesNotMatch")
    assert (
        "Specified signature is not matched with our calculation. server canonical request is:POST"
        in v3.json["Message"]
    )
    assert "server string to sign is:GET&%2F&" in rpc.json["Message"]
    assert secret not in v3.json["Message"] + rpc.json["Message"]


def test_what_was_signed_can_not_be_changed_on_the_way(wire: Wire) -> None:
    wire.v3("ram", "ListUsers", MaxItems="5")
    method, path, headers, body = wire.sent[-1]
    changed = {**headers, "x-acs-signature-nonce": headers["x-acs-signature-nonce"]}
    assert wire.send(method, path.replace("5", "6"), changed, body).code == "SignatureDoesNotMatch"
    wire.form = True
    assert wire.v3("ram", "ListUsers", MaxItems="5").status == 200
    method, path, headers, _rest = wire.sent[-1]
    assert wire.send(method, path, headers, b"MaxItems=6").code == "SignatureDoesNotMatch"


def test_headers_that_matter_must_be_signed(wire: Wire) -> None:
    wire.v3("ram", "ListUsers")
    method, path, headers, body = wire.sent[-1]
    added = wire.send(method, path, {**headers, "x-acs-security-token": "smuggled"}, body)
    assert (added.status, added.code) == (400, "IncompleteSignature")
    assert "x-acs-security-token" in added.json["Message"]


def test_a_request_works_once(wire: Wire) -> None:
    assert wire.v3("ram", "ListUsers").status == 200
    assert (wire.repeat().status, wire.repeat().code) == (400, "SignatureNonceUsed")
    assert wire.rpc("ram", "ListUsers", Format="JSON").status == 200
    assert wire.repeat().code == "SignatureNonceUsed"


def test_a_refused_request_can_not_be_repeated_either(wire: Wire) -> None:
    assert wire.v3("ram", "GetUser", UserName="nobody").code == "EntityNotExist.User"
    assert wire.repeat().code == "SignatureNonceUsed"


@pytest.mark.parametrize("shift", [-16 * 60, 16 * 60])
def test_a_stale_date_is_expired(wire: Wire, shift: float) -> None:
    assert _error(wire, {"x-acs-date": utc(shift)}) == (400, "InvalidTimeStamp.Expired")
    assert _rpc_error(wire, Timestamp=utc(shift)) == (400, "InvalidTimeStamp.Expired")


def test_a_date_within_the_window_is_good(wire: Wire) -> None:
    assert wire.v3("ram", "ListUsers", {"x-acs-date": utc(-14 * 60)}).status == 200


def test_a_malformed_date_is_illegal(wire: Wire) -> None:
    assert _error(wire, {"x-acs-date": "yesterday"}) == (400, "IllegalTimestamp")
    assert _error(wire, {"x-acs-date": None}) == (400, "IllegalTimestamp")
    assert _rpc_error(wire, Timestamp="yesterday") == (400, "IllegalTimestamp")


@pytest.mark.parametrize("name", ["AccessKeyId", "SignatureNonce", "Timestamp", "Action", "Version"])
def test_a_missing_common_parameter_is_named(wire: Wire, name: str) -> None:
    reply = wire.rpc("ram", "ListUsers", Format="JSON", **{name: None})
    assert (reply.status, reply.code) == (400, "MissingParameter")
    assert f'"{name}"' in reply.json["Message"]


def test_who_does_not_sign_is_told_so(wire: Wire) -> None:
    headers = {"host": wire.address}
    query = f"/?Action=ListUsers&Version={VERSIONS['ram']}&Format=JSON"
    anonymous = wire.send("GET", query, headers)
    assert (anonymous.status, anonymous.code) == (400, "MissingParameter")
    bearer = wire.send("GET", query + "&SignatureType=BEARERTOKEN", headers)
    assert bearer.code == "IncompleteSignature"
    assert "bearer" in bearer.json["Message"]
    other = wire.send(
        "GET", query, {**headers, "authorization": "ACS3-RSA-SHA256 Credential=a,SignedHeaders=b,Signature=c"}
    )
    assert other.code == "IncompleteSignature"
    assert "ACS3-HMAC-SHA256" in other.json["Message"]


def test_a_disabled_key_is_refused(wire: Wire) -> None:
    wire.v3("ram", "CreateUser", UserName="ann")
    key = wire.v3("ram", "CreateAccessKey", UserName="ann").json["AccessKey"]
    wire.v3("ram", "UpdateAccessKey", UserName="ann", UserAccessKeyId=key["AccessKeyId"], Status="Inactive")
    ann = Wire(wire.address, key["AccessKeyId"], key["AccessKeySecret"])
    assert _error(ann) == (403, "Forbidden.AccessKeyDisabled")


def test_unknown_versions_and_actions_are_refused(wire: Wire) -> None:
    reply = wire.v3("1999-01-01", "ListUsers")
    assert (reply.status, reply.code) == (400, "InvalidVersion")
    reply = wire.v3("ram", "ListUnicorns")
    assert (reply.status, reply.code) == (404, "InvalidAction.NotFound")


def test_a_product_s_own_host_serves_that_product_only(fresh_cloud: LocalCloud, wire: Wire) -> None:
    wire.host = "kms.eu-central-1.aliyuncs.com"
    assert wire.v3("ram", "ListUsers").code == "InvalidVersion"
    wire.host = "ecs.eu-central-1.aliyuncs.com"
    wire.v3("ecs", "DescribeRegions")
    assert fresh_cloud.requests(last=1)[0]["region"] == "eu-central-1"
    elsewhere = wire.v3("ecs", "DescribeInstances", RegionId="us-west-1")
    assert (elsewhere.status, elsewhere.code) == (400, "InvalidOperation.NotSupportedEndpoint")


@pytest.mark.parametrize(
    ("host", "product", "region"),
    [
        ("ecs.eu-central-1.aliyuncs.com", "ecs", "eu-central-1"),
        ("ecs-cn-hangzhou.aliyuncs.com", "ecs", "cn-hangzhou"),
        ("ecs-vpc.cn-beijing.aliyuncs.com:443", "ecs", "cn-beijing"),
        ("ram.aliyuncs.com", "ram", None),
        ("antiddos.aliyuncs.com", "antiddos-public", None),
        ("antiddos-openapi.eu-central-1.aliyuncs.com", "antiddos-public", "eu-central-1"),
        ("trusted-server.aliyuncs.com", "trusted-server", None),
        ("trusted-server-vpc.cn-hangzhou.aliyuncs.com", "trusted-server", "cn-hangzhou"),
        ("unknown.cn-hangzhou.aliyuncs.com", None, "cn-hangzhou"),
        ("127.0.0.1:1234", None, None),
    ],
)
def test_hosts_tell_product_and_region(host: str, product: str | None, region: str | None) -> None:
    found, where = of_host(host)
    assert (found and found.name, where) == (product, region)


def test_known_operations_that_are_not_served_say_so(wire: Wire) -> None:
    reply = wire.v3("ecs", "DescribeBandwidthPackages", RegionId="cn-hangzhou")
    assert (reply.status, reply.code) == (501, "NotImplementedByLocalCloud")


def _error(wire: Wire, headers: dict[str, str | None] | None = None) -> tuple[int, str | None]:
    reply = wire.v3("ram", "ListUsers", headers)
    return reply.status, reply.code


def _rpc_error(wire: Wire, **params: str | None) -> tuple[int, str | None]:
    reply = wire.rpc("ram", "ListUsers", Format="JSON", **params)
    return reply.status, reply.code


def test_the_timestamp_may_be_spelt_as_old_examples_do(wire: Wire) -> None:
    old = wire.rpc("ecs", "DescribeRegions", Timestamp=None, TimeStamp=utc(), Format="JSON")
    assert old.status == 200, old.json
    assert _rpc_error(wire, Timestamp=None, TimeStamp=utc(-4000)) == (400, "InvalidTimeStamp.Expired")
