# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # The variables by which the options of alitrust.ecs.cloud can be set: those of the playbooks.
    DOCUMENTATION = r"""
options:
  region:
    vars:
      - name: alitrust_region
      - name: alitrust_region_id
  endpoint_url:
    vars:
      - name: alitrust_endpoint_url
  access_key_id:
    vars:
      - name: alitrust_access_key_id
  access_key_secret:
    vars:
      - name: alitrust_access_key_secret
  security_token:
    vars:
      - name: alitrust_security_token
  profile:
    vars:
      - name: alitrust_profile
  ram_role_arn:
    vars:
      - name: alitrust_ram_role_arn
  ram_role_session_name:
    vars:
      - name: alitrust_ram_role_session_name
  ecs_ram_role:
    vars:
      - name: alitrust_ecs_ram_role
  oidc_provider_arn:
    vars:
      - name: alitrust_oidc_provider_arn
  oidc_token_file:
    vars:
      - name: alitrust_oidc_token_file
  credentials_uri:
    vars:
      - name: alitrust_credentials_uri
  http_proxy:
    vars:
      - name: alitrust_http_proxy
  https_proxy:
    vars:
      - name: alitrust_https_proxy
  no_proxy:
    vars:
      - name: alitrust_no_proxy
  ca_bundle:
    vars:
      - name: alitrust_ca_bundle
  api_timeout:
    vars:
      - name: alitrust_api_timeout
  api_calls_per_second:
    vars:
      - name: alitrust_api_calls_per_second
"""
