"""A bundle for those who help: what may leave the box, and nothing else (requirements C2, G2).

Nothing is taken because it is there: every part is named in ``PARTS`` or ``FILES``. Never in it: texts and records of
lists, compiled lists, keys, tokens, the database, what subscribers are called or ask for. Of each list goes what the API
shows of it, of a secret one without numbers; of the configuration what the file says of the box, without people.
"""

from __future__ import annotations

import importlib.metadata
import io
import json
import platform
import tarfile
from collections.abc import Iterator
from pathlib import Path

from admin.config import Config
from admin.services.build import sources
from admin.services.place import Place
from admin.services.redaction import redacted
from blocklists.list_store import ListStore
from blocklists.model import ListSource

PARTS = ("about.json", "config.json", "lists.json", "places.json")
FILES = ("state/layout.json",)
"""Files of the data folder that are taken as they are."""

_SECTIONS = {"resolver": {"zones"}, "gateway": set[str](), "telemetry": set[str]()}
"""Sections of the configuration that go, each without these keys."""
_LIST_KEYS = ("id", "format", "kind", "confidentiality", "refresh", "max_size", "max_shrink", "max_growth")
_LARGEST = 1024 * 1024
"""Bytes of a file that is taken; a larger one is none of those meant."""


def write_bundle(config: Config, target: Path, now: float) -> tuple[str, ...]:
    """Write the bundle (tar, gzip; mode 0600) and return what is in it. FileExistsError, OSError; nothing stays then."""
    with target.open("xb") as file:
        try:
            target.chmod(0o600)
            names = []
            with tarfile.open(fileobj=file, mode="w:gz") as archive:
                for name, content in _contents(config, now):
                    entry = tarfile.TarInfo(f"weir/{name}")
                    entry.size, entry.mtime, entry.mode = len(content), int(now), 0o600
                    archive.addfile(entry, io.BytesIO(content))
                    names.append(name)
        except BaseException:
            target.unlink(missing_ok=True)
            raise
    return tuple(names)


def _contents(config: Config, now: float) -> Iterator[tuple[str, bytes]]:
    place = Place(config.data_dir)
    parts: tuple[object, ...] = (_about(), _config(config), _lists(config, place, now), _places(place))
    for name, part in zip(PARTS, parts, strict=True):
        yield name, json.dumps(part, indent=1, sort_keys=True).encode()
    for name in FILES:
        path = place.data_dir / name
        if path.is_file() and not path.is_symlink() and path.stat().st_size <= _LARGEST:
            yield name, path.read_bytes()


def _about() -> dict[str, object]:
    packages = {item.name: item.version for item in importlib.metadata.distributions()}
    return {"python": platform.python_version(), "system": platform.platform(), "packages": packages}


def _config(config: Config) -> dict[str, object]:
    whole = config.model_dump(mode="json", include=set(_SECTIONS), exclude_none=True)
    kept: dict[str, object] = {
        section: {key: value for key, value in whole[section].items() if key not in without}
        for section, without in _SECTIONS.items()
    }
    lists = config.model_dump(mode="json", include={"lists"})["lists"]
    return kept | {"lists": [{key: item[key] for key in _LIST_KEYS} for item in lists]}


def _lists(config: Config, place: Place, now: float) -> list[dict[str, object]]:
    store = ListStore(place.lists)
    return [_list(source, store, now) for source in sources(config)]


def _list(source: ListSource, store: ListStore, now: float) -> dict[str, object]:
    status = store.status(source.id, now=now)
    shown = redacted(source, status)
    return {
        "id": source.id,
        "state": status.state.value,
        "entries": shown.entries,
        "age_s": status.age,
        "last_attempt": status.last_attempt,
        "suspended": status.suspension is not None,
    }


def _places(place: Place) -> dict[str, int]:
    """Sizes of what lies in the folders of state and running processes; names of lists' files stay here."""
    found = (path for folder in (place.state, place.run) for path in sorted(folder.glob("*")))
    return {str(path.relative_to(place.data_dir)): path.lstat().st_size for path in found}
