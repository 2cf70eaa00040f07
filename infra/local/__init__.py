"""Local AWS: the whole template on one machine, without an account.

`python3 -m infra.local COMMAND` is the door, from the root of the checkout. It needs nothing but Python 3.10: the
first use installs pinned tools into virtual environments below `.local/`.

The parts, each a module:

- `tools` installs the pinned Python tools and checks what else must be there.
- `artifacts` builds the functions and the probe's layer, and writes the built template that points to them.
- `emulator` starts and stops one MiniStack process.
- `instance` is what is known about one running stack: its endpoint, its folder, its outputs.
- `deploy` puts the template on an instance with SAM, unless what is there is the same.
- `demo` uploads a movie and follows it until a player can stream it.

An instance has a name. The demo's is `demo`, the tests start their own, so several stacks run side by side on ports
of their own. Everything an instance writes lies in `.local/instances/NAME`.
"""
