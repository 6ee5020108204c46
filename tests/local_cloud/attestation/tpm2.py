# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The few TPM 2.0 commands that attestation needs, with nothing but the standard library.

The hosts of the local cloud and the agent in their guests both use this file; the trust client's packages bring it
along. Names and numbers are those of the TPM 2.0 Library specification, parts 2 and 3.
"""

from __future__ import annotations

import re
import socket
import struct
import typing

NO_SESSIONS, SESSIONS = 0x8001, 0x8002
OWNER, NULL, ENDORSEMENT, PLATFORM = 0x40000001, 0x40000007, 0x4000000B, 0x4000000C
PASSWORD = 0x40000009
SHA256 = 0x000B

#: where the endorsement key, its certificate and the attestation key are kept
EK_HANDLE, EK_CERTIFICATE_INDEX, AIK_HANDLE = 0x81010001, 0x01C00002, 0x81010003

#: the default template of an RSA 2048 endorsement key (TCG EK Credential Profile, L-1)
EK_TEMPLATE = (
    struct.pack(">HHI", 0x0001, SHA256, 0x000300B2)
    + struct.pack(">H", 32)
    + bytes.fromhex("837197674484b3f81a90cc8d46a5d724fd52d76e06520b64f2a1da1b331469aa")
    + struct.pack(">HHHHHI", 0x0006, 128, 0x0043, 0x0010, 2048, 0)
    + struct.pack(">H", 256)
    + bytes(256)
)
#: a restricted ECDSA P-256 key that signs what the TPM itself says
AIK_TEMPLATE = (
    struct.pack(">HHIH", 0x0023, SHA256, 0x00050472, 0)
    + struct.pack(">HHHHH", 0x0010, 0x0018, SHA256, 0x0003, 0x0010)
    + struct.pack(">HH", 0, 0)
)
#: readable by everybody, written with platform authorisation only
_CERTIFICATE_ATTRIBUTES = 0x42072001
_NV_CHUNK = 512


class TpmError(Exception):
    """The TPM can't be reached, or refuses a command."""


Transport = typing.Callable[[bytes], bytes]


def sized(data: bytes) -> bytes:
    """A TPM2B: the data after its length."""
    return struct.pack(">H", len(data)) + data


def take(data: bytes, at: int = 0) -> tuple[bytes, int]:
    """The content of the TPM2B at an offset, and where it ends."""
    (size,) = struct.unpack_from(">H", data, at)
    if at + 2 + size > len(data):
        raise TpmError("an answer of the TPM is cut off")
    return data[at + 2 : at + 2 + size], at + 2 + size


def selection(pcrs: typing.Sequence[int]) -> bytes:
    """A TPML_PCR_SELECTION of the SHA-256 bank."""
    bits = sum(1 << number for number in pcrs)
    return struct.pack(">IHB", 1, SHA256, 3) + bits.to_bytes(3, "little")


class Tpm:
    """A TPM behind a transport, which takes a command and returns the answer."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def command(
        self,
        code: int,
        handles: typing.Sequence[int] = (),
        parameters: bytes = b"",
        *,
        sessions: typing.Sequence[int] = (),
        returns_handle: bool = False,
    ) -> tuple[int, bytes]:
        """Send a command; the handle it returns (or 0) and its parameters.

        :param sessions: one for each handle that needs authorisation: :data:`PASSWORD` (empty) or a policy session
        :raises TpmError: the TPM refuses; with its response code
        """
        body = b"".join(struct.pack(">I", handle) for handle in handles)
        if sessions:
            area = b"".join(struct.pack(">IHBH", session, 0, 1, 0) for session in sessions)
            body += struct.pack(">I", len(area)) + area
        body += parameters
        tag = SESSIONS if sessions else NO_SESSIONS
        answer = self._transport(struct.pack(">HII", tag, 10 + len(body), code) + body)
        if len(answer) < 10:
            raise TpmError("the TPM does not answer")
        tag, size, result = struct.unpack_from(">HII", answer)
        if result:
            raise TpmError(f"TPM command 0x{code:x} failed with response code 0x{result:x}")
        if size != len(answer):
            raise TpmError("an answer of the TPM is cut off")
        at, handle = 10, 0
        if returns_handle:
            (handle,) = struct.unpack_from(">I", answer, at)
            at += 4
        if tag == SESSIONS:
            (size,) = struct.unpack_from(">I", answer, at)
            return handle, answer[at + 4 : at + 4 + size]
        return handle, answer[at:]

    # -- keys

    def create_primary(self, hierarchy: int, template: bytes) -> int:
        """Make a primary key; the same template gives the same key. Returns its transient handle."""
        parameters = sized(bytes(4)) + sized(template) + sized(b"") + struct.pack(">I", 0)
        handle, _answer = self.command(0x131, [hierarchy], parameters, sessions=[PASSWORD], returns_handle=True)
        return handle

    def persist(self, key: int, handle: int) -> None:
        """Keep a key at a persistent handle (again: remove what is there)."""
        self.command(0x120, [OWNER, key], struct.pack(">I", handle), sessions=[PASSWORD])

    def read_public(self, handle: int) -> bytes:
        """A key's TPMT_PUBLIC.

        :raises TpmError: there is none
        """
        return take(self.command(0x173, [handle])[1])[0]

    def key_at(self, handle: int, template: bytes) -> bytes:
        """The TPMT_PUBLIC of the key at a persistent handle, which is made in the endorsement hierarchy if missing."""
        if handle not in self.handles(handle & 0xFF000000):
            key = self.create_primary(ENDORSEMENT, template)
            self.persist(key, handle)
            self.flush(key)
        return self.read_public(handle)

    def flush(self, handle: int) -> None:
        self.command(0x165, parameters=struct.pack(">I", handle))

    def handles(self, kind: int) -> list[int]:
        """The handles in use of a kind: 0x80000000 transient, 0x81000000 persistent, 0x02000000 loaded sessions."""
        answer = self.command(0x17A, parameters=struct.pack(">III", 1, kind, 64))[1]
        (count,) = struct.unpack_from(">I", answer, 5)
        return [handle for handle in struct.unpack_from(f">{count}I", answer, 9) if handle >> 24 == kind >> 24]

    # -- non-volatile memory

    def write_certificate(self, certificate: bytes) -> None:
        """Keep the endorsement key's certificate; only before the platform hierarchy is closed."""
        public = struct.pack(">IHIHH", EK_CERTIFICATE_INDEX, SHA256, _CERTIFICATE_ATTRIBUTES, 0, len(certificate))
        self.command(0x12A, [PLATFORM], sized(b"") + sized(public), sessions=[PASSWORD])
        for at in range(0, len(certificate), _NV_CHUNK):
            part = sized(certificate[at : at + _NV_CHUNK]) + struct.pack(">H", at)
            self.command(0x137, [PLATFORM, EK_CERTIFICATE_INDEX], part, sessions=[PASSWORD])

    def read_certificate(self) -> bytes:
        """The endorsement key's certificate (DER).

        :raises TpmError: there is none
        """
        public = take(self.command(0x169, [EK_CERTIFICATE_INDEX])[1])[0]
        (size,) = struct.unpack_from(">H", public, len(public) - 2)
        content = b""
        while len(content) < size:
            part = struct.pack(">HH", min(_NV_CHUNK, size - len(content)), len(content))
            handles = [EK_CERTIFICATE_INDEX, EK_CERTIFICATE_INDEX]
            content += take(self.command(0x14E, handles, part, sessions=[PASSWORD])[1])[0]
        return content

    # -- measurements

    def extend(self, pcr: int, digest: bytes) -> None:
        """Extend a PCR of the SHA-256 bank."""
        self.command(0x182, [pcr], struct.pack(">IH", 1, SHA256) + digest, sessions=[PASSWORD])

    def read_pcrs(self, pcrs: typing.Sequence[int]) -> dict[int, bytes]:
        """The values of PCRs of the SHA-256 bank, eight a command as the TPM wants it."""
        found: dict[int, bytes] = {}
        for first in range(0, len(pcrs), 8):
            part = sorted(pcrs[first : first + 8])
            answer = self.command(0x17E, parameters=selection(part))[1]
            at = 4 + len(selection(part)) + 4
            for number in part:
                found[number], at = take(answer, at)
        return found

    def quote(self, key: int, extra: bytes, pcrs: typing.Sequence[int]) -> tuple[bytes, bytes]:
        """The TPMS_ATTEST over the PCRs and ``extra``, and its TPMT_SIGNATURE."""
        parameters = sized(extra) + struct.pack(">H", 0x0010) + selection(pcrs)
        attest, end = take(answer := self.command(0x158, [key], parameters, sessions=[PASSWORD])[1])
        return attest, answer[end:]

    def activate(self, key: int, endorsement_key: int, blob: bytes, secret: bytes) -> bytes:
        """Answer a challenge (TPM2_ActivateCredential): what it holds for a key of this very TPM.

        :param blob: TPM2B_ID_OBJECT, with its length
        :param secret: TPM2B_ENCRYPTED_SECRET, with its length
        """
        start = sized(bytes(16)) + sized(b"") + struct.pack(">BHH", 1, 0x0010, SHA256)
        session, _nonce = self.command(0x176, [NULL, NULL], start, returns_handle=True)
        try:
            policy = sized(b"") * 3 + struct.pack(">i", 0)
            self.command(0x151, [ENDORSEMENT, session], policy, sessions=[PASSWORD])
            answer = self.command(0x147, [key, endorsement_key], blob + secret, sessions=[PASSWORD, session])[1]
        finally:
            self.flush(session)
        return take(answer)[0]

    # -- of the platform

    def close_platform(self) -> None:
        """What firmware does before it hands over: nothing can use the platform's authorisation until the next boot."""
        self.command(0x121, [PLATFORM], struct.pack(">IB", PLATFORM, 0), sessions=[PASSWORD])

    def shut_down(self) -> None:
        """An orderly end."""
        self.command(0x145, parameters=struct.pack(">H", 0))


class Connection:
    """A transport to the TPM that a TCTI names, to be used in a ``with`` block.

    :param tcti: ``device:/dev/tpmrm0``, ``swtpm:path=/run/tpm`` or ``swtpm:host=127.0.0.1,port=2321``
    :raises TpmError: there is nothing behind it
    """

    def __init__(self, tcti: str, timeout: float = 30.0) -> None:
        kind, _colon, rest = tcti.partition(":")
        options = dict(re.findall(r"(\w+)=([^,]+)", rest))
        self._stream: typing.Any
        self._receive: typing.Callable[[], bytes] = lambda: receive(self._stream)
        try:
            if kind == "device" and rest:
                self._stream = open(rest, "r+b", buffering=0)  # noqa: SIM115 (closed by __exit__)
                self._send, self._receive = self._stream.write, lambda: bytes(self._stream.read(4096))
                return
            if kind != "swtpm" or not ("path" in options or {"host", "port"} <= set(options)):
                raise TpmError(
                    f"{tcti!r} names no TPM; expected device:PATH, swtpm:path=... or swtpm:host=...,port=..."
                )
            if "path" in options:
                self._stream = socket.socket(socket.AF_UNIX)
                self._stream.settimeout(timeout)
                self._stream.connect(options["path"])
            else:
                self._stream = socket.create_connection((options["host"], int(options["port"])), timeout)
        except (OSError, ValueError) as error:
            raise TpmError(f"the TPM {tcti} can't be reached: {error}") from error
        self._send = self._stream.sendall

    def __enter__(self) -> Tpm:
        return Tpm(self.exchange)

    def __exit__(self, *_error: object) -> None:
        self._stream.close()

    def exchange(self, command: bytes) -> bytes:
        try:
            self._send(command)
            return self._receive()
        except OSError as error:
            raise TpmError(f"the TPM ended the conversation: {error}") from error


def receive(stream: socket.socket) -> bytes:
    """A whole command or answer from a socket; empty when the other side has closed it."""
    head = _exactly(stream, 10)
    if len(head) < 10:
        return b""
    (size,) = struct.unpack_from(">I", head, 2)
    if not 10 <= size <= 65536:
        raise TpmError(f"the TPM's side sends a message of {size} bytes")
    return head + _exactly(stream, size - 10)


def _exactly(stream: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = stream.recv(size - len(data))
        if not part:
            break
        data += part
    return data
