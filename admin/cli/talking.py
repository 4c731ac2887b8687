"""A verb's talk with the running appliance: what can go wrong in it, as words and exit statuses."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from admin.cli.api import RefusedError, UnreachableError
from admin.cli.exits import Exit
from admin.cli.terminal import complain, complain_of, open_config

if TYPE_CHECKING:
    from admin.config import Config

_CANNOT_TELL = {HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.INTERNAL_SERVER_ERROR}
_WRONGLY_ASKED = {HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.BAD_REQUEST}


def talk(path: Path | None, words: Callable[[Config], int]) -> int:
    """What ``words`` returns for the configuration; 1 if it was refused, 2 if wrongly asked, 3 if nobody answers."""
    from admin.config import ConfigError
    from admin.control.token import TokenError

    try:
        return words(open_config(path))
    except ConfigError as error:
        complain_of(error)
        return Exit.USAGE
    except RefusedError as error:
        complain(str(error))
        if error.status in _CANNOT_TELL:
            return Exit.UNKNOWN
        return Exit.USAGE if error.status in _WRONGLY_ASKED else Exit.FAILED
    except (UnreachableError, TokenError) as error:
        complain(str(error))
        return Exit.UNKNOWN
