"""Conditions on the rows of a table, written as a person would: ``age >= 70 and sex = F``.

Grammar::

    condition := clause ("or" clause)*          clause := part ("and" part)*
    part      := "not" part | "(" condition ")" | test
    test      := column ("=" | "!=" | "<" | "<=" | ">" | ">=") value
               | column "in" "(" value ("," value)* ")"
               | column "between" value "and" value
               | column "is" ["not"] "missing"

A column or value with spaces is quoted: "chest pain" = 'typical angina'. Dates are written 2024-01-31. A test on a
missing value is false, as in SQL.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.errors import InvalidRequest
from cohortium.records.schema import Kind, Schema

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cohortium.records.table import Table

_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_WORDS = {"and", "or", "not", "in", "between", "is", "missing"}
_TOKEN = re.compile(
    r"""\s*(?:(?P<op><=|>=|!=|==|<>|=|<|>|\(|\)|,)|"(?P<dq>[^"]*)"|'(?P<sq>[^']*)'|(?P<word>[^\s()<>=!,'"]+))"""
)


@dataclass(frozen=True, slots=True)
class Test:
    """One comparison on one column; ``operands`` are the texts as written."""

    __test__ = False  # the name is the grammar's, not pytest's

    column: str
    comparison: str
    operands: tuple[str, ...]

    def numbers(self, kind: Kind) -> list[float]:
        """The operands as numbers of a numeric column: dates in days, datetimes in seconds."""
        return [_number(text, self.column, kind) for text in self.operands]

    def accepts_numbers(self, values: NDArray[np.float64], kind: Kind) -> NDArray[np.bool_]:
        """Which numeric values (NaN = missing) the test accepts."""
        missing = np.isnan(values)
        if self.comparison == "is missing":
            return missing
        if self.comparison == "is not missing":
            return ~missing
        numbers = self.numbers(kind)
        if self.comparison == "in":
            return np.isin(values, numbers) & ~missing
        if self.comparison == "between":
            return (values >= numbers[0]) & (values <= numbers[1])
        return np.asarray(_COMPARE[self.comparison](values, numbers[0])) & ~missing

    def accepts_levels(self, levels: tuple[str, ...], kind: Kind) -> NDArray[np.bool_]:
        """Which levels the test accepts, one boolean per level and a last one for "missing"."""
        if self.comparison == "is missing":
            return np.array([False] * len(levels) + [True])
        if self.comparison == "is not missing":
            return np.array([True] * len(levels) + [False])
        wanted = [_boolean_level(text) for text in self.operands] if kind is Kind.BOOLEAN else list(self.operands)
        if self.comparison in ("=", "!=", "in"):
            unknown = [text for text in wanted if text not in levels]
            if unknown:
                shown = ", ".join(levels[:20]) + (" ..." if len(levels) > 20 else "")
                raise InvalidRequest(f"Column '{self.column}' has no level {unknown}; its levels are {shown}.")
            inside = np.array([level in wanted for level in levels], dtype=np.bool_)
            return np.append(~inside if self.comparison == "!=" else inside, False)
        if kind is not Kind.ORDINAL:
            raise InvalidRequest(f"Column '{self.column}' is {kind}; '{self.comparison}' needs an ordered column.")
        place = {level: number for number, level in enumerate(levels)}
        if any(text not in place for text in wanted):
            raise InvalidRequest(f"Column '{self.column}' has no level {wanted}; its levels are {list(levels)}.")
        ranks = np.arange(len(levels))
        if self.comparison == "between":
            accepted = (ranks >= place[wanted[0]]) & (ranks <= place[wanted[1]])
        else:
            accepted = np.asarray(_COMPARE[self.comparison](ranks, place[wanted[0]]))
        return np.append(accepted, False)

    def holds(self, table: Table) -> NDArray[np.bool_]:
        """Which rows (n,) satisfy the test."""
        column = table.schema[self.column]
        if column.kind.is_nominal:
            codes, levels = table.codes(self.column)
            return np.asarray(self.accepts_levels(levels, column.kind)[codes], dtype=np.bool_)
        if column.kind.is_numeric:
            return self.accepts_numbers(table.numeric(self.column), column.kind)
        raise InvalidRequest(f"Column '{self.column}' is {column.kind}; conditions take numbers, dates and levels.")

    def names(self) -> set[str]:
        """Columns that the test reads."""
        return {self.column}


@dataclass(frozen=True, slots=True)
class Every:
    """Every part must hold."""

    parts: tuple[Condition, ...]

    def holds(self, table: Table) -> NDArray[np.bool_]:
        """Which rows (n,) satisfy every part."""
        return np.asarray(np.logical_and.reduce([part.holds(table) for part in self.parts]), dtype=np.bool_)

    def names(self) -> set[str]:
        """Columns that the condition reads."""
        return set().union(*(part.names() for part in self.parts))


@dataclass(frozen=True, slots=True)
class Either:
    """At least one part must hold."""

    parts: tuple[Condition, ...]

    def holds(self, table: Table) -> NDArray[np.bool_]:
        """Which rows (n,) satisfy at least one part."""
        return np.asarray(np.logical_or.reduce([part.holds(table) for part in self.parts]), dtype=np.bool_)

    def names(self) -> set[str]:
        """Columns that the condition reads."""
        return set().union(*(part.names() for part in self.parts))


@dataclass(frozen=True, slots=True)
class Not:
    """The part must not hold."""

    part: Condition

    def holds(self, table: Table) -> NDArray[np.bool_]:
        """Which rows (n,) do not satisfy the part."""
        return ~self.part.holds(table)

    def names(self) -> set[str]:
        """Columns that the condition reads."""
        return self.part.names()


Condition = Test | Every | Either | Not


def parse_condition(text: str, schema: Schema) -> Condition:
    """The condition that ``text`` writes, with its columns and values checked against ``schema``.

    Raises : InvalidRequest, naming the place in the text, the unknown column, or the unsuitable value.
    """
    condition = _Parser(text, schema).whole()
    _check(condition, schema)
    return condition


def conjuncts(condition: Condition) -> tuple[Test, ...]:
    """The single-column tests that must all hold for ``condition``; more may be needed for it to hold."""
    if isinstance(condition, Test):
        return (condition,)
    if isinstance(condition, Every):
        return tuple(test for part in condition.parts for test in conjuncts(part))
    return ()


class _Parser:
    def __init__(self, text: str, schema: Schema) -> None:
        self.text, self.schema, self.place = text, schema, 0
        self.tokens: list[tuple[str, str, int]] = []
        start = 0
        while text[start:].strip():
            match = _TOKEN.match(text, start)
            if match is None:
                raise InvalidRequest(f"Condition '{text}': cannot read it from character {start + 1} on.")
            kind = match.lastgroup or "word"
            self.tokens.append((kind, match.group(kind), match.start(kind)))
            start = match.end()

    def whole(self) -> Condition:
        condition = self.either()
        if self.place < len(self.tokens):
            raise self.wrong("'and', 'or' or the end")
        return condition

    def either(self) -> Condition:
        parts = [self.both()]
        while self.takes("or"):
            parts.append(self.both())
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def both(self) -> Condition:
        parts = [self.part()]
        while self.takes("and"):
            parts.append(self.part())
        return parts[0] if len(parts) == 1 else Every(tuple(parts))

    def part(self) -> Condition:
        if self.takes("not"):
            return Not(self.part())
        if self.takes("(", "op"):
            inner = self.either()
            self.needs(")")
            return inner
        return self.test()

    def test(self) -> Test:
        column = self.value("a column")
        if column not in self.schema:
            raise InvalidRequest(
                f"Condition '{self.text}': there is no column '{column}'. Columns: {', '.join(self.schema.names)}."
            )
        if self.takes("is"):
            negated = self.takes("not")
            if not self.takes("missing"):
                raise self.wrong("'missing'")
            return Test(column, "is not missing" if negated else "is missing", ())
        if self.takes("in"):
            self.needs("(")
            values = [self.value("a value")]
            while self.takes(",", "op"):
                values.append(self.value("a value"))
            self.needs(")")
            return Test(column, "in", tuple(values))
        if self.takes("between"):
            low = self.value("a value")
            if not self.takes("and"):
                raise self.wrong("'and'")
            return Test(column, "between", (low, self.value("a value")))
        kind, token, _ = self.look()
        comparison = {"==": "=", "<>": "!="}.get(token, token)
        if kind != "op" or comparison not in _COMPARE:
            raise self.wrong("a comparison such as = or >=")
        self.place += 1
        return Test(column, comparison, (self.value("a value"),))

    def look(self) -> tuple[str, str, int]:
        return self.tokens[self.place] if self.place < len(self.tokens) else ("end", "", len(self.text))

    def takes(self, token: str, wanted: str = "word") -> bool:
        kind, found, _ = self.look()
        if kind == wanted and found.lower() == token:
            self.place += 1
            return True
        return False

    def needs(self, token: str) -> None:
        if not self.takes(token, "op"):
            raise self.wrong(f"'{token}'")

    def value(self, what: str) -> str:
        kind, token, _ = self.look()
        if kind in ("end", "op") or (kind == "word" and token.lower() in _WORDS):
            raise self.wrong(what)
        self.place += 1
        return token

    def wrong(self, expected: str) -> InvalidRequest:
        kind, token, start = self.look()
        came = "the end" if kind == "end" else f"'{token}'"
        return InvalidRequest(f"Condition '{self.text}': expected {expected} at character {start + 1}, found {came}.")


def _check(condition: Condition, schema: Schema) -> None:
    if isinstance(condition, Not):
        _check(condition.part, schema)
    elif isinstance(condition, Every | Either):
        for part in condition.parts:
            _check(part, schema)
    else:
        column = schema[condition.column]
        if column.kind.is_numeric:
            condition.accepts_numbers(np.zeros(1), column.kind)
        elif not column.kind.is_nominal:
            raise InvalidRequest(f"Column '{column.name}' is {column.kind}; conditions take numbers, dates and levels.")


def _number(text: str, column: str, kind: Kind) -> float:
    try:
        if kind in (Kind.DATE, Kind.DATETIME):
            moment = datetime.fromisoformat(text)
            seconds = moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
            return seconds // 86400 if kind is Kind.DATE else seconds
        return float(text)
    except ValueError:
        wanted = "a date such as 2024-01-31" if kind in (Kind.DATE, Kind.DATETIME) else "a number"
        raise InvalidRequest(f"Column '{column}' is {kind}: '{text}' should be {wanted}.") from None


def _boolean_level(text: str) -> str:
    return {"1": "true", "yes": "true", "0": "false", "no": "false"}.get(text.lower(), text.lower())
