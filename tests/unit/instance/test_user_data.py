# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""User data: what can be meant is taken, the rest is refused without showing it."""

from __future__ import annotations

import base64
import gzip

import pytest

from ansible_collections.alitrust.ecs.plugins.module_utils._cloud.errors import InvalidInput
from ansible_collections.alitrust.ecs.plugins.module_utils._instance.user_data import raw

SCRIPT = "#!/bin/sh\necho hello\n"
PACKED = gzip.compress(SCRIPT.encode(), mtime=0)


def encoded(data: str | bytes) -> str:
    return base64.b64encode(data if isinstance(data, bytes) else data.encode()).decode()


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (SCRIPT, SCRIPT),
        ("#!/bin/sh\r\necho hello\r\n", SCRIPT),
        ("\ufeff\n#!/bin/sh\necho hello\n", SCRIPT),
        (encoded(SCRIPT), SCRIPT),
        (encoded("#!/bin/sh\r\necho hello\r\n"), SCRIPT),
        (base64.encodebytes(SCRIPT.encode() * 9).decode(), SCRIPT * 9),
        (encoded(PACKED), PACKED),
        (PACKED.decode("utf-8", "surrogateescape"), PACKED),
        ("#cloud-config\npackages: [nginx]\n", "#cloud-config\npackages: [nginx]\n"),
        ("#Cloud-Config\n{}", "#Cloud-Config\n{}"),
        ("Content-Type: multipart/mixed; boundary=x\n\n--x", "Content-Type: multipart/mixed; boundary=x\n\n--x"),
        (encoded("MIME-Version: 1.0\r\n\r\n"), "MIME-Version: 1.0\n\n"),
        ("[bat]\r\necho\r\n", "[bat]\r\necho\r\n"),
        ("#include\nhttps://x.example/y", "#include\nhttps://x.example/y"),
        ("## template: jinja\n#cloud-config\n{}", "## template: jinja\n#cloud-config\n{}"),
    ],
)
def test_what_can_be_meant_is_taken(given: str, meant: str | bytes) -> None:
    assert raw(given) == (meant if isinstance(meant, bytes) else meant.encode())


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("password=hunter22", "begins with nothing that cloud-init knows"),
        ("packages: [hunter22]", "Put #!/bin/sh or #cloud-config into the first line"),
        ("{'packages': ['hunter22']}", "looks like a dictionary or a list"),
        (encoded("hunter22"), "begins with nothing"),
        (encoded(gzip.compress(b"hunter22", mtime=0)), "packed by gzip"),
        ("H4sIhunter22", "packed by gzip"),
        ("\x1f\ufffdhunter22", "got lost on the way"),
        ("\n\r\n", "is blank"),
        ("#!/bin/sh\n" + "hunter22" * 4096, "32778 bytes; at most 32768"),
    ],
)
def test_the_rest_is_refused_and_not_shown(given: str, words: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        raw(given)
    text = str(refused.value.as_failure())
    assert words in text
    assert "hunter22" not in text
    assert given.strip() not in text or not given.strip()
