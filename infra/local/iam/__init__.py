"""IAM test: every permission of every role is necessary, and no role can use those of another.

The functions are invoked with the events that AWS would send them, in an order that exercises all of their permissions: packages
of both layouts, client uploads, missing sources, repeated messages, retries, licences, deletions (the *workload*). The workload
succeeds with the roles of the template. Then each permission, an action on a resource, is removed in turn: the workload must fail,
and the permission is restored. Finally, each role attempts operations that only other roles may perform.

The emulator does not evaluate policies for everything that AWS does: `permissions.NOT_ENFORCED` lists the exceptions.

- `permissions` reads the roles' policies, and removes and restores single permissions.
- `functions` invokes functions with the events of AWS.
- `workload` is the sequence of invocations.
- `cross_role` attempts operations with each role's credentials.
"""

from __future__ import annotations

from ..instance import Instance
from ..terminal import log
from .cross_role import violations
from .permissions import NOT_EXERCISED, Roles
from .workload import LONG_MOVIE, Workload


def run(instance: Instance, every: int = 1) -> int:
    """Removes every permission, or every n-th, in turn. Returns 0 if all are necessary and no role has those of another."""
    roles = Roles(instance)
    workload = Workload(instance)
    workload.run()
    permissions = list(roles.permissions())
    testable = [one for one in permissions if not one.not_enforced() and one.role not in NOT_EXERCISED]
    tested = testable[::every]
    unnecessary = [one for one in tested if not roles.is_necessary(one, workload.run)]
    if unnecessary and LONG_MOVIE.exists():
        workload.run_with_long_movie()
        unnecessary = [one for one in unnecessary if not roles.is_necessary(one, workload.run_with_long_movie)]
    workload.run()
    log(f"  {len(permissions)} permissions: {len(tested)} tested, {len(permissions) - len(testable)} not testable")
    for one in permissions:
        reason = one.not_enforced() or ("not part of the workload" if one.role in NOT_EXERCISED else None)
        if reason:
            log(f"  not tested   {one}  ({reason})")
    for one in unnecessary:
        log(f"  UNNECESSARY  {one}")
    crossed = violations(instance)
    for violation in crossed:
        log(f"  VIOLATION    {violation}")
    return 1 if unnecessary or crossed else 0
