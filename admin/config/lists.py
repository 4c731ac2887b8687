"""One list as the file declares it; a catalogue entry may stand behind it. Pure but for reading the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Self, TypeVar

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.config import JsonDict

from admin.config.endpoints import ListUrl
from admin.config.fields import Described, Identifier, ListOf, Section, Text, between, chosen, key
from admin.config.list_formats import check_format
from admin.config.list_sections import (
    AccessConfig,
    DnsName,
    FieldsConfig,
    HashesConfig,
    RpzConfig,
    SignatureConfig,
    TransferConfig,
)
from admin.config.problems import fault, nearest, shown
from admin.config.values import Duration, Ratio, Size
from blocklists.catalogue import CatalogueEntry, load_catalogue
from blocklists.formats import FORMATS
from blocklists.model import Confidentiality, Kind, LegalBasis, Scope
from blocklists.properties import Attribution, LogPolicy, PopularNames, Publish, StalePolicy

_E = TypeVar("_E", Attribution, LogPolicy, PopularNames, Publish, StalePolicy)

_SCOPES: Mapping[str, tuple[Scope, ...]] = {
    "hosts": (Scope.HOST, Scope.DOMAIN, Scope.WILDCARD),
    "domains": (Scope.HOST, Scope.DOMAIN, Scope.WILDCARD),
    "urls": (Scope.URL, Scope.URL_PREFIX),
    "csv": (Scope.HOST, Scope.DOMAIN, Scope.WILDCARD, Scope.URL, Scope.URL_PREFIX),
    "json": (Scope.HOST, Scope.DOMAIN, Scope.WILDCARD, Scope.URL, Scope.URL_PREFIX),
    "hashes": (Scope.DOMAIN,),
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


def _one_of(kind: type[_E]) -> BeforeValidator:
    return BeforeValidator(lambda value: None if value is None else chosen(kind, value))


def _day(value: object) -> date | None:
    try:
        return value if value is None or type(value) is date else date.fromisoformat(str(value))
    except ValueError:
        raise fault(f"{shown(value)} is no day; write for example 2027-03-31") from None


def _either(schema: JsonDict) -> None:
    """An entry of the catalogue brings what is needed otherwise."""
    schema["anyOf"] = [{"required": ["catalogue"]}, {"required": schema.pop("required")}]


class ListConfig(Section):
    """A source of entries."""

    model_config = ConfigDict(json_schema_extra=_either)

    id: Identifier = key(example="bets", words="an id")
    """A short name of your own; that of the catalogue entry by default."""
    catalogue: str | None = key(None, example="ut1-gambling")
    """Take address, format, kind, category, title and licence from this entry of the catalogue of public lists; keys
    beside it win."""
    url: ListUrl | None = key(None, example="file:domains.txt")
    """Where the list comes from: `file:` and a path (a relative one starts at the configuration), or `https://…`. The
    path may be that of a folder, whose files make up the list, or end in a pattern such as `lists/*.txt`; files are
    taken as soon as they change and may be gzip'ed. A list has either an address or a `transfer`."""
    transfer: TransferConfig | None = key(
        None, example='{zone: rpz.hotline.example, primaries: ["192.0.2.53"]}'
    )
    """The zone transfer that the list comes from, in place of an address; its format is rpz."""
    access: AccessConfig = key(AccessConfig(), example="{api_key: credential:hotline-api-key}")
    """How an HTTPS address is reached: certificates, keys, a proxy."""
    signature: SignatureConfig | None = key(
        None, example="{kind: minisign, public_key: /etc/weir/hotline.pub}"
    )
    """The detached signature without which no version counts."""
    fields: FieldsConfig | None = key(None, example="{entry: url, scope: level, scopes: {site: domain}}")
    """Formats csv and json, and needed there: which parts of a row or item make an entry."""
    hashes: HashesConfig | None = key(None, example="{shape: host-path, algorithm: md5}")
    """Format hashes, and needed there: how the digests are made."""
    rpz: RpzConfig = key(RpzConfig(), example="{override: disabled}")
    """Format rpz: what the zone's rules do here. Zones of one kind speak in the order of this file, after what they say
    about the client; the first that speaks ends the others, also by rpz-passthru. A zone that lifts what lists of other
    kinds block is one of kind protected."""
    format: Annotated[str, AfterValidator(_format), Described({"enum": sorted(FORMATS)})] = key(
        example="domains", words="one of " + ", ".join(sorted(FORMATS))
    )
    """How the list is written: names one a line (domains), a hosts file, filter rules (adblock, dnsmasq), a response
    policy zone (rpz), web addresses one a line (urls), columns (csv), a JSON document (json), or digests (hashes)."""
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
    attribution: Annotated[Attribution, _one_of(Attribution)] = key(
        Attribution.ALLOWED, example="forbidden", words="one of " + ", ".join(Attribution)
    )
    """Whether people who are stopped are told the authority's name."""
    page: Text = key("", example="This page is on the list of Example Hotline.")
    """The authority's own words for the stop page."""
    ede: int | None = key(None, example="16", ge=0, le=65_535, words="a whole number")
    """The extended DNS error (RFC 8914) of the list's answers, in place of the one that its kind calls for."""
    log_policy: Annotated[LogPolicy, _one_of(LogPolicy)] = key(
        LogPolicy.COUNTS, example="none", words="one of " + ", ".join(LogPolicy)
    )
    """What may be kept of its hits: nothing, counts, or the names that were stopped (never who asked)."""
    contact: Text = key("", example="mistakes@hotline.example")
    """Where a mistake in the list is reported."""
    licence_ends: Annotated[date | None, BeforeValidator(_day)] = key(
        None, example='"2027-03-31"', words="a day"
    )
    """The last day (UTC) on which the list may be used. After it Weir destroys the list's key, all its versions and its
    compiled entries, and says so in the audit log; `weir lists resume` begins anew once this date is moved."""
    keep_versions: int = key(5, example="1", ge=1, le=5)
    """Versions that are kept so that one can roll back, the one that serves among them: no more than the licence allows."""
    licence: Text = key("", example="CC BY-SA 4.0")
    """The licence under which the list may be used."""
    scope: Annotated[
        Scope | None, BeforeValidator(lambda value: None if value is None else _scope(value))
    ] = key(None, example="host", words="host, domain or wildcard; for web addresses url or url-prefix")
    """How far an entry reaches in formats that do not say it: domain is the name and all below it (the default of hosts
    and domains), url exactly this page (that of urls), url-prefix the page, and the folder of that name with all in it.
    Formats csv and json have no default: write it here, or map a field of each row. A page never widens to its host: it
    changes no DNS answer. For format hashes `domain` says that the list names whole sites, which DNS then blocks."""
    public_suffixes: bool = key(default=False, example="true")
    """Honour entries under which everybody's customers live (for lists of dynamic DNS names)."""
    addresses: bool = key(default=False, example="true")
    """Bare addresses in the list block answers that carry them. Format rpz says it itself (rpz-ip) and needs no key."""
    refresh: Annotated[Duration, between("1m", "365d")] = key(Duration.parse("1h"), example="1d")
    """How often the list is looked for anew."""
    warn_age: Annotated[Duration, between("1m", "365d")] | None = key(None, example="12h", words="a duration")
    """A list that was not confirmed for this long is warned about; by default two refreshes."""
    max_age: Annotated[Duration, between("1m", "3650d")] | None = key(None, example="72h", words="a duration")
    """Past this age `stale_policy` holds; by default 72h for illegal content, never for other lists."""
    stale_policy: Annotated[StalePolicy | None, _one_of(StalePolicy)] = key(
        None, example="drop", words="one of " + ", ".join(StalePolicy)
    )
    """What becomes of a list past `max_age`: it goes on serving (keep) or ends (drop), with an alarm either way. By
    default drop for web addresses, whose removals are the point of daily updates, and keep for names."""
    review_after: Annotated[Duration, between("1d", "3650d")] | None = key(
        None, example="180d", words="a duration"
    )
    """Entries that are older than this stand in the queue of those to be looked at again."""
    canary: DnsName | None = key(None, example="canary.isp.example", words="a name")
    """A harmless name of yours that is enforced like an entry of the list, so that enforcement can be probed."""
    popular_names: Annotated[PopularNames, _one_of(PopularNames)] = key(
        PopularNames.HOLD, example="expected", words="one of " + ", ".join(PopularNames)
    )
    """What popular names in a new version mean: an accident until two people release it (hold), or the list's very
    purpose (expected)."""
    staged: bool = key(default=False, example="true")
    """A new version serves on one worker first, and on all when that went well (`admin.gates.staging`). It takes two
    workers, and a version before to go back to; one that comes together with a change of the lists in the configuration is
    not tried out."""
    publish: Annotated[Publish, _one_of(Publish)] = key(
        Publish.ROOT, example="count", words="one of " + ", ".join(Publish)
    )
    """What the public transparency log says of the list beside its id, its confidentiality and how much of it is enforced:
    a digest of its text (of a restricted or secret list a commitment, which tells nothing without its opening) and, but
    for secret lists, the number of entries (root); that number alone (count); nothing (none), where a licence forbids even
    that. Without a digest nobody can prove later what was in the list."""
    max_size: Size = key(Size.parse("256MiB"), example="64MiB")
    """A larger version is refused."""
    max_shrink: Annotated[Ratio, AfterValidator(_at_most_all)] = key(Ratio.parse("30%"), example="20%")
    """A version that loses more than this share of the entries is held until the operator accepts it. Ten entries may
    always go."""
    max_growth: Ratio = key(Ratio.parse("50%"), example="100%")
    """A version that grows by more than this share of the entries is held until the operator accepts it. A hundred
    entries may always come."""
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
    def _anchored(cls, url: ListUrl | None, info: ValidationInfo) -> ListUrl | None:
        base: Path | None = (info.context or {}).get("base")
        return url if url is None or url.path is None or base is None else ListUrl(f"file:{base / url.path}")

    @model_validator(mode="after")
    def _sourced(self) -> Self:
        if (self.url is None) == (self.transfer is None):
            raise fault("a list has one source; write either url or transfer", key="url")
        if self.transfer is not None and self.format != "rpz":
            raise fault("a zone that is transferred is read as rpz; write format: rpz", key="format")
        if self.rpz != RpzConfig() and self.format != "rpz":
            raise fault("`rpz` belongs to format rpz; remove it, or write format: rpz", key="rpz")
        check_format(self.format, self.scope, self.fields, self.hashes)
        if self.confidentiality is Confidentiality.SECRET and self.ede is not None:
            raise fault(
                "answers of a secret list are those of security lists, so that nobody can tell them apart; remove it",
                key="ede",
            )
        if self.confidentiality is Confidentiality.SECRET and self.log_policy is LogPolicy.NAMES:
            raise fault("names of a secret list are never kept; write counts or none", key="log_policy")
        return self

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
        "popular_names": entry.popular,
    }
