#!/usr/bin/env bash
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# tpm2-tools 5.4: tpm2_eventlog replays an event log into the values that the PCRs should have, below its pcrs, and takes events of the
# type EV_NO_ACTION for measured, although they only tell something and are in no PCR. Firmware that writes one, as it does where the TPM
# was started from another locality than 0, has a PCR 0 there that no TPM shows. The locality, with which that PCR begins, is not used.
# With Python 3.11 and Debian 12, a log of SHA-256 that has the firmware's version and, in the second case, StartupLocality 3 before it:
#   version: as a TPM has it
#   StartupLocality 3, version: as if both had been measured
# Exits 0 while that is so.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
tss=(libtss2-esys-3.0.2-0 libtss2-mu0 libtss2-rc0 libtss2-sys1 libtss2-tctildr0)
apt-get -q -o APT::Sandbox::User=root download tpm2-tools=5.4-1 "${tss[@]/%/=3.2.1-3}" > /dev/null
for package in *.deb; do dpkg-deb -x "$package" .; done
cat > try.py << 'END'
import glob
import hashlib
import os
import re
import struct
import subprocess

SHA256, EV_NO_ACTION, EV_S_CRTM_VERSION = 0xB, 0x3, 0x8
SPEC = b"Spec ID Event03\0" + struct.pack("<IBBBBIHHB", 0, 0, 2, 0, 2, 1, SHA256, 32, 0)
LOCALITY = (EV_NO_ACTION, bytes(32), b"StartupLocality\0\3")
VERSION = (EV_S_CRTM_VERSION, hashlib.sha256(b"1.0").digest(), b"1.0")


def printed(*events):
    with open("log", "wb") as file:
        file.write(struct.pack("<II20sI", 0, EV_NO_ACTION, bytes(20), len(SPEC)) + SPEC)
        for kind, digest, data in events:
            file.write(struct.pack("<IIIH", 0, kind, 1, SHA256) + digest + struct.pack("<I", len(data)) + data)
    libraries = os.path.dirname(os.path.abspath(glob.glob("usr/lib/*/libtss2-mu.so.0")[0]))
    command = [os.path.abspath("usr/bin/tpm2"), "eventlog", "log"]
    text = subprocess.run(command, env={"LD_LIBRARY_PATH": libraries}, check=True, stdout=subprocess.PIPE, text=True).stdout
    return re.search(r"^ +0 +: 0x([0-9a-f]{64})$", text, re.MULTILINE)[1]


def extended(value, *events):
    for _kind, digest, _data in events:
        value = hashlib.sha256(value + digest).digest()
    return value.hex()


for text, locality, events in (("version", 0, [VERSION]), ("StartupLocality 3, version", 3, [LOCALITY, VERSION])):
    cases = {
        extended(bytes(31) + bytes([locality]), VERSION): "as a TPM has it",
        extended(bytes(32), LOCALITY, VERSION): "as if both had been measured",
    }
    print(f"{text}: {cases.get(printed(*events), 'something else')}")
END
python3 try.py | tee output
cat > expected << 'END'
version: as a TPM has it
StartupLocality 3, version: as if both had been measured
END
cmp output expected
