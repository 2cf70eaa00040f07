"""The local stack: the whole template on one machine, without an AWS account.

`python3 -m infra.local COMMAND`, run from the root of the checkout, requires only Python 3.10. The first use installs pinned tools
into virtual environments below `.local/`.

The stack:

- `tools` installs the pinned Python tools and checks the other prerequisites.
- `artifacts` builds the functions, the layers and the template to deploy.
- `emulator` starts and stops MiniStack.
- `instance` has the endpoint, the folder and the outputs of a local instance; `stack` is a stack, local or on AWS.
- `deploy` deploys the template with SAM, unless the same version is deployed.

Operations: `demo` packages a movie; `logs` reads the functions' logs; `redrive` redrives dead-lettered work; `restore` restores the
items of a table.

Tests of a running stack: `browser`, `fuzz` (API), `iam` (permissions), `chaos` with `fault_proxy` (fault injection), `burst`,
`large_file`, `api_load`. `service_models` compares requests with the models of AWS.

`hashes` writes the hashes of the pinned Python packages.

Instances have names, so that several can run in parallel on different ports. The demo's is `demo`; tests start their own. The files
of an instance are in `.local/instances/NAME`.
"""
