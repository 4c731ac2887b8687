"""The section ``admin.gates``: what new versions of lists are held against. Field docstrings are the manual."""

from __future__ import annotations

from admin.config.fields import FilePath, ListOf, Section, key, unset
from admin.config.list_sections import DnsName
from admin.config.values import Duration

MAX_TOP = 100_000


class PopularConfig(Section):
    """The ranking of names that very many people use."""

    file: FilePath | None = key(None, example="top.csv", words="a path")
    """A ranking of your own beside the built-in one: a name a line, most popular first, or lines of `rank,name` as
    Tranco and Umbrella ship them, or `bucket,address` as the Chrome report does. It is read when the configuration is."""
    top: int = key(10_000, example="10000", ge=1, le=MAX_TOP)
    """How many names of the file count."""


class StagingConfig(Section):
    """How a new version of a list with `staged: true` is tried out on the first worker."""

    watch: Duration = key(Duration.parse("1m"), example="5m")
    """How long the first worker is compared with the others before all take the new version."""
    queries: int = key(200, example="1000", ge=1, le=1_000_000)
    """So many queries the first worker must have had in that time. Without them it is watched as long again, then all take
    the version."""


class GatesConfig(Section):
    """Names that no new version of a list may take away unnoticed."""

    never: ListOf[DnsName] = key((), example="[pay.isp.example]")
    """Names of yours that no list may block, with all below them: shop, sign-in, billing. The built-in protected names are
    connectivity probes, certificate status, time, updates, help lines, hotlines; what `kind: protected` lists hold counts
    too."""
    unprotected: ListOf[DnsName] = key((), example="[time.windows.com]")
    """Built-in protected names that lists may block here after all."""
    popular: PopularConfig = key(unset(PopularConfig), example="{file: top.csv, top: 10000}")
    """The ranking of popular names: a new version that would block one waits for two persons."""
    staging: StagingConfig = key(unset(StagingConfig), example="{watch: 5m}")
    """How a new version of a list with `staged: true` is tried out."""
