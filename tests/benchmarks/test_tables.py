"""What a known record looks like."""

from dataclasses import replace
from pathlib import Path

import pytest
from records import known_record

from carousel.benchmarks import tables

MACHINE = "2026-11-23, A Processor (AVX512), 2 cores, peak 100 GFLOP/s on 1 thread, 200 GFLOP/s on 2 threads, torch 2.13.0"


def words(text: str) -> list[list[str]]:
    """The cells of every line, which at least two blanks part."""
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in text.splitlines()]


def test_the_summary():
    heads, _, *lines = words(tables.summary(known_record(), width=220))
    assert heads == ["what", "against", "wanted", "1 thread", "2 threads", "worst", "where", "met"]
    assert lines == [
        ["plain LSTM, training step", "nn.LSTM", "mean 1.70, each 1.10", "2.00", "3.00", "1.00", "B1 T100 I64 H64, 1 thread", "NO"],
        ["plain LSTM, inference", "nn.LSTM", "mean 1.25, each 1.00", "B32 T100 I128 H256, 1 thread: nn.LSTM disagrees by 1.0e-01 in s with carousel", "NO"],
        ["ragged batch, training step", "nn.LSTM", "each 3.00", "not measured"],
        ["plain LSTM, peak memory of a training step", "nn.LSTM", "each 1.00", "1.50", "1.50", "B1 T100 I64 H64, 1 thread", "yes"],
        [f"ratios are medians over rounds; {MACHINE}"],
        ["no jax: jax not installed"],
    ]  # fmt: skip


def test_the_details():
    heads, _, *lines = words(tables.details(known_record(), width=220))
    assert heads == [
        "measured",
        "size",
        "threads",
        "against",
        "ours",
        "theirs",
        "ratio",
        "quartiles",
        "GFLOP/s",
    ]
    assert lines == [
        ["plain training", "B1 T100 I64 H64", "1", "nn.LSTM", "2 ms", "2 ms", "1.00", "0.90–1.10", "50"],
        ["plain training", "B32 T100 I128 H256", "1", "nn.LSTM", "2 ms", "8 ms", "4.00", "3.60–4.40", "50"],
        ["plain training", "B1 T100 I64 H64", "2", "nn.LSTM", "20 µs", "60 µs", "3.00", "2.70–3.30", "50"],
        ["plain inference", "B32 T100 I128 H256", "1", "nn.LSTM", "nn.LSTM disagrees by 1.0e-01 in s with carousel"],
        ["plain memory", "B1 T100 I64 H64", "1", "nn.LSTM", "2.0 MB", "3.0 MB", "1.50"],
    ]  # fmt: skip


def test_a_narrow_terminal_loses_no_word():
    wide, narrow = (tables.details(known_record(), width) for width in (220, 90))
    assert max(map(len, narrow.splitlines())) <= 90
    assert sorted(narrow.replace("─", "").split()) == sorted(wide.replace("─", "").split())


def test_markdown():
    heads, rule, first, *_, blank, last = tables.markdown(known_record(is_quick=True)).splitlines()
    assert heads == "| what | against | wanted | 1 thread | 2 threads | worst | where | met |"
    assert rule == "| --- | --- | --- | --- | --- | --- | --- | --- |"
    assert first == (
        "| plain LSTM, training step | nn.LSTM | mean 1.70, each 1.10 | 2.00 | 3.00 | 1.00 | B1 T100 I64 H64, 1 thread | NO |"
    )
    assert (blank, last) == ("", MACHINE.replace("23,", "23, a quick run,", 1) + ".")


def test_a_reason_does_not_break_the_table_of_a_page():
    refused = replace(known_record().results[0], ratio=None, refused="a | b")
    line = tables.markdown(known_record(rows=["plain-training"], results=[refused])).splitlines()[2]
    assert line.endswith("|  | B1 T100 I64 H64, 1 thread: a \\| b | NO |")


def test_the_report_is_the_table_then_the_details_then_the_files():
    record = known_record()
    parts = tables.summary(record, 220), "", tables.details(record, 220), "written: a.json", "written: a.png"
    assert tables.report(record, 220, [Path("a.json"), Path("a.png")]) == "\n".join(parts)


def test_the_table_as_data():
    first, second, third, _ = tables.judged(known_record())
    assert first["name"] == "plain-training" and first["means"] == pytest.approx({"1": 2.0, "2": 3.0})
    assert first["worst"]["shape"] == {"B": 1, "T": 100, "I": 64, "H": 64} and first["met"] is False
    assert second["worst"] is None and len(second["refused"]) == 1 and second["met"] is False
    assert third["met"] is None
