# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules of the default group and of the console's templates. Pure. Private.

Source: ECS Security guide, "In what scenarios do security groups use the default security group rules?": what each lets
in, from everybody and with priority 100, and that all outbound traffic is allowed. The templates are for advanced
groups, too, which take no priority but 1.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from .._cloud.errors import InvalidInput
from .._core import networks
from . import rule_options, traffic
from .outbound import LETS_OUT
from .rule import LOWEST_PRIORITY, NO_PORTS, Rule
from .services import SERVICES

#: Name -> what it lets in.
_LETS_IN: dict[str, tuple[str, ...]] = {
    "default": ("icmp", "ssh", "rdp"),
    "web_server_linux": ("http", "https", "ssh", "icmp"),
    "web_server_windows": ("http", "https", "rdp", "icmp"),
    "custom": (),
}
_LOGINS = {"ssh": "SSH (port 22)", "rdp": "RDP (port 3389)"}
_EVERYBODY = ("0.0.0.0/0",)

SPEC: dict[str, dict[str, t.Any]] = {
    "template": {"type": "str", "choices": list(_LETS_IN)},
    "template_cidr": {"type": "list", "elements": "str"},
    "template_login_cidr": {"type": "list", "elements": "str"},
    "template_web": {"type": "bool"},
}
#: What is nothing without a template.
NEEDS_TEMPLATE = {name: "template" for name in SPEC if name != "template"}


@dataclass(frozen=True)
class Template:
    """The template that a group is to have.

    :ivar cidr: for whom its rules are, as given
    :ivar login_cidr: for whom those of SSH and RDP are; None for C(cidr)
    :ivar web: whether the default rules let in HTTP and HTTPS, too
    """

    name: str
    cidr: tuple[str, ...] = _EVERYBODY
    login_cidr: tuple[str, ...] | None = None
    web: bool = False

    @classmethod
    def from_options(cls, options: t.Mapping[str, t.Any]) -> Template | None:
        if not options["template"]:
            return None
        cidr, login = options["template_cidr"], options["template_login_cidr"]
        return cls(
            options["template"],
            _EVERYBODY if cidr is None else tuple(cidr),
            None if login is None else tuple(login),
            bool(options["template_web"]),
        )

    def check(self) -> None:
        """:raises InvalidInput: naming option and rule"""
        for option, values in (("template_cidr", self.cidr), ("template_login_cidr", self.login_cidr)):
            if values is not None and not values:
                raise InvalidInput(
                    f"{option} is empty; expected at least one network.",
                    hint="To let nobody in, take template custom; to let everybody in, leave the option out.",
                )
            for value in values or ():
                rule_options.network(option, value)
        if self.web and self.name != "default":
            raise InvalidInput(
                f"template_web is for template default, not for {self.name}.",
                hint="The templates for web servers let in HTTP and HTTPS anyway, and template custom nothing.",
            )

    def rules(self, group_type: str, *, vpc: bool, outbound: bool) -> list[Rule]:
        """The rules that a group has by the template.

        :param outbound: whether the template is what says that everything may go out; a basic group needs no rule for
            that
        """
        found = []
        for service in (*_LETS_IN[self.name], *(("http", "https") if self.web else ())):
            logins = self.login_cidr if service in _LOGINS else None
            # Two ways to write a network are one rule.
            peers = dict.fromkeys(networks.network(value) for value in (self.cidr if logins is None else logins))
            for peer in peers:
                found += [
                    Rule(
                        "ingress",
                        protocol,
                        ports,
                        "cidr",
                        str(peer),
                        priority=1 if group_type == "enterprise" else LOWEST_PRIORITY,
                        nic_type="intranet" if vpc else "internet",
                    )
                    for protocol, ports in SERVICES.get(service, ((_icmp(peer.version), NO_PORTS),))
                ]
        if outbound and group_type == "enterprise":
            found.append(LETS_OUT)
        return found

    def warnings(self, label: str) -> t.Iterator[str]:
        """What a task should hear about it, besides what it does.

        :param label: what the group is called
        """
        yield from networks.notes("template_cidr", self.cidr)
        yield from networks.notes("template_login_cidr", self.login_cidr or ())
        ports = {ports: service for service in _LOGINS for _protocol, ports in SERVICES[service]}
        open_to_all = [
            _LOGINS[ports[rule.ports]]
            for rule in self.rules("normal", vpc=True, outbound=False)
            if rule.ports in ports and traffic.is_world(rule)
        ]
        if open_to_all:
            yield (
                f"The template {self.name} lets everybody in the internet reach the members of security group {label} "
                f"by {' and '.join(dict.fromkeys(open_to_all))}. Say with template_login_cidr from which networks you "
                "log in; rules that are there already stay until alitrust.ecs.sg_rule removes them."
            )


def _icmp(version: int) -> str:
    return "icmp" if version == 4 else "icmpv6"
