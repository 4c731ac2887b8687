"""What can keep a decision about a list from being made, as answers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from admin.api.problem import ProblemError
from admin.services.actors import DeniedError
from admin.services.errors import ConflictError, InvalidError, NotFoundError


@contextmanager
def worded() -> Iterator[None]:
    """Within, the errors of use cases become problems with their own words."""
    try:
        yield
    except DeniedError as error:
        raise ProblemError(HTTPStatus.FORBIDDEN, str(error)) from error
    except NotFoundError as error:
        raise ProblemError(HTTPStatus.NOT_FOUND, str(error)) from error
    except ConflictError as error:
        raise ProblemError(HTTPStatus.CONFLICT, str(error)) from error
    except InvalidError as error:
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, str(error)) from error
    except OSError as error:
        words = error.strerror or "disk error"
        raise ProblemError(
            HTTPStatus.SERVICE_UNAVAILABLE,
            f"This could not be kept ({words}), so nothing was changed: make room or mend the disk",
        ) from error
