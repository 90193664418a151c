"""What vgen offers to the world is a list, and it changes only on purpose."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

LISTED = Path(__file__).with_name("public_names.txt")
MODULES = (
    "vgen",
    "vgen.abc",
    "vgen.aio",
    "vgen.blocking",
    "vgen.errors",
    "vgen.testing",
    "vgen.testing.contracts",
    "vgen.video",
    "vgen.webhooks",
)


def test_public_names_are_listed() -> None:
    """Each public name stands in public_names.txt, one a line in order, and nothing else does."""
    offered = sorted(f"{module}.{name}" for module in MODULES for name in public_names(module))
    assert LISTED.read_text("utf-8").split() == offered


def public_names(module: str) -> list[str]:
    """The names in `__all__`, each of which exists; without it, what the module itself defines."""
    found = importlib.import_module(module)
    namespace = vars(found)
    if "__all__" in namespace:
        assert all(hasattr(found, name) for name in namespace["__all__"])
        return list(namespace["__all__"])
    return [
        name
        for name, value in namespace.items()
        if not name.startswith("_") and getattr(value, "__module__", "") == module
    ]


def test_the_checked_programs_use_every_name() -> None:
    """The programs that the type checkers read leave no public name out."""
    used = {
        name
        for path in (Path(__file__).parents[1] / "typing").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        for name in names_of(node)
    }
    assert {line.rpartition(".")[2] for line in LISTED.read_text("utf-8").split()} <= used


def names_of(node: ast.AST) -> list[str]:
    """The names that a node of a program uses."""
    if isinstance(node, ast.Attribute):
        return [node.attr]
    return [node.id] if isinstance(node, ast.Name) else []
