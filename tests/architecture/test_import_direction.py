"""Each room imports only rooms on lines above it; rooms on one line never import each other."""

from __future__ import annotations

import ast
from pathlib import Path

import cohortium

LINES = (
    ("errors",),
    ("registry",),
    ("records",),
    ("numerics", "pages"),
    ("sources", "crypto"),
    ("privacy",),
    ("quality", "anonymise", "synthesise", "evaluate", "analyse"),
    ("decide",),
    ("govern",),
    ("federate",),
    ("serve",),
)
LEVEL = {room: level for level, line in enumerate(LINES) for room in line}
ROOT = Path(cohortium.__file__).parent


def _room(path: Path) -> str:
    first = path.relative_to(ROOT).parts[0]
    return first.removesuffix(".py")


def _imported_rooms(path: Path) -> set[str]:
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            names = [node.module or ""]
            if node.module == "cohortium":
                names = [f"cohortium.{alias.name}" for alias in node.names]
        rooms |= {name.split(".")[1] for name in names if name.startswith("cohortium.")}
    return rooms - {"__version__"}


def _modules() -> list[Path]:
    return [path for path in ROOT.rglob("*.py") if path != ROOT / "__init__.py"]


def test_every_room_is_on_the_map() -> None:
    rooms = {_room(path) for path in _modules()}
    assert rooms <= set(LEVEL), f"rooms without a place in the order: {sorted(rooms - set(LEVEL))}"
    assert {"records", "synthesise", "evaluate", "privacy", "serve"} <= rooms


def test_imports_only_go_up() -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {room}"
        for path in _modules()
        for room in _imported_rooms(path)
        if room != _room(path) and LEVEL[room] >= LEVEL[_room(path)]
    ]
    assert not wrong, "\n".join(wrong)


def _raises_again(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def test_no_catch_all() -> None:
    """``except Exception`` hides failures; only a handler that cleans up and raises again is allowed."""
    wrong = []
    for path in _modules():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ExceptHandler) and not _raises_again(node):
                caught = ast.unparse(node.type) if node.type is not None else "everything"
                if caught in ("everything", "Exception", "BaseException"):
                    wrong.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert not wrong, wrong


def test_every_public_thing_is_documented() -> None:
    silent = []
    for path in _modules():
        tree = ast.parse(path.read_text("utf-8"))
        if not ast.get_docstring(tree):
            silent.append(str(path.relative_to(ROOT)))
        for node in tree.body:
            public = isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
            if public and not ast.get_docstring(node):
                silent.append(f"{path.relative_to(ROOT)}: {node.name}")
    assert not silent, "\n".join(silent)
