"""What a person sees while work goes on: a progress bar, and one line when it is interrupted."""

from __future__ import annotations

from types import TracebackType
from typing import Self

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

INTERRUPTED = 130


class Reporter:
    """A progress bar on the error stream; silent when ``quiet`` or when nobody watches."""

    def __init__(self, *, quiet: bool = False) -> None:
        self.console = Console(stderr=True)
        self._bar = Progress(
            TextColumn("[progress.description]{task.description:<44}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeElapsedColumn(),
            console=self.console,
            disable=quiet or not self.console.is_terminal,
            transient=True,
        )
        self._quiet = quiet
        self._task = self._bar.add_task("starting", total=1.0)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._bar.stop()
        if kind is KeyboardInterrupt:
            self.console.print("Interrupted. What was written before is whole; nothing was left half-written.")
            raise typer.Exit(INTERRUPTED)

    def __call__(self, doing: str, share: float) -> None:
        """Show what is being done and how far it is (0 to 1)."""
        self._bar.update(self._task, description=doing[:44], completed=share)

    def say(self, line: str) -> None:
        """One line for the person at the terminal."""
        if not self._quiet:
            self.console.print(line)
