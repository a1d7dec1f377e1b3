"""Configurations: complete, strict, and clear about what is wrong with them."""

import typing

import annotated_types
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from carousel.errors import CarouselError
from carousel.training import Config, build_layer, load_config, override
from carousel.training.config import parse_config, to_yaml
from refusals import refusal

SECTIONS = {name: field.annotation for name, field in Config.model_fields.items()}
SECTIONS = {
    name: kind for name, kind in SECTIONS.items() if isinstance(kind, type) and issubclass(kind, BaseModel)
}
LEAVES = [(section, leaf) for section, kind in SECTIONS.items() for leaf in kind.model_fields]


def test_leaf_names_are_unique():
    leaves = [leaf for _, leaf in LEAVES]
    assert len(leaves) == len(set(leaves)) > 10


@pytest.mark.parametrize("section, leaf", LEAVES)
def test_every_field_says_what_it_is_and_numbers_have_a_range(section, leaf):
    field = SECTIONS[section].model_fields[leaf]
    assert field.description
    if field.annotation in (int, float):
        kinds = {type(bound) for bound in field.metadata}
        assert kinds & {annotated_types.Ge, annotated_types.Gt}
        assert kinds & {annotated_types.Le, annotated_types.Lt}


@given(
    layer=st.sampled_from(["lstm", "vanilla", "augmented", "torch", "gru"]),
    hidden_size=st.integers(1, 65536),
    dropout=st.floats(0, 0.99),
    learning_rate=st.floats(1e-12, 10),
    seed=st.integers(0, 2**32 - 1),
    bidirectional=st.booleans(),
)
def test_yaml_gives_the_same_configuration_back(**values):
    config = override(Config(), [f"{name}={value}" for name, value in values.items()])
    assert {name: getattr(config.model, name) for name in ("layer", "hidden_size")} == {
        name: values[name] for name in ("layer", "hidden_size")
    }
    assert parse_config(to_yaml(config), "text") == config


def test_yaml_is_complete():
    assert parse_config(to_yaml(Config()), "text").model_dump() == Config().model_dump()
    text = to_yaml(Config())
    assert all(f"  {leaf}:" in text for _, leaf in LEAVES)


@pytest.mark.parametrize("key", ["hidden_size", "model.hidden_size", " hidden_size "])
def test_a_field_is_set_by_its_bare_or_its_full_name(key):
    assert override(Config(), [f"{key}=17"]).model.hidden_size == 17


def test_a_number_of_zoneout_is_for_both():
    assert override(Config(), ["layer=lstm", "zoneout=0.3"]).model.zoneout == (0.3, 0.3)


def test_the_name_of_the_run_is_a_field_too():
    config = override(Config(), ["recipe=mine", "format=1"])
    assert (config.recipe, config.format) == ("mine", 1)


def test_values_are_yaml():
    config = override(Config(), ["context=[2, 3]", "learning_rate=1e-4", "bidirectional=false", "dropout=0"])
    assert config.model.context == (2, 3)
    assert config.training.learning_rate == 1e-4
    assert config.model.bidirectional is False
    assert config.model.dropout == 0.0


def test_a_later_setting_wins():
    assert override(Config(), ["epochs=3", "epochs=4"]).training.epochs == 4


def test_a_new_layer_takes_its_own_context():
    wide = override(Config(), ["context=[3, 0]"])
    plain = override(wide, ["layer=torch"])
    assert plain.model.context == (0, 0)
    assert override(plain, ["layer=augmented"]).model.context == (1, 1)
    assert override(wide, ["layer=augmented"]).model.context == (3, 0)
    assert override(plain, ["layer=augmented", "context=[0, 2]"]).model.context == (0, 2)
    rich = override(plain, ["layer=lstm", "peephole=diagonal", "input_gate=true"])
    assert (rich.model.peephole, rich.model.input_gate) == ("diagonal", True)
    assert override(rich, ["layer=vanilla"]).model.peephole == "full"
    assert override(rich, ["layer=gru"]).model.input_gate is False


@pytest.mark.parametrize(
    "assignment, sentence",
    [
        ("hiden_size=3", "unknown setting 'hiden_size'; did you mean 'hidden_size'?"),
        ("modle.hidden_size=3", "unknown setting 'modle.hidden_size'; did you mean 'model.hidden_size'?"),
        ("data.epochs=3", "unknown setting 'data.epochs'; did you mean 'training.epochs'?"),
        ("hidden_size", "a setting is written key=value, got 'hidden_size'"),
        ("hidden_size=[1", "setting 'hidden_size' wants a YAML value, got '[1'"),
        ("hidden_size=0", "settings: model.hidden_size should be greater than or equal to 1, got 0"),
        (
            "training.hidden_size=3",
            "unknown setting 'training.hidden_size'; did you mean 'model.hidden_size'?",
        ),
        ("hidden_size=many", "settings: model.hidden_size should be a valid integer, got 'many'"),
        ("hidden_size=2.5", "settings: model.hidden_size should be a valid integer, got 2.5"),
        ("hidden_size=true", "settings: model.hidden_size should be a valid integer, got True"),
        ("learning_rate=true", "settings: training.learning_rate should be a valid number, got True"),
        ("context=[1, true]", "settings: model.context.1 should be a valid integer, got True"),
        ("format=2", "settings: format should be less than or equal to 1, got 2"),
        ("dropout=1", "settings: model.dropout should be less than 1, got 1"),
        ("levels=0.9", "settings: task.levels must be a list in brackets, such as [0, 1], got 0.9"),
        ("learning_rate=.nan", "settings: training.learning_rate should be a finite number, got nan"),
        ("seed=-1", "settings: training.seed should be greater than or equal to 0, got -1"),
        ("validation_fraction=1.5", "settings: data.validation_fraction should be less than 1, got 1.5"),
        (
            "layer=rnn",
            "model.layer should be 'lstm', 'vanilla', 'augmented', 'torch' or 'gru', got 'rnn'",
        ),
        ("peephole=some", "model.peephole should be 'none', 'diagonal' or 'full', got 'some'"),
        ("context=[1, -1]", "settings: model.context.1 should be greater than or equal to 0, got -1"),
        ("context=[1, 2, 3]", "settings: model.context should have at most 2 items"),
        (
            "proj_size=64",
            "settings: proj_size must be smaller than hidden_size 64, got 64; 0 means no projection",
        ),
    ],
)
def test_a_wrong_setting_gets_a_sentence(assignment, sentence):
    assert sentence in refusal(override, Config(), [assignment])


SETTINGS = {"peephole": "diagonal", "input_gate": False, "context": [1, 0], "proj_size": 2}
SETTINGS |= {
    "init": "orthogonal",
    "forget_bias": 1.0,
    "chrono": 9,
    "recurrent_dropout": 0.1,
    "zoneout": [0.1, 0.2],
    "weight_dropout": 0.3,
}
OPTIONS = {
    "init": "'uniform'",
    "forget_bias": "None",
    "chrono": "None",
    "recurrent_dropout": "0.0",
    "zoneout": "[0.0, 0.0]",
    "weight_dropout": "0.0",
}
FIXED = {
    "vanilla": {"peephole": "'full'", "context": "[0, 0]", "proj_size": "0"},
    "augmented": {"peephole": "'full'", "input_gate": "True"},
    "torch": {"peephole": "'none'", "context": "[0, 0]", **OPTIONS},
    "gru": {"peephole": "'none'", "context": "[0, 0]", "proj_size": "0", **OPTIONS},
}


@pytest.mark.parametrize("layer, name", [(layer, name) for layer, own in FIXED.items() for name in own])
def test_what_contradicts_the_name_of_a_layer_is_refused_not_ignored(layer, name):
    value = SETTINGS[name]
    sentence = refusal(override, Config(), {"layer": layer, name: value})
    assert sentence == (
        f"settings: layer '{layer}' has {name} {FIXED[layer][name]}, got {value!r}; "
        f"remove {name}, or choose layer 'lstm', where all can be set"
    )


def test_each_extension_of_the_plain_layer_can_be_set_alone():
    plain = override(Config(), ["layer=lstm"]).model
    assert (plain.peephole, plain.input_gate, plain.context, plain.proj_size) == ("none", False, (0, 0), 0)
    for name, value in (SETTINGS | {"input_gate": True}).items():
        changed = override(Config(), {"layer": "lstm", name: value}).model
        assert changed.model_dump(mode="json") == plain.model_dump(mode="json") | {name: value}


@pytest.mark.parametrize("layer", ["vanilla", "augmented"])
def test_presets_take_what_says_how_to_start_and_regularise(layer):
    for name in OPTIONS:
        model = override(Config(), {"layer": layer, name: SETTINGS[name]}).model
        assert model.model_dump(mode="json")[name] == SETTINGS[name]


def test_one_setting_for_one_bias():
    assert "forget_bias and chrono both set the bias of g_cs, got 1.0 and 9" in refusal(
        override, Config(), {"forget_bias": 1.0, "chrono": 9}
    )


def test_a_configuration_from_before_there_were_extensions_means_what_it_did():
    old = "model: {layer: augmented, proj_size: 3, context: [0, 2]}"
    model = parse_config(old, "text").model
    assert (model.peephole, model.input_gate, model.context) == ("full", True, (0, 2))
    model = parse_config("model: {layer: vanilla, context: [0, 0]}", "text").model
    assert (model.peephole, model.input_gate) == ("full", False)
    assert (model.init, model.recurrent_dropout, model.zoneout) == ("uniform", 0.0, (0.0, 0.0))


@pytest.mark.parametrize(
    "text, sentence",
    [
        (
            "format: 2",
            "run.yaml has format 2, carousel 0.1.0 reads up to format 1; upgrade with `pip install -U",
        ),
        ("format: old", "run.yaml: format should be a valid integer, got 'old'"),
        ("format: true", "run.yaml: format should be a valid integer, got True"),
        ("null: 3", "run.yaml: a key must be a name, got None"),
        (
            "training: {hidden_size: 3}",
            "unknown key 'training.hidden_size'; did you mean 'model.hidden_size'?",
        ),
        (
            f"recipe: {'x' * 9999}/",
            "run.yaml: recipe should match pattern '^[A-Za-z0-9_-]+$', got 'xxxxxxxxxxxx...x",
        ),
        (
            f"model: {{hidden_size: 0x{'f' * 9999}}}",
            "less than or equal to 65536, got a number of too many digits",
        ),
        (
            "model: &m {}\ntraining: *m",
            "run.yaml is not readable YAML (line 2): aliases are not taken; correct it",
        ),
        ("[" * 9999, "run.yaml is not readable YAML (line 1): it is nested too deeply; correct it"),
        ("- " * 9999, "run.yaml is not readable YAML (line 1): it is nested too deeply; correct it"),
        ("recipe: 2001-99-99", "run.yaml is not readable YAML; correct it"),
        ("recipe: !!bool maybe", "run.yaml is not readable YAML; correct it"),
        ("model: 3", "run.yaml: model must be a section of keys, got 3"),
        ("modle: {}", "run.yaml: unknown key 'modle'; did you mean 'model'?"),
        ("model: {layr: lstm}", "run.yaml: unknown key 'model.layr'; did you mean 'layer'?"),
        ("recipe: ../up", "run.yaml: recipe should match pattern"),
        (
            "a: [",
            "run.yaml is not readable YAML (line 1): expected the node content, but found '<stream end>'; correct it",
        ),
        ("a: \x00", "run.yaml is not readable YAML"),
        ("- 3", "run.yaml must hold the sections data, model and training, got [3]"),
        ("", "run.yaml must hold the sections data, model and training, got None"),
        ("!!python/object/apply:os.getcwd []", "run.yaml is not readable YAML"),
    ],
)
def test_a_wrong_file_gets_a_sentence(text, sentence):
    assert sentence in refusal(parse_config, text, "run.yaml")


def test_a_bomb_of_aliases_costs_nothing():
    levels = [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 30)]
    text = "\n".join(["l0: &l0 [boom]", *levels])
    assert "(line 2): aliases are not taken" in refusal(parse_config, text, "run.yaml")
    assert len(refusal(override, Config(), ["context=[[[[[[[1]]]]]]]"])) < 200


@given(st.text(max_size=60))
def test_any_text_is_a_configuration_or_gets_a_sentence(text):
    try:
        parse_config(text, "run.yaml")
    except CarouselError as error:
        assert str(error).startswith("run.yaml")


def test_files_that_cannot_be_read_get_a_sentence(tmp_path):
    assert refusal(load_config, tmp_path / "no.yaml").startswith("there is no configuration file")
    assert "as a configuration" in refusal(load_config, tmp_path)
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    assert "as a configuration" in refusal(load_config, tmp_path / "binary.yaml")


@pytest.mark.parametrize("layer", typing.get_args(SECTIONS["model"].model_fields["layer"].annotation))
def test_every_layer_can_be_made_under_its_defaults(layer):
    made = build_layer(override(Config(), [f"layer={layer}"]).model, 3)
    assert (made.hidden_size, made.bidirectional, made.batch_first) == (64, True, False)


def test_a_configuration_from_before_there_were_tasks_is_the_same_today():
    old = "format: 1\ndata: {dataset: japanese_vowels, validation_fraction: 0.2}\nmodel: {hidden_size: 8}"
    assert parse_config(old, "text") == override(Config(), ["hidden_size=8"])
