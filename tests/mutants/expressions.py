"""The changes to expressions."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import TypeVar

from .mutant import Finder

T = TypeVar("T")

SWAPPED: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
}
BOUNDS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
OPPOSITES = {"min": "max", "max": "min", "any": "all", "all": "any"}


class Expressions(Finder):
    """Finds the mutants of expressions; texts and types are left alone."""

    def condition(self, node: ast.expr, *values: str) -> None:
        """It always has one of these values; the bounds in it are others."""
        for value in values:
            self.put(node, value)
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], BOUNDS):
            self.visit(node)
        elif isinstance(node, ast.UnaryOp | ast.Compare):
            self.generic_visit(node)
        else:
            self.visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        """One branch is always taken."""
        self.condition(node.test, "True", "False")
        self.visit_all([node.body, node.orelse])

    def visit_comprehension(self, node: ast.comprehension) -> None:
        """What is filtered out is not."""
        self.visit(node.iter)
        for condition in node.ifs:
            self.condition(condition, "True")

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        """One operand less."""
        for value in node.values:
            self.change(node, value, values=_without(node.values, value))
        self.visit_all(node.values)

    def visit_Compare(self, node: ast.Compare) -> None:
        """The opposite, or another bound."""
        self.change(node, ops=[SWAPPED[type(node.ops[0])](), *node.ops[1:]])
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        """The opposite."""
        if isinstance(node.op, ast.Not):
            self.put(node, f"({ast.unparse(node.operand)})")
        self.visit(node.operand)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        """The inverse operator, or one side of a union; texts and types are left alone."""
        sides = (node.left, node.right)
        if isinstance(node.op, ast.BitOr) and self.in_function:
            for side in sides:
                self.put(node, f"({ast.unparse(side)})")
        elif type(node.op) in SWAPPED and not any(map(_is_text, sides)):
            self.change(node, op=SWAPPED[type(node.op)]())
        if self.in_function or not isinstance(node.op, ast.BitOr):
            self.visit_all(sides)

    def visit_Call(self, node: ast.Call) -> None:
        """One keyword argument less; the other extreme."""
        if isinstance(node.func, ast.Name) and (other := OPPOSITES.get(node.func.id)):
            self.change(node, func=ast.Name(other))
        if isinstance(node.func, ast.Name) and node.func.id == "isinstance":
            self._visit_isinstance(node)
            return
        if isinstance(node.func, ast.Attribute) and node.func.attr == "get" and node.args:
            self._rename(node.args[0])
        self.visit_all([node.func, *node.args])
        self.drop_keywords(node)

    def _visit_isinstance(self, node: ast.Call) -> None:
        self.visit_all(node.args)
        if isinstance(node.args[1], ast.Tuple):
            self.drop_elements(node.args[1])

    def drop_keywords(self, node: ast.Call) -> None:
        """One keyword argument less."""
        for keyword in node.keywords:
            if keyword.arg == "repr" or ast.unparse(node.func) == "zip":
                continue
            if keyword.arg:
                self.change(node, keyword, keywords=_without(node.keywords, keyword))
            if not _is_bool(keyword.value):
                self.visit(keyword.value)

    def drop_elements(self, node: ast.Tuple | ast.Set) -> None:
        """One element less."""
        for element in node.elts:
            if len(node.elts) > 1:
                self.change(node, element, elts=_without(node.elts, element))

    def visit_Set(self, node: ast.Set) -> None:
        """One element less."""
        self.drop_elements(node)
        self.visit_all(node.elts)

    def visit_Dict(self, node: ast.Dict) -> None:
        """One entry less."""
        entries = list(zip(node.keys, node.values, strict=True))
        for entry in entries:
            rest = _without(entries, entry)
            keys, values = [key for key, _ in rest], [value for _, value in rest]
            self.change(node, entry[0] or entry[1], keys=keys, values=values)
        self.visit_all(node.values)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        """Another key; a union there is a type."""
        self._rename(node.slice)
        self.visit(node.value)
        if not (isinstance(node.slice, ast.BinOp) and isinstance(node.slice.op, ast.BitOr)):
            self.visit(node.slice)

    def _rename(self, key: ast.expr) -> None:
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            self.put(key, repr(f"no {key.value}"))

    def visit_Constant(self, node: ast.Constant) -> None:
        """The opposite; one more; half of a time or a share. Texts are left alone."""
        match node.value:
            case bool(value):
                self.put(node, repr(not value))
            case int(value):
                self.put(node, repr(value + 1))
            case float(value):
                self.put(node, repr(value / 2 or 1.0))
            case _:
                pass

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """A text."""


def _without(parts: Sequence[T], part: T) -> list[T]:
    return [other for other in parts if other is not part]


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def _is_bool(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, bool)
