# Copyright (c) 2026, alitrust.ecs authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one flow of every module: find, plan, preflight, apply, settle, result with diff. Private."""

from __future__ import annotations

import typing as t

from .._cloud import foretold
from .._cloud.door import Cloud
from .._cloud.errors import AlitrustError, CloudError, InvalidInput, Twins, UnexpectedState, WaitTimeout
from .._cloud.options import Connection
from .._cloud.texts import printable
from . import contention, summary, twins
from .plan import Plan
from .resource import Resource

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


def run(module: AnsibleModule, resource_class: type[Resource[t.Any]]) -> None:
    """Run a module that manages something."""
    cloud: Cloud | None = None
    done: list[str] = []
    plan: Plan | None = None
    begun = False
    try:
        cloud = _door(module)
        start, again = cloud.monotonic(), False
        warned: frozenset[str] = frozenset()
        while True:
            try:
                plan = None
                resource = resource_class(cloud, module.params)
                resource.validate()
                actual = resource.find()
                plan = resource.plan(actual)
                warned = _warn(module, plan.warnings, warned)
                if plan.changed:
                    resource.preflight(plan, actual)
                    warned = _warn(module, resource.warnings, warned)
                break
            except Twins:
                # Two runs have made it at the same moment, and one of them gives way.
                if cloud.monotonic() - start > twins.TOGETHER:
                    raise
                cloud.sleep(1.0)
            except (CloudError, UnexpectedState) as error:
                # Somebody may have changed it between two reads, which do not fit together then.
                if again or not contention.may_be_another(error):
                    raise
                again = True
        if (plan.changed or plan.unsettled) and not module.check_mode:
            begun = plan.changed
            for step in plan.steps:
                cloud.written.clear()
                resource.apply(step)
                done.append(step.name)
            cloud.written.clear()
            result = resource.settle(plan, actual)
            cloud.catch_up()
        else:
            result = resource.foretell(plan, actual)
    except AlitrustError as error:
        now = None
        if begun and cloud is not None and plan is not None:
            now = _look_again(module, resource_class, cloud, plan, done, error)
        if now is None or cloud is None:
            _fail(module, error, cloud, plan, done)
        else:
            _exit(module, now.resource, cloud, now.plan_as_done, now.result)
    else:
        _exit(module, resource, cloud, plan, result)


def _warn(module: AnsibleModule, texts: t.Collection[str], warned: frozenset[str]) -> frozenset[str]:
    """Warn of what has not been warned of yet; returns all that has."""
    for text in texts:
        if text not in warned:
            module.warn(printable(text))
    return warned | set(texts)


def _look_again(
    module: AnsibleModule,
    resource_class: type[Resource[t.Any]],
    cloud: Cloud,
    plan: Plan,
    done: list[str],
    error: AlitrustError,
) -> contention.Done | None:
    """Whether somebody else has done what a step failed to do; looking is no change."""
    written = list(cloud.written)
    try:
        return contention.look_again(resource_class(cloud, module.params), plan, done, error, written)
    finally:
        cloud.written[:] = written


def _exit(module: AnsibleModule, resource: Resource[t.Any], cloud: Cloud, plan: Plan, result: dict[str, t.Any]) -> None:
    """Report success."""
    if plan.kept:
        result["kept"] = list(plan.kept)
    if cloud.foretold.made:
        result["foretold"] = cloud.foretold.made
    if module._diff:
        result["diff"] = {"before": resource.shown(plan.before), "after": resource.shown(plan.after)}
    module.exit_json(
        changed=plan.changed,
        steps=[step.name for step in plan.steps],
        **_record(cloud),
        **_with_summary(result, summary.of_plan(plan)),
    )


def read(
    module: AnsibleModule,
    reader: t.Callable[[Cloud, dict[str, t.Any]], dict[str, t.Any]],
    offline: t.Callable[[AlitrustError, dict[str, t.Any]], dict[str, t.Any]] | None = None,
) -> None:
    """Run a module that only reads.

    :param reader: what it returns becomes the result; what is in C(warnings) is said
    :param offline: called in place of the reader where the options do not even say how to reach the cloud
    """
    cloud: Cloud | None = None
    try:
        try:
            cloud = _door(module)
        except InvalidInput as error:
            if offline is None:
                raise
            result = offline(error, module.params)
        else:
            result = reader(cloud, module.params)
    except AlitrustError as error:
        _fail(module, error, cloud, None, [])
    else:
        for warning in result.pop("warnings", ()):
            module.warn(printable(warning))
        module.exit_json(changed=False, **_record(cloud), **_with_summary(result, summary.of_reading(result)))


def _door(module: AnsibleModule) -> Cloud:
    """The way to the cloud, with what earlier tasks of a check run have foretold.

    :raises InvalidInput: an ID that a check run made up is to be used for real
    """
    records = module.params.pop("foretold", None) or []
    connection = Connection.from_options(module.params)
    cloud = Cloud(connection)
    if module.check_mode:
        cloud.foretold = foretold.Foretold(records, account=connection.account, region=connection.region)
        return cloud
    for name, value in module.params.items():
        if made_up := foretold.ids_in(value):
            raise InvalidInput(
                f"{name} has {made_up[0]}, which stands for something that a task in check mode would have made.",
                hint="Run the task that makes it without check mode first.",
            )
    return cloud


def _with_summary(result: dict[str, t.Any], otherwise: str) -> dict[str, t.Any]:
    """A result with its own summary or else this one, fit for a terminal."""
    return {**result, "summary": printable(str(result.get("summary", otherwise)))}


def _record(cloud: Cloud | None) -> dict[str, t.Any]:
    """What was called, from which follow the rights that it took."""
    record: dict[str, t.Any] = {"api_calls": dict(cloud.api_calls) if cloud else {}}
    return {**record, "passed_roles": sorted(cloud.passed_roles)} if cloud and cloud.passed_roles else record


def _fail(module: AnsibleModule, error: AlitrustError, cloud: Cloud | None, plan: Plan | None, done: list[str]) -> None:
    """Report a failure, with what exists now: a half-done change is never kept quiet about."""
    failure = error.as_failure()
    if plan is not None and plan.changed and not module.check_mode:
        names = [step.name for step in plan.steps]
        left = names[len(done) :]
        failure["steps_done"] = done
        failure["steps_left"] = left
        part = list(dict.fromkeys(cloud.written)) if cloud else []
        failure["changed"] = bool(done or part)
        if done and (left or not isinstance(error, WaitTimeout)):
            failure["msg"] += f" Already done: {'; '.join(done)}."
        if part and left:
            failure["calls_done"] = part
            failure["msg"] += f" The step '{left[0]}' is done in part: {', '.join(part)} succeeded."
    if cloud is not None:
        failure |= _record(cloud)
    module.fail_json(**failure)
