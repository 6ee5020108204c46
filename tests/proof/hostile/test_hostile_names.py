# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Odd texts as names, descriptions and tags of everything: refused before anything is written, or kept as they are.

The local cloud judges: what a module takes, the cloud takes, stores letter by letter, and finds again. So a name in
another normal form is another name or none, never the same one by accident.
"""

from __future__ import annotations

import typing as t

import pytest
from modules.changes import document
from modules.harness import Modules
from modules.network import Network
from modules.test_keypair import PUBLIC
from proof.hostile.judging import attempt

if t.TYPE_CHECKING:
    from proof.conftest import Figure

Options = dict[str, t.Any]

#: Odd, each in another way.
TEXTS = {
    "accents in one character": "caf\u00e9s",
    "accents as characters of their own": "cafe\u0301s",
    "Korean, composed": "\ud55c\uad6d\uc5b4",
    "Korean in parts": "\u1112\u1161\u11ab\u1100\u116e\u11a8",
    "Chinese": "\u5b89\u5168\u7ec4",
    "Arabic": "\u062e\u0627\u062f\u0645",
    "read backwards": "web\u202etxt.exe",
    "isolated": "web\u2066ops\u2069",
    "a width of zero": "we\u200bb",
    "joined by nothing": "we\u200db",
    "a byte order mark": "\ufeffweb",
    "a soft hyphen": "we\u00adb",
    "a blank that does not break": "web\u00a0ops",
    "an ideographic blank": "web\u3000ops",
    "a line of Unicode's own": "web\u2028ops",
    "a Cyrillic letter among Latin ones": "w\u0435b",
    "full width": "\uff57\uff45\uff42",
    "a letter that lower case makes longer": "\u0130stanbul",
    "a letter of the eszett's kind": "stra\u00dfe",
    "a ligature": "\ufb01les",
    "mathematical letters": "\U0001d430\U0001d41e\U0001d41b",
    "an emoji": "web\U0001f600",
    "128 characters of four bytes": "\U0001d430" * 128,
    "129 characters": "\u5b89" * 129,
    "a control sequence": "web\x1b[31m",
    "one of a single character": "web\x9b31m",
    "a bell": "web\x07",
    "a tab": "web\tops",
    "a line break": "web\nops",
    "a line break at the end": "web\n",
    "a carriage return": "web\rops",
    "a template": "{{ 1233 + 1 }}",
    "a statement of a template": "{% set a = 1 %}web",
    "an address in capitals": "HTTPS://web",
    "a folder above": "../web",
    "a home": "~root",
    "an option": "-rf",
    "a command": "web$(id)",
    "quotes": "we'b\"",
    "a backslash": "web\\",
    "a comma": "web,ops",
    "an equals sign": "=1+1",
    "an at sign": "@web",
    "a percent sign": "web%s",
    "HTML": "<b>web</b>",
    "an entity": "web&amp;",
    "a pattern": "web*",
    "digits of another script": "web\u0661\u0662",
    "a superscript": "web\u00b2",
}


def _vswitch(text: str) -> Options:
    switch = {"name": text, "zone_id": "cn-hangzhou-h", "cidr_block": "10.0.0.0/24"}
    return {"name": "net", "cidr_block": "10.0.0.0/16", "vswitches": [switch]}


#: Of the default run: each so many texts at a place.
_SAMPLE = 4
#: What would be waited for.
SLOW = ("vpc.pending_seconds",)

#: Where a text goes: the module and its options, but the VPC.
PLACES: dict[str, tuple[str, t.Callable[[str], Options]]] = {
    "name of a key pair": ("keypair", lambda text: {"name": text, "public_key": PUBLIC}),
    "key of a tag of a key pair": ("keypair", lambda text: {"name": "web", "public_key": PUBLIC, "tags": {text: "x"}}),
    "value of a tag of a key pair": (
        "keypair",
        lambda text: {"name": "web", "public_key": PUBLIC, "tags": {"x": text}},
    ),
    "name of a VPC": ("vpc", lambda text: {"name": text, "cidr_block": "10.0.0.0/16"}),
    "name of a vSwitch": ("vpc", _vswitch),
    "value of a tag of a VPC": ("vpc", lambda text: {"name": "net", "cidr_block": "10.0.0.0/16", "tags": {"x": text}}),
    "name of a security group": ("security_group", lambda text: {"name": text}),
    "description of a security group": ("security_group", lambda text: {"name": "web", "description": text}),
    "description of a rule": (
        "sg_rule",
        lambda text: {"rules": [{"protocol": "tcp", "ports": 22, "cidr": "10.0.0.1", "description": text}]},
    ),
    "name of a RAM role": ("instance_ram_role", lambda text: {"name": text}),
    "description of a RAM role": ("instance_ram_role", lambda text: {"name": "web", "description": text}),
    "name of a RAM policy": ("ram_policy", lambda text: {"name": text, "document": document("ecs:Describe*")}),
    "description of a RAM policy": (
        "ram_policy",
        lambda text: {"name": "web", "document": document("ecs:Describe*"), "description": text},
    ),
    "name of a RAM user": ("ram_user", lambda text: {"name": text}),
    "display name of a RAM user": ("ram_user", lambda text: {"name": "ann", "display_name": text}),
    "comments of a RAM user": ("ram_user", lambda text: {"name": "ann", "comments": text}),
    "name of a RAM group": ("ram_group", lambda text: {"name": text}),
    "comments of a RAM group": ("ram_group", lambda text: {"name": "ops", "comments": text}),
    "alias of a KMS key": ("kms_key", lambda text: {"alias": f"alias/{text}"}),
    "description of a KMS key": ("kms_key", lambda text: {"alias": "alias/web", "description": text}),
    "value of a tag of a KMS key": ("kms_key", lambda text: {"alias": "alias/web", "tags": {"x": text}}),
    "name of a secret": ("kms_secret", lambda text: {"name": text, "value": "canary-3f9a"}),
    "description of a secret": (
        "kms_secret",
        lambda text: {"name": "web", "value": "canary-3f9a", "description": text},
    ),
}


def everything(value: t.Any) -> t.Iterator[str]:
    """Every text in a result, keys as well."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, one in value.items():
            yield key
            yield from everything(one)
    elif isinstance(value, list):
        for one in value:
            yield from everything(one)


@pytest.mark.parametrize("place", PLACES)
def test_an_odd_text_is_refused_or_kept_as_it_is(modules: Modules, place: str, figure: Figure, long: bool) -> None:
    module, make = PLACES[place]
    taken = 0
    every = list(TEXTS.items())
    # Neighbours in the table of places have other texts, so that each text is tried at some.
    some = every if long else every[list(PLACES).index(place) % _SAMPLE :: _SAMPLE]
    for name, text in some:
        modules.cloud.reset()
        for slow in SLOW:
            modules.cloud.set(slow, 0)
        base: Options = {}
        if module.startswith("kms"):
            modules.run("kms_service")
        if module in ("security_group", "sg_rule"):
            network = Network(modules)
            base = {"vpc_id": network.vpc}
            if module == "sg_rule":
                base = {"security_group_id": network.new_own_group("web")}
        try:
            taken += tried(modules, module, {**base, **make(text)}, text)
        except AssertionError as exc:
            raise AssertionError(f"{place}, {name}: {exc}") from exc
    figure("names and texts", len(some))
    assert taken or not long, "nothing is taken, which shows little"


def tried(modules: Modules, module: str, options: Options, text: str) -> bool:
    """Whether the text is taken.

    :raises AssertionError: it is neither refused before anything is written nor kept as it is
    """
    if attempt(modules, module, check=True, **options).get("failed"):
        assert attempt(modules, module, **options).get("failed"), "refused in check mode only"
        return False
    made = attempt(modules, module, **options)
    assert not made.get("failed"), made["msg"]
    assert made["changed"]
    again = attempt(modules, module, **options)
    assert not again.get("failed"), again["msg"]
    assert not again["changed"], again.get("diff")
    return True
