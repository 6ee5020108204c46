# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An instance that can be asked things without a host: its address is one of this machine's loopback addresses."""

from __future__ import annotations

import http.client
import json
import typing as t
import urllib.parse
from dataclasses import dataclass

if t.TYPE_CHECKING:
    from sdk import Sdk

ROLE = "TrustRole"
TRUST = json.dumps(
    {
        "Version": "1",
        "Statement": [{"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"Service": ["ecs.aliyuncs.com"]}}],
    }
)
METADATA_HOST = "100.100.100.200"


@dataclass
class Guest:
    """What runs in an instance sees the local cloud through this."""

    sdk: Sdk
    instance_id: str
    address: str

    @classmethod
    def start(cls, sdk: Sdk, number: int = 1, place: dict[str, t.Any] | None = None, **params: t.Any) -> Guest:
        """Run an instance and give it the address 127.0.1.<number>."""
        instance_id = sdk.run(place, **params)[0]
        guest = cls(sdk, instance_id, f"127.0.1.{number}")
        guest.change(PrivateIpAddress=guest.address)
        return guest

    @property
    def record(self) -> dict[str, t.Any]:
        found = self.sdk.cloud.resources("instance")
        return next(item for item in found if item["InstanceId"] == self.instance_id)

    def change(self, **members: t.Any) -> None:
        """Change the instance's record, past the API."""
        data = {**self.record, **members}
        self.sdk.cloud.preload([{"kind": "instance", "id": self.instance_id, "data": data, "region": data["RegionId"]}])

    def request(
        self, method: str, url: str, headers: t.Mapping[str, str] | None = None, body: bytes | None = None
    ) -> tuple[int, bytes]:
        """Ask ``http://<host>/<path>`` (or https) of the local cloud, from the instance's address."""
        parts = urllib.parse.urlsplit(url)
        connection = http.client.HTTPConnection(self.sdk.cloud.address, timeout=30, source_address=(self.address, 0))
        try:
            connection.request(method, parts.path, body, {"host": parts.netloc, **(headers or {})})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def metadata(self, path: str, method: str = "GET", **headers: str) -> tuple[int, str]:
        """Ask the metadata service; ``_`` in the names of headers stands for ``-``."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        status, body = self.request(method, f"http://{METADATA_HOST}/latest/{path}", named)
        return status, body.decode()

    def token(self, seconds: int | str = 300) -> str:
        """A token of the metadata service."""
        status, text = self.metadata("api/token", "PUT", X_aliyun_ecs_metadata_token_ttl_seconds=str(seconds))
        assert status == 200, text
        return text


def create_role(sdk: Sdk, *policies: str, name: str = ROLE, trust: str = TRUST) -> str:
    """A role that ECS may assume, with system policies."""
    sdk("CreateRole", product="ram", RoleName=name, AssumeRolePolicyDocument=trust)
    for policy in policies:
        sdk("AttachPolicyToRole", product="ram", RoleName=name, PolicyName=policy, PolicyType="System")
    return name
