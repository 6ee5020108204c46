# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run leaves behind, in a form in which two runs can be compared."""

from __future__ import annotations

import collections
import json
import re
import typing as t
from pathlib import Path

from modules.harness import Modules
from proof.crash.scenarios import KEY_FILE, SECRET

from ansible_collections.alitrust.ecs.plugins.module_utils._keypair import public_key
from local_cloud.control import LocalCloud

#: What is remembered of requests, and no resource.
_OF_REQUESTS = {"client_token", "instance_session", "sts_session", "metadata_credentials"}
#: What is another each time, by the names of members and by what it looks like.
_ANOTHER = re.compile(
    r"KeyPairFingerPrint|_?PublicKey|SerialNumber|MacAddress|ResourceShare(Invitation)?Id|Material|Sealed|AccessKeySecret"
)
_PATTERNS = (
    (re.compile(r"\b([a-z]+)-bp1[a-z0-9]{17}\b"), r"\1"),
    (re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", re.IGNORECASE), "uuid"),
    (re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|\+00:00)"), "time"),
    (re.compile(r"\biZbp1[a-z0-9]+Z\b"), "host"),
    (re.compile(r"\b\d{17,20}\b"), "number"),
    (re.compile(r"\b(?=[0-9]*[a-f])[0-9a-f]{16,64}\b"), "hex"),
    (re.compile(r"\b1[789]\d{8}(\d{3})?(\.\d+)?\b"), "time"),
)


def _plain(value: t.Any) -> t.Any:
    if isinstance(value, dict):
        return {_text(name): _plain(one) for name, one in value.items() if not _ANOTHER.fullmatch(name)}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return _text(value) if isinstance(value, (str, float, int)) and not isinstance(value, bool) else value


def _text(value: t.Any) -> str:
    text = str(value)
    for pattern, word in _PATTERNS:
        text = pattern.sub(word, text)
    return text


def resources(cloud: LocalCloud) -> dict[str, list[str]]:
    """All records by kind, without what is another one each time; what is there twice is twice in it."""
    kinds = set(cloud.status()["records"]) - _OF_REQUESTS
    return {kind: sorted(json.dumps(_plain(one), sort_keys=True) for one in cloud.resources(kind)) for kind in kinds}


def files(home: Path) -> dict[str, str]:
    """The files of the controller's folder .ssh with their rights; those with no private key with what is in them."""
    found = {}
    for path in sorted((home / ".ssh").glob("*")) + sorted((home / ".ssh").glob(".*")):
        content = "a key" if path.name == KEY_FILE else path.read_text()
        found[path.name] = f"{path.stat().st_mode & 0o777:o} {content}"
    return found


def lost_keys(cloud: LocalCloud, home: Path) -> list[str]:
    """Key pairs whose private key is not where it belongs, and instances that were made with another key."""
    lost = []
    pairs = {pair["KeyPairName"]: public_key.stored(pair["PublicKey"]) for pair in cloud.resources("key_pair")}
    for name, public in pairs.items():
        path = home / ".ssh" / KEY_FILE
        private = path.read_bytes() if path.exists() else _in_secret(cloud)
        if private is None or public_key.public_half(private) != public:
            lost.append(name)
    for one in cloud.resources("instance"):
        if public_key.stored(one["_PublicKey"]) != pairs.get(one["KeyPairName"]):
            lost.append(one["InstanceName"])
    return lost


def _in_secret(cloud: LocalCloud) -> bytes | None:
    if not any(one["SecretName"] == SECRET for one in cloud.resources("kms_secret")):
        return None
    value: str = Modules(cloud).door().call("kms", "GetSecretValue", SecretName=SECRET)["SecretData"]
    return value.encode()


def differences(wanted: dict[str, list[str]], there: dict[str, list[str]]) -> list[str]:
    """In words: what is there more or less than is wanted, and what differs."""
    found = []
    for kind in sorted({*wanted, *there}):
        one, other = (collections.Counter(state.get(kind, ())) for state in (wanted, there))
        missing, surplus = sorted((one - other).elements()), sorted((other - one).elements())
        for expected, seen in zip(missing, surplus, strict=False):
            record, another = json.loads(expected), json.loads(seen)
            members = [name for name in sorted({*record, *another}) if record.get(name) != another.get(name)]
            found += [f"{kind}.{name}: {another.get(name)!r}, not {record.get(name)!r}" for name in members]
        found += [f"{kind} too much: {record}" for record in surplus[len(missing) :]]
        found += [f"{kind} missing: {record}" for record in missing[len(surplus) :]]
    return found
