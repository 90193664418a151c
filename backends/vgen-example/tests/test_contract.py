"""The example keeps what the port promises, free and at a price."""

from __future__ import annotations

from decimal import Decimal

from vgen.abc import Price, VideoBackend
from vgen.testing import Wire, stand_in
from vgen.testing.contracts import BackendContract
from vgen_example import Example

from .lines import Line, OnALine


class TestExample(BackendContract):
    """As it is installed."""

    def make(self) -> VideoBackend:
        return Example()


class TestExampleAtAPrice(BackendContract):
    """As it would be with a provider that charges; there is none, so nothing can be spent."""

    def setup_method(self) -> None:
        self.line = Line()

    def make(self) -> VideoBackend:
        return stand_in(OnALine(self.line, price=Price(Decimal("0.05"), Decimal("0.01"))))

    def wire(self) -> Wire:
        return self.line
