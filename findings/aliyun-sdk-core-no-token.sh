#!/usr/bin/env bash
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# aliyun-python-sdk-core 2.16.1 (the older core of Alibaba Cloud's Python SDKs, below footmark and others) sends RunInstances again by
# itself where an answer is lost. It has a list of operations for that which take a ClientToken, and code to add one, but the code is never
# reached: all attempts go without, each with a nonce of its own, so that each is a new order. The program sees one call, which succeeds.
# With Python 3.11, aliyun-python-sdk-ecs 4.24.83, and a server whose first answer is lost:
#   RunInstances: one answer, i-2
#   arrived: 2 requests, ClientToken: None None
# Exits 0 while that is so.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip -q install aliyun-python-sdk-core==2.16.1 aliyun-python-sdk-ecs==4.24.83
cat > try.py << 'END'
import http.server
import json
import os
import threading
import urllib.parse

from aliyunsdkcore.client import AcsClient
from aliyunsdkecs.request.v20140526.RunInstancesRequest import RunInstancesRequest

arrived = []


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        arrived.append(dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query + "&" + body)))
        if len(arrived) == 1:
            self.close_connection = True
            return
        answer = json.dumps({"InstanceIdSets": {"InstanceIdSet": [f"i-{len(arrived)}"]}}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *words):
        pass


for name in list(os.environ):
    if name.lower().endswith("_proxy"):
        del os.environ[name]
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
request = RunInstancesRequest()
request.set_endpoint(f"127.0.0.1:{server.server_port}")
request.set_protocol_type("http")
answer = json.loads(AcsClient("id", "secret", "cn-hangzhou").do_action_with_exception(request))
print("RunInstances: one answer,", *answer["InstanceIdSets"]["InstanceIdSet"])
print(f"arrived: {len(arrived)} requests, ClientToken:", *(one.get("ClientToken") for one in arrived))
END
venv/bin/python try.py | tee output
cat > expected << 'END'
RunInstances: one answer, i-2
arrived: 2 requests, ClientToken: None None
END
cmp output expected
