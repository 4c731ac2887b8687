"""``python -m gateway``: the gateway as a process. Exit status 0 stopped as asked, 1 failed, 2 usage."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from resolver.runtime.dumps import forbid_core_dumps
from resolver.runtime.ending import end
from resolver.runtime.loading import no_collection
from resolver.runtime.priority import give_way

with no_collection():
    from gateway.process import Gateway, Options
    from resolver.runtime.logs import configure_logs
    from resolver.runtime.sockets import SocketError

NICENESS = 5
"""A new generation is opened by all at the same moment: whoever answers queries goes first, and control last."""


def _options(arguments: Sequence[str]) -> Options:
    parser = argparse.ArgumentParser(prog="python -m gateway", description="Weir's stop page.")
    parser.add_argument(
        "--state", type=Path, required=True, metavar="DIR", help="folder of published generations"
    )
    parser.add_argument(
        "--run", type=Path, required=True, metavar="DIR", help="folder for the page of counters"
    )
    parser.add_argument(
        "--listen",
        nargs="+",
        action="extend",
        default=[],
        metavar="HOST:PORT",
        help="instead of the published addresses",
    )
    parser.add_argument(
        "--log-key", type=Path, metavar="FILE", help="keys of the log; then only logged states are taken"
    )
    parsed = parser.parse_args(arguments)
    return Options(parsed.state, parsed.run, tuple(parsed.listen), os.environ, parsed.log_key)


async def _serve(options: Options) -> bool:
    return await Gateway(options, time.time).serve()


def main(arguments: Sequence[str]) -> int:
    """Run until stopped; the exit status."""
    options = _options(arguments)
    configure_logs("gateway")
    forbid_core_dumps()
    give_way(NICENESS)
    try:
        return 0 if asyncio.run(_serve(options)) else 1
    except (SocketError, OSError) as error:
        sys.stderr.write(f"gateway: {error}\n")
        return 1


if __name__ == "__main__":
    end(main(sys.argv[1:]))
