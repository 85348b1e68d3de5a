"""Compiled code stays clear of products of matrices: numba takes them from scipy, which is no dependency of ours."""

from __future__ import annotations

import ast
from pathlib import Path

import cohortium

ROOT = Path(cohortium.__file__).parent


def _is_compiled(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef) and any("njit" in ast.unparse(one) for one in node.decorator_list)


def _needs_scipy(node: ast.AST) -> bool:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
        return True
    return isinstance(node, ast.Attribute) and node.attr in ("dot", "vdot", "linalg", "matmul")


def test_compiled_functions_need_no_scipy() -> None:
    found, wrong = 0, []
    for path in sorted(ROOT.rglob("*.py")):
        for function in filter(_is_compiled, ast.walk(ast.parse(path.read_text("utf-8")))):
            found += 1
            wrong += [
                f"{path.relative_to(ROOT)}:{node.lineno}"  # type: ignore[attr-defined]
                for node in ast.walk(function)
                if _needs_scipy(node)
            ]
    assert found > 20
    assert not wrong
