"""What is concluded of finished runs, in numbers and in words."""

import json

import pytest

from carousel.experiments.comparison.figure import picture
from carousel.experiments.comparison.numbers import Scale, p_value
from carousel.experiments.comparison.page import write_comparison
from carousel.experiments.comparison.result import comparison_of
from carousel.experiments.comparison.sentences import notes, verdict
from carousel.experiments.comparison.statistics import holm, paired
from carousel.experiments.comparison.tables import candidates, markdown, results
from invented import outcome, outcomes, variant

PLAIN = [0.90, 0.91, 0.92, 0.90, 0.91]
EQUAL = [0.91, 0.90, 0.92, 0.91, 0.90]
BETTER = [0.95, 0.97, 0.96, 0.96, 0.95]
WORSE = [0.85, 0.87, 0.86, 0.84, 0.85]


def compared(**scores):
    """The first is what the others are compared with."""
    first, *_ = scores
    return comparison_of(
        [
            (variant(name, None if name == first else first), outcomes(values))
            for name, values in scores.items()
        ]
    )


def test_rows_hold_means_spreads_and_paired_differences():
    found = compared(plain=PLAIN, equal=EQUAL, better=BETTER)
    plain, equal, better = found.rows
    assert plain.difference is None and plain.p is None
    assert better.mean == pytest.approx(0.958) and better.deviation == pytest.approx(0.0083666)
    assert better.difference == paired(BETTER, PLAIN)
    assert [equal.p, better.p] == holm([paired(EQUAL, PLAIN).p, paired(BETTER, PLAIN).p])
    assert better.seconds_per_epoch == 0.25
    assert found.seeds == [0, 1, 2, 3, 4]


def test_only_seeds_that_both_have_are_paired():
    found = comparison_of(
        [
            (variant("one"), [outcome(0, 0.1), outcome(1, 0.5), outcome(3, 0.6)]),
            (variant("other", "one"), [outcome(3, 0.7), outcome(1, 0.8), outcome(9, 0.0)]),
        ]
    )
    assert found.rows[1].difference == paired([0.7, 0.8], [0.6, 0.5])


def test_a_sweep_is_decided_by_the_validation_part_and_never_by_the_test_part():
    runs = {
        ("torch", "hidden_size=4"): outcomes([0.99, 0.99], validation_loss=0.7),
        ("torch", "hidden_size=8"): outcomes([0.50, 0.52], validation_loss=0.3),
        ("lstm", "hidden_size=4"): outcomes([0.60, 0.70], validation_loss=0.2),
        ("lstm", "hidden_size=8"): outcomes([0.98, 0.99], validation_loss=0.9),
    }
    found = comparison_of(
        [
            (variant(name, None if name == "torch" else "torch", settings), found)
            for (name, settings), found in runs.items()
        ]
    )
    assert [(row.name, row.settings, row.scores) for row in found.rows] == [
        ("torch", "hidden_size=8", [0.50, 0.52]),
        ("lstm", "hidden_size=4", [0.60, 0.70]),
    ]
    assert found.rows[1].difference == paired([0.60, 0.70], [0.50, 0.52])
    assert [one.is_chosen for one in found.candidates] == [False, True, True, False]
    table = candidates(found)
    assert table.rows[1] == ("torch", "hidden_size=8", "100", "0.3", "chosen")
    assert "no test score was looked at" in " ".join(notes(found))
    assert "0.99" not in markdown(found)


def test_who_is_better_and_by_how_much():
    assert verdict(compared(plain=PLAIN, better=BETTER, worse=WORSE, equal=EQUAL)) == (
        "'better' is better than 'plain' by 5.0 points (+3.8 to +6.2, p < 0.001). "
        "'worse' is worse than 'plain' by 5.4 points (−6.5 to −4.3, p < 0.001). "
        "No difference can be told for 'equal'."
    )


def test_that_nothing_can_be_told_apart():
    assert verdict(compared(plain=PLAIN, equal=EQUAL)) == (
        "Nothing can be told apart over 5 seeds. "
        "The largest difference is that of 'equal' from 'plain', 0.0 points (−1.2 to +1.2, p = 1.00)."
    )


def test_correction_can_take_a_finding_back():
    close = [score + gain for score, gain in zip(PLAIN, (0.01, 0.03, 0.02, 0.0, 0.02), strict=True)]
    assert paired(close, PLAIN).p == pytest.approx(0.0349, abs=1e-4)
    assert verdict(compared(plain=PLAIN, close=close)).startswith("'close' is better than 'plain'")
    found = compared(plain=PLAIN, close=close, equal=EQUAL)
    assert found.rows[1].p == pytest.approx(2 * 0.0349, abs=1e-4)
    assert verdict(found).startswith("Nothing can be told apart over 5 seeds.")


def test_a_single_seed_and_a_single_variant_are_no_comparison():
    assert (
        verdict(compared(plain=[0.9], other=[0.8]))
        == "A single seed tells no difference from chance; run more."
    )
    assert verdict(compared(plain=PLAIN)) == "'plain' reaches 90.8 %; there is nothing to compare it with."
    assert not any("Holm" in note for note in notes(compared(plain=PLAIN)))


def test_less_may_be_better():
    forecast = {"kind": "forecast"}
    found = comparison_of(
        [
            (variant("plain", **forecast), outcomes([1.0, 1.1, 1.2], baselines={"seasonal": 0.9})),
            (variant("other", "plain", **forecast), outcomes([0.81, 0.9, 1.0], baselines={"seasonal": 0.9})),
        ]
    )
    assert (found.score, found.higher_is_better) == ("mase.forecast", False)
    assert "mase" in results(found).head
    assert verdict(found) == (
        "'other' is better than 'plain' by 0.197 (−0.211 to −0.182, p < 0.001). "
        "Every variant is on average above the best of the baselines, the seasonal naive forecast (0.900), but not told "
        "apart from it."
    )


@pytest.mark.parametrize(
    "baselines, said",
    [
        (
            {"majority": 0.2, "DTW": 0.88},
            "Every variant is better than the best of the baselines, DTW (88.0 %).",
        ),
        (
            {"DTW": 0.93},
            "'plain' is worse than the best of the baselines, DTW (93.0 %). 'better' is better than DTW.",
        ),
        (
            {"DTW": 0.97},
            "The simple thing wins: every variant is worse than the best of the baselines, DTW (97.0 %).",
        ),
        (
            {"DTW": 0.905},
            "'plain' is on average above the best of the baselines, DTW (90.5 %), but not told apart from it. "
            "'better' is better than DTW.",
        ),
    ],
)
def test_baselines_are_told_beside_the_variants(baselines, said):
    found = comparison_of(
        [
            (variant("plain"), outcomes(PLAIN, baselines=baselines)),
            (variant("better", "plain"), outcomes(BETTER, baselines=baselines)),
        ]
    )
    assert verdict(found).endswith(said)
    assert [row[0] for row in results(found).rows] == ["plain", "better", *baselines]


def test_one_seed_tells_no_baseline_apart():
    found = comparison_of([(variant("plain"), outcomes([0.9], baselines={"DTW": 0.8}))])
    assert verdict(found).endswith(
        "Every variant is above the best of the baselines, DTW (80.0 %), with one seed."
    )


def test_problems_of_memory_are_compared_by_the_sequences_until_they_are_solved():
    adding = {"kind": "memory", "problem": "adding"}
    found = comparison_of(
        [
            (variant("plain", **adding), [outcome(0, 9000), outcome(1, 400000, is_reached=False)]),
            (variant("other", "plain", **adding), outcomes([2000, 3000])),
        ]
    )
    assert results(found).caption == (
        "Sequences until solved (less is better): mean and standard deviation over 2 seeds."
    )
    assert results(found).head[3] == "sequences until solved"
    assert picture(found).get_label().startswith("Sequences until solved of 2 variants. ")
    assert notes(found)[2] == (
        "Runs that did not solve the problem: 1 of 'plain'. They count as if they had with the last sequence that they "
        "may have, so the means of these variants are too low."
    )


@pytest.mark.parametrize("second, said", [(120, "nearly equal: 100 to 120"), (100, "equal: 100")])
def test_the_page_says_how_equal_parameters_are(tmp_path, second, said):
    found = comparison_of(
        [
            (variant("one"), outcomes(PLAIN)),
            (variant("two", "one"), outcomes(EQUAL, parameters=second)),
        ],
        matched=True,
    )
    assert f"<dd>{said}</dd>" in write_comparison(tmp_path, found).read_text()


def test_doubts_are_noted():
    uneven = comparison_of(
        [(variant("one"), outcomes(PLAIN)), (variant("two", "one"), outcomes(EQUAL, parameters=120))],
        matched=True,
    )
    assert any("they are 100 to 120" in note for note in notes(uneven))
    old = {"carousel": "0.1.0", "torch": "2.8.0"}
    mixed = comparison_of(
        [(variant("one"), outcomes(PLAIN)), (variant("two", "one"), outcomes(EQUAL, versions=old))]
    )
    assert "The runs were made with different versions of torch: 2.13.0, 2.8.0." in notes(mixed)
    assert not any(
        "versions" in note or "equal" in note for note in notes(compared(plain=PLAIN, equal=EQUAL))
    )


def test_the_table_as_markdown():
    text = markdown(compared(plain=PLAIN, better=BETTER))
    assert text.startswith("# tiny: plain, better\n\n'better' is better than 'plain'")
    assert (
        """
| variant | hidden_size | parameters |     accuracy |  difference | 95 % interval |       p | s an epoch |
|---------|------------:|-----------:|-------------:|------------:|--------------:|--------:|-----------:|
| plain   |          64 |        100 | 90.8 ± 0.8 % |             |               |         |       0.25 |
| better  |          64 |        100 | 95.8 ± 0.8 % | +5.0 points |  +3.8 to +6.2 | < 0.001 |       0.25 |
"""
        in text
    )


def test_numbers_share_one_precision():
    assert Scale.of([0.5, 123.4], is_share=False).number(2.0) == "2.0"
    assert Scale.of([0.5], is_share=False).signed(-0.25) == "−0.2500"
    assert Scale.of([12345.6], is_share=False).number(12345.6) == "12346"
    assert Scale.of([0.0], is_share=False).number(0.0) == "0.000"
    assert Scale.of([0.5], is_share=True).signed(-0.0004) == "0.0"
    assert [p_value(p) for p in (0.00099, 0.001, 0.0312, 0.312, 1.0)] == [
        "< 0.001",
        "0.001",
        "0.031",
        "0.31",
        "1.00",
    ]


def test_the_figure_says_what_it_shows():
    found = comparison_of(
        [
            (variant("plain"), outcomes(PLAIN, baselines={"DTW": 0.93, "majority": 0.1})),
            (variant("better", "plain"), outcomes(BETTER, baselines={"DTW": 0.93, "majority": 0.1})),
        ]
    )
    figure = picture(found)
    left, right = figure.axes
    assert figure.get_label() == f"Test accuracy of 2 variants. {verdict(found)}"
    points = [tuple(line.get_xdata()) for line in left.lines if line.get_marker() == "o"]
    assert points == [tuple(PLAIN), tuple(BETTER)]
    assert [text.get_text() for text in left.texts] == ["DTW"]
    assert left.get_xlabel() == "far off: majority 10.0 %"
    (point,) = [line for line in right.lines if line.get_marker() == "o"]
    assert point.get_xdata() == pytest.approx(found.rows[1].difference.mean)
    assert point.get_markerfacecolor() != "white"


@pytest.mark.parametrize("scores", [{"plain": [0.9]}, {"plain": [0.0, 0.0], "other": [0.0, 0.0]}])
def test_any_result_can_be_written(scores, tmp_path):
    write_comparison(tmp_path / "new", compared(**scores))
    assert json.loads((tmp_path / "new" / "comparison.json").read_text())["recipe"] == "tiny"


def test_the_page_is_one_file_and_says_all(tmp_path):
    evil = "<script>alert('&')</script>"
    found = comparison_of(
        [
            (variant("plain"), outcomes(PLAIN, baselines={evil: 0.5})),
            (variant("better", "plain"), outcomes(BETTER, baselines={evil: 0.5})),
        ]
    )
    page = write_comparison(tmp_path, found)
    assert {path.name for path in tmp_path.iterdir()} == {
        "comparison.html", "comparison.json", "comparison.md", "comparison.png",
    }  # fmt: skip
    text = page.read_text()
    assert "<script>" not in text and "&lt;script&gt;" in text
    assert not any(word in text for word in ("http://", "https://", "url("))
    assert "+5.0 points" in text and "Seeds are not data sets" in text
    content = json.loads((tmp_path / "comparison.json").read_text())
    assert content["verdict"] == verdict(found)
    assert content["rows"][1]["mean"] == found.rows[1].mean
    assert content["rows"][1]["difference"] == {
        "mean": found.rows[1].difference.mean,
        "interval": list(found.rows[1].difference.interval),
        "p": found.rows[1].difference.p,
    }
    assert [one["score"] for one in content["rows"][0]["outcomes"]] == PLAIN
