"""Who asks: from the credential of a request to an Actor. What the actor may do is the services' to ask (``require``).

Three credentials, all bearer tokens (RFC 6750): the local one that control makes at every start, for ``weir`` on this
box; the one of ``admin.token_file``; and those of the database. Whoever has none may read, from this box, what is no
one's personal matter, unless ``admin.token_file`` asks everybody for a token. Nothing here logs or keeps a credential.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from http import HTTPStatus
from ipaddress import ip_address

from admin.api.appliance import Keys
from admin.api.attempts import Attempts
from admin.api.guard import Asked
from admin.api.problem import ProblemError
from admin.services.actors import GRANTS, Actor, ActorKind, Permission, Role
from admin.services.tokens import PREFIX

USER_HEADER = "Weir-User"
"""Names the system user behind the local token."""
TOKEN_FILE = "token-file"
"""Id and holder of whoever has the token of ``admin.token_file``."""
ANONYMOUS = Actor(
    ActorKind.ANONYMOUS,
    "",
    "",
    frozenset(
        {
            Permission.CHECK,
            Permission.STATS,
            Permission.LISTS_READ,
            Permission.CATEGORIES_READ,
            Permission.PROFILES_READ,
        }
    ),
)
"""Somebody on this box without a credential. Whatever names a subscriber is kept from them besides."""

NEEDS_TOKEN = "Send a token: Authorization: Bearer weir_…; `weir tokens create` makes one"

_LONGEST_USER = 64
_LONGEST_CREDENTIAL = 512
"""Characters; a token has 70 at most."""
_MOST_KNOWN = 1_024
_PROXY_HEADERS = ("Forwarded", "X-Forwarded-For", "X-Real-IP")

Find = Callable[[str], Awaitable[Actor | None]]
"""From the text of a database token to its actor; None if it is none, expired or revoked."""


class Refused(StrEnum):
    """Why somebody was not let in; a label of /metrics."""

    NOTHING_SENT = "nothing-sent"
    UNKNOWN = "unknown"
    TOO_MANY = "too-many"


class UnauthenticatedError(ProblemError):
    """401 or 429. ``reason`` is for the count."""

    def __init__(self, reason: Refused, status: HTTPStatus, detail: str, headers: Mapping[str, str]) -> None:
        super().__init__(status, detail, headers=headers)
        self.reason = reason


class Gate:
    """Decides who a request comes from, and slows down whoever guesses."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """``clock``: seconds, never set back."""
        self._clock = clock
        self._attempts = Attempts()
        self._good: OrderedDict[bytes, None] = OrderedDict()

    async def actor(self, asked: Asked, keys: Keys, find: Find) -> Actor:
        """The actor; UnauthenticatedError if there is none, and whatever ``find`` raises."""
        given = asked.headers.get("Authorization")
        user = asked.headers.get(USER_HEADER)
        if given is None:
            _forbid_user(user)
            return _nobody(asked, keys)
        secret = _bearer(given)
        if keys.local is not None and _same(secret, keys.local):
            return Actor.of_the_box(ActorKind.LOCAL, _user(user))
        _forbid_user(user)
        if (actor := await self._known(asked.peer, secret, keys, find)) is not None:
            return actor
        self._attempts.failed(asked.peer, _digest(secret), self._clock())
        raise unauthenticated(
            Refused.UNKNOWN,
            "This token is not known here, has expired or was revoked; `weir tokens create` makes one",
            'error="invalid_token"',
        )

    async def _known(self, peer: str, secret: str, keys: Keys, find: Find) -> Actor | None:
        digest = _digest(secret)
        # Over the limit only tokens that were good before are looked at: nobody is locked out by the mistakes of
        # somebody else behind the same address, and a guess still gets no answer.
        if digest not in self._good and (wait := self._attempts.wait(peer, self._clock())):
            raise _too_many(wait)
        actor = _from_file(secret, keys) or (await find(secret) if secret.startswith(PREFIX) else None)
        if actor is not None:
            self._good[digest] = None
            self._good.move_to_end(digest)
            if len(self._good) > _MOST_KNOWN:
                self._good.popitem(last=False)
        return actor


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _from_file(secret: str, keys: Keys) -> Actor | None:
    if keys.file is None or not _same(secret, keys.file):
        return None
    return Actor(ActorKind.TOKEN, TOKEN_FILE, TOKEN_FILE, GRANTS[Role.OPERATOR])


def _same(secret: str, wanted: str) -> bool:
    # In constant time: how far a guess is right must not show in how long the answer takes.
    return hmac.compare_digest(secret.encode(), wanted.encode())


def _bearer(header: str) -> str:
    """The credential of the header; empty if the header has another scheme or no sound credential."""
    scheme, _, given = header.partition(" ")
    secret = given.strip()
    sound = secret.isascii() and secret.isprintable() and len(secret) <= _LONGEST_CREDENTIAL
    return secret if sound and scheme.lower() == "bearer" else ""


def _nobody(asked: Asked, keys: Keys) -> Actor:
    if keys.file is None and _is_on_this_box(asked):
        return ANONYMOUS
    raise unauthenticated(Refused.NOTHING_SENT, NEEDS_TOKEN)


def _is_on_this_box(asked: Asked) -> bool:
    """Behind a proxy on this box everybody seems to be on it; a proxy says so."""
    try:
        loopback = ip_address(asked.peer).is_loopback
    except ValueError:
        return False
    return loopback and not any(name in asked.headers for name in _PROXY_HEADERS)


def _user(name: str | None) -> str:
    if name is None or not (0 < len(name) <= _LONGEST_USER and name.isascii() and name.isprintable()):
        raise ProblemError(
            HTTPStatus.BAD_REQUEST, f"With the local token, {USER_HEADER} names the system user who acts"
        )
    return name


def _forbid_user(name: str | None) -> None:
    if name is not None:
        raise ProblemError(HTTPStatus.FORBIDDEN, f"{USER_HEADER} is for the local token alone; leave it out")


def unauthenticated(reason: Refused, detail: str, challenge: str = "") -> UnauthenticatedError:
    """RFC 6750 section 3."""
    words = ", ".join(filter(None, ('Bearer realm="weir"', challenge)))
    return UnauthenticatedError(reason, HTTPStatus.UNAUTHORIZED, detail, {"WWW-Authenticate": words})


def _too_many(wait: float) -> UnauthenticatedError:
    seconds = int(wait) + 1
    return UnauthenticatedError(
        Refused.TOO_MANY,
        HTTPStatus.TOO_MANY_REQUESTS,
        f"Too many wrong tokens came from this address; try again in {seconds} seconds",
        {"Retry-After": str(seconds)},
    )
