"""What can be wrong with the database itself, in words for the operator. Never a password, never a document."""

from __future__ import annotations


class StoreError(Exception):
    """The database cannot be used; the message says which, why and what to do."""


class UnavailableError(StoreError):
    """It cannot be used now (unreachable, locked, disk full); the same may work later."""


class NewerError(StoreError):
    """It was written by a newer Weir; this one leaves it alone."""
