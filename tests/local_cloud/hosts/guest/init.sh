# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh
# What becomes process 1 of a host, started by ../machine.py in fresh namespaces (never by hand):
# builds the root file system, waits for its network link, hands over to systemd.
set -eu

cd "$HOST_DISK"
mount --bind root root
for directory in $HOST_OVERLAYS; do
    mount -t overlay -o "lowerdir=/$directory,upperdir=overlay/$directory/upper,workdir=overlay/$directory/work" \
        overlay "root/$directory"
done
mount -t tmpfs -o mode=0755,nosuid,nodev tmpfs root/run
mount -t tmpfs -o mode=0755,nosuid tmpfs root/dev
for device in null zero full random urandom tty; do
    : > "root/dev/$device"
    mount --bind "/dev/$device" "root/dev/$device"
done
mkdir root/dev/pts root/dev/shm root/dev/mqueue root/run/lock root/run/local-cloud
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts root/dev/pts
mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs root/dev/shm
mount -t mqueue -o nosuid,nodev,noexec mqueue root/dev/mqueue
if [ -d tpm/door ]; then
    mkdir root/run/local-cloud/tpm
    mount --bind tpm/door root/run/local-cloud/tpm
fi
ln -s pts/ptmx root/dev/ptmx
ln -s /proc/self/fd root/dev/fd
ln -s /proc/self/fd/0 root/dev/stdin
ln -s /proc/self/fd/1 root/dev/stdout
ln -s /proc/self/fd/2 root/dev/stderr

# The kernel's own settings belong to the controller: only those of the host's network are writable.
mount -t proc -o nosuid,nodev,noexec proc root/proc
mount --bind root/proc/sys root/proc/sys
mount -o remount,bind,ro root/proc/sys
mount --bind root/proc/sys/net root/proc/sys/net
mount -o remount,bind,rw root/proc/sys/net
for private in sysrq-trigger kcore keys kmsg timer_list; do
    [ ! -e "root/proc/$private" ] || mount --bind /dev/null "root/proc/$private"
done
printf '%s\n' "$HOST_BOOT_ID" > root/run/local-cloud/boot_id
mount --bind root/run/local-cloud/boot_id root/proc/sys/kernel/random/boot_id
mount -t sysfs -o ro,nosuid,nodev,noexec sysfs root/sys
mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 root/sys/fs/cgroup

hostname "$HOST_NAME"
echo built
read -r _  # eth0 is plugged in
ip link set lo up
ip addr add "$HOST_ADDRESS" dev eth0
ip link set eth0 up
ip route add default via "$HOST_GATEWAY" dev eth0 onlink

cd root
pivot_root . .
umount -l .
exec env -i container=local-cloud PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    setpriv --bounding-set="$HOST_CAPABILITIES" /lib/systemd/systemd </dev/null >&2
