"""OpenPGP (RFC 9580) detached signatures, verified by Sequoia under its standard policy.

That policy refuses weak digests, keys that had expired or were revoked when they signed, and subkeys not made for
signing.
"""

from __future__ import annotations

from blocklists.signatures.model import SignatureError, Signed


def verify_openpgp(data: bytes, signature: bytes, key: bytes) -> Signed:
    """``key`` is one or more certificates, binary or armoured; a good signature by any of them is enough."""
    # Its native module takes 10 ms to import, which only boxes with such a list shall pay.
    from pysequoia import Cert, Sig
    from pysequoia import verify as check

    try:
        certificates = Cert.split_bytes(key)
    except Exception:
        certificates = []
    if not certificates:
        raise SignatureError("the public key is no OpenPGP certificate; check its file")
    certificates = [certificate for certificate in certificates if not certificate.is_revoked]
    if not certificates:
        raise SignatureError("the configured key is revoked; ask the authority for its new one")
    try:
        detached = Sig.from_bytes(signature)
    except Exception:
        raise SignatureError("this is no OpenPGP signature; check the signature's address") from None
    try:
        result = check(bytes=data, store=lambda _ids: certificates, signature=detached)
    except Exception:
        # What Sequoia says may quote what it read; the causes are these.
        raise SignatureError(
            "no good signature by the configured key: bytes or signature were changed or are from different "
            "versions, or the key is another one or had expired"
        ) from None
    made = detached.created
    return Signed(result.valid_sigs[0].signing_key.upper(), made.timestamp() if made else None)
