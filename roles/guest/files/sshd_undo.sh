# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh
# Keeps a file of sshd's configuration while it is changed: sshd_undo.sh keep|undo|done FILE FOLDER UNIT SECONDS
#   keep  puts a copy into FOLDER, unless an interrupted run has left one, and undoes the change after SECONDS; prints "interrupted" if it has
#   undo  makes the file as it was, and reloads sshd; SECONDS is 0 where the timer does it
#   done  forgets the copy; fails where the timer came first
set -eu
what=$1 file=$2 folder=$3 unit=$4 seconds=$5
timer=alitrust-sshd-undo
undone=/run/alitrust-sshd-undone

# The timer may elapse at any time; what is under way is finished first.
exec 9> /run/alitrust-sshd-undo.lock
flock 9

stop() {
  systemctl stop "$timer.timer" "$timer.service" 2> /dev/null || :
  systemctl reset-failed "$timer.service" 2> /dev/null || :
}

# A folder of this name is complete, always.
forget() {
  rm -rf "$folder.gone"
  [ ! -d "$folder" ] || mv "$folder" "$folder.gone"
  rm -rf "$folder.gone"
}

case $what in
  keep)
    [ ! -d "$folder" ] || echo interrupted
    # Without a timer, as after a reboot, the copy may be old, and sshd has read what is there now: that has let this run in.
    systemctl is-active --quiet "$timer.timer" "$timer.service" || forget
    if [ ! -d "$folder" ]; then
      rm -rf "$folder.new"
      mkdir -m 0700 "$folder.new"
      [ ! -e "$file" ] || cp -p "$file" "$folder.new/before"
      cat > "$folder.new/undo.sh"
      mv "$folder.new" "$folder"
    fi
    stop
    rm -f "$undone"
    systemd-run --unit "$timer" --on-active "$seconds" sh "$folder/undo.sh" undo "$file" "$folder" "$unit" 0 < /dev/null > /dev/null
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
    # Even if the reload fails: the file is as it was.
    [ "$seconds" != 0 ] || : > "$undone"
    systemctl reload-or-restart "$unit"
    [ "$seconds" = 0 ] || stop
    forget
    ;;
  done)
    stop
    if [ -e "$undone" ]; then
      echo "the host had gone back to it by itself before this run was through; run it again, with more forks if there are many hosts" >&2
      exit 1
    fi
    forget
    ;;
esac
