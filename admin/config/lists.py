"""One list as the file declares it; a catalogue entry may stand behind it. Pure but for reading the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, ValidationInfo, field_validator, model_validator

from admin.config.endpoints import ListUrl
from admin.config.fields import Identifier, ListOf, Section, Text, between, chosen, key
from admin.config.problems import fault, nearest, shown
from admin.config.values import Duration, Ratio, Size
from blocklists.catalogue import CatalogueEntry, load_catalogue
from blocklists.formats import FORMATS
from blocklists.model import Confidentiality, Kind, LegalBasis, Scope

_SCOPES: Mapping[str, tuple[Scope, ...]] = {
    "hosts": (Scope.HOST, Scope.DOMAIN, Scope.WILDCARD),
    "domains": (Scope.HOST, Scope.DOMAIN, Scope.WILDCARD),
    "urls": (Scope.URL, Scope.URL_PREFIX),
}
"""The formats whose entries do not say how far they reach, and what can be said for them."""


def _format(value: str) -> str:
    if value not in FORMATS:
        raise fault(
            f"{shown(value)} is unknown{nearest(value, FORMATS)}; write one of {', '.join(sorted(FORMATS))}"
        )
    return value


def _at_most_all(value: Ratio) -> Ratio:
    if value.share > 1:
        raise fault(f"`{value}` is more than all; write 100% or less")
    return value


def _kind(value: object) -> Kind:
    return chosen(Kind, value)


def _legal_basis(value: object) -> LegalBasis:
    return chosen(LegalBasis, value)


def _confidentiality(value: object) -> Confidentiality:
    return chosen(Confidentiality, value)


def _scope(value: object) -> Scope:
    return chosen(Scope, value)


def _words(kind: type[Kind | LegalBasis | Confidentiality | Scope]) -> str:
    return "one of " + ", ".join(member.value for member in kind)


class ListConfig(Section):
    """A source of entries."""

    id: Identifier = key(example="bets", words="an id")
    """A short name of your own; that of the catalogue entry by default."""
    catalogue: str | None = key(None, example="ut1-gambling")
    """Take address, format, kind, category, title and licence from this entry of the catalogue of public lists; keys
    beside it win."""
    url: ListUrl = key(example="file:domains.txt")
    """Where the list comes from: `file:` and a path (a relative one starts at the configuration), or `https://…`."""
    format: Annotated[str, AfterValidator(_format)] = key(
        example="domains", words="one of " + ", ".join(sorted(FORMATS))
    )
    """How the list is written."""
    kind: Annotated[Kind, BeforeValidator(_kind)] = key(example="category", words=_words(Kind))
    """What the list is for: it feeds categories, it is illegal content or a security threat (blocked for everybody),
    or it is protected (no category may block it)."""
    categories: ListOf[Identifier] = key((), example="[gambling]")
    """The categories that the list feeds; needed for kind category."""
    title: Text = key("", example="Gambling sites")
    """What people see as the list's name."""
    authority: Text = key("", example="Example Hotline")
    """Who decides what stands in the list."""
    legal_basis: Annotated[LegalBasis, BeforeValidator(_legal_basis)] = key(
        LegalBasis.USER, example="voluntary", words=_words(LegalBasis)
    )
    """Why it may be enforced; statute and court make it a legal order (EDE 16, HTTP 451)."""
    confidentiality: Annotated[Confidentiality, BeforeValidator(_confidentiality)] = key(
        Confidentiality.PUBLIC, example="secret", words=_words(Confidentiality)
    )
    """Who may learn what stands in it."""
    contact: Text = key("", example="mistakes@hotline.example")
    """Where a mistake in the list is reported."""
    licence: Text = key("", example="CC BY-SA 4.0")
    """The licence under which the list may be used."""
    scope: Annotated[
        Scope | None, BeforeValidator(lambda value: None if value is None else _scope(value))
    ] = key(None, example="host", words="host, domain or wildcard; for format urls url or url-prefix")
    """How far an entry reaches in formats that do not say it; by default a name means itself and all below, a web
    address exactly this page."""
    public_suffixes: bool = key(default=False, example="true")
    """Honour entries under which everybody's customers live (for lists of dynamic DNS names)."""
    addresses: bool = key(default=False, example="true")
    """Bare addresses in the list block answers that carry them."""
    refresh: Annotated[Duration, between("1m", "365d")] = key(Duration.parse("1h"), example="1d")
    """How often the list is looked for anew."""
    max_size: Size = key(Size.parse("256MiB"), example="64MiB")
    """A larger version is refused."""
    max_shrink: Annotated[Ratio, AfterValidator(_at_most_all)] = key(Ratio.parse("50%"), example="30%")
    """A version that loses more than this share of the entries is held until the operator accepts it."""
    max_growth: Ratio = key(Ratio.parse("300%"), example="100%")
    """A version that grows by more than this share of the entries is held until the operator accepts it."""
    max_errors: Annotated[Ratio, AfterValidator(_at_most_all)] = key(Ratio.parse("5%"), example="1%")
    """A version of which more than this share of the lines is no rule is held."""

    @model_validator(mode="before")
    @classmethod
    def _from_catalogue(cls, raw: object) -> object:
        if not isinstance(raw, dict) or not isinstance(raw.get("catalogue"), str):
            return raw
        catalogue = load_catalogue()
        entry = catalogue.get(raw["catalogue"])
        if entry is None:
            name = raw["catalogue"]
            guess = nearest(name, catalogue) or "; `weir config reference` names them all"
            raise fault(f"the catalogue has no list {shown(name)}{guess}", key="catalogue")
        return _defaults(entry) | raw

    @field_validator("url", mode="after")
    @classmethod
    def _anchored(cls, url: ListUrl, info: ValidationInfo) -> ListUrl:
        base: Path | None = (info.context or {}).get("base")
        return url if url.path is None or base is None else ListUrl(f"file:{base / url.path}")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.kind is Kind.CATEGORY and not self.categories:
            raise fault(
                "a list of kind category feeds at least one; write for example [gambling]", key="categories"
            )
        if self.confidentiality is Confidentiality.SECRET and self.kind is not Kind.ILLEGAL:
            raise fault(
                "only a list of kind illegal can be secret; write public or restricted", key="confidentiality"
            )
        if self.scope is not None and self.scope not in (fitting := _SCOPES.get(self.format, ())):
            remedy = (
                f"write {' or '.join(fitting)}"
                if fitting
                else f"entries of format {self.format} say it; remove it"
            )
            raise fault(
                f"`{self.scope}` is not how far an entry of this list can reach; {remedy}", key="scope"
            )
        return self


def _defaults(entry: CatalogueEntry) -> dict[str, object]:
    """What a catalogue entry says, as keys of the file."""
    return {
        "id": entry.id,
        "url": entry.url,
        "format": entry.format,
        "kind": entry.kind,
        "categories": list(entry.categories),
        "title": entry.title,
        "licence": entry.licence,
    }
