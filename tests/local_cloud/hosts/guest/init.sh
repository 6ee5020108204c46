# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh
# What becomes process 1 of a host, started by ../machine.py in fresh namespaces (never by hand):
# builds the root file system, waits for its network link, hands over to systemd.
set -eu

cd "$HOST_DISK"
root=$HOST_DISK/root

# One process of mount for many mounts, in this order: starting one for each takes longer than mounting.
{
    echo "$root $root none bind"
    for directory in $HOST_OVERLAYS; do
        own=overlay/$directory
        echo "overlay $root/$directory overlay lowerdir=/$directory,upperdir=$own/upper,workdir=$own/work"
    done
    echo "tmpfs $root/run tmpfs mode=0755,nosuid,nodev"
    echo "tmpfs $root/dev tmpfs mode=0755,nosuid"
    echo "proc $root/proc proc nosuid,nodev,noexec"
    # The kernel's own settings belong to the controller: only those of the host's network are writable, see below.
    echo "$root/proc/sys $root/proc/sys none bind,ro"
    echo "$root/proc/sys/net $root/proc/sys/net none bind"
    for private in sysrq-trigger kcore keys kmsg timer_list; do
        [ ! -e "/proc/$private" ] || echo "/dev/null $root/proc/$private none bind"
    done
    echo "sysfs $root/sys sysfs ro,nosuid,nodev,noexec"
    echo "cgroup2 $root/sys/fs/cgroup cgroup2 nosuid,nodev,noexec"
} > mounts
mount --all --fstab mounts
mount -o remount,bind,rw root/proc/sys/net

mkdir root/dev/pts root/dev/shm root/dev/mqueue root/run/lock root/run/local-cloud
printf '%s\n' "$HOST_BOOT_ID" > root/run/local-cloud/boot_id
{
    for device in null zero full random urandom tty; do
        : > "root/dev/$device"
        echo "/dev/$device $root/dev/$device none bind"
    done
    echo "devpts $root/dev/pts devpts newinstance,ptmxmode=0666,mode=0620,gid=5"
    echo "tmpfs $root/dev/shm tmpfs mode=1777,nosuid,nodev"
    echo "mqueue $root/dev/mqueue mqueue nosuid,nodev,noexec"
    if [ -d tpm/door ]; then
        mkdir root/run/local-cloud/tpm
        echo "$HOST_DISK/tpm/door $root/run/local-cloud/tpm none bind"
    fi
    echo "$root/run/local-cloud/boot_id $root/proc/sys/kernel/random/boot_id none bind"
} > mounts
mount --all --fstab mounts
rm mounts
ln -s pts/ptmx root/dev/ptmx
ln -s /proc/self/fd root/dev/fd
ln -s /proc/self/fd/0 root/dev/stdin
ln -s /proc/self/fd/1 root/dev/stdout
ln -s /proc/self/fd/2 root/dev/stderr

hostname "$HOST_NAME"
echo built
read -r _  # eth0 is plugged in
ip -batch - << END
link set lo up
addr add $HOST_ADDRESS dev eth0
link set eth0 up
route add default via $HOST_GATEWAY dev eth0 onlink
END

cd root
pivot_root . .
umount -l .
exec env -i container=local-cloud PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    setpriv --bounding-set="$HOST_CAPABILITIES" /lib/systemd/systemd </dev/null >&2
