# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Elastic Compute Service, version 2014-05-26."""

from __future__ import annotations

from local_cloud.services.ecs import (  # noqa: F401  (importing registers the operations)
    account_attributes,
    assistant_agents,
    assistant_settings,
    cloud_assistant,
    data_disks,
    disk_changes,
    disks,
    events,
    images,
    instances,
    interfaces,
    keypairs,
    launch,
    network,
    network_spec,
    older_tags,
    power,
    prefix_lists,
    ram_role,
    rules,
    security_groups,
    send_file,
    snapshots,
    stock,
    tags,
    terminal_sessions,
)
