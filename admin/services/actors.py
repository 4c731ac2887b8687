"""Who asks for something, and what that somebody may do. Pure.

A use case takes an ``Actor`` and calls ``require`` before it looks at anything else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType


class Role(StrEnum):
    """What somebody is here for."""

    OPERATOR = "operator"
    LIST_MANAGER = "list-manager"
    AUDITOR = "auditor"
    INTEGRATION = "integration"
    """A billing or provisioning system: subscribers, and nothing about lists."""


class Permission(StrEnum):
    """One thing that a token can be good for: its scopes."""

    CHECK = "check"
    STATS = "stats:read"
    LISTS_READ = "lists:read"
    LISTS_WRITE = "lists:write"
    LISTS_RELEASE = "lists:release"
    """Let a held version serve."""
    LISTS_ERASE = "lists:erase"
    """Destroy all that is kept of a list, together with a second person (requirement C4)."""
    LISTS_SECRET = "lists:secret"
    """Ask whether a secret list has an entry: with a reason, limited and audited (requirement C3)."""
    CATEGORIES_READ = "categories:read"
    CATEGORIES_WRITE = "categories:write"
    PROFILES_READ = "profiles:read"
    PROFILES_WRITE = "profiles:write"
    SUBSCRIBERS_READ = "subscribers:read"
    SUBSCRIBERS_WRITE = "subscribers:write"
    TOKENS_READ = "tokens:read"
    TOKENS_WRITE = "tokens:write"
    AUDIT_READ = "audit:read"
    AUDIT_KEYS = "audit:keys"
    """Change the keys of the public log, or end it."""
    AUDIT_PRIVATE = "audit:private"
    """Read the private part of a single event, with its opening: with a reason, itself an event."""
    AUDIT_OPEN = "audit:open"
    """Open lists that are not public to an auditor: ask for it, agree to it, or be given it; two persons, one an auditor."""
    AUDIT_ERASE = "audit:erase"
    """Erase private parts of events, together with a second person."""
    CONFIG_RELOAD = "config:reload"


_READS = frozenset(
    {
        Permission.CHECK,
        Permission.STATS,
        Permission.LISTS_READ,
        Permission.CATEGORIES_READ,
        Permission.PROFILES_READ,
    }
)
GRANTS: Mapping[Role, frozenset[Permission]] = MappingProxyType(
    {
        Role.OPERATOR: frozenset(Permission) - {Permission.LISTS_SECRET},
        Role.LIST_MANAGER: _READS
        | {
            Permission.LISTS_WRITE,
            Permission.LISTS_RELEASE,
            Permission.LISTS_SECRET,
            Permission.CATEGORIES_WRITE,
            Permission.AUDIT_READ,
            Permission.AUDIT_OPEN,
        },
        Role.AUDITOR: frozenset(
            {
                Permission.STATS,
                Permission.LISTS_READ,
                Permission.CATEGORIES_READ,
                Permission.AUDIT_READ,
                Permission.AUDIT_PRIVATE,
                Permission.AUDIT_OPEN,
            }
        ),
        Role.INTEGRATION: frozenset(
            {
                Permission.CHECK,
                Permission.CATEGORIES_READ,
                Permission.PROFILES_READ,
                Permission.SUBSCRIBERS_READ,
                Permission.SUBSCRIBERS_WRITE,
            }
        ),
    }
)
"""The most that a token of each role can be good for; its scopes may be fewer."""


class ActorKind(StrEnum):
    """Through what somebody acts."""

    TOKEN = "token"
    """An API client; ``id`` is the token's id."""
    LOCAL = "local"
    """Somebody with rights on this box (``weir`` on the command line); ``id`` is the system user."""
    FILE = "file"
    """The configuration file; ``id`` is its path."""
    SYNC = "sync"
    """The life of a list: due, fetched, gated; ``id`` is the list."""
    SCHEDULE = "schedule"
    SELFTEST = "selftest"
    SUPERVISOR = "supervisor"
    ANONYMOUS = "anonymous"
    """Somebody on this box without a credential: may read what is no one's personal matter, and never writes."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who acts. ``holder`` is the person or system that a token was made for: two persons are two holders."""

    kind: ActorKind
    id: str
    holder: str = ""
    permissions: frozenset[Permission] = field(default=frozenset(), repr=False)
    role: str = ""
    """The role of the token; empty for Weir itself and for whoever is on the box, who are the operator."""

    @classmethod
    def of_the_box(cls, kind: ActorKind, name: str) -> Actor:
        """Weir itself, or somebody with rights on the box: may do everything that an operator may."""
        return cls(kind, name, f"{kind}:{name}", GRANTS[Role.OPERATOR])


class DeniedError(Exception):
    """The actor may not do this; the message says which scope is needed, ``permission`` too if one scope would do."""

    def __init__(self, message: str, permission: Permission | None = None) -> None:
        super().__init__(message)
        self.permission = permission


def require(actor: Actor, permission: Permission) -> None:
    """DeniedError unless the actor has this permission."""
    if permission not in actor.permissions:
        raise DeniedError(f"This needs the scope {permission}, which the token does not have", permission)
