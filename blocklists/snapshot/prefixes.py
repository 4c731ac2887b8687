"""Addresses of all lists into the builder, and what lists say about clients.

A look-up goes from the longest prefix to the shortest and ors what it finds. Where the prefixes of an RPZ list contradict
each other the longest must speak alone: it gets a stop set, as names do (``exceptions``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network

from blocklists.model import Action, Entry, Kind, ListSource, Scope
from blocklists.snapshot import native
from blocklists.snapshot.exceptions import Placed, can_conflict, resolve_address
from blocklists.snapshot.intake import Intake
from blocklists.snapshot.metadata import ClientTrigger
from blocklists.snapshot.tokens import STOP, Token, TokenTable

_Network = IPv4Network | IPv6Network
_Prefix = tuple[int, int, int]
"""Version, length, bits of the network: cheaper to look up than networks are to make."""


def place_addresses(builder: native.Builder, tokens: TokenTable, intakes: Sequence[Intake]) -> None:
    """Add the addresses of all lists to the builder."""
    said: dict[_Prefix, list[Token]] = defaultdict(list)
    for intake in intakes:
        for entry in intake.addresses:
            said[_prefix(entry.name)].append(Token(intake.number, Scope.ADDRESS, entry.action))
    stops = _stops(said, intakes)
    for prefix, own in said.items():
        for token in stops.get(prefix, own):
            _add(builder, prefix, tokens.number(token))
        if prefix in stops:
            _add(builder, prefix, STOP)


def client_triggers(sources: Sequence[ListSource], intakes: Sequence[Intake]) -> tuple[ClientTrigger, ...]:
    """What the lists say about clients, in the order of the lists, the longest prefixes first."""
    return tuple(
        ClientTrigger(source.id, entry.name, entry.action)
        for source, intake in zip(sources, intakes, strict=True)
        if source.kind is not Kind.ILLEGAL
        for entry in sorted(intake.clients, key=_narrowest_first)
    )


def _narrowest_first(entry: Entry) -> tuple[int, int, str, Action]:
    network = ip_network(entry.name)
    return network.version, -network.prefixlen, entry.name, entry.action


def _stops(said: Mapping[_Prefix, list[Token]], intakes: Sequence[Intake]) -> dict[_Prefix, list[Token]]:
    """The prefixes where a list contradicts what it says around them, with what then holds for all lists."""
    semantics = {intake.number: intake.semantics for intake in intakes}  # not all lists: numbers have gaps
    in_doubt = {
        intake.number
        for intake in intakes
        if intake.semantics == "rpz" and len({entry.action for entry in intake.addresses}) > 1
    }
    if not in_doubt:
        return {}
    lengths = _lengths(said)
    stops = {}
    for prefix, own in said.items():
        chain = list(_chain(said, lengths, prefix))
        if any(
            can_conflict([token for _, token in chain if token.list == number], "rpz")
            for number in in_doubt & {token.list for token in own}
        ):
            stops[prefix] = [
                Token(number, Scope.ADDRESS, action)
                for number, action in sorted(resolve_address(chain, semantics))
            ]
    return stops


def _chain(
    said: Mapping[_Prefix, list[Token]], lengths: Mapping[int, list[int]], prefix: _Prefix
) -> Iterator[Placed]:
    version, length, bits = prefix
    for distance, shorter in enumerate(each for each in lengths[version] if each <= length):
        around = said.get((version, shorter, bits >> (length - shorter)), ())
        yield from ((distance, token) for token in around)


def _lengths(said: Iterable[_Prefix]) -> dict[int, list[int]]:
    """By version the lengths that occur, longest first."""
    found: dict[int, set[int]] = defaultdict(set)
    for version, length, _ in said:
        found[version].add(length)
    return {version: sorted(lengths, reverse=True) for version, lengths in found.items()}


def _prefix(text: str) -> _Prefix:
    network = ip_network(text)
    return network.version, network.prefixlen, int(network.network_address) >> _spare(network)


def _spare(network: _Network) -> int:
    return network.max_prefixlen - network.prefixlen


def _add(builder: native.Builder, prefix: _Prefix, token: int) -> None:
    version, length, bits = prefix
    octets = 4 if version == 4 else 16
    builder.add_address((bits << (8 * octets - length)).to_bytes(octets, "big"), length, token)
