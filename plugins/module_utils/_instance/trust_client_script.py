# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""User data that installs the trust client at an instance's first boot. Private.

For those who create instances by the API and do not let Ansible into them. The sites and their layout are those of
Alibaba Cloud's own installer.
"""

from __future__ import annotations

_SCRIPT = r"""#!/bin/sh
# Installs the Alibaba Cloud trust client. Written by alitrust.ecs.trusted_instance.
set -u
schemes="@SCHEMES@"
package=t-trustclient
metadata=http://100.100.100.200/latest

fail() { echo "$package: $*" >&2; exit 1; }
get() { curl --fail --silent --show-error --location --connect-timeout 5 --max-time 120 --retry 2 "$@"; }

installed() {
    case $format in
        deb) [ "$(dpkg-query --show --showformat '${db:Status-Status}' $package 2>/dev/null)" = installed ] ;;
        rpm) rpm --query --quiet $package ;;
    esac
}

install_package() {
    case $format in
        deb) DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 install -y "$1" ;;
        rpm) yum install -y "$1" ;;
    esac
}

bring() {  # from one site: the newest version, checked against the published sum, which finds damage, not forgery
    version=$(get "$1/version/$machine/last" | tr -d '[:space:]') || return 1
    case $version in ''|*[!0-9A-Za-z.+~-]*) return 1 ;; esac
    name=$package-$version-$machine.$format
    path=download/linux/$folder/$machine/$version/$name
    get --output "$work/$name" "$1/$path" || return 1
    published=$(get "$1/$path.md5" | cut -c 1-32 | tr '[:upper:]' '[:lower:]') || return 1
    [ -n "$published" ] || return 1
    [ "$(md5sum "$work/$name" | cut -c 1-32)" = "$published" ] || { echo "$1/$path is damaged" >&2; return 1; }
    echo "$package $version from $1"
}

if command -v dpkg-query >/dev/null; then format=deb folder=ubuntu
elif command -v rpm >/dev/null; then format=rpm folder=centos
else fail "neither dpkg nor rpm is here"
fi
machine=$(uname -m)
if ! installed; then
    token=$(get --request PUT --header 'X-aliyun-ecs-metadata-token-ttl-seconds: 300' $metadata/api/token) ||
        fail "the metadata service gives no token"
    region=$(get --header "X-aliyun-ecs-metadata-token: $token" $metadata/meta-data/region-id) ||
        fail "the metadata service does not tell the region"
    case $region in ''|*[!a-z0-9-]*) fail "the region is '$region'" ;; esac
    work=$(mktemp -d) || fail "no temporary folder"
    trap 'rm -rf "$work"' EXIT
    chmod 755 "$work"
    for scheme in $schemes; do
        for site in trustclient-$region.oss-$region-internal trustclient-$region.oss-$region \
                    t-trustclient-$region.oss-$region-internal; do
            if bring "$scheme://$site.aliyuncs.com" && install_package "$work/$name"; then break 2; fi
        done
    done
    installed || fail "no site gave a package that could be installed"
fi
systemctl enable --now $package.service || fail "the service does not start"
echo "$package is installed and runs"
"""


def script(allow_http: bool) -> str:
    """The script, which asks the sites by TLS first.

    :param allow_http: whether to ask by plain HTTP where no site answers by TLS; whoever is on the way may then choose
        what is installed
    """
    return _SCRIPT.replace("@SCHEMES@", "https http" if allow_http else "https")
