# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wrong and odd values for lookups, filters, the event source and the options of connections: told in words.

Each is what modules are tried with elsewhere, at the doors that have no argument specification of Ansible in front.
"""

from __future__ import annotations

import typing as t

import pytest
from modules.lookups import Lookups, Workers
from proof.hostile.filters import outcomes
from proof.hostile.judging import fit_for_people, fit_for_terminals, patience, written
from proof.hostile.wrong_values import BIDI, ESCAPES, LONG, NO_TEXT

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.errors import AlitrustError, InvalidInput
from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.options import CONNECTION_SPEC, Connection
from ansible_collections.alitrust.ecs.plugins.module_utils._instance.watch import SPEC as WATCH_SPEC
from ansible_collections.alitrust.ecs.plugins.module_utils._instance.watch import Watch

if t.TYPE_CHECKING:
    from pathlib import Path

    from modules.harness import Modules
    from proof.conftest import Figure

# ---------------------------------------------------------------------- lookups


@pytest.fixture(scope="module")
def workers() -> t.Iterator[Workers]:
    found = Workers()
    yield found
    found.end()


#: The lookup, what it is asked for, its options.
ASKED: list[tuple[str, tuple[t.Any, ...], dict[str, t.Any]]] = [
    *(("kms_secret", (text,), {}) for text in (*NO_TEXT, ESCAPES, BIDI, "", " ", "x" * 300, "../web", "acs/ecs/web")),
    *(("kms_secret", (value,), {}) for value in (7, None, {"a": 1}, True, 1e3)),
    ("kms_secret", (), {"version_id": ESCAPES, "stage": BIDI}),
    ("kms_secret", ("web",), {"on_missing": "perhaps"}),
    ("kms_secret", ("web",), {"api_timeout": "nan"}),
    ("kms_secret", ("web",), {"api_timeout": 10**30}),
    ("kms_secret", ("web",), {"region": "cn hangzhou"}),
    ("kms_secret", ("web",), {"region": ESCAPES}),
    ("kms_secret", ("web",), {"endpoint_url": "http://[::1"}),
    ("kms_secret", ("web",), {"ca_bundle": "/none\x1b[2J"}),
    *(("kms_decrypt", (text,), {}) for text in (*NO_TEXT, ESCAPES, "", "?", "x" * LONG, "=" * 40)),
    *(("kms_decrypt", (value,), {}) for value in (7, None, {"a": 1}, ["a"])),
    *(("kms_decrypt", ("eA==",), {"encryption_context": value}) for value in ("a", [1], 7, {"a": {"b": 1}})),
    ("kms_decrypt", ("eA==",), {"encryption_context": {NO_TEXT[0]: "x"}}),
    *(("trust_verdict", (text,), {}) for text in (*NO_TEXT, ESCAPES, BIDI, "web", "i-", "i-\u0661", "i-x" * LONG)),
    *(("trust_verdict", (value,), {}) for value in (7, {"a": 1}, True)),
    ("trust_verdict", (), {}),
    ("trust_verdict", ("i-1",), {"fleet": "web"}),
    ("trust_verdict", (), {"fleet": NO_TEXT[1]}),
    ("trust_verdict", ("i-1",), {"trust_fresh_seconds": "an hour"}),
    ("trust_verdict", ("i-1",), {"trust_fresh_seconds": -1}),
    ("trust_verdict", ("i-1",), {"trust_since": "2026"}),
    ("trust_verdict", ("i-1",), {"trust_meanings": {"system_status": {"x": "trusted"}}}),
    ("trust_verdict", ("i-1",), {"property_uuids": {"web": 1}}),
    ("trust_verdict", ("i-1",), {"property_uuid_from": ESCAPES}),
    ("trust_verdict", ("i-1\n",), {}),
]


@pytest.mark.parametrize("name", ["kms_secret", "kms_decrypt", "trust_verdict"])
def test_a_lookup_tells_what_is_wrong(modules: Modules, workers: Workers, name: str, figure: Figure) -> None:
    modules.run("kms_service")
    modules.cloud.forget_requests()
    lookups = Lookups(workers, modules)
    part = [one for one in ASKED if one[0] == name]
    for _name, terms, options in part:
        try:
            with patience():
                told = lookups.ask(name, *terms, **options)
            if told.error or (terms and options.get("on_missing") != "warn"):
                fit_for_people(told.error)
            for line in told.warnings:
                fit_for_terminals(line)
        except Exception as exc:
            raise AssertionError(f"{str(terms)[:80]} {options}: {type(exc).__name__}: {str(exc)[:400]}") from exc
        assert not written(modules)
    figure("values for lookups", len(part))


# ---------------------------------------------------------------------- event source

_STRANGE: list[t.Any] = [
    *NO_TEXT,
    ESCAPES,
    BIDI,
    "x" * LONG,
    [],
    {},
    ["a"],
    {"a": 1},
    True,
    7,
    -1,
    10**30,
    "nan",
    "inf",
    None,
]
#: Arguments of the event source, all of them wrong.
WATCHED: list[dict[str, t.Any]] = [
    *({"interval": value} for value in (0, -1, "nan", "inf", "-inf", "1e400", "soon", [1], {"a": 1}, 10**400)),
    *({"region": value} for value in ("", "cn hangzhou", "cn-hangzhou-h", "../x", ESCAPES, *NO_TEXT)),
    *({"tags": value} for value in ("a", [1], 7, True, {NO_TEXT[1]: "x"}, {"a": NO_TEXT[0]})),
    *({"instance_ids": value} for value in ({"a": 1}, ["web"], [["i-1"]], [NO_TEXT[0]], "i-1 i-2")),
    *({"trust": value} for value in ("perhaps", 2, [True], {"a": 1})),
    *({"report_existing": value} for value in ("perhaps", 2, [True])),
    *({"trust_fresh_seconds": value} for value in ("an hour", -1, [1])),
    *({"trust_since": value} for value in ("yesterday", "2026", "2026-01-31", NO_TEXT[1])),
    *({"api_timeout": value} for value in (0, -1, "long", 10**30)),
    *(
        {"endpoint_url": value}
        for value in ("web", "ftp://web", "http://", "http://a:b@web", "http://web/x", "http://[::1")
    ),
    {"access_key_id": "", "access_key_secret": "x"},
    {"profile": "a", "ecs_ram_role": "b"},
    {"no_such": 1},
    {"intervall": 1},
    {ESCAPES: 1},
    {"vpc_id": ["vpc-1"]},
    {"fleet": {"a": 1}},
]


def test_the_event_source_tells_what_is_wrong_before_it_looks(modules: Modules, figure: Figure) -> None:
    base = {
        "region": modules.region,
        "endpoint_url": modules.cloud.endpoint,
        "access_key_id": modules.cloud.access_key_id,
        "access_key_secret": modules.cloud.access_key_secret,
    }
    strange = [{name: value} for name in WATCH_SPEC if name not in CONNECTION_SPEC for value in _STRANGE]
    for args in (*WATCHED, *strange):
        try:
            with patience():
                watch = Watch({**base, **args})
                watch.look()
            assert args not in WATCHED, "it passed"
            assert watch.interval > 0
        except AlitrustError as error:
            fit_for_people(error.as_failure()["msg"])
        except Exception as exc:
            raise AssertionError(f"{str(args)[:80]}: {type(exc).__name__}: {str(exc)[:400]}") from exc
    assert not written(modules)
    figure("values for the event source", len(WATCHED))
    figure("generated", len(strange))


# ---------------------------------------------------------------------- where to and as whom

CONNECTIONS: list[dict[str, t.Any]] = [
    *(
        {"region": value}
        for value in ("CN-HANGZHOU", "cn_hangzhou", "cn-hangzhou\u200b", "cn\u2010hangzhou", "-", "a" * 300)
    ),
    *(
        {"region": value}
        for value in ("cn-hangzhou\n.evil", "cn-hangzhou/..", "cn-hangzhou#", "\uff43\uff4e-hangzhou", "cn-h@x")
    ),
    *(
        {"endpoint_url": f"http://{value}"}
        for value in ("web:x", "web:99999", "web:-1", "a b", "web?x", "web#x", "web/..", "")
    ),
    *(
        {"endpoint_url": value}
        for value in ("file:///etc/passwd", "//web", "javascript:x", "http:web", "web:80", "\u202ehttp://x")
    ),
    *({"http_proxy": value} for value in ("ftp://web:1", "http://", "http://web:x", "http://a b", "http://\x1b[2J:1")),
    *({"ca_bundle": value} for value in ("/none", "\x1b[2J", "x" * 5000, "~nobody-at-all/x")),
    *({"api_timeout": value} for value in (0, -1)),
    {"security_token": "x"},
    {"access_key_id": "x"},
    {"oidc_provider_arn": "x"},
    {"oidc_provider_arn": "x", "ram_role_arn": "y"},
    {"profile": "a", "credentials_uri": "http://x"},
]


def test_a_way_that_cannot_be_is_told_before_anything_is_called(figure: Figure) -> None:
    for options in CONNECTIONS:
        with pytest.raises(InvalidInput) as caught:
            Connection.from_options({"region": "cn-hangzhou", **options}, {})
        fit_for_people(caught.value.as_failure()["msg"])
        if "http_proxy" in options:  # before an @ there may be a password
            assert "http_proxy is no address of a proxy" in caught.value.as_failure()["msg"]
        if len(options.get("http_proxy", "")) > len("http://"):
            assert options["http_proxy"] not in caught.value.as_failure()["msg"]
    figure("ways to the cloud", len(CONNECTIONS))


#: What is in the file that C(ALITRUST_CONNECTION_FILE) names.
FILES: list[bytes] = [
    b"",
    b"{",
    b"[]",
    b"null",
    b"[" * 100_000,
    b'{"region": 7}',
    b'{"region": null}',
    b'{"region": "\\u001b[2J"}',
    b'{"\\u001b[2J": "x"}',
    b'{"endpoint_url": "web"}',
    b'{"access_key_id": "x"}',
    b"\xff\xfe",
    b"9" * 5000,
]


def test_a_connection_file_that_cannot_be_is_told(tmp_path: Path, figure: Figure) -> None:
    path = tmp_path / "connection.json"
    for content in FILES:
        path.write_bytes(content)
        with pytest.raises(InvalidInput) as caught:
            Connection.from_options({}, {"ALITRUST_CONNECTION_FILE": str(path)})
        fit_for_people(caught.value.as_failure()["msg"])
    for place in (tmp_path, tmp_path / "none", tmp_path / "\x1b[2J", tmp_path / ("f" * 300)):
        with pytest.raises(InvalidInput) as caught:
            Connection.from_options({}, {"ALITRUST_CONNECTION_FILE": str(place)})
        fit_for_people(caught.value.as_failure()["msg"])
    profile = tmp_path / ".aliyun" / "config.json"
    profile.parent.mkdir()
    for content in FILES:  # of what is no profile nothing is taken
        profile.write_bytes(content)
        assert Connection.from_options({}, {"HOME": str(tmp_path)}).region is None
    figure("ways to the cloud", 2 * len(FILES) + 4)


# ---------------------------------------------------------------------- filters

#: Values for C(audit_html): the audit and the template.
_NONE: tuple[t.Any, ...] = (None, 7, "text", [], {}, [{"figures": 1}], True)
AUDITS: list[tuple[t.Any, t.Any]] = [
    *((value, "x") for value in _NONE),
    *(({"figures": value}, "x") for value in _NONE[:5]),
]
KEYS: list[t.Any] = [None, 7, "ssh-rsa AAAA", {"a": 1}, [None], [7], [["ssh-rsa AAAA"]], True, [b"ssh-rsa"]]
#: Lines that sshd would not take.
LINES = [
    ESCAPES,
    BIDI,
    *NO_TEXT,
    "ssh-ed25519",
    "ssh-ed25519 AAAA",
    "ssh-ed25519 \u0410\u0410\u0410\u0410",
    "ssh-rsa " + "A" * LONG,
    "ssh-rsa AAAAB3NzaC1yc2E= " + ESCAPES,
    'command="' + "x" * LONG + '" ssh-rsa AAAA',
    'command="\x1b[2J',
    "from=10.0.0.1 ssh-rsa AAAA",
    'permitopen="host:\u0661" ssh-rsa AAAA',
    'permitopen="host:' + "9" * 5000 + '" ssh-rsa AAAA',
    'tunnel="' + "9" * 5000 + '" ssh-rsa AAAA',
    'tunnel="\u00b2" ssh-rsa AAAA',
    'expiry-time="99999999" ssh-rsa AAAA',
    'expiry-time="\u0662\u0660\u0662\u0666\u0660\u0661\u0660\u0661" ssh-rsa AAAA',
    'environment="A=\x1b" ssh-rsa AAAA',
    "\ufeffssh-rsa AAAA",
    "ssh-rsa\u00a0AAAA",
    "{{ 271 * 1009 }}",
    "-----BEGIN OPENSSH PRIVATE KEY-----",
]


def test_filters_tell_what_is_wrong(figure: Figure) -> None:
    for name, calls in (
        ("audit_html", AUDITS),
        ("audit_json", [(value,) for value in _NONE]),
        ("authorized_keys_problems", [(keys,) for keys in KEYS]),
    ):
        for call, (given, message) in zip(calls, outcomes(name, calls), strict=True):
            assert given is None, call
            fit_for_people(message)
    lines = outcomes("authorized_keys_problems", [([line],) for line in LINES])
    for line, (problems, _message) in zip(LINES, lines, strict=True):
        assert problems, line[:80]
        for problem in problems:
            fit_for_people(problem)
    figure("values for filters", len(AUDITS) + len(_NONE) + len(KEYS) + len(LINES))
