"""``python -m admin.audit.report --log DIR --keys FILE``: write the reports that are due beside the log, and end.

A process of its own, because a year's log takes minutes and a page's layout a hundred megabytes. Control starts it.
"""

from __future__ import annotations

import argparse
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from admin.audit.report.issuing import due, issue
from admin.audit.report.verified import RefusedError, UnreadableError

DONE, FAILED, UNKNOWN = 0, 1, 3


def main() -> int:
    """0 if nothing is due any more or can be told yet, 1 if the log does not verify, 3 if something cannot be read or
    written.
    """
    parser = argparse.ArgumentParser(prog="weir-report", description="Write the finished reports of a log.")
    parser.add_argument("--log", type=Path, required=True, help="the folder of the public log")
    parser.add_argument("--keys", type=Path, required=True, help="its verifier keys, one a line")
    options = parser.parse_args()
    now = time.time()  # noqa: TID251 - a process entry point
    try:
        lines = options.keys.read_text(encoding="utf-8").splitlines()
        for period in due(options.log, datetime.fromtimestamp(now, UTC).date()):
            if issue(options.log, lines, period, now):
                sys.stderr.write(f"report {period.name} written\n")
    except RefusedError as error:
        sys.stderr.write(f"the log does not verify: {error}\n")
        return FAILED
    except (UnreadableError, OSError, UnicodeDecodeError) as error:
        sys.stderr.write(f"{error}\n")
        return UNKNOWN
    return DONE


if __name__ == "__main__":
    sys.exit(main())
