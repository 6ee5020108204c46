#!/usr/bin/env bash
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# darabonba-core 1.0.9 (the transport of Alibaba Cloud's Python SDKs) keeps the open connections of a process by host and port, beside all
# clients. A forked process, such as a worker of multiprocessing or Ansible, has them too, and to make a client of its own does not help:
# its calls go over its parent's connection, where the answers to both come back.
# With Python 3.11, alibabacloud-tea-openapi 0.4.6 and requests 2.34.2:
#   before the fork, a client: connection 1
#   after the fork, a new client: connection 1
#   after the fork, a new session of requests: connection 2
# Exits 0 while that is so.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip -q install darabonba-core==1.0.9 alibabacloud-tea-openapi==0.4.6 requests==2.34.2
cat > try.py << 'END'
import http.server
import os
import threading

import requests
from alibabacloud_tea_openapi.client import Client
from alibabacloud_tea_openapi.models import Config, OpenApiRequest, Params
from darabonba.runtime import RuntimeOptions

peers = []


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        if self.client_address not in peers:
            peers.append(self.client_address)
        body = b'{"Connection": %d}' % (peers.index(self.client_address) + 1)
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass


def call():
    client = Client(Config(access_key_id="id", access_key_secret="secret", endpoint=endpoint, protocol="http"))
    params = Params(
        action="DescribeRegions", version="2014-05-26", protocol="HTTP", pathname="/", method="POST", auth_type="AK", style="RPC",
        req_body_type="formData", body_type="json",
    )
    return client.call_api(params, OpenApiRequest(query={}), RuntimeOptions())["body"]["Connection"]


for name in list(os.environ):
    if name.lower().endswith("_proxy"):
        del os.environ[name]
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
endpoint = f"127.0.0.1:{server.server_port}"
print("before the fork, a client: connection", call(), flush=True)
child = os.fork()
if not child:
    print("after the fork, a new client: connection", call())
    number = requests.Session().post(f"http://{endpoint}/").json()["Connection"]
    print("after the fork, a new session of requests: connection", number, flush=True)
    os._exit(0)
os.waitpid(child, 0)
END
venv/bin/python try.py | tee output
cat > expected << 'END'
before the fork, a client: connection 1
after the fork, a new client: connection 1
after the fork, a new session of requests: connection 2
END
cmp output expected
