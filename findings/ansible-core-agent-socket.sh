#!/usr/bin/env bash
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# ansible-core 2.19.14: with ANSIBLE_SSH_AGENT=auto no playbook starts where the path of the home folder is longer than about
# 45 characters, as those of build jobs are, even one that uses no ssh. The socket of the agent is put into
# HOME/.ansible/tmp/ansible-local-PID.../ssh_agent/, and paths of sockets end at 108 bytes. The control sockets of ssh,
# which have the same limit, get short names. Seen with Python 3.11 and OpenSSH 9.2:
#   unix_listener: path ".../ssh_agent/agent.sock" too long for Unix domain socket
# Exits 0 while that is so.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip -q install ansible-core==2.19.14 jinja2==3.1.6 cryptography==45.0.7 resolvelib==1.0.1
echo '[{hosts: localhost, connection: local, gather_facts: false, tasks: [{ansible.builtin.ping: }]}]' > play.yml
home="$folder/$(printf 'x%.0s' {1..60})"
mkdir "$home"
venv/bin/ansible --version | sed -n 1p
HOME="$home" venv/bin/ansible-playbook play.yml
if HOME="$home" ANSIBLE_SSH_AGENT=auto venv/bin/ansible-playbook play.yml > output 2>&1; then exit 1; fi
cat output
grep -qF 'too long for Unix domain socket' output
