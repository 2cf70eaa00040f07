"""The graph of references between resources: Ref, GetAtt, Sub and DependsOn.

CloudFormation creates a resource after those that it refers to. It refuses a template with a circular dependency or with a
reference to a resource that does not exist. Both branches of each `Fn::If` count here.
"""

from __future__ import annotations

import graphlib
import re
from collections.abc import Iterator
from typing import Any

from infra.local.values import as_list

from .finding import Finding

_VARIABLE = re.compile(r"\$\{([^!}][^}]*)\}")


def findings(template: dict[str, Any]) -> list[Finding]:
    """Names a circular dependency, and every unknown reference."""
    resources, parameters = template["Resources"], template.get("Parameters", {})
    found, edges = [], {}
    for name, resource in resources.items():
        edges[name] = set()
        for target in _references(resource):
            if target in resources:
                edges[name].add(target)
            elif target not in parameters and not target.startswith("AWS::"):
                found.append(Finding(name, f"refers to {target}, which the template does not have"))
    try:
        graphlib.TopologicalSorter(edges).prepare()
    except graphlib.CycleError as error:
        cycle = list(reversed(error.args[1]))
        found.append(Finding(cycle[0], f"circular dependency: {' -> '.join(cycle)}"))
    return found


def _references(resource: dict[str, Any]) -> Iterator[str]:
    yield from as_list(resource.get("DependsOn"))
    yield from _in_value(resource.get("Properties", {}))


def _in_value(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _in_value(item)
    elif isinstance(value, dict):
        for key, member in value.items():
            if key == "Ref":
                yield member
            elif key == "Fn::GetAtt":
                yield member[0] if isinstance(member, list) else member.split(".")[0]
            elif key == "Fn::Sub":
                yield from _in_text(member)
            else:
                yield from _in_value(member)


def _in_text(argument: Any) -> Iterator[str]:
    text, variables = argument if isinstance(argument, list) else (argument, {})
    yield from (name.split(".")[0] for name in _VARIABLE.findall(text) if name not in variables)
    yield from _in_value(variables)
