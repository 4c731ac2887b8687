"""Everything that can be wrong with a transfer beside what sockets and dnspython raise: a closed family of errors.

They carry no text of the zone; ``zone_words`` says them to people.
"""

from __future__ import annotations

import dns.rcode


class ZoneFaultError(Exception):
    """The transfer cannot be used."""


class GarbledError(ZoneFaultError):
    """The bytes are no DNS message, or none that can stand here."""


class RefusedError(ZoneFaultError):
    """The primary answers with an error."""

    def __init__(self, rcode: dns.rcode.Rcode) -> None:
        """``rcode`` is the answer's."""
        super().__init__(rcode)
        self.rcode = rcode


class UnsignedError(ZoneFaultError):
    """The answer lacks a signature."""


class NotAuthoritativeError(ZoneFaultError):
    """The server has no valid copy of the zone itself."""


class NoZoneError(ZoneFaultError):
    """The server answers without error and without the zone's SOA."""


class TooLargeError(ZoneFaultError):
    """More came than the list's ``max_size``."""


class TooSlowError(ZoneFaultError):
    """The primary sends, but too slowly to ever finish."""


class MismatchError(ZoneFaultError):
    """What came does not fit the version that is held, or what the primary had announced."""
