"""``weir audit verify``: the verifier that anybody can run without Weir, under Weir's own name; of several years at once."""

from __future__ import annotations

import typer


def verify(context: typer.Context) -> int:
    """Its options, help and exit statuses are those of ``admin.audit.verifier``. With a key or checkpoint of an earlier log
    it begins there, and comes to the present one by the keys that each log names for the next.
    """
    from admin.audit.verifier import main
    from admin.audit.years import Years

    return main(context.args, "weir audit verify", Years)
