#!/usr/bin/env bash
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# ansible-core 2.19.14: in a task with delegate_to, variables such as ansible_host, ansible_port and ansible_user are those of the host that
# the play is about, but where it has none they are those of the host that does the task. They are defined then, so that default() does not
# help, and a command that is put together of them, such as ssh or scp from a bastion, mixes the two: the host's address with the bastion's
# port and user. Without delegate_to, a host that has no ansible_host has its name there.
# With Python 3.11, a host that has only an address, one that has only its name, and a bastion with an address, a port and a user:
#   web1, done by the bastion: 10.0.0.1, port 2222, user jump
#   web1: 10.0.0.1, port none, user none
#   web2, done by the bastion: 192.0.2.9, port 2222, user jump
#   web2: web2, port none, user none
# Exits 0 while that is so.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip -q install ansible-core==2.19.14 jinja2==3.1.6 cryptography==45.0.7 resolvelib==1.0.1
touch ansible.cfg
cat > inventory << 'END'
web1 ansible_host=10.0.0.1
web2
bastion ansible_host=192.0.2.9 ansible_port=2222 ansible_user=jump
END
cat > play.yml << 'END'
- hosts: web1,web2
  gather_facts: false
  vars:
    way: "{{ ansible_host }}, port {{ ansible_port | default('none') }}, user {{ ansible_user | default('none') }}"
  tasks:
    - ansible.builtin.debug:
        msg: "{{ inventory_hostname }}: {{ way }};"
    - ansible.builtin.debug:
        msg: "{{ inventory_hostname }}, done by the bastion: {{ way }};"
      delegate_to: bastion
END
env -u ANSIBLE_REMOTE_USER -u ANSIBLE_REMOTE_PORT ANSIBLE_CONFIG=ansible.cfg venv/bin/ansible-playbook -i inventory play.yml > log
sed -n 's/^ *"msg": "\(.*\);"$/\1/p' log | LC_ALL=C sort | tee output
cat > expected << 'END'
web1, done by the bastion: 10.0.0.1, port 2222, user jump
web1: 10.0.0.1, port none, user none
web2, done by the bastion: 192.0.2.9, port 2222, user jump
web2: web2, port none, user none
END
cmp output expected
