"""YAML as configurations need it: plain values, no aliases, and no way to make a small text cost much."""

import re
import reprlib
from typing import Any

import yaml

DEPTH = 20  # a configuration needs three levels


class UnreadableYamlError(Exception):
    """What is wrong with a text and where, to be read after "it is"."""


class _Loader(yaml.SafeLoader):
    """Takes 1e-4 for a number, as YAML 1.2 does."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+$"), list("-+0123456789")
)


def read(text: str) -> Any:
    """The value that a text stands for.

    Raises:
        UnreadableYamlError: it is not YAML, has a tag or an alias, is nested deeply, or holds what Python cannot.
    """
    try:
        _require_small(text)
        return yaml.load(text, _Loader)
    except yaml.YAMLError as error:
        mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
        raise _unreadable(mark, problem) from error
    # PyYAML's constructors fail in their own ways on a date such as 2001-99-99, `!!bool x` or a huge number.
    except (ValueError, LookupError, AttributeError, TypeError) as error:
        raise _unreadable() from error


def _require_small(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, _Loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if isinstance(event, yaml.AliasEvent):
            raise _unreadable(event.start_mark, "aliases are not taken")
        if depth > DEPTH:
            raise _unreadable(event.start_mark, "it is nested too deeply")


def _unreadable(mark: Any = None, problem: str | None = None) -> UnreadableYamlError:
    line = f" (line {mark.line + 1})" if mark else ""
    reason = f": {problem}" if problem else ""
    return UnreadableYamlError(f"not readable YAML{line}{reason}")


def write(content: Any) -> str:
    """The text that `read` gives `content` back from."""
    text: str = yaml.safe_dump(content, sort_keys=False)
    return text


def shown(value: Any) -> str:
    """A value for a sentence: short, on one line."""
    try:
        return reprlib.repr(value)
    except ValueError:  # more digits than Python writes out
        return "a number of too many digits"
