#!/usr/bin/env bash
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# cctrusted-base 0.5.0 (event logs of TPM and TDX by the TCG's format, replayed) takes one from the number of each register in a boot log:
# right for the table of Intel TDX, where numbers begin with 1, but a TPM's PCR 0 becomes -1, and what was measured into PCR 7 stands
# under 6. Lines of IMA's list keep their 10, so that what systemd measures into PCR 11 is replayed together with IMA's.
# With Python 3.11, a separator in each of four PCRs, and one line of IMA:
#   measured: 0 7 9 11 and IMA's 10
#   replayed: -1 6 8 10, the last from 2 events
# Exits 0 while that is so.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip -q install cctrusted-base==0.5.0
cat > try.py << 'END'
import hashlib
import struct

from cctrusted_base.eventlog import EventLogs, TcgEventLog

SHA1, SHA256, EV_NO_ACTION, EV_SEPARATOR = 0x4, 0xB, 0x3, 0x4
zeros, sizes = bytes(4), struct.pack("<IHHHH", 2, SHA1, 20, SHA256, 32)
spec = b"Spec ID Event03\0" + struct.pack("<IBBBB", 0, 0, 2, 0, 2) + sizes + b"\0"
log = struct.pack("<II20sI", 0, EV_NO_ACTION, bytes(20), len(spec)) + spec
for pcr in (0, 7, 9, 11):
    log += struct.pack("<III", pcr, EV_SEPARATOR, 2)
    log += struct.pack("<H", SHA1) + hashlib.sha1(zeros).digest() + struct.pack("<H", SHA256) + hashlib.sha256(zeros).digest()
    log += struct.pack("<I", len(zeros)) + zeros
data = hashlib.sha256(b"a program").digest()
fields = [b"sha256:\0" + data, b"/usr/bin/program\0"]
template = hashlib.sha1(b"".join(struct.pack("<I", len(field)) + field for field in fields)).digest()
ima = f"10 {template.hex()} ima-ng sha256:{data.hex()} /usr/bin/program\n".encode()

logs = EventLogs(log, ima, TcgEventLog.TCG_FORMAT_PCCLIENT)
logs.select(None, None)
replayed = EventLogs.replay(logs.event_logs)
value = bytes(20)
for digest in (hashlib.sha1(zeros).digest(), template):
    value = hashlib.sha1(value + digest).digest()
print("measured: 0 7 9 11 and IMA's 10")
print("replayed:", *replayed, end=", ")
print("the last from 2 events" if replayed[10][SHA1] == value else "each from its own")
END
venv/bin/python try.py | tee output
cat > expected << 'END'
measured: 0 7 9 11 and IMA's 10
replayed: -1 6 8 10, the last from 2 events
END
cmp output expected
