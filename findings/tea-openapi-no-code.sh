#!/usr/bin/env bash
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# alibabacloud-tea-openapi 0.4.6 (the core of Alibaba Cloud's Python SDKs) raises the same ServerException whether Alibaba Cloud refused a
# call or something on the way did, such as a load balancer with a JSON body of its own. What such an answer lacks is then not None but
# the text None: the code, and the request ID. Who asks whether there is a code, or a request ID to give to the support, is told yes.
# With Python 3.11, darabonba-core 1.0.9 and a server that answers 503 with {"error": "no route"}:
#   ServerException: code 'None', request ID 'None', message 'code: 503, None request id: None'
# Exits 0 while that is so.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip -q install alibabacloud-tea-openapi==0.4.6 darabonba-core==1.0.9
cat > try.py << 'END'
import http.server
import threading

from alibabacloud_tea_openapi.client import Client
from alibabacloud_tea_openapi.models import Config, OpenApiRequest, Params
from darabonba.runtime import RuntimeOptions


class Balancer(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = b'{"error": "no route"}'
        self.send_response(503)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Balancer)
threading.Thread(target=server.serve_forever, daemon=True).start()
endpoint = f"127.0.0.1:{server.server_port}"
client = Client(Config(access_key_id="id", access_key_secret="secret", endpoint=endpoint, protocol="http"))
params = Params(
    action="DescribeRegions",
    version="2014-05-26",
    protocol="HTTP",
    pathname="/",
    method="POST",
    auth_type="AK",
    style="RPC",
    req_body_type="json",
    body_type="json",
)
try:
    client.call_api(params, OpenApiRequest(), RuntimeOptions())
except Exception as error:
    name = type(error).__name__
    print(f"{name}: code {error.code!r}, request ID {error.request_id!r}, message {error.message!r}")
END
venv/bin/python try.py | tee output
cat > expected << 'END'
ServerException: code 'None', request ID 'None', message 'code: 503, None request id: None'
END
cmp output expected
