"""The examples of the page on testing are tests that pass."""

from __future__ import annotations

import pytest

from .test_examples import blocks

pytest_plugins = ("pytester",)

FROM_THE_EXAMPLE = 30
"""The least number of promises that the page speaks of."""


def test_every_example_passes(pytester: pytest.Pytester) -> None:
    """Each example runs as it stands: those of a service, of a live test, of a plug-in."""
    examples = blocks("docs/testing.md", "python")
    pytester.makepyfile(**{f"test_{number}": code for number, code in enumerate(examples)})
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "--strict-markers")
    outcomes = result.parseoutcomes()
    assert set(outcomes) <= {"passed", "skipped"}
    assert outcomes["passed"] >= len(examples) + 2 * FROM_THE_EXAMPLE
