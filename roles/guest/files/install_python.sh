# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh
# Installs a Python with the system's package manager. POSIX sh, as root.
if command -v apt-get >/dev/null; then
  export DEBIAN_FRONTEND=noninteractive
  apt-get -q -o DPkg::Lock::Timeout=300 update
  exec apt-get -q -o DPkg::Lock::Timeout=300 install -y python3
fi
for tool in dnf yum; do
  command -v "$tool" >/dev/null || continue
  # What it is called depends on the release; the first that there is.
  for package in python3.11 python39 python3.9 python38 python3.8; do
    "$tool" install -y -q "$package" && exit 0
  done
done
echo "none of apt-get, dnf and yum could install a Python" >&2
exit 1
