"""What no single section can know: references, repeated ids and prefixes, addresses that collide. Pure.

References, ids and prefixes are read from the document itself, so that they are checked in a list, profile or
subscriber that has another mistake as well. Values of a wrong type are passed over: their section complains.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from admin.config.categories import BUILT_IN
from admin.config.endpoints import HostPort, Prefix
from admin.config.explain import Fault, dotted
from admin.config.people import REFUSE
from admin.config.problems import plain, shown
from admin.config.references import reserved_profile, taken_prefix, unknown_category, unknown_profile
from admin.config.sections import AdminConfig, GatewayConfig, ResolverConfig

Path = tuple[str | int, ...]


def crosscheck(document: Mapping[str, object], valid: Mapping[str, object]) -> Iterator[Fault]:
    """Every fault between the pieces of a document; ``valid`` are its valid sections."""
    yield from _repeated_ids("lists", document, ("id", "catalogue"))
    yield from _repeated_ids("subscribers", document, ("id",))
    yield from _repeated_canaries(document)
    yield from _categories(document)
    yield from _profiles(document)
    yield from _prefixes(document)
    yield from _addresses(document, valid)


def _mappings(section: object) -> Iterator[tuple[str | int, Mapping[str, object]]]:
    """The mappings in a list or mapping, with their index or key."""
    pairs: Iterator[tuple[str | int, object]] = iter(())
    if isinstance(section, list):
        pairs = iter(enumerate(section))
    elif isinstance(section, dict):
        pairs = iter(section.items())
    for place, item in pairs:
        if isinstance(item, dict):
            yield place, item


def _texts(value: object) -> Iterator[tuple[int, str]]:
    """The texts in a list, with their index."""
    for index, item in enumerate(value if isinstance(value, list) else ()):
        if isinstance(item, str):
            yield index, item


def _repeated_ids(section: str, document: Mapping[str, object], keys: tuple[str, ...]) -> Iterator[Fault]:
    """``keys`` are the keys that give the id, the first that is there counts."""
    first: dict[str, str | int] = {}
    for index, item in _mappings(document.get(section)):
        key = next((key for key in keys if isinstance(item.get(key), str)), None)
        if key is None:
            continue
        name = str(item[key])
        holder = first.setdefault(name, index)
        if holder != index:
            message = f"{shown(name)} is the id of {section}[{holder}] already; give each its own id"
            yield Fault((section, index, key), message)


def _repeated_canaries(document: Mapping[str, object]) -> Iterator[Fault]:
    """Of a name that two lists have, nobody could tell which of them enforces it."""
    first: dict[str, str | int] = {}
    for index, item in _mappings(document.get("lists")):
        name = item.get("canary")
        if isinstance(name, str) and (holder := first.setdefault(name, index)) != index:
            message = f"{shown(name)} is the canary of lists[{holder}] already; give each its own name"
            yield Fault(("lists", index, "canary"), message)


def _categories(document: Mapping[str, object]) -> Iterator[Fault]:
    declared = document.get("categories")
    known = {*BUILT_IN, *(declared if isinstance(declared, dict) else ())}
    for section, keys in (("lists", ("categories",)), ("profiles", ("block", "allow_only"))):
        for place, item in _mappings(document.get(section)):
            for key in keys:
                for index, name in _texts(item.get(key)):
                    if message := unknown_category(name, known):
                        yield Fault((section, place, key, index), message)


def _profiles(document: Mapping[str, object]) -> Iterator[Fault]:
    section = document.get("profiles")
    known = tuple(section) if isinstance(section, dict) else ()
    if REFUSE in known and (reserved := reserved_profile(REFUSE)):
        yield Fault(("profiles", REFUSE), reserved)
    for index, item in _mappings(document.get("subscribers")):
        yield from _profile_reference(("subscribers", index, "profile"), item.get("profile"), known)
    yield from _profile_reference(("default_profile",), document.get("default_profile"), {*known, REFUSE})
    if known and "default_profile" not in document:
        names = ", ".join(plain(name) for name in sorted({*known[:10]} - {REFUSE}))
        message = f"missing; name the profile of whoever is not a subscriber ({names}), or write refuse"
        yield Fault(("default_profile",), message)


def _profile_reference(path: Path, name: object, known: Collection[str]) -> Iterator[Fault]:
    if isinstance(name, str) and (message := unknown_profile(name, known)):
        yield Fault(path, message)


def _prefixes(document: Mapping[str, object]) -> Iterator[Fault]:
    first: dict[str, Path] = {}
    for index, item in _mappings(document.get("subscribers")):
        for position, text in _texts(item.get("addresses")):
            try:
                prefix = str(Prefix.parse(text))
            except ValueError:
                continue
            path: Path = ("subscribers", index, "addresses", position)
            holder = first.setdefault(prefix, path)
            if holder != path:
                yield Fault(path, taken_prefix(prefix, dotted(holder)))


def _addresses(document: Mapping[str, object], valid: Mapping[str, object]) -> Iterator[Fault]:
    """No two of our own TCP listeners on one address, and no upstream that is ourselves."""
    taken: dict[HostPort, Path] = {}
    for path, address in _listeners(document, valid):
        holder = taken.setdefault(address, path)
        if holder != path:
            yield Fault(path, f"`{address}` is taken by {dotted(holder)}; write another port")
    resolver = valid.get("resolver")
    if isinstance(resolver, ResolverConfig):
        own = {str(address) for address in resolver.listen}
        for index, upstream in enumerate(resolver.upstreams):
            if str(upstream) in own:
                message = f"`{upstream}` is this resolver itself (resolver.listen); name another server"
                yield Fault(("resolver", "upstreams", index), message)


def _listeners(
    document: Mapping[str, object], valid: Mapping[str, object]
) -> Iterator[tuple[Path, HostPort]]:
    """All addresses for TCP; a section that is not in the file has its defaults, one with a mistake has none."""
    defaults = {"resolver": ResolverConfig(), "gateway": GatewayConfig(), "admin": AdminConfig()}
    for name, default in defaults.items():
        section = valid.get(name) if name in document else default
        if isinstance(section, ResolverConfig | GatewayConfig):
            yield from (((name, "listen", index), address) for index, address in enumerate(section.listen))
        elif isinstance(section, AdminConfig):
            yield (name, "listen"), section.listen
            if section.notify is not None:
                yield (name, "notify"), section.notify
