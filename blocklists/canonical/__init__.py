"""The canonical form of hosts, URLs and addresses: lists and requests use the same functions.

Pure: text in, text (or wire) out, one declared error. Hosts follow WHATWG and UTS-46, as the client's browser does;
URL keys follow the published Safe Browsing canonicalisation, because they are compared and never fetched.
"""

from blocklists.canonical.addresses import address, is_ipv4_like, parse_ipv4
from blocklists.canonical.errors import CanonicalError
from blocklists.canonical.hosts import host, to_ascii
from blocklists.canonical.urls import CanonicalUrl, requested_url, url
from blocklists.canonical.wire import from_wire, to_wire

__all__ = [
    "CanonicalError",
    "CanonicalUrl",
    "address",
    "from_wire",
    "host",
    "is_ipv4_like",
    "parse_ipv4",
    "requested_url",
    "to_ascii",
    "to_wire",
    "url",
]
