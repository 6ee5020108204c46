#!/usr/bin/env bash
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# What "ansible-test integration" runs: one module on a local cloud. The folders beside "targets" are for pytest.
set -euo pipefail

dir="$(mktemp -d)"
local_cloud="$ANSIBLE_COLLECTIONS_PATH/ansible_collections/alitrust/ecs/dev/local-cloud"
export LOCAL_CLOUD_PYTHON="$ANSIBLE_TEST_PYTHON_INTERPRETER"
trap '"$local_cloud" stop --state-dir "$dir"; rm -rf "$dir"' EXIT

"$local_cloud" start --state-dir "$dir" --hosts off --set vpc.pending_seconds=0.05
ALITRUST_CONNECTION_FILE="$dir/connection.json" ansible-playbook smoke.yml "$@"
