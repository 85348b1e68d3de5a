"""The documents name what exists: commands, options, links, and every registered thing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer.main

import cohortium.evaluate
import cohortium.federate.offered
import cohortium.quality
import cohortium.sources
import cohortium.synthesise  # noqa: F401 - these imports register things
from cohortium.registry import entries
from cohortium.serve.cli import app

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]


def _typed_commands() -> list[tuple[str, str]]:
    found = []
    for page in PAGES:
        for block in re.findall(r"```(?:sh|bash|console)\n(.*?)```", page.read_text("utf-8"), re.DOTALL):
            lines = block.replace("\\\n", " ").splitlines()
            found += [(page.name, line.strip().removeprefix("$ ")) for line in lines]
    return [(page, line.partition("  #")[0]) for page, line in found if line.startswith("cohortium ")]


def test_documents_show_commands() -> None:
    assert len(_typed_commands()) >= 5


@pytest.mark.parametrize(("page", "line"), _typed_commands())
def test_commands_in_documents_exist(page: str, line: str) -> None:
    words = line.split()
    assert words[1] in COMMANDS, f"{page}: {line}"
    command = COMMANDS[words[1]]
    if hasattr(command, "commands"):
        assert words[2] in command.commands, f"{page}: {line}"
        command = command.commands[words[2]]
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    used = {word.partition("=")[0] for word in words if word.startswith("--")}
    assert used <= known, f"{page}: {line}: {sorted(used - known)}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
    broken = [target for target in targets if "://" not in target and not (page.parent / target).exists()]
    assert not broken


@pytest.mark.parametrize(
    ("kind", "pages"),
    [
        ("source", ["sources.md"]),
        ("synthesiser", ["methods.md"]),
        ("metric", ["metrics.md", "privacy-metrics.md"]),
        ("check", ["data-quality.md"]),
        ("algorithm", ["algorithms.md", "federated-twins.md"]),
    ],
)
def test_every_registered_thing_is_documented(kind: str, pages: list[str]) -> None:
    text = "\n".join((ROOT / "docs" / page).read_text("utf-8") for page in pages)
    names = [entry.name for entry in entries(kind)]
    assert names
    assert not [name for name in names if f"`{name}`" not in text]


def test_nothing_names_a_place_outside_the_project() -> None:
    suspicious = re.compile(r"(?<![\w.])/(?:work|farm|tmp/lab)/")
    files = [path for folder in ("src", "tests", "docs", "benchmarks") for path in (ROOT / folder).rglob("*.*")]
    texts = [path for path in files if path.suffix in {".py", ".md", ".toml", ".json", ".html", ".css", ".js"}]
    skipped = {"peers", "scratch", "__pycache__"}
    wrong = [
        str(path.relative_to(ROOT))
        for path in texts
        if not skipped & set(path.parts) and suspicious.search(path.read_text("utf-8")) and path != Path(__file__)
    ]
    assert not wrong
