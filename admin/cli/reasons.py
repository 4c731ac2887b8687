"""A reason as an option of a verb. Imports little, as everything that each verb needs."""

from __future__ import annotations

import typer


def optional_reason(text: str) -> str:
    """A reason that may be left out. BadParameter, in words, for one that the audit log could not show."""
    from admin.services.reasons import reason_fault

    if text and (fault := reason_fault(text)):
        raise typer.BadParameter(f"--reason: {fault}")
    return text.strip()
