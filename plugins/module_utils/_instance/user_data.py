# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""User data as people have them, and as cloud-init takes them. Private; pure.

What begins with nothing that cloud-init knows does nothing in the instance, and nobody hears of it; so it is refused.
No message shows any of it: it may hold what it should not.
"""

from __future__ import annotations

import base64
import binascii
import zlib

from .._cloud.errors import InvalidInput

#: Bytes that the API takes before they are encoded.
LIMIT = 32 * 1024
#: How the first line of user data that Linux or Windows instances run begins, in lower case.
_BEGINNINGS = (
    "#!",
    "#cloud-config",
    "#cloud-boothook",
    "#include",
    "#part-handler",
    "#upstart-job",
    "## template:",
    "content-type:",
    "mime-version:",
    "[bat]",
    "[powershell]",
)
#: Those whose lines end as Windows ends them.
_OF_WINDOWS = ("[bat]", "[powershell]")
_GZIP = b"\x1f\x8b"
#: What gzip is unpacked to at most, to look at its beginning.
_BEGINNING = 4096
_EXPECTED = (
    "expected a script that begins with #!, #cloud-config, another beginning that cloud-init knows, a MIME message, or "
    "one of these packed by gzip, encoded in Base64 or not"
)


def raw(text: str) -> bytes:
    """What O(user_data) means, not encoded.

    Base64 is decoded, blank lines before the first and a byte order mark go, and lines end as Linux ends them. What is
    packed by gzip stays packed.

    :raises InvalidInput: it begins with nothing that would be run, or is too long; the message shows none of it
    """
    given = text.encode("utf-8", "surrogateescape")
    data = _decoded(given) or given
    if data.startswith(_GZIP):
        if not _known(_unpacked(data)):
            raise InvalidInput(
                f"user_data is packed by gzip, and what is in it begins with nothing known; {_EXPECTED}."
            )
    else:
        data = _cleaned(data)
        if not _known(data):
            raise InvalidInput(f"user_data {_what(data)}; {_EXPECTED}.", hint=_hint(data))
    if len(data) > LIMIT:
        raise InvalidInput(f"user_data has {len(data)} bytes; at most {LIMIT} are possible.", hint="Pack it by gzip.")
    return data


def _decoded(data: bytes) -> bytes | None:
    """What Base64 holds, None where this is none of something that can be meant."""
    if _known(data):
        return None
    try:
        found = base64.b64decode(b"".join(data.split()), validate=True)
    except binascii.Error:
        return None
    return found if found.startswith(_GZIP) or _known(_cleaned(found)) else None


def _known(data: bytes) -> bool:
    return data[:64].decode(errors="replace").lower().startswith(_BEGINNINGS)


def _cleaned(data: bytes) -> bytes:
    data = data.removeprefix(b"\xef\xbb\xbf").lstrip()
    if data[:64].decode(errors="replace").lower().startswith(_OF_WINDOWS):
        return data
    return data.replace(b"\r\n", b"\n")


def _unpacked(data: bytes) -> bytes:
    """The beginning of what is packed; empty where it is cut off or not gzip after all."""
    try:
        return _cleaned(zlib.decompressobj(wbits=31).decompress(data, _BEGINNING))
    except zlib.error:
        return b""


def _what(data: bytes) -> str:
    if not data:
        return "is blank"
    if data.startswith((b"{", b"[")):
        return "looks like a dictionary or a list"
    if b"\xef\xbf\xbd" in data[:16]:
        return "has bytes that were no text and got lost on the way"
    return "begins with nothing that cloud-init knows, so that nothing would be run"


def _hint(data: bytes) -> str:
    if data.startswith((b"{", b"[")):
        return "For a dictionary of cloud-config give '#cloud-config\\n' ~ (it | ansible.builtin.to_nice_yaml)."
    if b"\xef\xbf\xbd" in data[:16]:
        return "Read binary data with the filter b64encode or the module ansible.builtin.slurp, which give Base64."
    return "Put #!/bin/sh or #cloud-config into the first line."
