# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why a session is over, in words that say what to do. Pure, and private to this collection."""

from __future__ import annotations

from .._cloud.errors import AlitrustError

#: What the port's own end is called.
REGULAR = ("Ok", "Exit")


class SessionError(AlitrustError):
    """A session that did not come about, or ended before its time."""


_AGENT = (
    "Is Cloud Assistant running in the instance, and does it reach Alibaba Cloud? alitrust.ecs.session_manager_info "
    "tells which agents are online."
)
_PORT = (
    "Does the SSH server run there, and on this port? No security group is in the way: the agent connects from inside "
    "the instance. The option port (ansible_port) names another port."
)
_REASONS: dict[str, tuple[str, str]] = {
    "Open_port_failed": ("Nothing listens on this port of the instance.", _PORT),
    "Read_port_failed": ("The connection inside the instance, from the agent to the port, broke.", _PORT),
    "IO_port_failed": ("The connection inside the instance, from the agent to the port, broke.", _PORT),
    "FlowExceedLimit": (
        "Session Manager cut the session off, because more was sent than its speed allows.",
        "Try again, and tell us: the tunnel paces itself to the speed that the service has set.",
    ),
    "AgentTimeout": ("The agent in the instance heard nothing for too long, or is gone.", _AGENT),
    "InitChannelFailed": ("The agent in the instance could not begin the session.", _AGENT),
    "OpenChannelFailed": ("The agent in the instance could not begin the session.", _AGENT),
    "ProcessDataError": (
        "The agent in the instance did not understand what was sent.",
        "An agent that is up to date helps, perhaps.",
    ),
    "SessionIdDuplicated": ("Something else has used the address of this session.", "Try again."),
    "Exit": ("The session was ended from elsewhere.", "Somebody may have called EndTerminalSession."),
    "Ok": ("The port was closed before the SSH server had spoken.", _PORT),
}


def closed(reason: str, opened: bool) -> SessionError:
    """The service has closed the session.

    :param opened: whether the SSH server had spoken before
    """
    text, hint = _REASONS.get(reason, ("Session Manager closed the session.", ""))
    told = f" Session Manager says {reason}." if reason else ""
    return SessionError(f"{text}{told}", hint=hint, reason=reason, opened=opened)


def agent_failed(opened: bool) -> SessionError:
    """The way from the service to the agent is broken."""
    what = "was lost" if opened else "did not come about"
    return SessionError(f"The connection of Session Manager to the agent in the instance {what}.", hint=_AGENT)


def no_answer(seconds: float) -> SessionError:
    """The server said nothing."""
    return SessionError(
        f"Through the session, the SSH server said nothing within {seconds:.0f} s.",
        hint=f"{_PORT} A slow start needs a longer session_timeout.",
    )


def not_understood(why: str) -> SessionError:
    """What came is no message."""
    return SessionError(
        f"What came through the session is no message of Session Manager: {why}.", hint="Is a proxy in between?"
    )


def broken(why: str, opened: bool) -> SessionError:
    """The WebSocket connection ended without a word, or did not come about."""
    what = "broke" if opened else "did not come about"
    return SessionError(f"The WebSocket connection to Session Manager {what}: {why}.", hint="Check the network.")
