# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Encrypt a random value with a key of KMS and decrypt it again, as the RAM role of the instance that this runs on.

Needs the official SDK. Prints one line: what worked, or which step did not and why. Neither the value nor what became
of it nor any credential is printed.
"""

from __future__ import annotations

import argparse
import base64
import os
import sys
import time
import typing as t

#: Where the SDK looks for proxies. It passes NO_PROXY by.
_PROXIES = ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy")
#: Refusals that pass when a policy was attached a moment ago.
_PASSING = ("Forbidden.NoPermission", "NoPermission", "Forbidden.RAM")
#: Complaints that repeat the request, which has the credentials in it.
_SILENT = ("SignatureDoesNotMatch", "IncompleteSignature")


def main() -> int:
    """0 when the value came back as it was."""
    parser = argparse.ArgumentParser()
    for name in ("key", "region", "endpoint"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--patience", type=float, default=0.0, help="seconds to wait for a right given just before")
    given = parser.parse_args()
    deadline = time.monotonic() + given.patience
    proxies = {name: os.environ[name] for name in _PROXIES if os.environ.get(name)}
    while True:
        step, problem = round_trip(given, proxies)
        if not problem:
            print(f"{step} with the key {given.key}.")
            return 0
        if not problem.startswith(_PASSING) or time.monotonic() > deadline:
            print(f"{step}: {problem}")
            return 1
        time.sleep(2)


def round_trip(given: argparse.Namespace, proxies: dict[str, str]) -> tuple[str, str]:
    """What was done, or tried and why it failed.

    :param proxies: those of the environment
    """
    step = "the official SDK cannot be imported"
    try:
        from alibabacloud_credentials.client import Client as Credentials
        from alibabacloud_credentials.models import Config as CredentialsConfig
        from alibabacloud_kms20160120 import models
        from alibabacloud_kms20160120.client import Client
        from alibabacloud_tea_openapi.models import Config
        from requests.utils import should_bypass_proxies

        step = "no credentials from the metadata service (does the instance have a RAM role?)"
        # The metadata service is in this instance: through a proxy it would be another one's.
        for name in proxies:
            os.environ.pop(name, None)
        role = _role_name()
        credential = Credentials(CredentialsConfig(type="ecs_ram_role", role_name=role))
        credential.get_credential()
        if not should_bypass_proxies(f"https://{given.endpoint}", None):
            os.environ.update(proxies)
        config = Config(credential=credential, region_id=given.region, endpoint=given.endpoint, protocol="https")
        client = Client(config)
        value = base64.b64encode(os.urandom(32)).decode()
        step = f"the role {role} may not encrypt"
        sealed = client.encrypt(models.EncryptRequest(key_id=given.key, plaintext=value)).body
        step = f"the role {role} may not decrypt"
        opened = client.decrypt(models.DecryptRequest(ciphertext_blob=sealed.ciphertext_blob)).body
    except Exception as error:  # every one is told; this is the end of the script
        return step, _words(error)
    if opened.plaintext != value or sealed.ciphertext_blob == value:
        return "decrypting", "the value is not what it was"
    return f"the role {role} has encrypted and decrypted", ""


def _role_name() -> str:
    """Name of the role of the instance, from its metadata in token mode."""
    import urllib.request

    base = "http://100.100.100.200/latest"
    ask = urllib.request.Request(
        f"{base}/api/token", method="PUT", headers={"X-aliyun-ecs-metadata-token-ttl-seconds": "60"}
    )
    with urllib.request.urlopen(ask, timeout=10) as answer:
        token = answer.read().decode()
    path = f"{base}/meta-data/ram/security-credentials/"
    ask = urllib.request.Request(path, headers={"X-aliyun-ecs-metadata-token": token})
    with urllib.request.urlopen(ask, timeout=10) as answer:
        return t.cast("str", answer.read().decode().strip())


def _words(error: Exception) -> str:
    """An error in a line, without what could be secret."""
    code = str(getattr(error, "code", "") or type(error).__name__)
    if code.startswith(_SILENT):
        return code
    message = str(getattr(error, "message", "") or error).partition("\n")[0]
    return f"{code}: {message[:300]}"


if __name__ == "__main__":
    sys.exit(main())
