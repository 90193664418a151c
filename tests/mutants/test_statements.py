"""Mutants change what a module does, one thing at a time, and nothing that only people read."""

from __future__ import annotations

import ast
from textwrap import indent

import pytest

from .statements import NOWHERE, mutants_of

CHANGED: list[tuple[str, list[str]]] = [
    ("await send(a)", ["pass"]),
    ("self.sent = b", ["pass"]),
    ("a += b", ["pass"]),
    ("return", ["pass"]),
    ("raise Refused('no', after=a)", ["pass", "raise Refused('no')"]),
    ("if a: b", ["if True: b", "if False: b"]),
    ("while a: b", ["while False: b"]),
    ("with a: b", [f"with {NOWHERE}: b"]),
    ("with a as b: c", []),
    ("try: a\nexcept B: return c", ["try: a\nexcept B: raise"]),
    (
        "try: a\nexcept (B, C): raise",
        [
            "try: a\nexcept (C,): raise",
            "try: a\nexcept (B,): raise",
            "try: a\nexcept (B, C): pass",
        ],
    ),
    (
        "match a:\n case B(): c\n case _: d",
        ["match a:\n case B() if False: c\n case _: d"],
    ),
    ("return a or b or c", ["return b or c", "return a or c", "return a or b"]),
    ("return a < b", ["return a <= b"]),
    ("return a is not None", ["return a is None"]),
    ("return not a", ["return a"]),
    ("return a - b", ["return a + b"]),
    ("return a | b", ["return a", "return b"]),
    ("return min(a, b)", ["return max(a, b)"]),
    ("return f(a, shield=True)", ["return f(a)"]),
    ("return {a, b}", ["return {b}", "return {a}"]),
    ("return {'a': b, 'c': d}", ["return {'c': d}", "return {'a': b}"]),
    ("return a['b']", ["return a['no b']"]),
    ("return a.get('b')", ["return a.get('no b')"]),
    ("return [a for a in b if c]", ["return [a for a in b if True]"]),
    ("return isinstance(a, (B, C))", ["return isinstance(a, (C,))", "return isinstance(a, (B,))"]),
    ("a = 3", ["a = 4"]),
    ("a = 30.0", ["a = 15.0"]),
    ("a = True", ["a = False"]),
]


@pytest.mark.parametrize(("source", "expected"), CHANGED, ids=[source for source, _ in CHANGED])
def test_what_is_changed(source: str, expected: list[str]) -> None:
    """There is one mutant for each way in which a statement could be wrong."""
    whole = in_function(source).encode()
    found = [ast.unparse(ast.parse(mutant.planted(whole))) for mutant in mutants_of("a.py", whole)]
    assert found == [ast.unparse(ast.parse(in_function(each))) for each in expected]


def in_function(source: str) -> str:
    """Return statements as the body of a function."""
    return f"async def f():\n{indent(source, '    ')}\n"


@pytest.mark.parametrize(
    "source",
    [
        '"""A docstring."""',
        "def f(a: B | C) -> D | E:\n    return a",
        "def f():\n    logger.warning('%s', not a)",
        "def f():\n    return f'{a or b}'",
        "def __repr__(self):\n    return a or b",
        "A: TypeAlias = B | C",
        "def f():\n    return channel[A | B](c)",
        "@frozen(eq=False)\nclass A:\n    b: int = field(repr=False)",
        "if TYPE_CHECKING:\n    import a",
        "def f():\n    assert a is not None",
        "'no ' + a",
    ],
)
def test_what_is_left_alone(source: str) -> None:
    """Annotations, decorators, documentation, logs and messages have no mutants."""
    assert not mutants_of("a.py", source.encode())


def test_where_it_shows() -> None:
    """A mutant in a function shows where its statement runs, another one at import."""
    source = b"A = 1\n\ndef f():\n    return g(\n        B + C)\n"
    at_import, in_function = mutants_of("a.py", source)
    assert at_import.lines is None
    assert in_function.lines == range(4, 6)
