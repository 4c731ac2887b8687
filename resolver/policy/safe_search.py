"""Where search engines keep their safe mode: exact host → the name to answer with. Facts and one look-up, pure.

The engine's host is answered with a CNAME to the target, for every type, so that A, AAAA and HTTPS lead to the same
place. An engine whose safe mode is an address (Yandex) or that has none (Yahoo, AOL, Qwant) is not here: an operator
lists its names in a category instead. YouTube is a switch of its own, because its strict mode hides far more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from blocklists.canonical import to_wire

# Google's national hosts: www.google.<code>, www.google.co.<code>, www.google.com.<code>.
_GOOGLE = """
    ad ae al am as at az ba be bf bg bi bj bs bt by ca cat cd cf cg ch ci cl cm cn co com cv cz de dj dk dm dz ee es
    fi fm fr ga ge gg gl gm gp gr gy hn hr ht hu ie im iq is it je jo kg ki kz la li lk lt lu lv md me mg mk ml mn ms
    mu mv mw ne nl no nr nu pl pn ps pt ro rs ru rw sc se sh si sk sm sn so sr st td tg tk tl tm tn to tt vg vu ws
"""
_GOOGLE_CO = "ao bw ck cr id il in jp ke kr ls ma mz nz th tz ug uk uz ve vi za zm zw"
_GOOGLE_COM = """
    af ag ai ar au bd bh bn bo br bz co cu cy do ec eg et fj gh gi gt hk jm kh kw lb ly mm mt mx my na nf ng ni np om
    pa pe pg ph pk pr py qa sa sb sg sl sv tj tr tw ua uy vc vn
"""


def _google_hosts() -> tuple[str, ...]:
    endings = [
        *_GOOGLE.split(),
        *(f"co.{code}" for code in _GOOGLE_CO.split()),
        *(f"com.{code}" for code in _GOOGLE_COM.split()),
    ]
    return tuple(f"www.google.{ending}" for ending in endings)


ENGINES: Mapping[str, tuple[str, tuple[str, ...]]] = MappingProxyType(
    {
        "google": ("forcesafesearch.google.com", _google_hosts()),
        "bing": ("strict.bing.com", ("www.bing.com", "edgeservices.bing.com")),
        "duckduckgo": (
            "safe.duckduckgo.com",
            ("duckduckgo.com", "www.duckduckgo.com", "start.duckduckgo.com"),
        ),
        "ecosia": ("strict-safe-search.ecosia.org", ("www.ecosia.org",)),
        "pixabay": ("safesearch.pixabay.com", ("pixabay.com",)),
        "brave": ("forcesafe.search.brave.com", ("search.brave.com",)),
    }
)
"""Engine → (target, hosts)."""

YOUTUBE_HOSTS = (
    "www.youtube.com",
    "m.youtube.com",
    "youtubei.googleapis.com",
    "youtube.googleapis.com",
    "www.youtube-nocookie.com",
)
YOUTUBE_TARGETS: Mapping[str, str] = MappingProxyType(
    {"moderate": "restrictmoderate.youtube.com", "strict": "restrict.youtube.com"}
)


def rewrites(engines: Iterable[str], youtube: str) -> dict[bytes, bytes]:
    """Wire name → wire name for these engines and this YouTube mode (``off`` for none). KeyError: no such engine."""
    result: dict[bytes, bytes] = {}
    for engine in engines:
        target, hosts = ENGINES[engine]
        result.update((to_wire(host), to_wire(target)) for host in hosts)
    if youtube != "off":
        result.update((to_wire(host), to_wire(YOUTUBE_TARGETS[youtube])) for host in YOUTUBE_HOSTS)
    return result
