"""A backend for vgen to copy: see the README beside it."""

from vgen_example.backend import Example

__all__ = ["Example"]
