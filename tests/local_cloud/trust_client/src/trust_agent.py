# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in for the trust client's agent: enrols its instance with the trusted server and reports from time to time.

It runs in the guests of the local cloud with nothing but Python's standard library, its own tpm2.py and openssl. With
every report it proves that it has the TPM that the trusted server knows, and sends the logs of the boot and of the
measured programs together with a quote that binds them.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import hmac
import json
import logging
import os
import pathlib
import signal
import ssl
import struct
import subprocess
import sys
import threading
import time
import typing
import urllib.error
import urllib.parse
import urllib.request
import uuid

if typing.TYPE_CHECKING:
    from local_cloud.attestation import tpm2
else:
    # Comes with the package: /usr/local/bin/trust-agent finds it in /usr/local/lib/t-trustclient.
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib" / "t-trustclient"))
    import tpm2

VERSION = "@VERSION@"
CONFIGURATION = pathlib.Path("/etc/ali_trust_net.conf")
LOG = pathlib.Path("/var/log/trust-agent")
#: certificate of the attestation key, and the key's name
KEPT = pathlib.Path("/var/lib/t-trustclient/aik.json")

#: where the logs of the boot and of the measured programs are, the kernel's own first
EVENT_LOGS = (
    "/sys/kernel/security/tpm0/binary_bios_measurements",
    "/run/local-cloud/tpm/binary_bios_measurements",
)
PROGRAM_LISTS = (
    "/sys/kernel/security/ima/ascii_runtime_measurements_sha256",
    "/sys/kernel/security/ima/ascii_runtime_measurements",
    "/run/local-cloud/tpm/ascii_runtime_measurements_sha256",
)
DEVICES = ("/dev/tpmrm0", "/dev/tpm0")
PCRS = tuple(range(11))
#: a program may be measured while the list is read: then all is read again, so often and after such a pause
ATTEMPTS, PAUSE_SECONDS = 5, 0.1

TIMEOUT = 10.0
#: seconds until the first repetition of what failed; doubles up to the report interval
RETRY_SECONDS = 15.0

#: the configuration's keys and defaults
DEFAULTS = {
    "metadata": "http://100.100.100.200",
    "endpoint": "",  # empty: trusted-server-vpc of the instance's region
    "property_uuid": "",  # empty: the instance's serial number
    "tcti": "",  # empty: of the environment (TPM2TOOLS_TCTI), or the kernel's TPM device
    "event_log": "",  # empty: the first of EVENT_LOGS that exists
    "program_list": "",  # empty: the first of PROGRAM_LISTS that exists
    "first_report_seconds": "300",
    "report_interval_seconds": "1800",
}

_log = logging.getLogger("trust-agent")


class Failed(Exception):
    """Why a report could not be made."""


class Refused(Failed):
    """The trusted server refuses; with its error code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


#: codes of a trusted server that no longer knows the attestation key
FORGOTTEN = ("InvalidAik.NotFound", "InvalidAikCert", "InvalidNonce.OtherKey")


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
        # Made once: to make one, all certificates of the system are read.
        self._tls = ssl.create_default_context()

    def call(self, action: str, **parameters: str) -> dict[str, typing.Any]:
        """Call an operation and return its answer.

        :raises Refused: the server refuses; with its code and message
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
            with urllib.request.urlopen(request, timeout=TIMEOUT, context=self._tls) as response:
                answered: dict[str, typing.Any] = json.loads(response.read())
                return answered
        except urllib.error.HTTPError as error:
            try:
                answer = json.loads(error.read())
            except ValueError:
                answer = {}
            code, message = answer.get("Code", f"HTTP status {error.code}"), answer.get("Message", "")
            raise Refused(code, f"{action}: {code}: {message}") from error


def tcti(settings: dict[str, str]) -> str:
    """What names the TPM.

    :raises Failed: there is none
    """
    named = settings["tcti"] or os.environ.get("TPM2TOOLS_TCTI", "")
    found = [named] if named else [f"device:{device}" for device in DEVICES if os.path.exists(device)]
    if not found:
        raise Failed("the instance has no TPM, so there is no evidence to report")
    return found[0]


def file_of(setting: str, places: tuple[str, ...]) -> bytes:
    """The content of the file that is set, or of the first that exists.

    :raises Failed: there is none
    """
    for place in [setting] if setting else places:
        if os.path.exists(place):
            return pathlib.Path(place).read_bytes()
    raise Failed(f"there is no log at {setting or ' or '.join(places)}")


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def canonical(value: object) -> str:
    """The one way to write JSON that the trusted server takes."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def replayed(programs: str) -> bytes:
    """The value that PCR 10 has after what the list of programs says."""
    value = bytes(32)
    for line in programs.splitlines():
        try:
            _pcr, _digest, _template, digest, path = line.split(" ", 4)
            algorithm, _colon, text = digest.partition(":")
            fields = [f"{algorithm}:".encode() + b"\0" + bytes.fromhex(text), path.encode() + b"\0"]
        except ValueError:
            return b""
        template = b"".join(struct.pack("<I", len(field)) + field for field in fields)
        # Zeros are a violation: the file was written to while it was in use.
        extended = hashlib.sha256(template).digest() if text.strip("0") else b"\xff" * 32
        value = hashlib.sha256(value + extended).digest()
    return value


class Attester:
    """The TPM's side of the conversation with the trusted server."""

    def __init__(self, tpm: tpm2.Tpm, server: TrustedServer, property_uuid: str) -> None:
        self._tpm, self._server, self._uuid = tpm, server, property_uuid
        self._ek = tpm.key_at(tpm2.EK_HANDLE, tpm2.EK_TEMPLATE)
        self._aik = tpm.key_at(tpm2.AIK_HANDLE, tpm2.AIK_TEMPLATE)
        self._name = struct.pack(">H", tpm2.SHA256) + hashlib.sha256(self._aik).digest()
        self._keys = {
            "PropertyUuid": property_uuid,
            "AikName": encoded(self._name),
            "EkCert": encoded(tpm.read_certificate()),
            "EkPub": encoded(self._ek),
        }

    def certificate(self) -> str:
        """The attestation key's certificate (hexadecimal): as it was kept, or a new one."""
        try:
            kept = json.loads(KEPT.read_text(encoding="utf-8"))
            if kept["name"] == self._name.hex() and kept["property"] == self._uuid:
                return str(kept["certificate"])
        except (OSError, ValueError, KeyError, TypeError):
            pass
        certificate = self._new_certificate()
        KEPT.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        kept = {"name": self._name.hex(), "property": self._uuid, "certificate": certificate}
        KEPT.write_text(json.dumps(kept), encoding="utf-8")
        return certificate

    def report(self, certificate: str, settings: dict[str, str]) -> dict[str, typing.Any]:
        """Send a message, and return the trusted server's answer."""
        secret = self._challenge()
        events = file_of(settings["event_log"], EVENT_LOGS)
        for _attempt in range(ATTEMPTS):
            programs = file_of(settings["program_list"], PROGRAM_LISTS).decode("utf-8", "replace")
            values = self._tpm.read_pcrs(PCRS)
            if replayed(programs) == values[10]:
                break
            time.sleep(PAUSE_SECONDS)
        body = {
            "agent": VERSION,
            "certificate": certificate,
            "events": events.hex(),
            "pcrs": b"".join(values[number] for number in PCRS).hex(),
            "programs": programs,
            "property": self._uuid,
        }
        text = canonical(body)
        nonce = hmac.new(secret, text.encode(), hashlib.sha256).digest()
        quote, signature = self._tpm.quote(tpm2.AIK_HANDLE, nonce, PCRS)
        message = canonical({"body": text, "quote": quote.hex(), "signature": signature.hex()})
        return self._server.call("PutMessage", PropertyUuid=self._uuid, FileData=encoded(message.encode()))

    def _challenge(self) -> bytes:
        answer = self._server.call("GenerateNonce", **self._keys)
        return self._answer(answer["data"]["CredentialBlob"])

    def _answer(self, blob: str) -> bytes:
        data = base64.b64decode(blob)
        _identity, end = tpm2.take(data)
        return self._tpm.activate(tpm2.AIK_HANDLE, tpm2.EK_HANDLE, data[:end], data[end:])

    def _new_certificate(self) -> str:
        digest = hashlib.sha256(self._challenge()).digest()
        keys = {**self._keys, "AikPub": encoded(self._aik), "NonceDigest": encoded(digest)}
        given = self._server.call("GenerateAikcert", **keys)["data"]
        key, data = self._answer(given["keyCredentialBlob"]), base64.b64decode(given["dataCredentialBlob"])
        # The key protects nothing but a certificate that everybody may see, and only this once.
        command = ["openssl", "enc", "-d", "-aes-256-cbc", "-K", key.hex(), "-iv", data[:16].hex()]
        done = subprocess.run(command, input=data[16:], capture_output=True, timeout=TIMEOUT, check=False)
        if done.returncode != 0:
            raise Failed("the certificate of the attestation key can't be decrypted")
        return done.stdout.hex()


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
        with tpm2.Connection(tcti(settings)) as tpm:
            attester = Attester(tpm, server, property_uuid)
            try:
                answer = attester.report(attester.certificate(), settings)
            except Refused as refusal:
                if refusal.code not in FORGOTTEN:
                    raise
                KEPT.unlink()
                answer = attester.report(attester.certificate(), settings)
    except urllib.error.HTTPError as error:
        raise Failed(f"the metadata service answers with HTTP status {error.code}") from error
    except (OSError, ValueError, KeyError, TypeError, tpm2.TpmError, subprocess.SubprocessError) as error:
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
        signal.signal(number, lambda *_args: stop.set())
    serve(settings, stop)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
