"""From the text of a FHIRPath expression to its tree, by operator precedence."""

from __future__ import annotations

import re
from functools import lru_cache

from cohortium.anonymise.fhir.fhirpath.expression import (
    Call,
    Expression,
    Index,
    Literal,
    Member,
    OfType,
    Operation,
    This,
)
from cohortium.errors import InvalidRequest

_TOKEN = re.compile(
    r"\s+|(?P<date>@T?\d[\d:.\-]*(?:T[\d:.]*)?(?:Z|[+-]\d\d:\d\d)?)|(?P<number>\d+(?:\.\d+)?)"
    r"|(?P<string>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")|(?P<name>\$?[A-Za-z_]\w*|`[^`]+`)"
    r"|(?P<sign><=|>=|!=|!~|[-+*/&|=<>~.,()\[\]{}])"
)
# Higher binds tighter; FHIRPath 2.0, section 6.8.
_STRENGTH = {"implies": 1, "or": 2, "xor": 2, "and": 3, "in": 4, "contains": 4, "=": 5, "~": 5, "!=": 5, "!~": 5,
             "<": 6, ">": 6, "<=": 6, ">=": 6, "|": 7, "is": 8, "as": 8, "+": 9, "-": 9, "&": 9, "*": 10, "/": 10,
             "div": 10, "mod": 10}  # fmt: skip
_UNARY = 11
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "f": "\f"}


@lru_cache(maxsize=4096)
def parse(text: str) -> Expression:
    """The tree of an expression.

    Raises : InvalidRequest saying at which character it could not be understood.
    """
    reading = _Reading(text)
    found = reading.operation(0)
    if reading.peek() != ("end", ""):
        raise reading.wrong("an operator or the end")
    return found


class _Reading:
    def __init__(self, text: str) -> None:
        self.text, self.tokens, self.place = text, _tokens(text), 0

    def peek(self) -> tuple[str, str]:
        return self.tokens[self.place][:2]

    def take(self) -> tuple[str, str]:
        self.place += 1
        return self.tokens[self.place - 1][:2]

    def must(self, sign: str) -> None:
        if self.peek() != ("sign", sign):
            raise self.wrong(f"'{sign}'")
        self.place += 1

    def wrong(self, wanted: str) -> InvalidRequest:
        at = self.tokens[self.place][2]
        return InvalidRequest(f'FHIRPath "{self.text}": expected {wanted} at character {at + 1}.')

    def operation(self, floor: int) -> Expression:
        left = self.signed()
        while True:
            kind, word = self.peek()
            strength = _STRENGTH.get(word, 0) if kind in ("sign", "name") else 0
            if strength <= floor:
                return left
            self.place += 1
            if word in ("is", "as"):
                left = OfType(left, self.type_name(), asks=word == "is")
            else:
                left = Operation(word, left, self.operation(strength))

    def signed(self) -> Expression:
        if self.peek() in (("sign", "-"), ("sign", "+")):
            _, sign = self.take()
            return Operation(sign, None, self.operation(_UNARY))
        return self.chain(self.term())

    def chain(self, base: Expression) -> Expression:
        while self.peek() in (("sign", "."), ("sign", "[")):
            if self.take()[1] == "[":
                base = Index(base, self.operation(0))
                self.must("]")
            else:
                base = self.invocation(base)
        return base

    def term(self) -> Expression:
        kind, word = self.peek()
        if kind == "name" and word not in ("true", "false"):
            return self.invocation(None)
        self.place += 1
        if kind == "name":
            return Literal(word == "true")
        if kind == "string":
            return Literal(re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), word[1:-1]))
        if kind == "number":
            return Literal(float(word) if "." in word else int(word))
        if kind == "date":
            return Literal(word[1:], is_date=True)
        if word == "(":
            inner = self.operation(0)
            self.must(")")
            return inner
        if word == "{":
            self.must("}")
            return Literal(None)
        self.place -= 1
        raise self.wrong("a value or a name")

    def invocation(self, base: Expression | None) -> Expression:
        name = self.name()
        if name == "$this" and base is None:
            return This()
        if self.peek() != ("sign", "("):
            return Member(base, name)
        self.place += 1
        arguments: list[Expression] = []
        while self.peek() != ("sign", ")"):
            arguments.append(self.operation(0))
            if self.peek() == ("sign", ","):
                self.place += 1
        self.place += 1
        return Call(base, name, tuple(arguments))

    def name(self) -> str:
        if self.peek()[0] != "name":
            raise self.wrong("a name")
        return self.take()[1].strip("`")

    def type_name(self) -> str:
        name = self.name()
        while self.peek() == ("sign", "."):
            self.place += 1
            name = self.name()
        return name


def _tokens(text: str) -> list[tuple[str, str, int]]:
    found, at = [], 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            raise InvalidRequest(f'FHIRPath "{text}": character {at + 1} cannot be understood.')
        if token.lastgroup:
            found.append((token.lastgroup, token[0], at))
        at = token.end()
    return [*found, ("end", "", at)]
