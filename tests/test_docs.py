"""The pages tell the truth: their Python runs and prints what they show, their commands exist, the site is whole."""

import contextlib
import importlib.util
import io
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer
import yaml

from carousel.cli import app
from carousel.experiments import available, resolve
from carousel.training import override

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
PYTHON = re.compile(r"^```python\n(.*?)^```$(?:\n+^```text\n(.*?)^```$)?", re.DOTALL | re.MULTILINE)
CONSOLE = re.compile(r"^```(?:console|bash)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
MKDOCS = yaml.safe_load((ROOT / "mkdocs.yml").read_text())


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks(page: Path) -> list[tuple[str, str | None]]:
    """Python blocks, each behind as many empty lines as put it where it stands, and the output shown below it."""
    text = page.read_text()
    return [
        ("\n" * text.count("\n", 0, found.start(1)) + found[1], found[2]) for found in PYTHON.finditer(text)
    ]


def commands() -> list[str]:
    lines = [
        line
        for page in PAGES
        for found in CONSOLE.finditer(page.read_text())
        for line in found[1].splitlines()
    ]
    return sorted(
        {line.removeprefix("$ ") for line in lines if line.startswith(("carousel ", "$ carousel "))}
    )


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page)], ids=name)
def test_python_blocks_run_and_print_what_the_page_shows(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if "torch.compile(" not in page.read_text():
        run(page)
        return
    # In a process of its own, for no type checker to be traced too.
    code = f"from test_docs import Path, run; run(Path({str(page)!r}))"
    command = [sys.executable, "-W", "ignore", "-c", code]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(ROOT / "tests")}, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()


def run(page):
    namespace = {"__name__": "__main__"}
    for code, shown in blocks(page):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, name(page), "exec"), namespace)
        assert shown is None or printed.getvalue() == shown


def test_the_pages_with_code_are_found():
    with_code = {name(page) for page in PAGES if blocks(page)}
    assert with_code >= {"README.md", "docs/index.md", "docs/layers.md", "docs/paper-in-code.md"}


@pytest.mark.parametrize("line", commands())
def test_commands_parse(line):
    _, command, *arguments = shlex.split(line, comments=True)
    parsed = typer.main.get_command(app).commands[command].make_context(command, arguments).params
    if command == "fit" and (parsed["source"] or "japanese_vowels") in available():
        named = [f"{key}={parsed[key]}" for key in ("layer", "seed", "epochs") if parsed[key] is not None]
        override(resolve(parsed["source"] or "japanese_vowels"), [*named, *parsed["settings"]])


def test_every_command_has_its_help_on_the_page():
    text = (ROOT / "docs/commands.md").read_text()
    for command in typer.main.get_command(app).commands:
        assert f"\n## {command}\n\n{{{{ help {command} }}}}\n" in text


def test_the_navigation_names_every_page_and_no_other():
    assert sorted(leaves(MKDOCS["nav"])) == sorted(
        str(page.relative_to(ROOT / "docs")) for page in (ROOT / "docs").rglob("*.md")
    )


def leaves(entry) -> list[str]:
    """The pages under an entry of the navigation: a path, a list of entries, or a title and what it stands for."""
    if isinstance(entry, str):
        return [entry]
    children = entry if isinstance(entry, list) else entry.values()
    return [path for child in children for path in leaves(child)]


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> dict[str, str]:
    """The built pages, by path."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return {str(page.relative_to(folder)): page.read_text() for page in folder.rglob("*.html")}


def test_pages_fetch_nothing_from_elsewhere(site):
    fetched = re.compile(r"<(?:script|img|link|iframe)[^>]*(?:src|href)=\"?(?:https?:)?//[^>]*>")
    assert {path: fetched.findall(page) for path, page in site.items() if fetched.search(page)} == {}


def test_every_formula_became_mathml(site):
    assert [path for path, page in site.items() if "arithmatex" in page] == []
    tables = site["paper-in-code.html"].count("<mtable")
    assert tables == 4, "forward and backward of the Vanilla and the augmented LSTM are aligned"


def test_help_and_settings_were_filled_in(site):
    page = site["commands.html"]
    assert "{{" not in page
    assert "--sequence ID" in page
    assert "<code>learning_rate</code>" in page


def test_the_layer_and_the_record_of_the_integration_tests_are_shown(site):
    text = re.sub(r"<[^>]+>", "", site["clients.html"])
    assert "init_hidden_state = flexible.LSTM.init_hidden_state" in text
    assert "carousel on its C++ kernels" in text


def test_forward_and_backward_show_their_source(site):
    for module in ("rnn", "vanilla", "augmented"):
        page = site["paper-in-code.html"]
        assert page.count(f"src/carousel/equations/{module}.py") == 2


def test_a_formula_that_would_be_mangled_stops_the_build():
    from mkdocs.exceptions import PluginError

    path = ROOT / "tools/site_math.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    hook = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(hook)
    formula = r'<p><span class="arithmatex">\({}\)</span></p>'
    assert hook.on_page_content(formula.format("a &lt; b")).count("<math") == 1
    with pytest.raises(PluginError, match="formula"):
        hook.on_page_content(formula.format(r"\nosuchcommand x"))
