"""What a section finds, line by line in a file, so that nothing is lost when its process is."""

import json
import signal
from pathlib import Path

SECONDS = 40
"""What one attempt may take, the compilation of its kernels with it."""


class Record:
    def __init__(self, into: Path) -> None:
        self.into = into
        self.lines: list[dict] = json.loads(into.read_text()) if into.exists() else []

    def __call__(self, **line: object) -> None:
        self._write([*self.lines, line])
        print("  " + ", ".join(f"{key} {shown(value)}" for key, value in line.items()), flush=True)

    def is_known(self, what: str) -> bool:
        """Whether an earlier process of this section came as far, and perhaps to its end there."""
        return any(line.get("what") == what for line in self.lines)

    def attempt(self, what: str, check, *arguments, seconds: int = SECONDS) -> None:
        """What `check` returns or raises, as a line. A GPU that hangs ends the process, and the line says so."""
        if self.is_known(what):
            return
        before = self.lines
        self._write([*before, dict(what=what, fault=f"not done in {seconds} s, or the end of its process")])
        signal.alarm(seconds)
        try:
            line = check(*arguments)
        except Exception as failure:
            line = dict(fault=f"{type(failure).__name__}: {failure}"[:500])
        signal.alarm(0)
        self.lines = before
        self(what=what, **line)

    def _write(self, lines: list[dict]) -> None:
        self.lines = lines
        self.into.write_text(json.dumps(lines))


def shown(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
