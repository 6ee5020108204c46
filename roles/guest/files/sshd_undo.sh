# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh
# Keeps a file of sshd's configuration while it is changed: sshd_undo.sh keep|undo|done FILE FOLDER UNIT SECONDS
#   keep  puts a copy into FOLDER, unless an interrupted run has left one, and undoes the change after SECONDS; prints "interrupted" if it has
#   undo  makes the file as it was, and reloads sshd
#   done  forgets the copy
set -eu
what=$1 file=$2 folder=$3 unit=$4 seconds=$5
timer=alitrust-sshd-undo

stop() {
  systemctl stop "$timer.timer" 2>/dev/null || :
  systemctl reset-failed "$timer.service" 2>/dev/null || :
}

case $what in
  keep)
    if [ -d "$folder" ]; then
      echo interrupted
    else
      rm -rf "$folder.new"
      mkdir -m 0700 "$folder.new"
      [ ! -e "$file" ] || cp -p "$file" "$folder.new/before"
      cat > "$folder.new/undo.sh"
      mv "$folder.new" "$folder"
    fi
    stop
    systemd-run --quiet --unit "$timer" --on-active "$seconds" sh "$folder/undo.sh" undo "$file" "$folder" "$unit" 0 < /dev/null
    ;;
  undo)
    [ -d "$folder" ] || exit 0
    if [ -e "$folder/before" ]; then
      # sshd reads no file of this name.
      cp -p "$folder/before" "$file.undo"
      mv "$file.undo" "$file"
    else
      rm -f "$file"
    fi
    systemctl reload "$unit"
    [ "$seconds" = 0 ] || stop
    rm -rf "$folder"
    ;;
  done)
    stop
    rm -rf "$folder"
    ;;
esac
