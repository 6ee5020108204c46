#!/usr/bin/env bash
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# ansible-core 2.19.14: ansible.builtin.known_hosts with state present replaces the line that lets ssh know the host by a key of the same
# type, whoever else that line is for: a pattern goes with all hosts that match it, a list with its other names. Even where the line has
# the very key that the task names the task is changed, and the others are unknown from then on.
# With Python 3.11, OpenSSH 9.2, and tasks that add the key that the host has already (names of the lines before and after):
#   *.fleet.example, a task for web.fleet.example: web.fleet.example
#   web,10.0.0.3, a task for 10.0.0.3: 10.0.0.3
# Exits 0 while that is so.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip -q install ansible-core==2.19.14 jinja2==3.1.6 cryptography==45.0.7 resolvelib==1.0.1
ssh-keygen -q -t ed25519 -N '' -f host
key="$(cut -d ' ' -f 1,2 host.pub)"
play='[{hosts: localhost, connection: local, gather_facts: false,
  tasks: [{ansible.builtin.known_hosts: {path: "{{ path }}", name: "{{ host }}", key: "{{ host }} {{ key }}"}}]}]'
echo "$play" > play.yml
try() {
    echo "$1 $key" > known_hosts
    ANSIBLE_LOCALHOST_WARNING=0 ANSIBLE_INVENTORY_UNPARSED_WARNING=0 venv/bin/ansible-playbook \
        -e "{path: '$folder/known_hosts', host: '$2', key: '$key'}" play.yml > log
    echo "$1, a task for $2: $(cut -d ' ' -f 1 known_hosts | paste -sd ' ')"
}
{
    try '*.fleet.example' web.fleet.example
    try web,10.0.0.3 10.0.0.3
} | tee output
cat > expected << 'END'
*.fleet.example, a task for web.fleet.example: web.fleet.example
web,10.0.0.3, a task for 10.0.0.3: 10.0.0.3
END
cmp output expected
