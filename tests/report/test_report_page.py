"""The report is one escaped HTML file that refers to nothing; it is replaced whole or not at all."""

import base64
import errno
import io
import os
from html.parser import HTMLParser
from pathlib import Path

import pytest
from matplotlib.figure import Figure
from PIL import Image

from carousel import files
from carousel.errors import CarouselError
from carousel.report import ClassRecall, ReportContent, ReportFigure, write_report

VOID = {"meta", "link", "img", "br"}
EVIL = "<script>alert('&')</script>"


def drawing(label=""):
    figure = Figure(figsize=(2, 1))
    figure.set_label(label)
    return figure


def content(**parts):
    given = {
        "title": "A run",
        "summary": "It learnt.",
        "facts": {"Seed": "0", "Layer": "LSTM"},
        "figures": (
            ReportFigure("learning_curves", "How it learnt.", drawing("Loss falls.")),
            ReportFigure("confusion", "Who was who.", drawing()),
        ),
        "configuration": "seed: 0\nlayer: lstm\n",
        "recalls": (ClassRecall("ann", 9, 10), ClassRecall("bob", 7, 8), ClassRecall("cat", 0, 0)),
    }
    return ReportContent(**given | parts)


class Page(HTMLParser):
    """The elements and the text of a page whose tags all close in order."""

    def __init__(self, path):
        super().__init__(convert_charrefs=True)
        self.elements, self.open, self.words = [], [], []
        self.feed(path.read_text("utf-8"))
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


def tree(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_page_and_the_figures_are_written(tmp_path):
    assert write_report(tmp_path / "run", content()) == tmp_path / "run" / "report.html"
    assert set(map(str, tree(tmp_path / "run"))) == {
        "report.html",
        "figures/learning_curves.png",
        "figures/confusion.png",
    }


def test_the_page_says_it_all(tmp_path):
    page = Page(write_report(tmp_path, content()))
    for words in (
        "A run",
        "It learnt.",
        "Seed 0",
        "Learning curves",
        "How it learnt.",
        "seed: 0 layer: lstm",
    ):
        assert words in page.text
    assert "88.9 % test accuracy: 16 of 18 sequences right" in page.text
    assert "ann 10 9 90.0 %" in page.text
    assert "cat 0 0 none" in page.text


def test_the_page_is_a_semantic_document(tmp_path):
    path = write_report(tmp_path, content())
    page = Page(path)
    assert path.read_text("utf-8").startswith("<!DOCTYPE html>")
    assert page.all("html") == [{"lang": "en"}]
    for tag in ("title", "header", "main", "h1"):
        assert len(page.all(tag)) == 1
    identifiers = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(set(identifiers)) == len(identifiers)
    assert [section["aria-labelledby"] for section in page.all("section")] == identifiers
    assert {heading["scope"] for heading in page.all("th")} == {"col", "row"}


def test_nothing_is_fetched_or_run(tmp_path):
    path = write_report(tmp_path, content())
    page = Page(path)
    assert {name for name, _ in page.elements}.isdisjoint(
        {"script", "iframe", "object", "embed", "form", "base"}
    )
    for _, attributes in page.elements:
        for name, value in attributes.items():
            if name in ("src", "href", "srcset", "data", "poster", "action"):
                assert value.startswith("data:")
            assert not name.startswith("on")
    source = path.read_text("utf-8")
    for reference in ("http://", "https://", "url(", "@import"):
        assert reference not in source
    (policy,) = [meta["content"] for meta in page.all("meta") if "http-equiv" in meta]
    assert policy.startswith("default-src 'none'")


def test_the_pictures_are_the_files_twice_as_sharp_and_described(tmp_path):
    page = Page(write_report(tmp_path, content()))
    images = page.all("img")
    assert [image["alt"] for image in images] == ["Loss falls.", "Confusion"]
    for image, name in zip(images, ("learning_curves", "confusion"), strict=True):
        data = base64.b64decode(image["src"].removeprefix("data:image/png;base64,"), validate=True)
        assert data == (tmp_path / "figures" / f"{name}.png").read_bytes()
        assert Image.open(io.BytesIO(data)).size == (2 * int(image["width"]), 2 * int(image["height"]))
        assert (image["width"], image["height"]) == ("200", "100")


def test_all_text_is_escaped(tmp_path):
    page = Page(
        write_report(
            tmp_path,
            content(
                title=EVIL,
                summary=EVIL,
                facts={EVIL: EVIL},
                figures=(ReportFigure("utterance", EVIL, drawing(f'"{EVIL}')),),
                configuration=EVIL,
                recalls=(ClassRecall(EVIL, 1, 1),),
            ),
        )
    )
    assert not page.all("script")
    assert "".join(page.words).count(EVIL) == 8
    assert page.all("img")[0]["alt"] == f'"{EVIL}'


def test_figures_of_a_kind_are_told_apart_by_their_subject(tmp_path):
    names = {"forecast": "load", "forecast_2": f"price_2 {EVIL}"}
    figures = tuple(ReportFigure(name, "", drawing(), subject) for name, subject in names.items())
    text = Page(write_report(tmp_path, content(figures=figures))).text
    assert "Forecast: load" in text and f"Forecast: price_2 {EVIL}" in text


def test_without_a_test_there_is_no_headline(tmp_path):
    page = Page(write_report(tmp_path, content(recalls=(), facts={}, figures=())))
    assert "accuracy" not in page.text
    assert not page.all("table")
    assert not page.all("dl")


def test_a_second_report_replaces_the_first(tmp_path):
    write_report(tmp_path, content())
    assert "Another" in Page(write_report(tmp_path, content(title="Another"))).text


def full_disk(monkeypatch, path_part):
    """Have the disk fill up half-way through a file."""

    def open_full(path, mode):
        if path_part not in path.name:
            return open(path, mode)
        path.write_bytes(b"half")
        return open("/dev/full", mode)

    monkeypatch.setattr(files, "open", open_full, raising=False)


@pytest.mark.parametrize("path_part", ["report.html", "confusion.png"])
def test_a_full_disk_leaves_the_old_report_whole(tmp_path, monkeypatch, path_part):
    write_report(tmp_path, content())
    before = tree(tmp_path)
    full_disk(monkeypatch, path_part)
    with pytest.raises(
        CarouselError, match=f"^cannot write '.*{path_part}': No space left on device; free some space or"
    ):
        write_report(tmp_path, content(title="Another", figures=content().figures[::-1]))
    assert tree(tmp_path) == before


def test_a_failing_replacement_leaves_the_old_report_whole(tmp_path, monkeypatch):
    write_report(tmp_path, content())
    before = tree(tmp_path)

    def refuse(source, target):
        raise PermissionError(errno.EACCES, "Permission denied", str(target))

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(
        CarouselError,
        match=r"^cannot write '.*': Permission denied; free some space or choose another place$",
    ):
        write_report(tmp_path, content(title="Another"))
    assert tree(tmp_path) == before


def test_a_read_only_folder_is_named(tmp_path, monkeypatch):
    def refuse(path, **_):
        raise OSError(errno.EROFS, "Read-only file system", str(path))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(
        CarouselError, match=f"^cannot write '{tmp_path / 'figures'}': Read-only file system; "
    ):
        write_report(tmp_path, content())
    assert not tree(tmp_path)


def test_a_file_in_the_way_is_named(tmp_path):
    (tmp_path / "run").write_text("mine")
    with pytest.raises(
        CarouselError,
        match=f"^cannot write '{tmp_path / 'run' / 'figures'}': Not a directory; check the path$",
    ):
        write_report(tmp_path / "run", content())
    assert (tmp_path / "run").read_text() == "mine"


@pytest.mark.parametrize("name", ["../escape", "", "a b", "a/b", "a.png"])
def test_a_name_unfit_for_a_file_is_refused(tmp_path, name):
    with pytest.raises(CarouselError, match="unfit for a file"):
        write_report(tmp_path, content(figures=(ReportFigure(name, "", drawing()),)))
    assert not tree(tmp_path)


def test_two_figures_of_one_name_are_refused(tmp_path):
    with pytest.raises(CarouselError, match="same name"):
        write_report(tmp_path, content(figures=(ReportFigure("a", "", drawing()),) * 2))
