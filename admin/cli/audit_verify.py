"""``weir audit verify``: the verifier that anybody can run without Weir, under Weir's own name."""

from __future__ import annotations

import typer


def verify(context: typer.Context) -> int:
    """Its options, help and exit statuses are those of ``admin.audit.verifier``."""
    from admin.audit.verifier import main

    return main(context.args, "weir audit verify")
