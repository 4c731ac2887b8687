"""Checkpoints: three lines, one spelling each."""

from __future__ import annotations

import pytest

from resolver.tlog.canonical import FormatError
from resolver.tlog.checkpoints import Checkpoint, parse
from resolver.tlog.encoding import to_base64
from resolver.tlog.tree import EMPTY_ROOT

ROOT = bytes(range(32))
BODY = f"isp.example/blocklog/2026\n6021\n{to_base64(ROOT)}\n"


def test_a_checkpoint_is_written_and_read() -> None:
    checkpoint = Checkpoint("isp.example/blocklog/2026", 6021, ROOT)
    assert checkpoint.body == BODY
    assert parse(BODY) == checkpoint


def test_the_checkpoint_of_an_empty_log() -> None:
    assert parse(Checkpoint("log", 0, EMPTY_ROOT).body).size == 0
    with pytest.raises(FormatError):
        parse(f"log\n0\n{to_base64(ROOT)}\n")


MALFORMED = {
    "empty": "",
    "no root": "log\n5\n",
    "no newline at the end": BODY[:-1],
    "an extension line": BODY + "extension\n",
    "an empty extension line": BODY + "\n",
    "no origin": "\n5\n" + to_base64(ROOT) + "\n",
    "a control character in the origin": BODY.replace("isp", "i\tp"),
    "CRLF": BODY.replace("\n", "\r\n"),
    "leading zero": BODY.replace("6021", "06021"),
    "plus sign": BODY.replace("6021", "+6021"),
    "negative": BODY.replace("6021", "-6021"),
    "blank": BODY.replace("6021", " 6021"),
    "other digits": BODY.replace("6021", "٦٠٢١"),
    "hexadecimal": BODY.replace("6021", "0x10"),
    "underscore": BODY.replace("6021", "6_021"),
    "too large": BODY.replace("6021", str(2**53)),
    "huge": BODY.replace("6021", "9" * 5_000),
    "31 bytes": f"log\n5\n{to_base64(ROOT[:31])}\n",
    "33 bytes": f"log\n5\n{to_base64(ROOT + b'x')}\n",
    "no padding": f"log\n5\n{to_base64(ROOT).rstrip('=')}\n",
    "other trailing bits": f"log\n5\n{to_base64(ROOT)[:-2]}9=\n",
    "hexadecimal root": f"log\n5\n{ROOT.hex()}\n",
}


@pytest.mark.parametrize("text", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(FormatError):
        parse(text)


@pytest.mark.parametrize(
    "checkpoint",
    [
        Checkpoint("", 1, ROOT),
        Checkpoint("a\nb", 1, ROOT),
        Checkpoint("a\ud800", 1, ROOT),
        Checkpoint("log", -1, ROOT),
        Checkpoint("log", 2**53, ROOT),
        Checkpoint("log", 1, ROOT[:31]),
        Checkpoint("log", 0, ROOT),
    ],
)
def test_nothing_is_written_that_is_not_read_again(checkpoint: Checkpoint) -> None:
    with pytest.raises(FormatError):
        _ = checkpoint.body
