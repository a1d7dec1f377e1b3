"""Site hook: what the commands say about themselves, taken from them while the site is built.

A line `{{ help NAME }}` becomes the help of that command, `{{ settings SECTION }}` a table of that section's settings.
"""

import json
import re
from typing import Any

import typer

from carousel.cli import app
from carousel.training.config import Config

LIMITS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
KINDS = {"boolean": "true or false", "string": "text", "integer": "whole number", "number": "number"}


def on_page_markdown(markdown: str, /, **page: Any) -> str:
    """Fill in the lines that ask for help or settings."""
    markdown = re.sub(r"^{{ help (\w+) }}$", lambda found: help_text(found[1]), markdown, flags=re.MULTILINE)
    return re.sub(r"^{{ settings (\w+) }}$", lambda found: settings(found[1]), markdown, flags=re.MULTILINE)


def help_text(name: str) -> str:
    """What `carousel NAME --help` prints, as a block of text."""
    command = typer.main.get_command(app).commands[name]
    context = command.make_context(f"carousel {name}", [], resilient_parsing=True, terminal_width=80)
    return f"```text\n{command.get_help(context)}\n```"


def settings(section: str) -> str:
    """A table of the settings of a section of the configuration."""
    defaults = getattr(Config(), section)
    rows = ["| setting | default | allowed | meaning |", "|---|---|---|---|"]
    for name, schema in type(defaults).model_json_schema()["properties"].items():
        default = json.dumps(defaults.model_dump(mode="json")[name]).strip('"')
        rows.append(f"| `{name}` | `{default}` | {allowed(schema)} | {schema['description']} |")
    return "\n".join(rows)


def allowed(schema: dict[str, Any]) -> str:
    """The values that a setting takes, in words."""
    if "anyOf" in schema:  # a value, or null by default
        return allowed(schema["anyOf"][0])
    if "$ref" in schema:
        return "a section"
    if "enum" in schema:
        return ", ".join(f"`{choice}`" for choice in schema["enum"])
    if schema["type"] == "array":
        parts = schema.get("prefixItems")
        return (
            f"a pair, each a {allowed(parts[0])}" if parts else f"a list, each a {allowed(schema['items'])}"
        )
    limits = [f"{sign} {schema[key]:,}".removesuffix(".0") for key, sign in LIMITS.items() if key in schema]
    return f"{KINDS[schema['type']]} {', '.join(limits)}".strip()
