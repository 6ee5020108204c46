# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  region:
    description:
      - The region to work in, for example V(cn-hangzhou).
      - Defaults to the environment variable E(ALIBABA_CLOUD_REGION), then to C(region_id) of the profile of the Alibaba
        Cloud CLI, where credentials may come from that (O(profile), or no credential option at all).
    type: str
    aliases: [region_id]
  endpoint_url:
    description:
      - Sends the calls of every product to this address instead of Alibaba Cloud, for example to the local cloud.
      - Defaults to the environment variable E(ALIBABA_CLOUD_ENDPOINT_URL).
      - The environment variable E(ALITRUST_CONNECTION_FILE) names a JSON file whose C(endpoint_url), C(region),
        C(ca_bundle), C(access_key_id), C(access_key_secret) and C(security_token) count where a task gives none. They
        go before all other environment variables. The local cloud writes such a file, and one for HTTPS. A file that
        can't be read is an error.
    type: str
  access_key_id:
    description:
      - The AccessKey ID. A blank value counts as not given, here and in all options below.
      - When no credential option is given, the chain of the official SDK decides. That is the environment
        (E(ALIBABA_CLOUD_ACCESS_KEY_ID), E(ALIBABA_CLOUD_ACCESS_KEY_SECRET), E(ALIBABA_CLOUD_SECURITY_TOKEN)), OIDC, the
        profile of the CLI, the credentials file, the RAM role of the ECS instance, the credentials URI.
      - Blanks and line breaks around a credential do not count, wherever it comes from.
    type: str
  access_key_secret:
    description: The AccessKey secret.
    type: str
  security_token:
    description: The security token of temporary credentials.
    type: str
  profile:
    description: Name of a profile of the Alibaba Cloud CLI.
    type: str
  ram_role_arn:
    description: ARN of a RAM role to assume with the credentials found otherwise.
    type: str
  ram_role_session_name:
    description: Name of the session when O(ram_role_arn) is assumed. The default is V(alitrust-ecs).
    type: str
  ecs_ram_role:
    description: Name of the RAM role of the ECS instance that the task runs on.
    type: str
  oidc_provider_arn:
    description: ARN of the OIDC identity provider. Needs O(ram_role_arn) and O(oidc_token_file).
    type: str
  oidc_token_file:
    description: File that holds the OIDC token.
    type: path
  credentials_uri:
    description: Address that hands out temporary credentials.
    type: str
  http_proxy:
    description:
      - Address of the proxy for calls over C(http), for example V(http://user:password@proxy.example.com:3128).
      - Defaults to the environment variable E(ALIBABA_CLOUD_HTTP_PROXY), then to E(http_proxy), E(HTTP_PROXY) and
        E(all_proxy), as the Python package C(requests) reads them. A call is anything that a task asks of Alibaba
        Cloud, of STS, or of O(credentials_uri).
    type: str
  https_proxy:
    description:
      - Address of the proxy for calls over C(https), which is what Alibaba Cloud's own endpoints take.
      - Defaults to the environment variable E(ALIBABA_CLOUD_HTTPS_PROXY), then to E(https_proxy), E(HTTPS_PROXY) and
        E(all_proxy).
    type: str
  no_proxy:
    description:
      - What is called without a proxy, with commas between. That is names of hosts, ends of names, addresses and
        networks such as V(10.0.0.0/8), the first three with or without a port, or V(*) for all.
      - Defaults to the environment variable E(ALIBABA_CLOUD_NO_PROXY), then to E(no_proxy) or E(NO_PROXY).
      - What is at this very machine (V(localhost), loopback addresses, the metadata service) is never called through a
        proxy.
    type: str
  ca_bundle:
    description:
      - File with certificates in the form PEM, or a folder of such files, that are trusted besides those of the system.
        A proxy that looks into C(https) needs it.
      - Defaults to the environment variable E(ALIBABA_CLOUD_CA_BUNDLE), then to E(REQUESTS_CA_BUNDLE) or
        E(CURL_CA_BUNDLE).
    type: path
  api_timeout:
    description:
      - How long one call may take with all its repetitions, in seconds.
      - Calls that fail for a passing reason (throttling, a server error, a broken connection) are repeated with
        growing, random pauses within this budget. Where nobody listens at the address, they are for 10 seconds only.
      - A single try ends with the budget, too, but is given 5 seconds at least. Once a call was given up, the others of
        the task are repeated for 5 seconds only, until one is answered.
      - What is no answer of Alibaba Cloud, such as the page of a captive portal or of a gateway, counts as such a
        reason, and never as an empty list.
    type: int
    default: 120
  api_calls_per_second:
    description:
      - How many calls a second all tasks of this user may make together on this machine, with the same account and
        O(endpoint_url). That is all forks of a run, and all runs. Which number fits to the quotas of the account is in
        R(Ten thousand instances,ansible_collections.alitrust.ecs.docsite.scale).
      - A call waits for its turn before it is sent, and O(api_timeout) begins after that. The calls of one second may
        be made at once where none were made before.
      - Takes V(0.1) to V(1000). V(0) is no limit, and counts as not given.
      - Defaults to the environment variable E(ALITRUST_API_CALLS_PER_SECOND).
      - The account is told by O(ram_role_arn), or else by the AccessKey ID, or by the option that says where
        credentials come from. Tasks that name the same account in different ways do not share.
      - The turns are kept in C(~/.ansible/alitrust_budgets), which nobody but the user may enter.
    type: float
    default: 0.0
requirements:
  - Python packages alibabacloud-tea-openapi and alibabacloud-credentials
"""
