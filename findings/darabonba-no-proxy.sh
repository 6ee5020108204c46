#!/usr/bin/env bash
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# darabonba-core 1.0.9 (the transport of Alibaba Cloud's Python SDKs) takes HTTP_PROXY and HTTPS_PROXY from the environment
# and passes NO_PROXY by. Its own option noProxy does nothing either: do_action puts it into the mapping of proxies that it
# hands to requests' Session.send, where nothing looks for it. So the endpoints inside of a VPC are called through the proxy.
# With Python 3.11, requests 2.34.2, and a server that nobody but a direct call reaches:
#   requests, NO_PROXY=127.0.0.1: the server answered
#   darabonba, NO_PROXY=127.0.0.1: sent to the proxy
#   darabonba, noProxy=127.0.0.1: sent to the proxy
# Exits 0 while that is so.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip -q install darabonba-core==1.0.9 requests==2.34.2
cat > try.py << 'END'
import http.server
import os
import threading

import requests
from darabonba.core import DaraCore
from darabonba.request import DaraRequest


def serve(text):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *words):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"127.0.0.1:{server.server_port}"


def by_darabonba(**options):
    request = DaraRequest()
    request.method, request.pathname, request.headers = "GET", "/", {"host": server}
    return DaraCore.do_action(request, options).body.decode()


server, proxy = serve("the server answered"), serve("sent to the proxy")
for name in list(os.environ):
    if name.lower().endswith("_proxy"):
        del os.environ[name]
os.environ["HTTP_PROXY"] = os.environ["http_proxy"] = f"http://{proxy}"
os.environ["NO_PROXY"] = "127.0.0.1"
print("requests, NO_PROXY=127.0.0.1:", requests.get(f"http://{server}/").text)
print("darabonba, NO_PROXY=127.0.0.1:", by_darabonba())
del os.environ["NO_PROXY"]
print("darabonba, noProxy=127.0.0.1:", by_darabonba(noProxy="127.0.0.1"))
END
venv/bin/python try.py | tee output
cat > expected << 'END'
requests, NO_PROXY=127.0.0.1: the server answered
darabonba, NO_PROXY=127.0.0.1: sent to the proxy
darabonba, noProxy=127.0.0.1: sent to the proxy
END
cmp output expected
