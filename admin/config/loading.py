"""From a path to a checked configuration, or to everything that is wrong with it. The room's only reading of files."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from pydantic import ValidationError

from admin.config.crosscheck import crosscheck
from admin.config.document import LocatedDict, line_of, read_document
from admin.config.explain import Fault, dotted
from admin.config.fields import MAX_ITEMS
from admin.config.nameservers import RESOLV_CONF, read_nameservers
from admin.config.problems import MAX_PROBLEMS, ConfigError, Problem
from admin.config.sections import AdminConfig, ResolverConfig, ZoneConfig
from admin.config.settings import Config
from admin.config.validation import Draft, validate
from blocklists.popular import RankingError, read_ranking
from resolver.tables.model import LocalRecord


def load(path: Path, *, resolv_conf: Path = RESOLV_CONF) -> Config:
    """Read and check a configuration; ConfigError with every problem, in the order of the file."""
    absolute = path.absolute()
    document = read_document(path)
    draft = validate(document, absolute.parent)
    draft.faults += islice(crosscheck(document, draft.values), MAX_PROBLEMS + 1)
    records = _read_zones(document, draft, absolute.parent)
    nameservers = _read_nameservers(draft, resolv_conf)
    popular = _read_ranking(draft)
    if draft.faults:
        raise ConfigError(_problems(path, document, draft.faults))
    return Config.model_construct(
        **draft.values,
        path=absolute,
        nameservers=nameservers,
        records=records,
        popular=popular,
        digest=document.digest,
    )


def _read_zones(document: LocatedDict, draft: Draft, base: Path) -> tuple[LocalRecord, ...]:
    """The records of all built-in zones; what is wrong with a zone file becomes a fault."""
    records: list[LocalRecord] = []
    resolver = document.get("resolver")
    zones = resolver.get("zones") if isinstance(resolver, dict) else None
    if not isinstance(zones, list) or not zones:
        return ()
    # Its dnspython takes 25 ms to import, which no start without such a zone shall pay.
    from admin.config.zones import ZoneError, read_zone

    for index, item in enumerate(zones[:MAX_ITEMS]):
        try:
            zone = ZoneConfig.model_validate(item, context={"base": base})
        except ValidationError:
            continue  # among the faults of the resolver section already
        try:
            records += read_zone(zone.name, zone.file)
        except ZoneError as error:
            path = ("resolver", "zones", index, "file")
            draft.faults.append(Fault(path, str(error), str(zone.file), error.line))
    return tuple(records)


def _read_nameservers(draft: Draft, path: Path) -> tuple[str, ...]:
    """What ``system`` stands for; none, or only ourselves, is a fault."""
    resolver = draft.values.get("resolver", ResolverConfig())
    assert isinstance(resolver, ResolverConfig)
    if "resolver" in draft.failed or not any(upstream.is_system for upstream in resolver.upstreams):
        return ()
    own = {str(address) for address in resolver.listen}
    try:
        servers = tuple(server for server in read_nameservers(path) if server not in own)
    except OSError as error:
        servers, detail = (), f"cannot be read ({error.strerror})"
    else:
        detail = "names no other server"
    if not servers:
        message = (
            f"`system` stands for the servers of {path}, which {detail}; write addresses such as 9.9.9.9"
        )
        draft.faults.append(Fault(("resolver", "upstreams"), message))
    return servers


def _read_ranking(draft: Draft) -> tuple[str, ...]:
    """The names of the operator's ranking; a file that is none is a fault."""
    admin = draft.values.get("admin", AdminConfig())
    assert isinstance(admin, AdminConfig)
    section = admin.gates.popular
    if section.file is None:
        return ()
    try:
        return read_ranking(section.file, top=section.top)
    except RankingError as error:
        draft.faults.append(Fault(("admin", "gates", "popular", "file"), str(error), str(section.file)))
        return ()


def _problems(path: Path, document: LocatedDict, faults: list[Fault]) -> Iterator[Problem]:
    """In the order of the file, bounded; faults in other files last."""
    problems = [
        Problem(Path(fault.file), fault.line, dotted(fault.path), fault.message)
        if fault.file
        else Problem(path, line_of(document, fault.path), dotted(fault.path), fault.message)
        for fault in faults
    ]
    problems.sort(key=lambda problem: (problem.file != path, problem.line))
    yield from problems[:MAX_PROBLEMS]
    if len(problems) > MAX_PROBLEMS:
        yield Problem(path, 0, "", f"there are more problems; the first {MAX_PROBLEMS} are shown")
