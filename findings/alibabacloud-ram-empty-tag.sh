#!/usr/bin/env bash
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# A request of alibabacloud-ram20150501 1.3.0 that was a dictionary once (to_map, from_map) is another request: a list that was not
# given becomes an empty one, and the client sends it, as the text [], because this parameter travels as JSON. Who keeps requests as
# dictionaries, or compares what is sent, sees a filter by tags that nobody asked for.
# With Python 3.11 and alibabacloud-tea-openapi 0.4.6:
#   made directly: {'MaxItems': '10'}
#   by a dictionary: {'MaxItems': '10', 'Tag': '[]'}
# Exits 0 while that is so.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip -q install alibabacloud-ram20150501==1.3.0 alibabacloud-tea-openapi==0.4.6 darabonba-core==1.0.9
cat > try.py << 'END'
from alibabacloud_ram20150501.client import Client
from alibabacloud_ram20150501.models import ListRolesRequest
from alibabacloud_tea_openapi.models import Config
from darabonba.runtime import RuntimeOptions


class Silent(Client):
    def call_api(self, params, request, runtime):
        self.query = request.query
        return {"statusCode": 200, "headers": {}, "body": {}}


client = Silent(Config(access_key_id="id", access_key_secret="secret", endpoint="localhost"))
request = ListRolesRequest(max_items=10)
for how, one in (("made directly", request), ("by a dictionary", ListRolesRequest().from_map(request.to_map()))):
    client.list_roles_with_options(one, RuntimeOptions())
    print(f"{how}: {client.query}")
END
venv/bin/python try.py | tee output
cat > expected << 'END'
made directly: {'MaxItems': '10'}
by a dictionary: {'MaxItems': '10', 'Tag': '[]'}
END
cmp output expected
