"""Which module imports which, read from the syntax without running anything."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from pathlib import Path

from attrs import frozen


@frozen
class Import:
    """One import of something of vgen.

    `target` is the module named; for `from vgen import x` it is `vgen.x`, since x may be a module.
    `deferred` tells that importing the file does not run it: it stands in a function or under
    `if TYPE_CHECKING`. `names` are those that are imported from the target.
    """

    path: Path
    line: int
    target: str
    deferred: bool
    names: tuple[str, ...] = ()

    def modules(self, known: Collection[str]) -> set[str]:
        """Return which of the `known` modules it imports: a name may be a module, too."""
        inner = {f"{self.target}.{name}" for name in self.names} & set(known)
        return inner or ({self.target} & set(known))

    def __str__(self) -> str:
        return f"{self.path}:{self.line} imports {self.target}"


def imports_below(folder: Path) -> Iterator[Import]:
    """Every import of vgen in the Python files below `folder`."""
    for path in sorted(folder.rglob("*.py")):
        module = path.relative_to(folder.parent).with_suffix("").parts
        yield from _imports(ast.parse(path.read_text("utf-8")), path, module, deferred=False)


def _imports(
    node: ast.AST, path: Path, module: tuple[str, ...], *, deferred: bool
) -> Iterator[Import]:
    for target in _targets(node, module):
        if target.split(".")[0] == "vgen":
            names = tuple(each.name for each in getattr(node, "names", ()))
            yield Import(path, getattr(node, "lineno", 0), target, deferred, names)
    deferred = deferred or _defers(node)
    for child in ast.iter_child_nodes(node):
        yield from _imports(child, path, module, deferred=deferred)


def _targets(node: ast.AST, module: tuple[str, ...]) -> list[str]:
    match node:
        case ast.Import(names=names):
            return [name.name for name in names]
        case ast.ImportFrom(module=origin, names=names, level=level):
            above = module[: len(module) - level] if level else ()
            origin = ".".join([*above, *([origin] if origin else [])])
            return [f"vgen.{name.name}" for name in names] if origin == "vgen" else [origin]
        case _:
            return []


def _defers(node: ast.AST) -> bool:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
            return True
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return True
        case _:
            return False
