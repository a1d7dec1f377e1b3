"""What a person sees: progress in a terminal, the report in a browser."""

import os
import pty
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
OFFLINE = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
OFFLINE += ("--disable-component-update", "--disable-sync", "--host-resolver-rules=MAP * ~NOTFOUND")
SMALL = ("--layer", "torch", "--set", "hidden_size=4", "--epochs", "9")


@pytest.fixture(scope="module")
def watched(tmp_path_factory) -> tuple[Path, str, str]:
    """A run made in a terminal of 100 columns: its folder, what the screen was sent, and standard output."""
    folder = tmp_path_factory.mktemp("screens") / "run"
    sent, output = _watch("fit", *SMALL, "--out", str(folder))
    return folder, sent, output


def _watch(*arguments: str) -> tuple[str, str]:
    """What a command sends to a terminal of 100 columns, and its standard output."""
    screen, terminal = pty.openpty()
    environment = os.environ | {"TERM": "xterm-256color", "COLUMNS": "100", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "carousel", *arguments]
    with subprocess.Popen(
        command, stdin=terminal, stdout=subprocess.PIPE, stderr=terminal, env=environment, text=True
    ) as process:
        os.close(terminal)
        sent = b""
        while chunk := _read(screen):
            sent += chunk
        output = process.stdout.read()
    os.close(screen)
    assert process.returncode == 0, sent.decode()
    return sent.decode(), output


def _read(screen: int) -> bytes:
    try:
        return os.read(screen, 65536)
    except OSError:  # how Linux says that the other end is closed
        return b""


def test_the_progress_bar_moves_and_shows_the_metrics(watched):
    _, sent, output = watched
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", sent)
    assert "9 classes, 216 sequences to learn from, 54 to choose the best epoch" in " ".join(text.split())
    frames = re.findall(
        r"epoch (\d)/9 [━╸╺ ]+ loss [\d.]+ · val [\d.]+ · [\d.]+ % +[-\d]+:[-\d]+:[-\d]+", text
    )
    assert frames[-1] == "9"
    assert len(set(frames)) >= 3  # the bar is drawn ten times a second, however long an epoch takes
    assert re.search(r"\d:\d\d:\d\d", text), "no time left"
    assert "Traceback" not in text and "Warning" not in text
    assert "test " in output and "━" not in output


def test_bench_says_what_it_is_measuring(tmp_path):
    sent, output = _watch("bench", "--only", "streaming", "--threads", "1", "--out", str(tmp_path))
    assert re.search(
        r"plain streaming B1 T100 I128 H256, 1 thread [━╸╺ ]+ 0%", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", sent)
    )
    assert output.startswith("what ") and "━" not in output


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_the_report_opens_in_a_browser_without_a_network(watched, tmp_path):
    report = watched[0] / "report.html"
    shown = _screenshot(report, tmp_path / "with.png")
    text_only = tmp_path / "text.html"
    text_only.write_text(re.sub(r'src="data:[^"]*"', 'src=""', report.read_text()))
    # Without its figures the page is text on a plain ground; with them it has their colours.
    assert _colours(shown) > 3 * _colours(_screenshot(text_only, tmp_path / "without.png"))
    dom = _chromium("--dump-dom", report, tmp_path)
    accuracy = re.search(r"test +([\d.]+ %)", watched[2])[1]
    assert re.search(rf"{re.escape(accuracy)}", re.sub(r"<[^>]+>", " ", dom))


def _screenshot(page: Path, to: Path) -> np.ndarray:
    _chromium(f"--screenshot={to}", page, to.parent, "--window-size=1200,3600", "--hide-scrollbars")
    return np.asarray(Image.open(to).convert("RGB"))


def _chromium(task: str, page: Path, folder: Path, *more: str) -> str:
    profile = folder / "profile"
    command = [CHROMIUM, *OFFLINE, *more, f"--user-data-dir={profile}", task, page.as_uri()]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout


def _colours(picture: np.ndarray) -> int:
    return len(np.unique(picture.reshape(-1, 3), axis=0))
