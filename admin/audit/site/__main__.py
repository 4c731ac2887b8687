"""``python -m admin.audit.site --log DIR --work DIR``: write the page of the public log, and end.

A process of its own: no append waits for it, and the memory that pages take is given back. Control starts it.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from admin.audit.site.page import Operator
from admin.audit.site.reading import MovedError
from admin.audit.site.showing import show

DONE, UNKNOWN = 0, 3
ATTEMPTS = 3


def main() -> int:
    """0 if the page is as the log is, 3 if something cannot be read or written."""
    parser = argparse.ArgumentParser(
        prog="weir-log-page", description="Write the public log's page for people."
    )
    parser.add_argument("--log", type=Path, required=True, help="the served folder of the public log")
    parser.add_argument(
        "--work", type=Path, required=True, help="a folder on the same file system, not served"
    )
    for option in ("name", "contact", "policy", "address"):
        parser.add_argument(f"--{option}", default="", help="of the operator, as the page tells it")
    options = parser.parse_args()
    operator = Operator(options.name, options.contact, options.policy, _folder(options.address))
    try:
        for _ in range(ATTEMPTS):
            try:
                show(options.log, options.work, operator)
            except MovedError:
                continue
            return DONE
    except (
        OSError,
        ValueError,
        OverflowError,
    ) as error:  # FormatError, damaged JSON or UTF-8, a time beyond all years
        sys.stderr.write(f"{error}\n")
        return UNKNOWN
    return DONE  # it moves on: the next look finds it


def _folder(address: str) -> str:
    """An address to which names of files can be put."""
    return address if not address or address.endswith("/") else f"{address}/"


if __name__ == "__main__":
    sys.exit(main())
