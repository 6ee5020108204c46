# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh
# Prints the first of the given interpreters that is at least Python $1.$2, or nothing: find_python.sh MAJOR MINOR PYTHON...
# POSIX sh: this runs where nothing else does.
oldest="($1, $2)"
shift 2
for python in "$@"; do
  path=$(command -v "$python") || continue
  if "$path" -c "import sys; sys.exit(sys.version_info < $oldest)" 2>/dev/null; then
    echo "python=$path"
    exit 0
  fi
done
