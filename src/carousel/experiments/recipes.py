"""Recipes: configurations that come with the package, one YAML file each."""

from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from carousel.errors import CarouselError, did_you_mean
from carousel.files import as_options

if TYPE_CHECKING:
    from carousel.training.config import Config


CONFIGURATIONS = (".yaml", ".yml")


def available() -> dict[str, str]:
    """The recipes: name and what it does, which is the first line of its file."""
    return {name: text.splitlines()[0].removeprefix("# ") for name, text in sorted(_texts().items())}


def datasets() -> dict[str, str | None]:
    """The known data set of each recipe, by the recipe's name; None where it makes its own data."""
    return {
        name: yaml.safe_load(text).get("data", {}).get("dataset") for name, text in sorted(_texts().items())
    }


def _is_data(name: str) -> bool:
    """Whether a name is that of data, a file, there or not, or a folder, and not of a recipe or a configuration."""
    path = Path(name)
    is_folder = path.is_dir() and not (path / "config.yaml").is_file()
    return (
        name not in _texts()
        and path.suffix not in CONFIGURATIONS
        and (bool(path.suffix) or path.is_file() or is_folder)
    )


def configured(
    source: str,
    task: str | None = None,
    changes: Sequence[str] = (),
    of_table: Mapping[str, Any] | None = None,
) -> tuple["Config", list[str]]:
    """The configuration of a training on a recipe, a configuration or a file of data, with some fields changed.

    Args:
        source: a recipe's name, a path that ends in .yaml or .yml, or that of a file of data.
        task: the kind of task, for data that does not suggest the right one.
        changes: `key=value`, as for `carousel.training.override`.
        of_table: what is said of a table, as for `carousel.training.configure`.

    Returns:
        The configuration, and a sentence for each thing that was inferred of data.

    Raises:
        CarouselError: what `resolve`, `override` and `configure` raise, or something is said of a table that is none.
    """
    from carousel.training import configure, override

    if _is_data(source):
        return configure(source, task, changes, **(of_table or {}))
    if of_table:
        raise CarouselError(
            f"{as_options(of_table)}: only a table of your own takes that, '{source}' is none; leave it out"
        )
    return _with_hash(override(_resolved(source), changes)), []


def resolve(name: str) -> "Config":
    """The configuration behind a recipe's name or a path that ends in .yaml or .yml.

    Data of one's own is as it is now, where the configuration has no hash of it.

    Raises:
        CarouselError: no such recipe or file, or a file that is not a configuration.
    """
    return _with_hash(_resolved(name))


def _with_hash(config: "Config") -> "Config":
    """The same, with the hash of the data that is there, so that a change of it is seen later."""
    from carousel.training.source import sha256

    data = config.data
    if data.file is None or data.sha256 or not Path(data.file).exists():
        return config
    digest = sha256(Path(data.file))
    return config.model_copy(update={"data": data.model_copy(update={"sha256": digest})})


def _resolved(name: str) -> "Config":
    # Training stands on Lightning, which takes seconds to import; listing the recipes does not need it.
    from carousel.training.config import load_config, parse_config

    if Path(name).suffix in CONFIGURATIONS:
        return load_config(name)
    texts = _texts()
    if name in texts:
        return parse_config(texts[name], f"recipe '{name}'")
    if (Path(name) / "config.yaml").is_file():
        raise CarouselError(f"'{name}' is a run folder; to replay it give '{Path(name) / 'config.yaml'}'")
    raise CarouselError(f"unknown recipe '{name}'; {did_you_mean(name, texts)}")


def _texts() -> dict[str, str]:
    folder = resources.files("carousel.experiments").joinpath("recipes")
    files = [file for file in folder.iterdir() if file.name.endswith(".yaml")]
    return {file.name.removesuffix(".yaml"): file.read_text(encoding="utf-8") for file in files}
