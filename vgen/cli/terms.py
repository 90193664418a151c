"""The route and the budget of a run: those asked for, else those that the job has."""

from __future__ import annotations

from decimal import Decimal

from attrs import frozen

from vgen.cli.generate_options import PlanOptions
from vgen.cli.text import dollars
from vgen.decisions.terms import budget_of, changes
from vgen.records.job import Manifest
from vgen.records.money import ZERO

ROUTE = ("animatic",)
"""The route of a new job."""


@frozen
class Terms:
    """The names of the backends, in order, and the budget in US dollars."""

    route: tuple[str, ...]
    budget: Decimal


def choose_terms(options: PlanOptions, before: Manifest | None) -> Terms:
    """Return the terms of this run of a job, which may have run `before`."""
    route = options.backends or (before.route if before else ROUTE)
    return Terms(route, budget_of(options.budget, before))


def describe_terms(options: PlanOptions, before: Manifest, terms: Terms) -> str:
    """Return how this run changes the job's terms, or what it goes on with unasked, if anything."""
    changed = changes(before, route=terms.route, budget=terms.budget)
    if changed:
        return f"this run changes the job: {changed}"
    route_unasked = not options.backends and terms.route != ROUTE
    budget_unasked = options.budget is None and terms.budget != ZERO
    if route_unasked or budget_unasked:
        return f"the job goes on with {', '.join(terms.route)}, budget {dollars(terms.budget)}"
    return ""
