"""The command ``weir``: one file per verb. What lives here: arguments, words on the terminal, exit statuses.

What never does: decisions. A verb asks a use case (``admin.services``) and prints what it says. A verb's file imports
what it needs when the verb runs, so that ``weir --help`` stays quick.
"""

import sys


def main() -> int:
    """The console script; returns the exit status."""
    from admin.cli.serving import plainly, start

    if (asked := plainly(sys.argv[1:])) is not None:
        return start(asked)
    from admin.cli.app import run

    return run()
