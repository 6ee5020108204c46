# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in for the trust client's agent: enrols its instance with the trusted server and reports from time to time.

It runs in the guests of the local cloud with nothing but Python's standard library. It has no TPM to ask: its messages
say that they bring no evidence, and it claims nothing else.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import hmac
import json
import logging
import pathlib
import signal
import threading
import time
import typing
import urllib.error
import urllib.parse
import urllib.request
import uuid

VERSION = "@VERSION@"
CONFIGURATION = pathlib.Path("/etc/ali_trust_net.conf")
LOG = pathlib.Path("/var/log/trust-agent")

TIMEOUT = 10.0
#: seconds until the first repetition of what failed; doubles up to the report interval
RETRY_SECONDS = 15.0

#: the configuration's keys and defaults
DEFAULTS = {
    "metadata": "http://100.100.100.200",
    "endpoint": "",  # empty: trusted-server-vpc of the instance's region
    "property_uuid": "",  # empty: the instance's serial number
    "first_report_seconds": "300",
    "report_interval_seconds": "1800",
}

_log = logging.getLogger("trust-agent")


class Failed(Exception):
    """Why a report could not be made."""


def configuration(path: pathlib.Path = CONFIGURATION) -> dict[str, str]:
    """Read ``key = value`` lines; what is not there has its default.

    :raises Failed: a line that is neither, or an unknown key
    """
    values = dict(DEFAULTS)
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    for number, line in enumerate(lines, 1):
        text = line.partition("#")[0].strip()
        if not text:
            continue
        key, equals, value = (part.strip() for part in text.partition("="))
        if not equals or key not in DEFAULTS:
            raise Failed(f"{path}, line {number}: expected one of {', '.join(DEFAULTS)}, = and a value")
        values[key] = value
    return values


class Metadata:
    """The instance metadata service, always asked with a token."""

    def __init__(self, address: str) -> None:
        self._latest = f"{address.rstrip('/')}/latest"
        header = {"X-aliyun-ecs-metadata-token-ttl-seconds": "300"}
        self._token = self._fetch("api/token", header, "PUT")

    def get(self, item: str) -> str:
        """An item of meta-data; empty when there is none."""
        try:
            return self._fetch(f"meta-data/{item}", {"X-aliyun-ecs-metadata-token": self._token})
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return ""
            raise Failed(f"metadata {item}: HTTP status {error.code}") from error

    def credentials(self) -> dict[str, str]:
        """Credentials of the instance's RAM role."""
        role = self.get("ram/security-credentials/").strip()
        if not role:
            raise Failed("no RAM role is attached to the instance, so there are no credentials for the trusted server")
        found: dict[str, str] = json.loads(self.get(f"ram/security-credentials/{role}") or "{}")
        if found.get("Code") != "Success":
            raise Failed(f"the RAM role {role} has no credentials; does it trust ecs.aliyuncs.com?")
        return found

    def _fetch(self, path: str, headers: dict[str, str], method: str = "GET") -> str:
        request = urllib.request.Request(f"{self._latest}/{path}", headers=headers, method=method)
        with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
            text: str = response.read().decode()
            return text


def quoted(text: str) -> str:
    """Percent-encoding as signatures want it."""
    return urllib.parse.quote(text, safe="~")


def signed(parameters: dict[str, str], secret: str) -> dict[str, str]:
    """Parameters with the signature of a POST request, version 1 (HMAC-SHA1)."""
    canonical = "&".join(f"{quoted(name)}={quoted(parameters[name])}" for name in sorted(parameters))
    digest = hmac.new(f"{secret}&".encode(), f"POST&%2F&{quoted(canonical)}".encode(), hashlib.sha1).digest()
    return {**parameters, "Signature": base64.b64encode(digest).decode()}


class TrustedServer:
    """Calls of the trusted server with the credentials of the instance's role."""

    def __init__(self, endpoint: str, credentials: dict[str, str]) -> None:
        self._endpoint = endpoint
        self._credentials = credentials

    def call(self, action: str, **parameters: str) -> dict[str, typing.Any]:
        """Call an operation and return its answer.

        :raises Failed: the server refuses; with its code and message
        """
        common = {
            "Action": action,
            "Version": "2020-06-13",
            "Format": "JSON",
            "AccessKeyId": self._credentials["AccessKeyId"],
            "SecurityToken": self._credentials["SecurityToken"],
            "SignatureMethod": "HMAC-SHA1",
            "SignatureVersion": "1.0",
            "SignatureNonce": uuid.uuid4().hex,
            "Timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        }
        body = urllib.parse.urlencode(signed({**common, **parameters}, self._credentials["AccessKeySecret"]))
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        request = urllib.request.Request(self._endpoint, body.encode(), form, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
                answered: dict[str, typing.Any] = json.loads(response.read())
                return answered
        except urllib.error.HTTPError as error:
            try:
                answer = json.loads(error.read())
            except ValueError:
                answer = {}
            code, message = answer.get("Code", f"HTTP status {error.code}"), answer.get("Message", "")
            raise Failed(f"{action}: {code}: {message}") from error


def report(settings: dict[str, str]) -> int:
    """Enrol the instance, send a message and return the system trust status that the server answers.

    :raises Failed: the report could not be made
    """
    try:
        metadata = Metadata(settings["metadata"])
        region = metadata.get("region-id")
        if not region:
            raise Failed("the metadata service does not tell the region")
        endpoint = settings["endpoint"] or f"https://trusted-server-vpc.{region}.aliyuncs.com"
        server = TrustedServer(f"{endpoint.rstrip('/')}/", metadata.credentials())
        property_uuid = settings["property_uuid"] or metadata.get("serial-number")
        server.call(
            "RegisterMessage",
            PropertyUuid=property_uuid,
            PropertyName=metadata.get("instance/instance-name"),
            PropertyPrivateIp=metadata.get("private-ipv4"),
            PropertyPublicIp=metadata.get("eipv4"),
            PropertyAffiliation="0",
            InstanceId=metadata.get("instance-id"),
            InstanceType=metadata.get("instance/instance-type"),
            Extensions=json.dumps({"agent": VERSION}),
        )
        message = {"agent": VERSION, "evidence": None, "reason": "there is no TPM"}
        data = base64.b64encode(json.dumps(message).encode()).decode()
        answer = server.call("PutMessage", PropertyUuid=property_uuid, FileData=data)
    except urllib.error.HTTPError as error:
        raise Failed(f"the metadata service answers with HTTP status {error.code}") from error
    except (OSError, ValueError) as error:
        raise Failed(f"{type(error).__name__}: {error}") from error
    result = answer.get("data")
    verdict = result.get("systemVerificationResult") if isinstance(result, dict) else None
    status = verdict.get("status") if isinstance(verdict, dict) else None
    if not isinstance(status, int):
        raise Failed("the trusted server's answer has no system trust status")
    return status


def serve(settings: dict[str, str], stop: threading.Event) -> None:
    """Report until told to stop."""
    interval = float(settings["report_interval_seconds"])
    first = float(settings["first_report_seconds"])
    _log.info("trust agent %s started; first report in %g s, then every %g s", VERSION, first, interval)
    wait, retry = first, RETRY_SECONDS
    while not stop.wait(wait):
        try:
            _log.info("system trust status: %d", report(settings))
            wait, retry = interval, RETRY_SECONDS
        except Failed as failure:
            _log.error("report failed: %s", failure)
            wait, retry = min(retry, interval), retry * 2
    _log.info("trust agent stopped")


def main() -> int:
    parser = argparse.ArgumentParser(description="Reports this instance to the trusted server.")
    parser.add_argument("--once", action="store_true", help="report now and end; the exit status tells how it went")
    parser.add_argument("--version", action="version", version=VERSION)
    arguments = parser.parse_args()
    logging.basicConfig(
        filename=LOG, format="%(asctime)s %(levelname)s %(message)s", datefmt="%Y-%m-%dT%H:%M:%S%z", level=logging.INFO
    )
    try:
        settings = configuration()
        if arguments.once:
            _log.info("system trust status: %d", report(settings))
            return 0
    except Failed as failure:
        _log.error("%s", failure)
        return 1
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    serve(settings, stop)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
