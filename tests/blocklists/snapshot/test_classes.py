"""Classes: masks by scope, merging when there are too many, the packed table."""

from __future__ import annotations

import pytest

from blocklists.model import Action, Scope
from blocklists.snapshot.classes import Class, CompileError, intern_classes, make_class, pack, unpack
from blocklists.snapshot.tokens import STOP, Token, TokenTable


def test_scopes_become_masks() -> None:
    table = TokenTable()
    tokens = [
        Token(0, Scope.HOST),
        Token(1, Scope.DOMAIN),
        Token(2, Scope.WILDCARD),
        Token(3, Scope.DOMAIN, Action.ALLOW),
        Token(4, Scope.ADDRESS),
    ]
    numbers = [table.number(token) for token in tokens]
    assert numbers == [1, 2, 3, 4, 5]
    assert [table.number(token) for token in tokens] == numbers
    made = make_class([STOP, *numbers], table, lambda token: (token.list != 3) << token.list)
    assert made == Class(0b10011, 0b10110, True, ((0, 1, 4), (1, 2, 4)))


def test_classes_are_shared_and_empty_ones_left_out() -> None:
    block, exception, stop = Class(1, 1, False, ((0,), (0,))), Class(0, 0), Class(0, 0, True)
    made = intern_classes([(exception, 9), (block, 5), (block, 2), (stop, 1), (Class(8, 8), 0)])
    assert made.classes == (exception, block, stop)
    assert made.class_of_set == (0, 1, 1, 2, 0)


def test_the_rarest_classes_give_up_their_lists() -> None:
    common = [(Class(1, 1, False, ((n,), ())), 100 + n) for n in range(3)]
    rare = [(Class(2, 2, False, ((n,), ())), 1 + n) for n in range(4)]
    made = intern_classes([*common, *rare], limit=5)
    assert made.classes[1:4] == tuple(class_ for class_, _ in common)
    assert Class(2, 2, False, None) in made.classes
    assert len(made.classes) - 1 <= 5
    assert [made.classes[id_].exact for id_ in made.class_of_set] == [1, 1, 1, 2, 2, 2, 2]


def test_too_many_different_bits_are_an_error() -> None:
    with pytest.raises(CompileError, match="overlap in 6 different ways; a snapshot holds 5"):
        intern_classes([(Class(n, 0), 1) for n in range(1, 7)], limit=5)


def test_packed_and_read_again() -> None:
    classes = [Class(0, 0), Class(1 << 255, 1), Class(3, 1 << 200, True)]
    assert unpack(pack(classes)) == [(class_.exact, class_.below, class_.stop) for class_ in classes]
