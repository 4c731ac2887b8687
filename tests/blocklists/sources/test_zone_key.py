"""Keys of transfers from the files where their secrets lie."""

from __future__ import annotations

from pathlib import Path

import pytest

from blocklists.credentials import CredentialError
from blocklists.properties import Secret, Tsig
from blocklists.sources.zone_key import tsig_key


def key_at(path: Path) -> Tsig:
    return Tsig("weir", "hmac-sha512", Secret(path=str(path)))


def test_a_key(tmp_path: Path) -> None:
    (tmp_path / "tsig").write_text("MDEyMzQ1Njc4OWFiY2RlZg==\nwhatever follows\n")
    key = tsig_key(key_at(tmp_path / "tsig"))
    assert (key.name.to_text(), key.algorithm.to_text(), key.secret) == (
        "weir.",
        "hmac-sha512.",
        b"0123456789abcdef",
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("MDEy*Mzk=", "is not Base64"),
        ("MDEyMzQ1Njc4OWFiY2RlZg", "is not Base64"),
        ("MDEyMw==", "less than 16 octets"),
    ],
)
def test_what_is_no_secret(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "tsig").write_text(text)
    with pytest.raises(CredentialError, match=words) as caught:
        tsig_key(key_at(tmp_path / "tsig"))
    assert text not in str(caught.value)
