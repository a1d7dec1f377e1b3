"""Comparisons of several data sets, brought together in one table."""

import json
import shutil
from pathlib import Path

import pytest
from scipy import stats

from carousel.errors import CarouselError
from carousel.experiments import compare_data_sets
from carousel.experiments.comparison.page import write_comparison
from carousel.experiments.comparison.result import comparison_of
from commands import call, one_object, sentence
from invented import outcomes, variant

PLAIN = (0.50, 0.52, 0.48, 0.51, 0.49)
BETTER = (0.60, 0.63, 0.58, 0.60, 0.59)
LEVEL = (0.49, 0.50, 0.48, 0.52, 0.50)
WORSE = (0.47, 0.50, 0.46, 0.47, 0.47)


def kept(folder, data, gained, lost=WORSE, **changes):
    """A comparison of three variants as `compare` keeps it."""
    base = {"recipe": data, "dataset": "japanese_vowels"} | changes
    found = [
        (variant("plain", **base), outcomes(PLAIN)),
        (variant("gained", "plain", **base), outcomes(gained)),
        (variant("lost", "gained", **base), outcomes(lost)),
    ]
    write_comparison(folder, comparison_of(found, matched=True))
    text = (folder / "comparison.json").read_text()
    (folder / "comparison.json").write_text(text.replace('"data": "japanese_vowels"', f'"data": "{data}"'))
    return folder


def lower_is_better(folder):
    path = folder / "comparison.json"
    path.write_text(path.read_text().replace('"higher_is_better": true', '"higher_is_better": false'))
    return folder


@pytest.fixture
def folders(tmp_path):
    return [kept(tmp_path / "one", "vowels", BETTER), kept(tmp_path / "two", "digits", LEVEL)]


def test_gains_are_corrected_for_all_data_sets_together(folders):
    overview = compare_data_sets(folders)
    assert [(line.name, line.against) for line in overview.lines] == [("gained", "plain"), ("lost", "gained")]
    gained, lost = overview.lines
    raw = [
        stats.ttest_rel(BETTER, PLAIN).pvalue,
        stats.ttest_rel(WORSE, BETTER).pvalue,
        stats.ttest_rel(LEVEL, PLAIN).pvalue,
        stats.ttest_rel(WORSE, LEVEL).pvalue,
    ]
    assert raw[1] < raw[0] < raw[3] < raw[2]
    assert lost.gains[0].p == pytest.approx(4 * raw[1])
    assert gained.gains[0].p == pytest.approx(max(4 * raw[1], 3 * raw[0]))
    assert gained.gains[0].mean == pytest.approx(0.10) and gained.gains[0].is_told
    assert gained.gains[1].p == pytest.approx(raw[2]) and not gained.gains[1].is_told
    assert [line.better for line in overview.lines] == [1, 0]


def test_where_less_is_better_a_gain_is_less(folders):
    ahead = compare_data_sets(folders).lines[0].gains[0]
    behind = compare_data_sets([lower_is_better(folders[0]), folders[1]]).lines[0].gains[0]
    assert behind.mean == -ahead.mean
    assert behind.interval == (-ahead.interval[1], -ahead.interval[0])
    assert behind.p == ahead.p


def test_the_command_shows_and_keeps_what_the_function_finds(folders, tmp_path):
    result = call("compare", *folders, "--out", tmp_path / "all")
    assert result.exit_code == 0, result.stderr
    assert (
        result.stdout
        == (tmp_path / "all/overview.md").read_text() + f"\npage: {tmp_path / 'all/overview.html'}\n"
    )
    assert (
        "Of 4 differences 2 can be told from chance: 'gained' is better than 'plain' on vowels, by"
        in result.stdout
    )
    assert " 1 of 2 |" in result.stdout and " * |" in result.stdout
    known = one_object(call("compare", *folders, "--json"))
    assert known == json.loads((tmp_path / "all/overview.json").read_text())
    assert known["lines"][0]["gains"][0]["mean"] == compare_data_sets(folders).lines[0].gains[0].mean
    assert (tmp_path / "all/overview.png").stat().st_size > 10_000


def test_a_recipe_is_meant_by_its_name_even_beside_a_folder_of_that_name(tmp_path, monkeypatch, made):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "japanese_vowels").mkdir()
    told = call("compare", "japanese_vowels", "--layers", "lstm", "--seeds", 1, "--set", "epochs=1")
    assert told.exit_code == 0, told.stderr
    assert len(made) == 1


@pytest.mark.parametrize(
    "spoil, said",
    [
        (lambda path: path.unlink(), "'{one}' is a comparison and no run; give the runs in it"),
        (lambda path: path.write_text("{"), "'{one}/comparison.json' is damaged or of another version: Invalid JSON"),
        (
            lambda path: path.write_text(path.read_text().replace('"seed": 3', '"seed": "x"', 1)),
            "'{one}/comparison.json' is damaged or of another version: rows.0.outcomes.3.seed: Input should be a valid",
        ),
        (
            lambda path: path.write_text(path.read_text().replace('"name": "lost"', '"name": "other"')),
            "'{two}' compares other variants than '{one}'; make them of the same",
        ),
        (
            lambda path: path.write_text(path.read_text().replace('"data": "vowels"', '"data": "digits"')),
            "'{one}' and '{two}' are both of 'digits'; leave one of them out",
        ),
    ],
    ids=["missing", "cut", "of another type", "other variants", "the same data"],
)  # fmt: skip
def test_what_cannot_be_brought_together_is_said(folders, spoil, said):
    one, two = folders
    (one / "runs").mkdir()
    spoil(one / "comparison.json")
    assert sentence(call("compare", one, two)).startswith(said.format(one=one, two=two))


def test_one_comparison_alone_or_of_a_single_seed_is_said(folders, tmp_path):
    with pytest.raises(CarouselError, match="is one comparison, and its page tells all of it"):
        compare_data_sets(folders[:1])
    single = tmp_path / "single"
    found = [(variant("plain"), outcomes([0.5])), (variant("gained", "plain"), outcomes([0.6]))]
    write_comparison(single, comparison_of(found))
    pair = tmp_path / "pair"
    shutil.copytree(single, pair)
    text = (pair / "comparison.json").read_text()
    (pair / "comparison.json").write_text(text.replace('"data": "japanese_vowels"', '"data": "other"'))
    with pytest.raises(CarouselError, match="has a single seed, which tells no difference from chance"):
        compare_data_sets([single, pair])
    with pytest.raises(CarouselError, match="cannot read '.*nowhere/comparison.json'"):
        compare_data_sets([tmp_path / "nowhere", single])


def test_the_recorded_ablation_is_read_and_says_what_its_page_tells():
    root = Path(__file__).parents[3]
    overview = compare_data_sets(sorted((root / "benchmarks/results/ablation").iterdir()))
    names = [comparison.recipe for comparison in overview.comparisons]
    gains = {
        (line.name, name): gain
        for line in overview.lines
        for name, gain in zip(names, line.gains, strict=True)
    }
    told = [key for key, gain in gains.items() if gain.is_told]
    assert told == [("only peepholes", "health"), ("all but peepholes", "health")]
    page = (root / "docs/ablation.md").read_text()
    assert (
        "**Of 63 differences two can be told from chance**: full peepholes on `health`, alone and beside"
        in page
    )
    assert len(gains) == 63
    for (name, data), half in {
        ("only peepholes", "finance"): 0.040,
        ("only peepholes", "air"): 0.017,
    }.items():
        assert f"{abs(gains[name, data].mean):.3f} ± {half:.3f} |" in page
