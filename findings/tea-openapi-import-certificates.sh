#!/usr/bin/env bash
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Importing alibabacloud-tea-openapi 0.4.6 (the core of Alibaba Cloud's Python SDKs) reads all certificates of the system, although
# nothing is called yet and a synchronous client never uses what reads them: darabonba-core 1.0.9 imports aiohttp 3.14.5, which
# prepares a context for TLS as it is imported. The client's own context reads them again. It is a large part of what a short-lived
# program pays for the import.
# With Python 3.11:
#   imported: aiohttp.connector has read the system's certificates
#   used by the synchronous client: aiohttp is not
# Exits 0 while that is so.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip -q install alibabacloud-tea-openapi==0.4.6 darabonba-core==1.0.9 aiohttp==3.14.5
cat > try.py << 'END'
import http.server
import json
import ssl
import sys
import threading

read = []
load = ssl.SSLContext.load_default_certs


def noted(context, *purpose):
    read.append(sys._getframe(2).f_globals["__name__"])
    return load(context, *purpose)


ssl.SSLContext.load_default_certs = noted
from alibabacloud_tea_openapi import utils_models  # noqa: E402
from alibabacloud_tea_openapi.client import Client  # noqa: E402
from darabonba.runtime import RuntimeOptions  # noqa: E402

print("imported:", *sorted(set(read)), "has read the system's certificates")


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        answer = json.dumps({"RequestId": "one"}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *words):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = Client(
    utils_models.Config(
        access_key_id="id", access_key_secret="secret", endpoint=f"127.0.0.1:{server.server_port}", protocol="HTTP"
    )
)
how = utils_models.Params(
    action="Look", version="2014-05-26", protocol="HTTPS", pathname="/", method="POST", auth_type="AK", style="RPC",
    req_body_type="formData", body_type="json",
)
for name in [name for name in sys.modules if name.split(".")[0] == "aiohttp"]:
    for thing in list(vars(sys.modules[name])):
        if not thing.startswith("__"):
            delattr(sys.modules[name], thing)
answer = client.call_api(how, utils_models.OpenApiRequest(query={}), RuntimeOptions())
print("used by the synchronous client: aiohttp is", "not" if answer["body"] == {"RequestId": "one"} else "")
END
venv/bin/python try.py | tee output
cat > expected << 'END'
imported: aiohttp.connector has read the system's certificates
used by the synchronous client: aiohttp is not
END
cmp output expected
