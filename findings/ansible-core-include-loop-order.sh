#!/usr/bin/env bash
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# ansible-core 2.19.14: where include_tasks loops over files and the hosts' lists differ, a host does not run its files in the order of
# its own list. With the strategy linear, a file that an earlier host names is included for all hosts that have it, in the place that it
# has there: who lists stop.yml before start.yml, and comes after a host that does not, starts before it stops. By itself the host
# follows its list.
# With Python 3.11, and the lists one: [start, stop], two: [stop, start]:
#   all: one start, two start, one stop, two stop
#   two: two stop, two start
# Exits 0 while that is so.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip -q install ansible-core==2.19.14 jinja2==3.1.6 cryptography==45.0.7 resolvelib==1.0.1
for name in start stop; do
    echo "[{ansible.builtin.debug: {msg: 'ran {{ inventory_hostname }} $name'}}]" > "$name.yml"
done
cat > play.yml << 'END'
- hosts: all
  connection: local
  gather_facts: false
  tasks:
    - ansible.builtin.include_tasks: "{{ item }}.yml"
      loop: "{{ files }}"
END
cat > inventory.yml << 'END'
all: {hosts: {one: {files: [start, stop]}, two: {files: [stop, start]}}}
END
for hosts in all two; do
    ANSIBLE_NOCOLOR=1 venv/bin/ansible-playbook -i inventory.yml --limit "$hosts" play.yml > log
    echo "$hosts: $(sed -n 's/.*"msg": "ran \(.*\)".*/\1/p' log | paste -sd , | sed 's/,/, /g')"
done | tee output
cat > expected << 'END'
all: one start, two start, one stop, two stop
two: two stop, two start
END
cmp output expected
