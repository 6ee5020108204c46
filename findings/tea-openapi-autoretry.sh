#!/usr/bin/env bash
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# alibabacloud-tea-openapi 0.4.6 (the core of Alibaba Cloud's Python SDKs) still takes RuntimeOptions(autoretry=True, max_attempts=3)
# and does nothing with it: a call whose connection breaks is given up at once. With 0.3.16 the same lines of code tried it again. The
# packages of ECS and RAM need 0.4 by now, so that programs lose their patience by an update, without a word. Only retry_options of
# Config, which is new in 0.4, has calls tried again.
# With Python 3.11, alibabacloud-tea-util 0.3.15, and a server that closes each connection without an answer:
#   0.3.16: 4 attempts
#   0.4.6: 1 attempts
# Exits 0 while that is so.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > try.py << 'END'
import importlib.metadata
import os
import socket
import threading

from alibabacloud_tea_openapi.client import Client
from alibabacloud_tea_openapi.models import Config, OpenApiRequest, Params
from alibabacloud_tea_util.models import RuntimeOptions

attempts = []


def break_off():
    while True:
        connection, _address = server.accept()
        attempts.append(connection.recv(1024))
        connection.close()


for name in list(os.environ):
    if name.lower().endswith("_proxy"):
        del os.environ[name]
server = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=break_off, daemon=True).start()
endpoint = f"127.0.0.1:{server.getsockname()[1]}"
client = Client(Config(access_key_id="id", access_key_secret="secret", endpoint=endpoint, protocol="http"))
params = Params(
    action="DescribeRegions", version="2014-05-26", protocol="HTTP", pathname="/", method="POST", auth_type="AK", style="RPC",
    req_body_type="formData", body_type="json",
)
try:
    client.call_api(params, OpenApiRequest(query={}), RuntimeOptions(autoretry=True, max_attempts=3))
except Exception:
    print(f"{importlib.metadata.version('alibabacloud-tea-openapi')}: {len(attempts)} attempts")
END
for pinned in 'alibabacloud-tea-openapi==0.3.16 alibabacloud-tea==0.4.3' 'alibabacloud-tea-openapi==0.4.6 darabonba-core==1.0.9'; do
    python3 -m venv --clear venv
    # shellcheck disable=SC2086 # two words
    venv/bin/pip -q install $pinned alibabacloud-tea-util==0.3.15
    venv/bin/python try.py
done | tee output
cat > expected << 'END'
0.3.16: 4 attempts
0.4.6: 1 attempts
END
cmp output expected
