#!/usr/bin/env bash
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# salt 3006.9: its cloud driver "aliyun" can't sign a request on Python 3. salt/cloud/clouds/aliyun.py calls decode() on
# text in _compute_signature, so that every command ends before anything is sent, whatever the key or the network is.
# Seen with Python 3.11:
#   [ERROR   ] Failed to get the output of 'aliyun.avail_locations()': 'str' object has no attribute 'decode'
# Exits 0 while that is so.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip -q install salt==3006.9 'setuptools==69.5.1' msgpack==1.0.8 jinja2==3.1.4 pyyaml==6.0.2 distro==1.9.0 \
    looseversion==1.3.0 packaging==24.1 requests==2.32.3 pyzmq==26.2.0 pycryptodomex==3.20.0 psutil==6.0.0 \
    markupsafe==2.1.5 jmespath==1.0.1
mkdir -p config/cloud.providers.d config/cloud.profiles.d
printf '%s: %s\n' log_file "$folder/log" cachedir "$folder/cache" sock_dir "$folder/run" pki_dir "$folder/pki" \
    > config/cloud
cat > config/cloud.providers.d/one.conf << 'END'
one: {driver: aliyun, id: an-id, key: a-secret, location: cn-hangzhou}
END
venv/bin/salt --version
venv/bin/salt-cloud -c "$folder/config" --list-locations one < /dev/null > output 2>&1 || true
cat output
grep -qF "'str' object has no attribute 'decode'" output
