"""A small change to a module, and where such changes are found."""

from __future__ import annotations

import ast
from collections.abc import Generator, Iterable
from contextlib import contextmanager, nullcontext
from copy import copy
from typing import TypeAlias

from attrs import frozen

Node: TypeAlias = ast.expr | ast.stmt | ast.pattern


@frozen
class Mutant:
    """A change to one file: what stands from `begin` to `end`, in bytes, becomes `new`.

    It shows only where one of the `lines` has run; `None` where that is when the module is
    imported.
    """

    path: str
    line: int
    change: str
    """For people."""
    begin: int
    end: int
    new: str
    lines: range | None

    def __str__(self) -> str:
        """Show it on one line."""
        return f"{self.path}:{self.line}: {self.change}"

    def planted(self, source: bytes) -> bytes:
        """Return the file's source with the change."""
        return source[: self.begin] + self.new.encode() + source[self.end :]


class Finder(ast.NodeVisitor):
    """Collects the mutants of a module."""

    def __init__(self, path: str, source: bytes) -> None:
        self.found: list[Mutant] = []
        self._path = path
        self._source = source
        self._begins = [0]
        for line in source.splitlines(keepends=True):
            self._begins.append(self._begins[-1] + len(line))
        self.lines: range | None = None
        self.in_function = False

    def put(self, node: Node, new: str, *, until: Node | None = None, change: str = "") -> None:
        """Let some source take the place of a node, or of all from there until another's end."""
        last = until or node
        begin = self._begins[node.lineno - 1] + node.col_offset
        end = self._begins[(last.end_lineno or 0) - 1] + (last.end_col_offset or 0)
        old = " ".join(self._source[begin:end].decode().split())
        change = change or f"{old}  ->  {new}"
        self.found.append(Mutant(self._path, node.lineno, change, begin, end, new, self.lines))

    def change(self, node: ast.expr, gone: ast.AST | None = None, **fields: object) -> None:
        """Let an expression have other fields, where it is a part that is `gone`."""
        changed = copy(node)
        for name, value in fields.items():
            setattr(changed, name, value)
        change = f"{ast.unparse(gone)}  is left out" if gone else ""
        self.put(node, f"({ast.unparse(changed)})", change=change)

    @contextmanager
    def shown_by(self, first: Node, last: Node | None = None) -> Generator[None]:
        """Say where what is found in the block shows, unless that is at import."""
        before = self.lines
        if self.in_function:
            self.lines = range(first.lineno, ((last or first).end_lineno or 0) + 1)
        yield
        self.lines = before

    def visit(self, node: ast.AST) -> None:
        """Find the mutants of a node, and of what is below it."""
        with self.shown_by(node) if isinstance(node, ast.stmt) else nullcontext():
            super().visit(node)

    def visit_all(self, nodes: Iterable[ast.AST | None]) -> None:
        """Find the mutants of several nodes."""
        for node in nodes:
            if node:
                self.visit(node)
