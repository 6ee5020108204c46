#!/usr/bin/env bash
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# What "ansible-test integration" runs: one module on a local cloud. The folders beside "targets" are for pytest.
set -euo pipefail

dir="$(mktemp -d)"
local_cloud() {
    ansible-playbook alitrust.ecs.local_cloud \
        -e "local_cloud_dir=$dir" -e "local_cloud_python=$ANSIBLE_TEST_PYTHON_INTERPRETER" "$@"
}
trap 'local_cloud -e local_cloud_state=absent && rm -rf "$dir"' EXIT

local_cloud -e local_cloud_hosts=off -e '{"local_cloud_settings": {"vpc.pending_seconds": "0.05"}}'
ALITRUST_CONNECTION_FILE="$dir/connection.json" ansible-playbook smoke.yml "$@"
