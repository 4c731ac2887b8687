"""TSIG keys (RFC 8945) of transfers, read at the moment of use. The secret is in no message and is not kept."""

from __future__ import annotations

import base64
import binascii

import dns.name
import dns.tsig

from blocklists.credentials import CredentialError, read_line
from blocklists.properties import Tsig

SHORTEST = 16
"""Octets of a secret; a shorter one can be found by trying (RFC 8945 section 8 asks for the digest's own length)."""


def tsig_key(tsig: Tsig) -> dns.tsig.Key:
    """The key. CredentialError if its secret cannot be had, or is none."""
    text = read_line(tsig.secret)
    try:
        secret = base64.b64decode(text, validate=True)
    except binascii.Error:
        raise CredentialError(
            f"{tsig.secret}: the secret of key {tsig.name} is not Base64; copy the primary's"
        ) from None
    if len(secret) < SHORTEST:
        raise CredentialError(
            f"{tsig.secret}: the secret of key {tsig.name} has less than {SHORTEST} octets; make a longer one"
        )
    return dns.tsig.Key(dns.name.from_text(tsig.name), secret, dns.name.from_text(tsig.algorithm))
