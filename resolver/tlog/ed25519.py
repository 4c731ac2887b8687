"""Verification of Ed25519 signatures (RFC 8032 section 5.1.7) in plain Python. Nothing here signs or sees a private key.

Workers and the gateway check one signature per load; a library for it would cost each of them two megabytes. All inputs
are public, so nothing needs constant time. Strict: S below the group order, canonical coordinates, no cofactor; what
passes here passes in OpenSSL and Go, too.
"""

from __future__ import annotations

import hashlib

KEY_BYTES = 32
SIGNATURE_BYTES = 64

_P = 2**255 - 19
_ORDER = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P
_SQRT_MINUS_1 = pow(2, (_P - 1) // 4, _P)

_Point = tuple[int, int, int, int]
"""Extended coordinates X, Y, Z, T with x = X/Z, y = Y/Z, x·y = T/Z (RFC 8032 section 5.1.4)."""
_ZERO: _Point = (0, 1, 1, 0)


def verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether ``signature`` is that of the key with this public half over ``message``. Malformed input is False."""
    if len(public) != KEY_BYTES or len(signature) != SIGNATURE_BYTES:
        return False
    point, scalar = _decoded(public), int.from_bytes(signature[32:], "little")
    if point is None or scalar >= _ORDER:
        return False
    digest = hashlib.sha512(signature[:32] + public + message).digest()
    challenge = int.from_bytes(digest, "little") % _ORDER
    x, y, z, t = point
    return _encoded(_sum(scalar, challenge, (_P - x, y, z, _P - t))) == signature[:32]


def _sum(scalar: int, other: int, point: _Point) -> _Point:
    """scalar·B + other·point, both doubled together (Straus)."""
    addends = {(1, 0): _BASE, (0, 1): point, (1, 1): _add(_BASE, point)}
    total = _ZERO
    for bit in range(max(scalar.bit_length(), other.bit_length()) - 1, -1, -1):
        total = _double(total)
        wanted = (scalar >> bit & 1, other >> bit & 1)
        if any(wanted):
            total = _add(total, addends[wanted])
    return total


def _add(left: _Point, right: _Point) -> _Point:
    a = (left[1] - left[0]) * (right[1] - right[0]) % _P
    b = (left[1] + left[0]) * (right[1] + right[0]) % _P
    c = 2 * left[3] * right[3] * _D % _P
    d = 2 * left[2] * right[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _double(point: _Point) -> _Point:
    x, y, z, _ = point
    a, b, c = x * x % _P, y * y % _P, 2 * z * z % _P
    h = a + b
    e, g = h - (x + y) * (x + y), a - b
    f = c + g
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _decoded(data: bytes) -> _Point | None:
    """The point of 32 bytes (RFC 8032 section 5.1.3), None if there is none."""
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, number & (1 << 255) - 1
    if y >= _P:
        return None
    u, v = (y * y - 1) % _P, (_D * y * y + 1) % _P
    x = u * pow(v, 3, _P) * pow(u * pow(v, 7, _P), (_P - 5) // 8, _P) % _P
    if v * x * x % _P == -u % _P:
        x = x * _SQRT_MINUS_1 % _P
    if v * x * x % _P != u or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = _P - x
    return x, y, 1, x * y % _P


def _encoded(point: _Point) -> bytes:
    x, y, z, _ = point
    inverse = pow(z, -1, _P)
    return (y * inverse % _P | (x * inverse % _P & 1) << 255).to_bytes(32, "little")


_BASE_Y = 4 * pow(5, -1, _P) % _P
_BASE = _decoded(_BASE_Y.to_bytes(32, "little")) or _ZERO
