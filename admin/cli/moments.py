"""A moment as an option of a verb. Imports little, as everything that each verb needs."""

from __future__ import annotations

import typer


def moment(text: str) -> float:
    """Unix seconds of a time, as ``admin.services.moment`` reads it. BadParameter, in words, if it is none."""
    from admin.services.moment import parse_moment
    from admin.services.subject import QuestionError

    try:
        return parse_moment(text)
    except QuestionError as error:
        raise typer.BadParameter(str(error)) from error
