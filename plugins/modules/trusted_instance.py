#!/usr/bin/python
# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: trusted_instance
short_description: Manage trusted ECS instances, one or a fleet
version_added: 1.0.0
description:
  - Creates ECS instances, one or exactly as many as wanted, keeps their attributes, starts, stops, restarts and
    deletes them.
  - Instances are trusted ones unless O(trusted_mode) says otherwise. What a trusted instance needs (KMS, a family
    with a vTPM, an image, an ESSD system disk, a RAM role) is checked before anything is created, in check mode too,
    and everything that is missing is named at once.
  - An instance belongs to a fleet by the tag C(alitrust.ecs:owner). The module changes and deletes only instances
    that carry it, or that are named by O(instance_ids). A name alone proves nothing; see O(adopt).
  - A task that is run again after it was interrupted, at whatever moment, does not create instances twice.
  - An option that is not given is neither compared nor changed.
notes:
  - Alibaba Cloud never tells whether an instance was created in trusted mode, so the module cannot find a difference
    there. Evidence is the system tag C(acs:ecs:supportVtpm) (see RV(instances[].trusted)), the device C(/dev/tpm0) in
    the instance, and the verdict of the trusted service.
  - User data and O(security_enhancement_strategy) are used at creation and not compared afterwards. No password can be
    set here, see M(alitrust.ecs.keypair). The one costs a
    call for each instance to read, the other is never told by the API.
  - The families known to support trusted mode are g6t, c6t and r6t (a trusted image makes the instance trusted); g7t,
    c7t and r7t (with SGX); g7, c7, r7, g8i, c8i, r8i, g8a, c8a, r8a, g8ine, c8ine, g9ae, i5g, gn8v and gn8is. All but
    the first three are created with C(TrustedSystemMode) and an image that boots by UEFI.
  - Disks are encrypted by default, which is free. What it costs is freedom later. A disk cannot be decrypted, snapshots
    and images of it are encrypted, too, and those with the service key cannot be shared with other accounts before they
    are copied with a key of one's own. For images to be shared give O(system_disk.kms_key_id), or
    O(system_disk.encrypted=false).
  - With an instance go its system disk, the data disks that Alibaba Cloud shows with C(DeleteWithInstance) (of those in
    O(data_disks), the ones with O(data_disks[].delete_with_instance)), the network interfaces with C(DeleteOnRelease),
    its public address, and the automatic snapshots of deleted disks with C(DeleteAutoSnapshot). Other disks, elastic IP
    addresses, other network interfaces and the snapshots that somebody made stay, and cost what they cost.
  - A data disk or secondary network interface that would go with an instance and does not carry the tag
    C(alitrust.ecs:owner) was attached by somebody else. The instance is then not deleted; see O(adopt) and
    O(leave_others).
author:
  - alitrust.ecs authors (@alitrust)
extends_documentation_fragment:
  - alitrust.ecs.cloud
  - alitrust.ecs.foretold
  - alitrust.ecs.trust
  - alitrust.ecs.trust.property
  - alitrust.ecs.attributes
  - alitrust.ecs.ownership
attributes:
  idempotent:
    description: A second run with the same options changes nothing.
    support: partial
    details:
      - With O(state=restarted) every run restarts.
options:
  name:
    description:
      - The name of the instance, or a pattern for the names of a fleet in the API's form C(prefix[begin,bits]suffix).
        V(web-[1,3]) stands for V(web-001), V(web-002) and so on. C(begin) is the first number, C(bits) the number of
        digits (1 to 6).
      - A plain name together with O(count) means the same as the name with V(-[1,3]) behind it.
      - New instances get the lowest free numbers. Instances of the fleet with another name get one of the pattern.
      - 2 to 128 letters (of any script), digits, colons, underscores, periods and hyphens, beginning with a letter.
    type: str
  count:
    description:
      - How many instances the fleet has, exactly. V(0) is possible. Needs O(name).
      - What is missing is created. What is too much is only deleted with O(remove_surplus=true).
      - Without O(count), a plain O(name) is one instance.
    type: int
  fleet:
    description:
      - Which fleet the instances belong to. It is the value of the tag C(alitrust.ecs:owner).
      - The default is O(name), of a pattern what is left without the number (V(web) for V(web-[1,3])).
      - Given without O(name), the task works with all instances that the fleet has and creates none.
      - Given with a plain O(name) and without O(count), only the instance with that name is meant.
    type: str
  instance_ids:
    description: Work with these instances, instead of O(name) and O(fleet). None is created.
    type: list
    elements: str
  state:
    description:
      - V(present) makes sure that the instances exist, whatever their power state. New ones are started.
      - V(running) and V(stopped) make sure of the power state as well.
      - V(restarted) restarts the instances that run and starts those that are stopped, every time.
      - V(absent) deletes the instances and waits until they are gone. Running ones are shut down first. Protected
        ones are refused before anything is deleted, unless O(deletion_protection=false) is given. See the notes for
        what goes with them.
    type: str
    choices: [present, running, stopped, restarted, absent]
    default: present
  adopt:
    description:
      - Take over instances whose name fits O(name) and that do not carry the tag C(alitrust.ecs:owner), by setting it.
        Without it, such instances are an error.
      - With O(state=absent), also delete instances that do not carry the tag, and delete with an instance what others
        attached to it.
    type: bool
    default: false
  leave_others:
    description:
      - With O(state=absent), leave alone instances of others, and those with which something of others would be
        deleted, and say so in RV(kept). Without it, they are an error. The same goes for O(remove_surplus).
      - The roles of this collection set it.
    type: bool
    default: false
  remove_surplus:
    description:
      - Delete instances of the fleet that are more than O(count). Those without a fitting name go first, then the
        highest numbers.
      - Without it, instances that are too many are an error.
    type: bool
    default: false
  trusted_mode:
    description:
      - Whether new instances are trusted ones. Families that ask for it are created with
        C(SecurityOptions.TrustedSystemMode=vTPM), the older ones (g6t, c6t, r6t) become trusted by their image.
      - It can be chosen at creation only.
    type: bool
    default: true
  trusted_families:
    description:
      - What instance families need to be trusted, in addition to what the module knows (see the notes) and instead of
        it. The keys are families, for example C(g9i).
      - A value is V(parameter) for families whose creation needs C(TrustedSystemMode), V(image) for those where a
        trusted image is enough, V(none) for those that do not support trusted mode.
      - Or it is a dictionary of C(mode) (one of these three), C(image) (V(trusted) or V(uefi), the images that fit),
        C(sgx) (whether the family has SGX) and C(generation) (a number).
    type: dict
    default: {}
  trust_service:
    description:
      - Who attests the instances. V(alibaba_cloud) is the trusted service of Alibaba Cloud, which needs a RAM role
        (O(ram_role_name), now or later) and the trust client in the instance.
      - V(self_managed) is an attestation system of your own. The instances get a vTPM as well, but neither a role nor
        the trust client is needed, nothing is said about their lack, and nothing waits for a verdict.
    type: str
    choices: [alibaba_cloud, self_managed]
    default: alibaba_cloud
  sgx:
    description: Refuse instance types whose family is not known to support SGX.
    type: bool
    default: false
  secure_boot:
    description:
      - Whether new instances boot by UEFI Secure Boot, which the instance type and the image have to support. It can be
        chosen at creation only, and is compared afterwards where the API tells it.
    type: bool
  instance_type:
    description: The instance type, for example V(ecs.g7t.large). Needed to create, compared afterwards.
    type: str
  instance_types:
    description:
      - The instance types that will do, the preferred one first, instead of O(instance_type). 1 to 10.
      - All instances that one call creates have the same type, in the same vSwitch. The first type is tried in each of
        O(vswitch_ids), then the second, and so on, each once. A place without stock or without free addresses is passed
        over; RV(placements) tells which and why. Every other refusal fails the task.
      - An instance with any of the types is as wanted, so a fleet that is spread over them needs no replacement.
    type: list
    elements: str
  image_id:
    description: The image. Needed to create, compared afterwards. A trusted instance needs a trusted or UEFI image.
    type: str
  image_family:
    description:
      - Create from the newest image of this family that fits, instead of O(image_id). It has to be available, all of
        O(instance_types) have to be able to boot it, and in trusted mode it has to boot by UEFI or to be published as
        trusted, as the family needs it.
      - It is looked up only when instances are created, and not compared afterwards. A newer image in the family does
        not make the instances of a fleet wrong.
    type: str
  image_name:
    description:
      - The same by the image's name, in which C(*) stands for any text. With O(image_family), both have to fit.
    type: str
  image_owner:
    description:
      - Whose images are looked up for O(image_family) and O(image_name).
      - Without it, the public ones of Alibaba Cloud and those of the account. Anybody may publish an image under any
        name, so others have to be asked for.
    type: str
    choices: [system, self, others, marketplace]
  vswitch_id:
    description: The vSwitch. Needed to create, compared afterwards.
    type: str
  vswitch_ids:
    description:
      - The vSwitches that will do, the preferred one first, instead of O(vswitch_id). 1 to 10, all in the VPC of the
        security groups. See O(instance_types).
      - Up to 100 instances are created by one call. Each call goes to the first vSwitch that has enough free addresses
        for it; where one has none left for a call, nothing is created.
    type: list
    elements: str
  vswitch_names:
    description: The same by the names of the vSwitches, instead of O(vswitch_ids).
    type: list
    elements: str
  zone_id:
    description: The zone. It follows from O(vswitch_id); when it is given too, both are compared.
    type: str
  security_group_ids:
    description:
      - The security groups that each instance is in, all of them. Needed to create.
      - They are changed as a whole, so an instance is never without a group. That they exist, are of the VPC of the
        instances and all basic or all advanced is proved before.
    type: list
    elements: str
  security_group_names:
    description:
      - The same by the names of the groups, instead of O(security_group_ids). They are looked up in the VPC of the
        vSwitches, or else of the instances.
    type: list
    elements: str
  key_name:
    description:
      - The key pair, for Linux only. Another one is replaced, once it is proved that this one exists. That takes effect
        at the next restart; see O(restart_if_needed).
    type: str
  ram_role_name:
    description:
      - The RAM role. Another one is replaced, without a restart, once it is proved that this one exists and that ECS
        may assume it. Where it is refused all the same, the other one is attached again.
      - It can be attached to instances that were created without one; the trust client reports as soon as it finds the
        role.
    type: str
  system_disk:
    description:
      - The system disk. Of an existing one, what is given is kept. It grows, and it changes its category and its
        performance level in place. What cannot be had so (a smaller disk, another key) is in RV(needs_replacement).
      - A disk grows while the instance runs. Its partition and file system grow in the instance only.
    type: dict
    suboptions:
      category:
        description: The category. A trusted instance needs V(cloud_essd), which new disks have without it.
        type: str
      size:
        description: GiB. Without it, 40 or the size of the image.
        type: int
      performance_level:
        description: Performance level of an ESSD. V(PL1) without it.
        type: str
        choices: [PL0, PL1, PL2, PL3]
      encrypted:
        description:
          - Whether the disk is encrypted. That is decided when it is made.
          - New disks are, with the service key of ECS unless O(system_disk.kms_key_id) is given, and V(false) makes
            them without. See the notes for what that costs. Where KMS is off (which only instances without
            O(trusted_mode) can do without) or where Alibaba Cloud refuses, they are made without it, with a warning.
            Existing disks are left as they are unless the option is given.
          - The disk of an encrypted image of one's own has the key of the image.
        type: bool
      kms_key_id:
        description: The CMK to encrypt with, its ID or an alias (V(alias/disks)). Without it, the service key of ECS.
        type: str
  data_disks:
    description:
      - Data disks. Those of an existing instance are kept like O(system_disk), in the order of their devices where none
        is as wanted already. One that is missing is made, gets the tags of the instance, and is attached. None is taken
        away; too many are in RV(needs_replacement).
      - A data disk of an instance of the fleet counts where it carries the tag C(alitrust.ecs:owner). Where one is
        missing and another without the tag is attached, that is an error, unless O(adopt) is true, which counts it.
    type: list
    elements: dict
    suboptions:
      category:
        description: The category. New disks are V(cloud_essd) without it.
        type: str
      size:
        description: GiB. Needed where there is no O(data_disks[].snapshot_id).
        type: int
      performance_level:
        description: Performance level of an ESSD. V(PL1) without it.
        type: str
        choices: [PL0, PL1, PL2, PL3]
      encrypted:
        description:
          - Whether the disk is encrypted. New ones are by default, as O(system_disk.encrypted) says.
          - A disk from a snapshot is encrypted as that is.
        type: bool
      kms_key_id:
        description: The CMK to encrypt with, its ID or an alias (V(alias/disks)). Without it, the service key of ECS.
        type: str
      snapshot_id:
        description: The snapshot to make the disk from.
        type: str
      delete_with_instance:
        description: Whether the disk goes when the instance is deleted.
        type: bool
        default: true
  host_name:
    description:
      - The host name in the instance. It may hold C(${instance_id}).
      - With O(count) it may be a pattern like O(name); both then count together.
      - A change takes effect at the next restart; see O(restart_if_needed).
    type: str
  description:
    description: The description, 2 to 256 characters. It can be changed, but not cleared. An empty text is an error for
      an instance that has one.
    type: str
  user_data:
    description:
      - What the instance runs at its first boot, at most 32 KB, as plain text or encoded in Base64, which then may be
        packed by gzip. The module encodes it. Lines end as Linux ends them, whatever they ended with.
      - It has to begin with something that is run, which is C(#!), C(#cloud-config), C(#cloud-boothook), C(#include),
        C(#part-handler), C(## template:), the header of a MIME message, or for Windows C([bat]) or C([powershell]).
      - Not a place for secrets; everything in the instance can read it.
    type: str
  user_data_trust_client:
    description:
      - Install the trust client at the first boot by user data, as an alternative to the role
        P(alitrust.ecs.guest#role) for instances that Ansible does not log in to. Excludes O(user_data).
      - The script takes the region from the metadata service with a token, downloads the newest package from the
        region's OSS sites by TLS, compares its published checksum, installs it and starts the service. What it did
        is in C(/var/log/cloud-init-output.log).
    type: bool
    default: false
  user_data_allow_http:
    description:
      - Let O(user_data_trust_client) download by plain HTTP where no site answers by TLS. Whoever is on the way may
        then choose what is installed as root; the sites are published with plain HTTP addresses only.
    type: bool
    default: false
  http_endpoint:
    description: Whether the metadata service answers in the instance.
    type: str
    choices: [enabled, disabled]
  http_tokens:
    description:
      - V(required) makes the metadata service answer only those who fetched a token (IMDSv2).
      - Instances are created with V(required) unless V(optional) is given, which brings a warning. Existing ones are
        left as they are unless the option is given.
    type: str
    choices: [optional, required]
  deletion_protection:
    description:
      - Whether the instances are protected against deletion.
      - With O(state=absent) and with O(remove_surplus), V(false) switches the protection off and deletes.
    type: bool
  security_enhancement_strategy:
    description:
      - Whether the agent of Security Center is installed at creation. V(Active) is for public images only.
    type: str
    choices: [Active, Deactive]
  internet_max_bandwidth_out:
    description:
      - Outgoing bandwidth to the internet in Mbit/s, 0 to 100. Above 0 an instance is created with a public address,
        and an existing one without an address gets one.
      - Alibaba Cloud takes one change of bandwidth in five minutes. The bandwidth of an elastic IP address is its own.
    type: int
  internet_charge_type:
    description: How bandwidth is paid for. It is changed in place, together with O(internet_max_bandwidth_out).
    type: str
    choices: [PayByTraffic, PayByBandwidth]
  tags:
    description: The tags. The ownership tag and tags of the system (C(acs:)) are left alone.
    type: dict
  purge_tags:
    description: Whether tags that are not in O(tags) are removed. Does nothing when O(tags) is not given.
    type: bool
    default: true
  on_needs_replacement:
    description:
      - What to do when an instance differs in something that cannot be changed (image, type, vSwitch, smaller or fewer
        disks, encryption). Nothing is ever replaced.
      - V(warn) warns and returns RV(needs_replacement), V(fail) fails before anything is changed.
    type: str
    choices: [warn, fail]
    default: warn
  restart_if_needed:
    description:
      - Restart running instances whose new key pair, host name or larger disk would not take effect otherwise.
      - With O(state=stopped), start and stop again instances that are stopped in another mode than O(stopped_mode).
    type: bool
    default: false
  stopped_mode:
    description:
      - V(StopCharging) stops paying for CPU and memory of stopped instances, which may then not start again for lack
        of stock.
      - The mode is chosen when an instance is stopped. One that is stopped already in another mode is warned about, or
        started and stopped again with O(restart_if_needed).
    type: str
    choices: [KeepCharging, StopCharging]
  force:
    description: Cut the power instead of shutting the operating system down, when stopping, restarting and deleting.
    type: bool
    default: false
  wait:
    description: Wait until the instances are as wanted.
    type: bool
    default: true
  wait_timeout:
    description: How long to wait, in seconds. When it runs out, the task fails and tells the last state seen.
    type: int
    default: 600
  wait_for_ssh:
    description:
      - Also wait until an SSH server greets on every instance, seen from where the module runs.
      - After 30 seconds without an answer a line says what is likely the reason, and when O(wait_timeout) runs out the
        task fails with it, which is whether the instance runs, which rule its security groups lack (as
        M(alitrust.ecs.sg_access_info) finds out), and whether the address is a private one.
    type: bool
    default: false
  ssh_port:
    description: The port for O(wait_for_ssh).
    type: int
    default: 22
  ssh_address:
    description:
      - The address for O(wait_for_ssh). Without it, the public one where there is one, else the private one.
      - V(session) is for the connection P(alitrust.ecs.session#connection), which needs no address. It waits until the
        Cloud Assistant agent of every instance is online and knows Session Manager. Before anything is done it looks
        whether Session Manager is on in the account; M(alitrust.ecs.session_manager) switches it on.
    type: str
    choices: [private, public, session]
  wait_for_trusted:
    description:
      - Also wait until the trusted server calls every instance trusted. Reports from before an instance was started by
        this task do not count.
      - When it runs out, the task fails and names those that are not trusted, and what was found out about the reason,
        which is whether they run, whether a RAM role is attached, and whether it lets them report.
    type: bool
    default: false
  trust_timeout:
    description: How long to wait for O(wait_for_trusted), in seconds. A trust client reports first after about 300 s.
    type: int
    default: 900
  trust_probe:
    description:
      - When O(wait_for_trusted) runs out, also look into the instances by a command of Cloud Assistant, which is
        whether the trust client runs, a TPM is there, and the trusted server can be reached.
    type: bool
    default: false
seealso:
  - module: alitrust.ecs.trusted_instance_info
  - module: alitrust.ecs.kms_service
  - module: alitrust.ecs.instance_ram_role
  - module: alitrust.ecs.keypair
  - module: alitrust.ecs.security_group
  - ref: ansible_collections.alitrust.ecs.docsite.trusted_instances
    description: >-
      What makes an instance trusted, and what the verdicts mean.
      The role P(alitrust.ecs.fleet#role) makes a fleet with its key pair.
"""

EXAMPLES = r"""
- name: Have a fleet of three trusted instances
  alitrust.ecs.trusted_instance:
    region: cn-hangzhou
    name: web-[1,3]
    count: 3
    instance_type: ecs.g7t.large
    image_id: aliyun_3_x64_20G_uefi_alibase_20240528.vhd
    vswitch_id: vsw-bp1s5fnvk4gn2tws03624
    security_group_ids: [sg-bp15ed6xe1yxeycg7o63]
    ram_role_name: AliyunECSInstanceForYundunSysTrustRole
    key_name: web
    security_enhancement_strategy: Active
    tags:
      env: test

- name: Have one instance, named bastion, that nobody releases by accident
  alitrust.ecs.trusted_instance:
    region: cn-hangzhou
    name: bastion
    instance_type: ecs.g7t.large
    image_id: aliyun_3_x64_20G_uefi_alibase_20240528.vhd
    vswitch_id: vsw-bp1s5fnvk4gn2tws03624
    security_group_ids: [sg-bp15ed6xe1yxeycg7o63]
    key_name: web
    deletion_protection: true

- name: Have a sixth-generation instance, which a trusted image makes trusted
  alitrust.ecs.trusted_instance:
    region: cn-hangzhou
    name: archive
    instance_type: ecs.c6t.large
    image_id: aliyun_2_1903_x64_20G_secured_alibase_20210120.vhd
    vswitch_id: vsw-bp1s5fnvk4gn2tws03624
    security_group_ids: [sg-bp15ed6xe1yxeycg7o63]

- name: Take the newest UEFI image, and whichever type and zone has stock
  alitrust.ecs.trusted_instance:
    region: cn-hangzhou
    name: shop-[1,3]
    count: 2
    instance_types: [ecs.g7t.large, ecs.g8i.large]
    image_name: aliyun_3_x64_20G_uefi_alibase_*
    image_owner: system
    vswitch_ids: [vsw-bp1s5fnvk4gn2tws03624, vsw-bp1gw6vm5y3o7u2j9****]
    security_group_ids: [sg-bp15ed6xe1yxeycg7o63]

- name: Install the trust client at the first boot, without logging in
  alitrust.ecs.trusted_instance:
    region: cn-hangzhou
    name: batch
    instance_type: ecs.g7t.large
    image_id: aliyun_3_x64_20G_uefi_alibase_20240528.vhd
    vswitch_id: vsw-bp1s5fnvk4gn2tws03624
    security_group_ids: [sg-bp15ed6xe1yxeycg7o63]
    ram_role_name: AliyunECSInstanceForYundunSysTrustRole
    user_data_trust_client: true

- name: Attest with a system of your own, which needs no role and no trust client
  alitrust.ecs.trusted_instance:
    region: cn-hangzhou
    name: vault
    trust_service: self_managed
    instance_type: ecs.g7t.large
    image_id: aliyun_3_x64_20G_uefi_alibase_20240528.vhd
    vswitch_id: vsw-bp1s5fnvk4gn2tws03624
    security_group_ids: [sg-bp15ed6xe1yxeycg7o63]

- name: Attach the role for the trusted service later
  alitrust.ecs.trusted_instance:
    region: cn-hangzhou
    name: bastion
    ram_role_name: AliyunECSInstanceForYundunSysTrustRole

- name: Answer metadata only to those who fetched a token
  alitrust.ecs.trusted_instance:
    region: cn-hangzhou
    fleet: shop
    http_tokens: required

- name: Use a family that this collection does not know yet
  alitrust.ecs.trusted_instance:
    region: cn-hangzhou
    name: next
    instance_type: ecs.g9i.large
    trusted_families:
      g9i:
        mode: parameter
        image: uefi
        sgx: true
    image_id: aliyun_3_x64_20G_uefi_alibase_20240528.vhd
    vswitch_id: vsw-bp1s5fnvk4gn2tws03624
    security_group_ids: [sg-bp15ed6xe1yxeycg7o63]

- name: Demand a family with SGX, and boot by UEFI Secure Boot
  alitrust.ecs.trusted_instance:
    region: cn-hangzhou
    name: enclave
    instance_type: ecs.c7t.large
    sgx: true
    secure_boot: true
    image_id: aliyun_3_x64_20G_uefi_alibase_20240528.vhd
    vswitch_id: vsw-bp1s5fnvk4gn2tws03624
    security_group_ids: [sg-bp15ed6xe1yxeycg7o63]

- name: Stop the whole fleet and stop paying for it
  alitrust.ecs.trusted_instance:
    region: cn-hangzhou
    fleet: web
    state: stopped
    stopped_mode: StopCharging

- name: Stop paying for instances that were stopped without it, too
  alitrust.ecs.trusted_instance:
    region: cn-hangzhou
    fleet: web
    state: stopped
    stopped_mode: StopCharging
    restart_if_needed: true

- name: Give the instance a larger system disk, a data disk and an address on the internet
  alitrust.ecs.trusted_instance:
    region: cn-hangzhou
    name: bastion
    system_disk:
      size: 80
    data_disks:
      - size: 100
        encrypted: true
    internet_max_bandwidth_out: 5

- name: Restart two instances
  alitrust.ecs.trusted_instance:
    region: cn-hangzhou
    instance_ids: [i-bp67acfmxazb4p****, i-bp67acfmxazb4q****]
    state: restarted

- name: Put the fleet into two groups, by their names
  alitrust.ecs.trusted_instance:
    region: cn-hangzhou
    fleet: web
    security_group_names: [web, ssh]

- name: Shrink the fleet to two
  alitrust.ecs.trusted_instance:
    region: cn-hangzhou
    name: web-[1,3]
    count: 2
    remove_surplus: true

- name: Delete the fleet
  alitrust.ecs.trusted_instance:
    region: cn-hangzhou
    fleet: web
    state: absent

- name: Be told that an instance is protected
  alitrust.ecs.trusted_instance:
    region: cn-hangzhou
    name: bastion
    state: absent

- name: Delete a protected instance
  alitrust.ecs.trusted_instance:
    region: cn-hangzhou
    name: bastion
    deletion_protection: false
    state: absent

- name: Let ECS use the account's own keys
  alitrust.ecs.kms_share_role:
    region: cn-hangzhou
    purpose: disk_encrypt

- name: Have an instance whose disks are encrypted with a key of the account
  alitrust.ecs.trusted_instance:
    region: cn-hangzhou
    name: ledger
    instance_type: ecs.g7t.large
    image_id: aliyun_3_x64_20G_uefi_alibase_20240528.vhd
    vswitch_id: vsw-bp1s5fnvk4gn2tws03624
    security_group_ids: [sg-bp15ed6xe1yxeycg7o63]
    system_disk:
      size: 40
      encrypted: true
      kms_key_id: 0b30658a-ed1a-4922-b8f7-a673ca9c0000
    data_disks:
      - size: 100
        encrypted: true
        kms_key_id: 0b30658a-ed1a-4922-b8f7-a673ca9c0000

- name: Have one whose data disk is encrypted with the service key
  alitrust.ecs.trusted_instance:
    region: cn-hangzhou
    name: cache
    instance_type: ecs.g7t.large
    image_id: aliyun_3_x64_20G_uefi_alibase_20240528.vhd
    vswitch_id: vsw-bp1s5fnvk4gn2tws03624
    security_group_ids: [sg-bp15ed6xe1yxeycg7o63]
    data_disks:
      - size: 100
        encrypted: true
"""

RETURN = r"""
instances:
  description: The instances that the task is about, by name. In check mode those to be created have no ID yet.
  returned: success
  type: list
  elements: dict
  contains:
    instance_id:
      description: The ID.
      type: str
      sample: i-bp67acfmxazb4ph****
    name:
      description: The name.
      type: str
      sample: web-001
    fleet:
      description: The fleet it belongs to by its ownership tag, none when it has no such tag.
      type: str
      sample: web
    status:
      description: V(Pending), V(Starting), V(Running), V(Stopping) or V(Stopped).
      type: str
      sample: Running
    description:
      description: The description.
      type: str
      sample: ""
    host_name:
      description: The host name.
      type: str
      sample: web-001
    region_id:
      description: The region.
      type: str
      sample: cn-hangzhou
    zone_id:
      description: The zone.
      type: str
      sample: cn-hangzhou-h
    instance_type:
      description: The instance type.
      type: str
      sample: ecs.g7t.large
    image_id:
      description: The image.
      type: str
      sample: aliyun_3_x64_20G_uefi_alibase_20240528.vhd
    os_name:
      description: The operating system.
      type: str
      sample: Alibaba Cloud Linux  3.2104 LTS 64 bit (UEFI)
    os_type:
      description: V(linux) or V(windows).
      type: str
      sample: linux
    vpc_id:
      description: The VPC.
      type: str
      sample: vpc-bp1vwnn14rqpyiczj****
    vswitch_id:
      description: The vSwitch.
      type: str
      sample: vsw-bp1s5fnvk4gn2tws03624
    private_ip:
      description: The private address.
      type: str
      sample: 172.16.0.10
    public_ip:
      description: The elastic or public address, none when there is none.
      type: str
      sample: 121.40.0.10
    internet_max_bandwidth_out:
      description: Outgoing bandwidth in Mbit/s.
      type: int
      sample: 0
    internet_charge_type:
      description: How bandwidth is paid for.
      type: str
      sample: PayByTraffic
    security_group_ids:
      description: The security groups.
      type: list
      elements: str
      sample: [sg-bp15ed6xe1yxeycg7o63]
    key_name:
      description: The key pair, none when there is none.
      type: str
      sample: web
    ram_role_name:
      description:
        - The RAM role, empty when there is none. None when it was not read, because O(ram_role_name) was not given.
      type: str
      sample: AliyunECSInstanceForYundunSysTrustRole
    deletion_protection:
      description: Whether it is protected against deletion.
      type: bool
      sample: false
    http_endpoint:
      description: Whether the metadata service answers.
      type: str
      sample: enabled
    http_tokens:
      description: Whether the metadata service asks for a token.
      type: str
      sample: required
    secure_boot:
      description: Whether it boots by UEFI Secure Boot, none where the API does not tell.
      type: bool
      sample: false
    stopped_mode:
      description: How it was stopped.
      type: str
      sample: Not-applicable
    serial_number:
      description: The serial number, by which the trusted service knows the instance.
      type: str
      sample: 51d1353b-22bf-4567-a176-8b3e12e4****
    creation_time:
      description: When it was created.
      type: str
      sample: "2026-01-31T04:20Z"
    trusted:
      description: What the API tells about trust.
      type: dict
      contains:
        supports_vtpm:
          description: Whether it carries the system tag C(acs:ecs:supportVtpm).
          type: bool
          sample: true
    trust:
      description:
        - What the trusted server tells. RV(instances[].trust.verdict) is V(trusted) only where everything says so.
      type: dict
      returned: when O(wait_for_trusted) is true
      contains:
        verdict:
          description: V(trusted), V(untrusted), V(unmeasured) (it does not report, or not lately) or V(unknown).
          type: str
          sample: trusted
        reason:
          description: Why it is not trusted.
          type: str
          sample: ""
        causes:
          description: What was found out about an instance that is unmeasured or unknown.
          type: list
          elements: str
          sample: []
        summary:
          description: The verdict in one line, with reason and causes.
          type: str
          sample: web-001 is trusted
        property_uuid:
          description: By what the trusted server knows the instance.
          type: str
          sample: 51d1353b-22bf-4567-a176-8b3e12e4****
        supports_vtpm:
          description: Whether it carries the system tag C(acs:ecs:supportVtpm).
          type: bool
          sample: true
        last_report:
          description: When it reported last, none when it never did.
          type: str
          sample: "2026-01-31T04:20:00Z"
        last_report_age:
          description: How long ago that is, in seconds.
          type: int
          sample: 412
        findings:
          description: How many findings wait for a decision. None where the caller may not know.
          type: int
          sample: 0
        system_trust_status:
          description: C(SystemTrustStatus) as the API tells it.
          type: int
          sample: 1
        system_trust_detail:
          description: C(SystemTrustDetail) as the API tells it.
          type: str
          sample: ""
        system_exceptions:
          description: C(SystemExceptionNum) as the API tells it.
          type: int
          sample: 0
        program_trust_status:
          description: C(ProgramTrustStatus) as the API tells it.
          type: int
          sample: 1
        program_trust_detail:
          description: C(ProgramTrustDetail) as the API tells it.
          type: str
          sample: ""
        program_exceptions:
          description: C(ProgramExceptionNum) as the API tells it.
          type: int
          sample: 0
        online_status:
          description: C(OnlineStatus) as the API tells it.
          type: int
          sample: 1
    tags:
      description: The tags, without those of the system.
      type: dict
      sample: {"alitrust.ecs:owner": "web", "env": "test"}
instance_ids:
  description: The IDs of RV(instances).
  returned: success
  type: list
  elements: str
  sample: [i-bp67acfmxazb4ph****]
created_ids:
  description: The IDs of the instances that this task created.
  returned: success
  type: list
  elements: str
  sample: []
placements:
  description: Where instances were created, or would be, by one call each. Empty when none was.
  returned: success
  type: list
  elements: dict
  contains:
    instance_type:
      description: The instance type.
      type: str
      sample: ecs.g7t.large
    vswitch_id:
      description: The vSwitch.
      type: str
      sample: vsw-bp1s5fnvk4gn2tws03624
    zone_id:
      description: Its zone, none where it could not be read.
      type: str
      sample: cn-hangzhou-h
    image_id:
      description: The image, also where it was looked up.
      type: str
      sample: aliyun_3_x64_20G_uefi_alibase_20240528.vhd
    names:
      description: The names of the instances.
      type: list
      elements: str
      sample: [web-001, web-002]
    instance_ids:
      description: The IDs of the instances, none in check mode.
      type: list
      elements: str
      sample: [i-bp67acfmxazb4ph****]
    passed_over:
      description: The preferred places that were not used.
      type: list
      elements: dict
      contains:
        instance_type:
          description: The instance type.
          type: str
          sample: ecs.g8i.large
        vswitch_id:
          description: The vSwitch.
          type: str
          sample: vsw-bp1gw6vm5y3o7u2j9****
        zone_id:
          description: Its zone, none where it could not be read.
          type: str
          sample: cn-hangzhou-b
        reason:
          description: Why it was not used.
          type: str
          sample: The vSwitch vsw-bp1gw6vm5y3o7u2j9**** has 1 free addresses, 2 are needed at once.
needs_replacement:
  description: What differs from the options and cannot be changed on an instance, and why.
  returned: success
  type: list
  elements: dict
  sample: [{"instance_id": "i-bp67acfmxazb4ph****", "name": "web-001", "option": "instance_type", "actual":
  "ecs.g7t.large",
           "wanted": "ecs.g7t.xlarge", "reason": "chosen when an instance is created"}]
notes:
  description: What could not be checked before instances were created, and why.
  returned: success
  type: list
  elements: str
  sample: ["KMS could not be checked: Forbidden.RAM for kms:DescribeAccountKmsStatus."]
kept:
  description: What was left alone because it is not this collection's, and why, a sentence each.
  returned: when something was left alone
  type: list
  elements: str
  sample:
    - The instance web-001 (i-bp67acfmxazb4ph****) does not carry the tag alitrust.ecs:owner, so it stays.
summary:
  description: The outcome in one line.
  returned: success
  type: str
  sample: "3 instances (3 Running), 3 created"
unmet:
  description: What stands in the way of creating or changing instances.
  returned: when something does
  type: list
  elements: dict
  contains:
    requirement:
      description: What is needed, in a few words.
      type: str
      sample: KMS
    option:
      description: The option it is about.
      type: str
      sample: trusted_mode
    message:
      description: What is wrong, and what to do.
      type: str
      sample: KMS is NotEnabled; trusted instances need it. Switch it on with alitrust.ecs.kms_service.
    problem:
      description: What is wrong, alone.
      type: str
      sample: KMS is NotEnabled; trusted instances need it.
    expected:
      description: What would be right, where that can be said in a few words.
      type: str
      sample: ""
    what_to_do:
      description: What to do about it.
      type: str
      sample: Switch it on with alitrust.ecs.kms_service.
steps:
  description: What was done, or would be done in check mode.
  returned: success
  type: list
  elements: str
  sample: [create 3 instances web-001 to web-003 (ecs.g7t.large)]
api_calls:
  description: How often each operation was called. The keys are the rights that the task needed.
  returned: always
  type: dict
  sample: {"ecs:DescribeInstances": 4, "ecs:RunInstances": 2}
passed_roles:
  description: RAM roles that it gave to instances, or tried to. The caller needs C(ram:PassRole) on them.
  returned: when a role was given
  type: list
  elements: str
  sample: [trusted-web]
"""

from ansible_collections.alitrust.ecs.plugins.module_utils._core import flow
from ansible_collections.alitrust.ecs.plugins.module_utils._core.module import create
from ansible_collections.alitrust.ecs.plugins.module_utils._instance.instance import TrustedInstance
from ansible_collections.alitrust.ecs.plugins.module_utils._instance.options import CONSTRAINTS, SPEC


def main() -> None:
    flow.run(create(SPEC, **CONSTRAINTS), TrustedInstance)


if __name__ == "__main__":
    main()
