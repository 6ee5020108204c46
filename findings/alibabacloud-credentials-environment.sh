#!/usr/bin/env bash
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# alibabacloud-credentials 1.0.12 reads its variables of the environment once, as it is imported, which the core of Alibaba Cloud's Python
# SDKs does. What a program sets afterwards, from a file or for another account, does not count, not even for a client that is made then:
# it gets what was there at first, without a word, or goes on to the next place in the chain. The home folder of the profiles is fixed
# then, too.
# With Python 3.11, alibabacloud-tea-openapi 0.4.6, and ALIBABA_CLOUD_ACCESS_KEY_ID=first as the program starts:
#   a client made after the variable was changed to second: first
#   a client made after the variable was removed: first
# Exits 0 while that is so.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip -q install alibabacloud-credentials==1.0.12 alibabacloud-tea-openapi==0.4.6 darabonba-core==1.0.9
cat > try.py << 'END'
import os

import alibabacloud_tea_openapi.client  # noqa: F401
from alibabacloud_credentials.client import Client

os.environ["ALIBABA_CLOUD_ACCESS_KEY_ID"] = "second"
print("a client made after the variable was changed to second:", Client().get_credential().access_key_id)
del os.environ["ALIBABA_CLOUD_ACCESS_KEY_ID"]
print("a client made after the variable was removed:", Client().get_credential().access_key_id)
END
ALIBABA_CLOUD_ACCESS_KEY_ID=first ALIBABA_CLOUD_ACCESS_KEY_SECRET=secret venv/bin/python try.py | tee output
cat > expected << 'END'
a client made after the variable was changed to second: first
a client made after the variable was removed: first
END
cmp output expected
