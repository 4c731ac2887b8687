"""The whole file as one model, and the configuration that is made of it. Field docstrings are the manual."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from admin.config.audit import AuditConfig
from admin.config.categories import BUILT_IN
from admin.config.fields import FilePath, Identifier, Section, Text, key, unset
from admin.config.lists import ListConfig
from admin.config.people import REFUSE, CategoryConfig, ProfileConfig, SubscriberConfig
from admin.config.sections import AdminConfig, EmptySection, GatewayConfig, ResolverConfig, TelemetryConfig
from resolver.tables.model import LocalRecord

DEFAULT_DATA_DIR = Path("/var/lib/weir")


class Settings(Section):
    """The keys of the file."""

    node: Text = key("weir", example="edge-1.isp.example", min_length=1)
    """The name of this box, as API and metrics show it."""
    data_dir: FilePath = key(DEFAULT_DATA_DIR, example="/var/lib/weir", words="a path")
    """The folder for state: compiled lists, kept versions, published tables. A relative path starts at this file."""
    resolver: ResolverConfig = key(
        unset(ResolverConfig), example='{listen: ["192.0.2.53:53"], upstreams: [system]}'
    )
    """How DNS is served."""
    gateway: GatewayConfig = key(unset(GatewayConfig), example='{listen: ["192.0.2.80:80"]}')
    """The stop page: what a person sees in place of a blocked site."""
    lists: tuple[ListConfig, ...] = key((), example="[{catalogue: ut1-gambling}]", strict=False)
    """What is listed, and where it comes from."""
    categories: dict[Identifier, CategoryConfig] = key({}, example="{homework: {title: Home work helpers}}")
    """Categories of your own beside the built-in ones, or other titles for those."""
    profiles: dict[Identifier, ProfileConfig] = key(
        {}, example="{strict: {block: [gambling]}, open: {block: []}}"
    )
    """What people can be given."""
    subscribers: tuple[SubscriberConfig, ...] = key(
        (), example='[{id: home-17, profile: open, addresses: ["192.0.2.17"]}]', strict=False
    )
    """Who has which profile."""
    default_profile: Identifier | None = key(None, example="strict", words="the id of a profile, or refuse")
    """The profile of whoever is not a subscriber; `refuse` does not serve them. Needed when there are profiles."""
    identity: EmptySection = key(unset(EmptySection), example="{}")
    """Other ways of telling subscribers apart; this version has none, so the section has no keys."""
    admin: AdminConfig = key(unset(AdminConfig), example='{listen: "127.0.0.1:8000"}')
    """The admin API and consoles."""
    audit: AuditConfig = key(unset(AuditConfig), example="{origin: filter.isp.example/log}")
    """The public log: what was blocked, since when and by whose decision."""
    telemetry: TelemetryConfig = key(unset(TelemetryConfig), example="{query_sample: off}")
    """What is measured beyond /metrics."""


class Config(Settings):
    """A checked configuration: the keys of the file, and what reading it found. Frozen."""

    path: Path = Field(default=Path("weir.yaml"), exclude=True)
    """The file that it was read from, absolute."""
    nameservers: tuple[str, ...] = Field(default=(), exclude=True)
    """The servers that ``system`` stood for when the file was read, as ``host:port``."""
    records: tuple[LocalRecord, ...] = Field(default=(), exclude=True)
    """The records of all built-in zones."""
    popular: tuple[str, ...] = Field(default=(), exclude=True)
    """The operator's own ranking of names, most popular first."""
    digest: str = Field(default="", exclude=True)
    """SHA-256 (hexadecimal) of the file."""

    @property
    def titles(self) -> dict[str, str]:
        """Every category's title: the built-in ones, overridden and completed by the file's."""
        return {**BUILT_IN, **{name: category.title for name, category in self.categories.items()}}

    @property
    def refuses_strangers(self) -> bool:
        """Whoever is not a subscriber is not served."""
        return self.default_profile == REFUSE
