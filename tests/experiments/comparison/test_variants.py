"""What is compared: layers, extensions on and off, the points of a sweep; and sizes of equal parameters."""

import pytest

from carousel.errors import CarouselError
from carousel.experiments.comparison.matching import matched
from carousel.experiments.comparison.variants import (
    of_extensions,
    of_layers,
    parse_sweep,
    parse_sweeps,
    swept,
)
from carousel.training import Config, override, task_of
from carousel.training.parameters import parameter_count

BASE = Config()


@pytest.fixture(scope="module")
def names():
    return task_of(BASE).prepare(BASE).names


def switches(variant):
    model = variant.config.model
    return {
        "peepholes": model.peephole == "full",
        "input gate": model.input_gate,
        "window": model.context != (0, 0),
        "projection": model.proj_size > 0,
    }


def test_layers_are_compared_with_the_first():
    found = of_layers(BASE, ["lstm", "augmented", "torch"])
    assert [(variant.name, variant.against, variant.config.model.layer) for variant in found] == [
        ("lstm", None, "lstm"),
        ("augmented", "lstm", "augmented"),
        ("torch", "lstm", "torch"),
    ]
    assert [variant.config.model.context for variant in found] == [(0, 0), (1, 1), (0, 0)]


def test_the_points_of_a_sweep_are_named_by_their_values():
    found = swept(of_layers(BASE, ["lstm"]), {"peephole": ["none", "diagonal"], "hidden_size": [8]})
    assert [variant.settings for variant in found] == [
        "peephole=none hidden_size=8",
        "peephole=diagonal hidden_size=8",
    ]


def test_an_ablation_turns_each_extension_on_alone_and_off_alone():
    found = {variant.name: variant for variant in of_extensions(BASE)}
    extensions = set(switches(found["plain"]))
    on = {name: {key for key, is_on in switches(variant).items() if is_on} for name, variant in found.items()}
    assert on == {
        "plain": set(),
        "all": extensions,
        **{f"only {one}": {one} for one in extensions},
        **{f"all but {one}": extensions - {one} for one in extensions},
    }
    assert all(variant.config.model.layer == "lstm" for variant in found.values())
    assert {name: variant.against for name, variant in found.items()} == {
        "plain": None,
        "all": "plain",
        **{f"only {one}": "plain" for one in extensions},
        **{f"all but {one}": "all" for one in extensions},
    }


@pytest.mark.parametrize(
    "changes, context, projection",
    [
        ({"layer": "torch", "hidden_size": 20}, (1, 1), 10),
        ({"layer": "augmented", "context": (2, 0), "proj_size": 7}, (2, 0), 7),
        ({"kind": "forecast"}, (1, 0), 32),
        ({"layer": "lstm", "peephole": "full"}, (1, 1), 32),
    ],
)
def test_the_window_and_the_projection_are_those_of_the_recipe_or_of_its_task(changes, context, projection):
    model = next(one for one in of_extensions(override(BASE, changes)) if one.name == "all").config.model
    assert (model.context, model.proj_size) == (context, projection)


def test_a_sweep_multiplies():
    found = swept(of_layers(BASE, ["torch", "lstm"]), {"hidden_size": [4, 8], "model.dropout": [0.1, 0.2]})
    assert [str(variant) for variant in found[:4]] == [
        "torch, hidden_size=4 dropout=0.1",
        "torch, hidden_size=4 dropout=0.2",
        "torch, hidden_size=8 dropout=0.1",
        "torch, hidden_size=8 dropout=0.2",
    ]
    assert len(found) == 8
    assert (found[3].config.model.hidden_size, found[3].config.model.dropout) == (8, 0.2)


def test_a_sweep_is_parsed_as_yaml():
    assert parse_sweep("hidden_size=32,64") == ("hidden_size", [32, 64])
    assert parse_sweep("context=[1, 0],[1, 1]") == ("context", [[1, 0], [1, 1]])
    assert parse_sweep("learning_rate=1e-3") == ("learning_rate", [0.001])


@pytest.mark.parametrize(
    "variants",
    [
        of_layers(BASE, ["torch", "lstm", "vanilla", "augmented", "gru"]),
        of_layers(BASE, ["augmented", "torch"]),
        of_extensions(BASE),
    ],
)
def test_parameters_are_made_equal(variants, names):
    first, *others = matched(variants, names)
    assert first == variants[0]
    wanted = parameter_count(first.config, names)
    off = {}
    for variant in others:
        size, count = variant.config.model.hidden_size, parameter_count(variant.config, names)
        off[variant.name] = count - wanted
        if not variant.config.model.proj_size:
            for other in (size - 1, size + 1):
                one = override(variant.config, {"hidden_size": other})
                assert abs(count - wanted) <= abs(parameter_count(one, names) - wanted)
        assert abs(count / wanted - 1) < 0.02
    assert len(others) < 5 or min(off.values()) < 0 < max(off.values()), "the nearest is not always above"


def test_a_projection_keeps_its_share_of_the_size(names):
    found = matched(of_extensions(override(BASE, {"proj_size": 16})), names)
    for variant in found:
        if variant.config.model.proj_size:
            assert variant.config.model.proj_size == round(variant.config.model.hidden_size / 4)


def test_each_point_of_a_sweep_is_matched(names):
    found = matched(swept(of_layers(BASE, ["torch", "augmented"]), {"dropout": [0.0, 0.5]}), names)
    first, other, *augmented = found
    assert (first.config.model.hidden_size, other.config.model.hidden_size) == (64, 64)
    assert [variant.config.model.dropout for variant in augmented] == [0.0, 0.5]
    wanted = parameter_count(first.config, names)
    for variant in augmented:
        assert parameter_count(variant.config, names) == pytest.approx(wanted, rel=0.05)


@pytest.mark.parametrize("grid", [{"hidden_size": [64, 16]}, {"dropout": [0.1], "model.num_layers": [1, 2]}])
def test_equal_parameters_are_not_swept_over_sizes(names, grid):
    with pytest.raises(CarouselError) as raised:
        matched(swept(of_layers(BASE, ["torch", "augmented"]), grid), names)
    first, second, *_ = (variant for variant in swept(of_layers(BASE, ["torch"]), grid))
    one, other = (f"{parameter_count(variant.config, names):,}" for variant in (first, second))
    assert str(raised.value) == (
        f"'{first}' has {one} parameters and '{second}' {other}: variants of equal parameters are not swept over what "
        "changes their number; leave that out of the sweep, or compare for each value apart"
    )


def test_the_smallest_sizes_are_matched_too(names):
    found = matched(of_extensions(override(BASE, {"hidden_size": 2})), names)
    assert min(variant.config.model.hidden_size for variant in found) >= 1


@pytest.mark.parametrize(
    "make, said",
    [
        (
            lambda: of_layers(BASE, ["torch", "augmentd"]),
            "there is no layer 'augmentd'; did you mean 'augmented'?",
        ),
        (
            lambda: of_layers(BASE, ["torch", "torch"]),
            "layer 'torch' is to be compared with itself; name it once",
        ),
        (
            lambda: of_extensions(override(BASE, {"hidden_size": 1})),
            "an ablation wants two cells or more, of which a projection leaves half, got hidden_size 1",
        ),
        (lambda: of_layers(BASE, []), "there are no layers to compare; give some, such as torch,lstm"),
        (lambda: swept([], {"seed": [1]}), "a sweep does not change the seed; --seeds does"),
        (lambda: swept([], {"model.layer": ["torch"]}), "a sweep does not change the layer; --layers does"),
        (
            lambda: swept([], {"dropout": []}),
            "the sweep over dropout has no values; give some, such as dropout=1,2",
        ),
        (
            lambda: swept([], {"hidden_size": [4], "model.hidden_size": [8]}),
            "hidden_size is swept over twice; give all its values at once, such as hidden_size=1,2",
        ),
        (
            lambda: parse_sweeps(["dropout=0.1", "batch_size=8", "dropout=0.2"]),
            "dropout is swept over twice; give all its values at once, such as dropout=1,2",
        ),
        (lambda: swept([], {"dropout": [0.1, 0.1]}), "the sweep over dropout has 0.1 twice; name it once"),
        (
            lambda: swept([], {"task.horizon": [1, 2]}),
            "a sweep over task.horizon would ask another question at each value, and the scores could not be compared; compare for each value apart",
        ),
        (
            lambda: swept(of_layers(BASE, ["torch"]), {"hiden_size": [1]}),
            "variant 'torch': unknown setting 'hiden_size'; did you mean 'hidden_size'?",
        ),
        (
            lambda: swept(of_layers(BASE, ["torch"]), {"dropout": [0.1, 2.0]}),
            "variant 'torch': settings: model.dropout should be less than 1, got 2.0",
        ),
        (lambda: parse_sweep("hidden_size"), "a sweep is written key=value,value, got 'hidden_size'"),
    ],
)
def test_what_cannot_be_compared_is_said(make, said):
    with pytest.raises(CarouselError) as raised:
        make()
    assert str(raised.value) == said


def test_a_layer_that_cannot_have_the_recipes_settings_is_named():
    with pytest.raises(CarouselError, match="^variant 'vanilla': settings: .*proj_size"):
        of_layers(override(BASE, {"proj_size": 8}), ["torch", "vanilla"])
