# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Session Manager of Cloud Assistant: the WebSocket service between a caller and the agent in an instance.

The operations that open and list sessions are in ``services/ecs/terminal_sessions.py``.
"""
