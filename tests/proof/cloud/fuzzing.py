# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests made at random from what the local cloud itself knows of its operations: types, limits, choices."""

from __future__ import annotations

import base64
import json
import random
import typing as t

from local_cloud import validation
from local_cloud.control import LocalCloud
from local_cloud.framework import OPERATIONS
from local_cloud.products import PRODUCTS
from local_cloud.sdk_models import STRING, Field
from local_cloud.server import load_services

Flat = dict[str, str]

#: texts that are none of what is asked for; all of them harmless to whoever only carries them
TEXTS = (
    "", " ", "0", "-1", "1", "+7", "007", "2147483648", "9" * 19, "9" * 20, "9" * 6000, "1.5", "1e999", "-1e999",
    "nan", "true", "null", "None", "\x00", "a\x00b", "a\nb", "\t", "\u00b2", "\u0663", "\u200f\u202eabc", "e\u0301",
    "\U0001f512" * 40, "\ufffe", "x" * 300, "\u00e4" * 70000, "../../../etc/passwd", "%s%n%d", "' OR 1=1 --",
    "<a&b>\"'", "{{ 7 * 7 }}", "$(id)", "*", "?", "-", "/", ".", "a.b.c", "a/b/c/d", "a:b", "acs:ram::1:user/x",
    "acs:ram:*:*:*", "0.0.0.0/0", "10.0.0.0/33", "::/0", "::ffff:1.2.3.4/128", "999.1.1.1", "10.0.0.1", "1/65535",
    "70000/1", "-1/-1", "22", "cn-hangzhou", "cn-hangzhou-h", "2026-13-99T99:99:99Z", "9999-12-31T23:59:59Z",
    "0001-01-01T00:00Z", "[]", "{}", "[null]", '{"a": null}', "[1e999]", "[NaN]", '["\\ud800"]',
    '{"\\ud800": "\\udfff"}', '"text"', "7", "[[", "'", "[" * 400 + "]" * 400, '{"a":' * 400 + "1" + "}" * 400,
    "[" * 50000, "[" + "9" * 5000 + "]", '[{"Key": 1, "Value": [2]}]', "[{}]", "[[]]", '{"Statement": 1}',
    '{"Version": "1", "Statement": [{"Effect": 1, "Action": {}, "Resource": [[]], "Principal": 7, "Condition": []}]}',
    "=", "====", "YQ", "YQ==", "gIGC", base64.b64encode(bytes(range(256))).decode(),
    base64.b64encode(b"#!/bin/sh\n" * 900).decode(),
)  # fmt: skip
_NAMES = (
    "X", "X.1", "Tag", "Tag.0", "Tag.1", "Tag.1.Key.Z", "Tag.2000", "Tag.-1", "Tag.\u0661", "Tag." + "9" * 5000,
    "A.1.B.2.C.3", ".", "..", "", " ", "a" * 3000, "\u00fc", "\x00", "Action.1", "RegionId.1", "ClientToken.1",
    "." * 1500,
)  # fmt: skip
_DEEP = "Tag" + ".1" * 3000


def operations() -> list[tuple[str, str]]:
    """Every operation that is served, by product and name."""
    load_services()
    return sorted(OPERATIONS)


def mistakes(cloud: LocalCloud) -> list[str]:
    """What the log says of mistakes: a line with the name of each error."""
    lines = (cloud.state_dir / "server.log").read_text(errors="replace").splitlines()
    return [line for line in lines if " ERROR " in line or "Error: " in line or line.startswith("Traceback")]


class Requests:
    """Makes requests of a seed, and learns ids and names from answers, so that some requests are right.

    :param seed: the same answers given, the same seed makes the same requests
    """

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._known: dict[str, list[str]] = {}

    def learn(self, answer: t.Any) -> None:
        """Remember the texts of an answer by the name that they have there."""
        if isinstance(answer, dict):
            for name, value in answer.items():
                for one in value if isinstance(value, list) else [value]:
                    if isinstance(one, str) and 0 < len(one) < 200:
                        self._remember(name, one)
                self.learn(value)
        elif isinstance(answer, list):
            for one in answer:
                self.learn(one)

    def _remember(self, name: str, value: str) -> None:
        values = self._known.setdefault(_kind(name), [])
        if value not in values:
            values.append(value)
            del values[:-12]

    def make(self, product: str, action: str) -> Flat:
        """Parameters for an operation: mostly right, wholly wrong, or anything between."""
        choose = self._random
        limits = validation.limits_of(product).get(action, {})
        wrong = choose.choice((0.0, 0.0, 0.1, 0.3, 0.9))
        flat: Flat = {}
        for name, field in validation.fields_of(PRODUCTS[product], action).items():
            wanted = any(limit.get("required") and path.split(".")[0] == name for path, limit in limits.items())
            if choose.random() < (0.97 - wrong / 5 if wanted else choose.choice((0.05, 0.3))):
                flat.update(self._value(field, name, name, limits, wrong))
        if flat.get("RegionId") and choose.random() > wrong / 4:
            flat["RegionId"] = "cn-hangzhou"
        for _extra in range(choose.choice((0, 0, 0, 0, 0, 1, 3)) if wrong else 0):
            flat[choose.choice((*_NAMES, _DEEP))] = choose.choice(TEXTS)
        for name in list(flat):
            if wrong and choose.random() < 0.02:
                changed = choose.choice((name.lower(), name.upper(), f"{name}.1", f"{name}."))
                flat[changed] = flat.pop(name) if choose.random() < 0.5 else choose.choice(TEXTS)
        if wrong == 0.9 and choose.random() < 0.02:
            flat |= {f"Tag.{number}.Key": "k" for number in range(1, 3000)}
        return flat

    def _value(self, field: Field, path: str, limit: str, limits: dict[str, t.Any], wrong: float) -> Flat:
        choose = self._random
        if choose.random() < wrong / 3:
            return {path: choose.choice(TEXTS)}
        if field.type == "list":
            numbers = choose.choice(([1], [1], [1, 2], [2, 5], list(range(1, 30))))
            return self._each(field.item or STRING, [(f"{path}.{number}", limit) for number in numbers], limits, wrong)
        if field.type == "object":
            return {
                key: value
                for name, inner in field.fields.items()
                if choose.random() < 0.6
                for key, value in self._value(inner, f"{path}.{name}", f"{limit}.{name}", limits, wrong).items()
            }
        if field.type == "map":
            return {
                f"{path}.{name}": choose.choice(TEXTS[:30])
                for name in ("Key", "Value", "Key.1")[: choose.randint(1, 3)]
            }
        return {path: self._text(field, path, limits.get(limit, {}), wrong)}

    def _each(self, item: Field, places: list[tuple[str, str]], limits: dict[str, t.Any], wrong: float) -> Flat:
        flat: Flat = {}
        for path, limit in places:
            flat.update(self._value(item, path, limit, limits, wrong))
        return flat

    def _text(self, field: Field, path: str, limit: dict[str, t.Any], wrong: float) -> str:
        choose = self._random
        if choose.random() < wrong:
            edges = [limit[name] + step for name in ("min", "max") if name in limit for step in (-1, 0, 1)]
            sizes = [
                limit[name] + step for name in ("min_length", "max_length") if name in limit for step in (-1, 0, 1)
            ]
            return str(
                choose.choice((*TEXTS, *(str(edge) for edge in edges), *("a" * min(size, 70000) for size in sizes)))
            )
        if limit.get("enum"):
            return str(choose.choice(limit["enum"]))
        if field.type == "boolean":
            return choose.choice(("true", "false"))
        known = self._known.get(_kind(path))
        if field.type in ("integer", "number"):
            low, high = limit.get("min", 1), limit.get("max", 50)
            return str(
                int(choose.choice((low, high, choose.randint(int(low), max(int(low), min(int(high), int(low) + 50))))))
            )
        if known and choose.random() < 0.9:
            value = choose.choice(known)
            wants_list = field.type == "json" or limit.get("type") == "Json" or path.endswith("Ids")
            return json.dumps([value]) if wants_list and not value.startswith(("[", "{")) else value
        return choose.choice(_PLAIN.get(_kind(path), (*TEXTS, "name1", "name2")))


def _kind(name: str) -> str:
    """What parameters and members of different operations have in common: C(VpcId.1) and C(VpcIds) are C(vpcid)."""
    last = next((part for part in reversed(name.split(".")) if not part.isdecimal()), name).lower()
    for ending in ("instanceid", "securitygroupid", "vpcid", "vswitchid", "keyid", "resourceid", "zoneid"):
        if ending in last:
            return ending
    return last


#: what is right where no answer tells
_PLAIN = {
    "ipprotocol": ("tcp", "udp", "all", "icmp"),
    "portrange": ("22/22", "-1/-1", "1/65535"),
    "ddosregionid": ("cn-hangzhou",),
    "sourcecidrip": ("10.0.0.0/8", "0.0.0.0/0"),
    "destcidrip": ("10.0.0.0/8",),
    "cidrblock": ("10.0.0.0/16", "10.0.0.0/24", "10.0.1.0/24", "192.168.0.0/16"),
    "zoneid": ("cn-hangzhou-h", "cn-hangzhou-i"),
    "instancetype": ("ecs.g7.large", "ecs.g7t.large"),
    "imageid": ("aliyun_3_x64_20G_alibase_20240528.vhd", "aliyun_3_x64_20G_uefi_alibase_20240528.vhd"),
    "policydocument": ('{"Version": "1", "Statement": [{"Effect": "Allow", "Action": "ecs:*", "Resource": "*"}]}',),
    "assumerolepolicydocument": (
        '{"Version": "1", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",'
        ' "Principal": {"Service": ["ecs.aliyuncs.com"]}}]}',
    ),
    "category": ("cloud_essd",),
    "size": ("20", "40"),
    "plaintext": ("YQ==",),
    "commandcontent": ("ZWNobyBoaQ==",),
    "resourcetype": ("instance", "securitygroup", "disk", "image", "vpc", "VPC", "keypair", "eni", "key", "secret"),
    "pagesize": ("10",),
    "pagenumber": ("1", "2"),
    "policytype": ("System", "Custom"),
    "starttime": ("2026-01-01T00:00:00Z",),
    "type": ("RunShellScript", "Custom", "instance"),
}
