"""Applies all rules to a template."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from . import graph, limits, names, ordering, permissions
from .deployments import deployments, unused_conditions
from .finding import Finding
from .resolve import Deployment, resolve


def check(template: dict[str, Any], chosen: Iterable[Deployment] | None = None) -> list[Finding]:
    """Returns what breaks a rule, sorted, each once, in a transformed template: in the chosen deployments or in all."""
    found = graph.findings(template)
    resolved = [resolve(template, deployment) for deployment in chosen or deployments(template)]
    if not chosen:
        found += unused_conditions(resolved)
    for deployment in resolved:
        found += deployment.findings
        for rules in (ordering, names, permissions, limits):
            found += rules.findings(deployment)
    return sorted(set(found))
