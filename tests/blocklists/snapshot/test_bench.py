"""The benchmark runs, and the bars hold with room for a busy machine."""

from __future__ import annotations

import random

from deploy.bench import snapshot


def test_the_bars_at_small_sizes() -> None:
    (measured,) = snapshot.measure([100_000], 3, 50_000)
    for form in snapshot.FORMS:
        assert min(measured.samples[form]) < 2, form
    assert measured.entries > 95_000
    assert measured.file_bytes <= 20
    assert measured.resident <= 16
    assert min(measured.samples["misses"]) < 400
    assert min(measured.samples["hits"]) < 400


def test_generated_names_are_what_the_rows_say() -> None:
    text = snapshot.generate(2_000)
    assert text == snapshot.generate(2_000)
    assert text.count(b"\n") == 2_000
    listed = {snapshot.to_wire(name) for name in text.split()}
    hits, misses = snapshot.four_labels(text, 200)
    for wire in [*hits, *misses]:
        lengths = []
        position = 0
        while wire[position]:
            lengths.append(position)
            position += 1 + wire[position]
        assert len(lengths) == 4
        assert any(wire[start:] in listed for start in lengths) is (wire in hits)
    assert {form: write(b"a.b\nc.d\n") for form, write in snapshot.FORMS.items()} == {
        "domains": b"a.b\nc.d\n",
        "hosts": b"0.0.0.0 a.b\n0.0.0.0 c.d\n",
        "adblock": b"||a.b^\n||c.d^\n",
    }


def test_the_table_has_a_column_per_size() -> None:
    results = snapshot.measure(random.Random(1).sample(range(400, 900), 2), 1, 100)
    lines = snapshot.table(results).splitlines()
    assert len(lines) == 2 + len(snapshot.ROWS)
    assert {line.count("|") for line in lines} == {4}
