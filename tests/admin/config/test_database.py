"""The address of the database as the file writes it: read, shown without its password, refused without repeating it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin.config.database import DatabaseAddress, hide_password


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("sqlite:weir.db", "sqlite:weir.db"),
        ("credential:weir-database", "credential:weir-database"),
        ("file:/etc/weir/database", "file:/etc/weir/database"),
        ("postgresql://db.example/weir", "postgresql://db.example/weir"),
        ("postgres://weir@db.example/weir", "postgresql://weir@db.example/weir"),
        ("postgresql://weir:geheim@db.example/weir", "postgresql://weir:…@db.example/weir"),
        ("postgresql://weir:ge:h@ei/m@db.example/weir", "postgresql://weir:…@db.example/weir"),
        ("postgresql://weir:@db.example/weir", "postgresql://weir:…@db.example/weir"),
        (
            "postgresql:///weir?host=/run&password=geheim&user=weir",
            "postgresql:///weir?host=/run&password=…&user=weir",
        ),
    ],
)
def test_an_address_is_shown_without_its_password(text: str, shown: str) -> None:
    address = DatabaseAddress.parse(text)
    assert str(address) == shown
    assert "geheim" not in repr(address)
    assert address.text == text.replace("postgres://", "postgresql://")


@pytest.mark.parametrize(
    "text",
    ["", "weir.db", "mysql://x:geheim@db/x", "postgresql:weir:geheim", "sqlite:", "sqlite:geheim file"],
)
def test_anything_else_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(ValueError, match="write postgresql://") as caught:
        DatabaseAddress.parse(text)
    assert "geheim" not in str(caught.value)


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8))
def test_no_password_is_ever_shown(password: str) -> None:
    shown = hide_password(f"postgresql://weir:{password}@db/weir")
    assert shown == "postgresql://weir:…@db/weir"
