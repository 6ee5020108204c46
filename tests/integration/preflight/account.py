# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An account in which others have things, with names that somebody may want."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from modules.harness import Modules

#: A role for people instead of instances.
PEOPLE = {"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"RAM": ["acs:ram::*:root"]}}
#: What the local cloud notes of requests, which is nothing that a user has.
_NOTED = {"client_token", "nonce"}


class Account:
    """One account.

    :ivar names: what there is to be named, and values that are too long for a table
    """

    def __init__(self, modules: Modules, folder: Path) -> None:
        self.modules = modules
        self.cloud = modules.cloud
        self._call = modules.door().call
        self.names: dict[str, t.Any] = {"home": str(folder)}
        account_id = str(self._call("sts", "GetCallerIdentity")["AccountId"])
        self._networks()
        self._keys(folder)
        trust = json.dumps({"Version": "1", "Statement": [PEOPLE]}).replace("::*:", f"::{account_id}:")
        self._call("ram", "CreateRole", RoleName="people", AssumeRolePolicyDocument=trust)
        self.names |= {
            "long_text": "a" * 130,
            "long_script": "#!/bin/sh\n" + "#" * (33 * 1024),
            "many_disks": [{"size": 40}] * 17,
        }

    def _networks(self) -> None:
        vpc, other = self._vpc("theirs"), self._vpc("taken", "10.0.0.0/8")
        self._vpc("twice")
        self._vpc("twice", "192.168.0.0/16")
        self.names |= {"vpc": vpc, "other_vpc": other}
        for name, place, block in (("vswitch", vpc, "172.16.0.0/24"), ("other_vswitch", other, "10.0.0.0/24")):
            made = {"VpcId": place, "VSwitchName": "theirs", "ZoneId": "cn-hangzhou-h", "CidrBlock": block}
            self.names[name] = self._call("vpc", "CreateVSwitch", made)["VSwitchId"]
        for name, place, kind in (
            ("group", vpc, "normal"),
            ("other_group", other, "normal"),
            ("advanced_group", vpc, "enterprise"),
        ):
            made = {"VpcId": place, "SecurityGroupName": name.removesuffix("_group"), "SecurityGroupType": kind}
            self.names[name] = self._call("ecs", "CreateSecurityGroup", made)["SecurityGroupId"]
        self.cloud.clock_advance(10)

    def _vpc(self, name: str, block: str = "172.16.0.0/16") -> str:
        vpc = str(self._call("vpc", "CreateVpc", VpcName=name, CidrBlock=block)["VpcId"])
        self.cloud.clock_advance(10)
        return vpc

    def _keys(self, folder: Path) -> None:
        mine = ed25519.Ed25519PrivateKey.generate()
        self.names["private_key"] = mine.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
        ).decode()
        self.names["public_key"] = _public(mine)
        theirs = _public(ed25519.Ed25519PrivateKey.generate())
        self._call("ecs", "ImportKeyPair", KeyPairName="theirs", PublicKeyBody=theirs)
        (folder / "precious").write_text("not ours")

    def contents(self) -> dict[str, t.Any]:
        """All that is in the account."""
        kinds = set(self.cloud.status()["records"]) - _NOTED
        return {kind: self.cloud.resources(kind) for kind in sorted(kinds)}

    def only_dry_runs(self) -> bool:
        """Whether RunInstances was called for nothing but to ask whether it would pass."""
        calls = [one for one in self.cloud.requests() if one["operation"] == "ecs:RunInstances"]
        return all(str(one["params"].get("DryRun")).lower() == "true" for one in calls)


def _public(key: ed25519.Ed25519PrivateKey) -> str:
    encoding, form = serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    return key.public_key().public_bytes(encoding, form).decode()
