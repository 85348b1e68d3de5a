"""The one registry: every source, check, synthesiser and metric, with the facts that it declares of itself.

A thing is registered by the decorator of its kind, where it is written, and imported by name in its room's
``__init__``. The declared facts feed the command line, the report, the docs and the conformance tests.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from cohortium.errors import CohortiumError, InvalidRequest

Thing = TypeVar("Thing")


@dataclass(frozen=True, slots=True)
class Entry:
    """A registered thing: its kind ("source", "metric" ...), its name, what it promises, and itself."""

    kind: str
    name: str
    summary: str
    thing: Any
    facts: dict[str, Any]


_ENTRIES: dict[tuple[str, str], Entry] = {}


def register(kind: str, name: str, facts: dict[str, Any]) -> Callable[[Thing], Thing]:
    """A decorator that enters a function or class under ``kind`` and ``name``.

    Raises : CohortiumError where the name is taken, or the thing has no docstring to show to people.
    """

    def enter(thing: Thing) -> Thing:
        summary = (inspect.getdoc(thing) or "").partition("\n")[0]
        if not summary:
            raise CohortiumError(f"The {kind} '{name}' needs a docstring: its first line is what people read.")
        taken = _ENTRIES.get((kind, name))
        if taken is not None and taken.thing.__module__ != getattr(thing, "__module__", None):
            raise CohortiumError(f"There is already a {kind} '{name}', in {taken.thing.__module__}.")
        _ENTRIES[kind, name] = Entry(kind, name, summary, thing, facts)
        return thing

    return enter


def entries(kind: str) -> tuple[Entry, ...]:
    """All things of a kind, in the order in which they were registered."""
    return tuple(entry for entry in _ENTRIES.values() if entry.kind == kind)


def find(kind: str, name: str) -> Entry:
    """The thing of this kind and name.

    Raises : InvalidRequest, listing the names that exist.
    """
    if (kind, name) not in _ENTRIES:
        known = ", ".join(entry.name for entry in entries(kind))
        raise InvalidRequest(f"There is no {kind} '{name}'. Known: {known}.")
    return _ENTRIES[kind, name]


def source(name: str, *, suffixes: tuple[str, ...] = (), schemes: tuple[str, ...] = ()) -> Callable[[Thing], Thing]:
    """Register a reader of files with these suffixes, or addresses with these schemes (``postgresql``)."""
    return register("source", name, {"suffixes": suffixes, "schemes": schemes})


def synthesiser(name: str, *, guarantee: str, source: str, suits: str, smallest: int = 1) -> Callable[[Thing], Thing]:
    """Register a method that learns a table and samples new rows.

    guarantee : "none" or "differential privacy".
    source    : paper or equation that it follows.
    suits     : in which situation a person should choose it.
    smallest  : fewest persons with which it makes sense.
    """
    return register(
        "synthesiser", name, {"guarantee": guarantee, "source": source, "suits": suits, "smallest": smallest}
    )


def model(name: str) -> Callable[[Thing], Thing]:
    """Register the class that reads back models of the synthesiser of the same name."""
    return register("model", name, {})


def metric(
    name: str,
    *,
    asks: str,
    title: str,
    better: str,
    range: tuple[float, float],  # noqa: A002 - the field's word
    ideal: float | None = None,
    needs: tuple[str, ...] = (),
    seeds: int = 1,
    source: str = "",
) -> Callable[[Thing], Thing]:
    """Register a metric of a real and a synthetic table.

    asks   : the section of the report, one of ``records.Question``.
    better : "lower", "higher" or "nearer" (to ``ideal``).
    range  : smallest and largest value that the metric can take.
    needs  : "holdout", "survival", "target", "guarantee": what must be there, or the row is not applicable.
    seeds  : repetitions over which the interval is taken; 1 where the metric brings an interval of its own.
    """
    facts = {
        "asks": asks,
        "title": title,
        "better": better,
        "range": range,
        "ideal": ideal,
        "needs": needs,
        "seeds": seeds,
        "source": source,
    }
    return register("metric", name, facts)


def check(
    name: str,
    *,
    asks: str,
    severity: str,
    title: str = "",
    over: str = "column",
    applies: Callable[[Any], bool] | None = None,
    tolerates: float = 0.0,
    fails_above: float = 0.0,
    advice: str = "",
) -> Callable[[Thing], Thing]:
    """Register a data-quality check.

    asks        : the dimension that it asks about, one of ``quality.Dimension``.
    severity    : "fail" or "warn": the worst that a finding of it can be.
    title       : what is expected of good data, in plain words.
    over        : "column", "rule" (a constraint of the schema) or "table": what it is run on, one by one.
    applies     : which columns, or rules, it is run on; all of them where not given.
    tolerates   : share of failures up to which it passes.
    fails_above : share of failures above which a check of severity "fail" fails; between the two it warns.
    advice      : what a steward can do about a finding.
    """
    facts = {
        "asks": asks,
        "severity": severity,
        "title": title,
        "over": over,
        "applies": applies,
        "tolerates": tolerates,
        "fails_above": fails_above,
        "advice": advice,
    }
    return register("check", name, facts)


def algorithm(
    name: str,
    *,
    title: str,
    leaves_site: str,
    source: str,
    counts: tuple[str, ...] = (),
    cells: tuple[tuple[str, tuple[str, ...]], ...] | None = None,
    family: str = "statistics",
    alone: bool = True,
    divides: bool = True,
) -> Callable[[Thing], Thing]:
    """Register a statistic or model that is written as additive summaries and a step on their sum.

    title       : what it is called in words.
    leaves_site : what leaves a site, in words that a data steward understands.
    source      : paper, equation or definition that it follows.
    counts      : names of those sums that count persons cell by cell, to which the small-cell rules apply.
    cells       : tables of the result, with those of their columns by which the gate judges whether a row is about few
                  persons; columns with the usual names (``n``, ``events`` ...) where None.
    family      : "statistics", "counts", "survival", "models", "trees", "synthesis", "learning".
    alone       : whether a study may ask for it by itself; not where its answer, such as a model of persons, may leave
                  only together with evidence that another algorithm gathers.
    divides     : whether a site's sums are those over parts of its records, each of whole persons, added up; only such
                  an algorithm runs where a site's records are larger than its memory.
    """
    facts = {
        "title": title,
        "leaves_site": leaves_site,
        "source": source,
        "counts": counts,
        "cells": cells,
        "family": family,
        "alone": alone,
        "divides": divides,
    }
    enter = register("algorithm", name, facts)

    def named(thing: Thing) -> Thing:
        thing.registered_name = name  # type: ignore[attr-defined]
        return enter(thing)

    return named


def privacy_model(name: str, *, title: str, source: str) -> Callable[[Thing], Thing]:
    """Register a privacy model of anonymised tables: a frozen dataclass whose fields are what a recipe may set.

    title  : what it is called in words.
    source : the paper that defines it.
    """
    return register("privacy_model", name, {"title": title, "source": source})
