"""The parts of a list that have keys of their own: how it is reached, read and verified. Field docstrings are the manual."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Self, TypeVar

from pydantic import BeforeValidator, PlainSerializer, ValidationInfo, WithJsonSchema, model_validator

from admin.config.endpoints import Prefix, Upstream
from admin.config.fields import FilePath, ListOf, Section, Text, WebAddress, chosen, key
from admin.config.problems import fault, shown
from blocklists.canonical import CanonicalError, host
from blocklists.formats.mapped import SCOPES
from blocklists.model import Scope
from blocklists.properties import HashAlgorithm, HashShape, PolicyOverride, Secret, SignatureKind

_CREDENTIAL = "credential:"
_E = TypeVar("_E", PolicyOverride, HashAlgorithm, HashShape, SignatureKind)


def _secret(value: object, info: ValidationInfo) -> Secret:
    if isinstance(value, Secret):
        return value
    if not isinstance(value, str) or not value or not value.isprintable():
        raise fault(f"{shown(value)} leads to no secret; write a path, or credential: and its name")
    if value.startswith(_CREDENTIAL):
        return Secret(credential=value.removeprefix(_CREDENTIAL))
    base: Path = (info.context or {}).get("base", Path())
    return Secret(path=os.path.normpath(base / value))


SecretRef = Annotated[
    Secret,
    BeforeValidator(_secret),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "minLength": 1}),
]
"""Where a secret lies: a path, or ``credential:NAME`` for what systemd hands over (LoadCredential=)."""


def one_of(kind: type[_E]) -> tuple[BeforeValidator, str]:
    """A validator for one of the words of ``kind``, and the words for the manual."""
    return BeforeValidator(lambda value: chosen(kind, value)), "one of " + ", ".join(kind)


def _dns_name(value: object) -> str:
    try:
        return host(value if isinstance(value, str) else "")
    except CanonicalError as error:
        raise fault(f"{shown(value)} is no name ({error}); write for example rpz.hotline.example") from None


DnsName = Annotated[str, BeforeValidator(_dns_name)]
"""A canonical name with at least two labels."""

_override, _override_words = one_of(PolicyOverride)
_algorithm, _algorithm_words = one_of(HashAlgorithm)
_shape, _shape_words = one_of(HashShape)
_signature, _signature_words = one_of(SignatureKind)


class AccessConfig(Section):
    """How an HTTPS source is reached."""

    ca: FilePath | None = key(None, example="/etc/weir/hotline-ca.pem", words="a path")
    """Trust only the certificate authorities in this PEM file."""
    certificate: FilePath | None = key(None, example="/etc/weir/hotline-client.pem", words="a path")
    """The client certificate (PEM) by which the source knows us."""
    certificate_key: SecretRef | None = key(
        None, example="credential:hotline-client-key", words="a path or credential:NAME"
    )
    """The private key of the client certificate (PEM)."""
    api_key: SecretRef | None = key(
        None, example="credential:hotline-api-key", words="a path or credential:NAME"
    )
    """The key that the source asks for; its first line is sent as it stands, for example `Bearer abc…`."""
    header: Text = key("Authorization", example="X-Api-Key", min_length=1)
    """The header that carries `api_key`."""
    proxy: WebAddress = key("", example="http://proxy.isp.example:3128", words="a web address")
    """An HTTP proxy through which the source is reached (CONNECT)."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.certificate is None) != (self.certificate_key is None):
            raise fault("a client certificate and its key belong together; write both or neither")
        return self


class TsigConfig(Section):
    """A key that guards zone transfers (RFC 8945)."""

    name: DnsName = key(example="weir.hotline.example", words="a name")
    """The key's name, as the primary knows it."""
    algorithm: Text = key("hmac-sha256", example="hmac-sha512")
    """hmac-sha256, hmac-sha384 or hmac-sha512."""
    secret: SecretRef = key(example="credential:hotline-tsig", words="a path or credential:NAME")
    """Where its Base64 text lies."""

    @model_validator(mode="after")
    def _known(self) -> Self:
        known = ("hmac-sha256", "hmac-sha384", "hmac-sha512")
        if self.algorithm not in known:
            raise fault(
                f"{shown(self.algorithm)} is not used; write one of {', '.join(known)}", key="algorithm"
            )
        return self


class TransferConfig(Section):
    """A zone that is transferred (AXFR, IXFR) and followed by NOTIFY."""

    zone: DnsName = key(example="rpz.hotline.example", words="a name")
    """The zone's name."""
    primaries: ListOf[Upstream] = key(example='["192.0.2.53", "192.0.2.54:5353"]', min_length=1)
    """The servers that have it, asked in this order."""
    tsig: TsigConfig | None = key(
        None, example="{name: weir.hotline.example, secret: credential:hotline-tsig}"
    )
    """The key that both sides share. Without one anybody on the way could change the list."""
    notify_from: ListOf[Prefix] = key((), example='["192.0.2.0/28"]')
    """Whose NOTIFY is believed beside that of the primaries."""


class FieldsConfig(Section):
    """Which parts of a CSV row or a JSON item make an entry."""

    entry: Text = key("", example="url")
    """CSV: the column with the name or address, by its head, or by its number from 1 in a file without a head. JSON: a
    pointer (RFC 6901) into the item, such as `/url`; empty is the item itself."""
    items: Text = key("", example="/data/entries")
    """JSON: the pointer to the array of items; empty is the whole document."""
    scope: Text = key("", example="level")
    """The column or pointer that says how far an entry reaches. Without it all entries have the list's `scope`."""
    scopes: dict[str, Annotated[Scope, BeforeValidator(lambda value: chosen(Scope, value))]] = key(
        {}, example="{site: domain, page: url}"
    )
    """What its values mean: host, domain, wildcard, url or url-prefix. A row with another value counts as malformed:
    nothing widens by a guess. A whole site may be written as the address of its front page."""
    delimiter: Text = key(",", example='";"', min_length=1, max_length=1)
    """CSV: what stands between columns; no quote, and no line end."""

    @model_validator(mode="after")
    def _usable(self) -> Self:
        if self.delimiter in '"\r\n':
            raise fault(
                f"{shown(self.delimiter)} cannot stand between columns; write for example ';'",
                key="delimiter",
            )
        if not set(self.scopes.values()) <= SCOPES:
            raise fault(f"an entry reaches as far as one of {', '.join(sorted(SCOPES))}", key="scopes")
        return self


def _full_digests(value: object, info: ValidationInfo) -> object:
    if not isinstance(value, str) or not value or value.startswith("https://"):
        return value
    if not value.startswith("file:"):
        raise fault(f"{shown(value)} is no address of digests; write file: and a path, or https://…")
    base: Path = (info.context or {}).get("base", Path())
    return f"file:{os.path.normpath(base / value.removeprefix('file:'))}"


class HashesConfig(Section):
    """How the digests of a hashed list are made."""

    shape: Annotated[HashShape, _shape] = key(example="host-path", words=_shape_words)
    """host-path: digest of the host, digest of the path, depth (the BPjM shape); depth 0 is the host and all below it.
    expression: the digest of one expression `host/path`, or its first 4 bytes or more (the Safe Browsing shape)."""
    algorithm: Annotated[HashAlgorithm, _algorithm] = key(
        HashAlgorithm.SHA256, example="md5", words=_algorithm_words
    )
    """How digests are made."""
    full: Annotated[Text, BeforeValidator(_full_digests)] = key(
        "", example="https://hotline.example/full-hashes"
    )
    """Shape expression: where the full digests behind prefixes are, one a line. A prefix alone never blocks: it counts as
    not enforceable until a full digest begins so."""


class SignatureConfig(Section):
    """A version counts only with a good detached signature."""

    kind: Annotated[SignatureKind, _signature] = key(example="minisign", words=_signature_words)
    """minisign or OpenPGP."""
    public_key: FilePath = key(example="/etc/weir/hotline.pub", words="a path")
    """The public key of whoever signs."""
    url: Text = key("", example="https://hotline.example/list.txt.minisig")
    """Where the signature is; by default the list's address with .minisig or .asc behind it."""


class RpzConfig(Section):
    """What the rules of an RPZ zone do here."""

    override: Annotated[PolicyOverride, _override] = key(
        PolicyOverride.GIVEN, example="disabled", words=_override_words
    )
    """given: what the zone says. disabled: nothing, but hits are counted. Else: this, for every rule of the zone."""
    cname: Annotated[str, BeforeValidator(lambda value: value and _dns_name(value))] = key(
        "", example="walled-garden.isp.example", words="a name"
    )
    """The name that answers for everything that the zone lists, with `override: cname`."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.override is PolicyOverride.CNAME) != bool(self.cname):
            raise fault("`cname` belongs to `override: cname`; write both or neither", key="cname")
        return self
