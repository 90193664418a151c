"""The changes to a module: those to its statements, and to the expressions in them.

Left alone are annotations, decorators, docstrings, logs, messages and what else only people read.
"""

from __future__ import annotations

import ast

from .expressions import Expressions
from .mutant import Mutant

NOWHERE = '__import__("contextlib").nullcontext()'
FOR_READERS = frozenset({"__repr__", "__str__"})


def mutants_of(path: str, source: bytes) -> list[Mutant]:
    """Return the mutants of a module, in its order."""
    finder = Statements(path, source)
    finder.visit(ast.parse(source))
    found = {mutant.planted(source): mutant for mutant in finder.found}
    found.pop(source, None)
    return [mutant for planted, mutant in found.items() if _compiles(planted)]


def _compiles(source: bytes) -> bool:
    try:
        compile(source, "mutant", "exec")
    except SyntaxError:
        return False
    return True


class Statements(Expressions):
    """Finds the mutants of statements."""

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        """Its defaults and its body."""
        if node.name in FOR_READERS:
            return
        outer_lines, outer = self.lines, self.in_function
        self.lines = None
        self.visit_all([*node.args.defaults, *node.args.kw_defaults])
        self.in_function = True
        self.visit_all(node.body)
        self.lines, self.in_function = outer_lines, outer

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        """Its body."""
        self.visit_all(node.body)

    def visit_Expr(self, node: ast.Expr) -> None:
        """A call is left out; docstrings and logs are left alone."""
        called = node.value.value if isinstance(node.value, ast.Await) else node.value
        if isinstance(called, ast.Call) and not ast.unparse(called.func).startswith("logger."):
            self.put(node, "pass")
            self.visit(called)
        elif not isinstance(called, ast.Call | ast.Constant):
            self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        """What is kept in an object or a table is not."""
        if all(isinstance(target, ast.Attribute | ast.Subscript) for target in node.targets):
            self.put(node, "pass")
        self.visit(node.value)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        """The value alone."""
        self.visit_all([node.value])

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        """Nothing is added."""
        self.put(node, "pass")
        self.visit(node.value)

    def visit_Raise(self, node: ast.Raise) -> None:
        """Nothing is raised; of the error, what is more than its message."""
        self.put(node, "pass")
        if isinstance(node.exc, ast.Call):
            self.drop_keywords(node.exc)

    def visit_Delete(self, node: ast.Delete) -> None:
        """What is in a table stays there; an argument that is not used was named no more."""
        if not all(isinstance(target, ast.Name) for target in node.targets):
            self.put(node, "pass")

    def _leave_out(self, node: ast.Break | ast.Continue) -> None:
        self.put(node, "pass")

    visit_Break = visit_Continue = _leave_out

    def visit_Return(self, node: ast.Return) -> None:
        """What follows a return without a value is done all the same."""
        if node.value:
            self.visit(node.value)
        else:
            self.put(node, "pass")

    def visit_Assert(self, node: ast.Assert) -> None:
        """For type checkers."""

    def visit_If(self, node: ast.If) -> None:
        """One branch is always taken, or never."""
        if ast.unparse(node.test) != "TYPE_CHECKING":
            with self.shown_by(node.test):
                self.condition(node.test, "True", "False")
            self.visit_all([*node.body, *node.orelse])

    def visit_While(self, node: ast.While) -> None:
        """The loop is not begun."""
        if not isinstance(node.test, ast.Constant):
            with self.shown_by(node.test):
                self.condition(node.test, "False")
        self.visit_all([*node.body, *node.orelse])

    def visit_With(self, node: ast.With | ast.AsyncWith) -> None:
        """A context whose value is not used is not entered."""
        for item in node.items:
            if not item.optional_vars:
                self.put(item.context_expr, NOWHERE)
            self.visit(item.context_expr)
        self.visit_all(node.body)

    visit_AsyncWith = visit_With

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        """It handles one error less, or none."""
        with self.shown_by(node.body[0], node.body[-1]):
            if isinstance(node.type, ast.Tuple):
                self.drop_elements(node.type)
            if not isinstance(node.body[-1], ast.Raise):
                self.put(node.body[0], "raise", until=node.body[-1])
        self.visit_all(node.body)

    def visit_match_case(self, node: ast.match_case) -> None:
        """The case never comes."""
        if not (isinstance(node.pattern, ast.MatchAs) and node.pattern.pattern is None):
            with self.shown_by(node.body[0], node.body[-1]):
                self.put(node.pattern, f"{ast.unparse(node.pattern)} if False")
        self.visit_all(node.body)
