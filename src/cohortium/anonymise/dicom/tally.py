"""What was done to which attribute, how often: numbers and the standard's names, never a value."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Tally:
    """Counts over files.

    actions : (tag, name, action) -> elements; private attributes count together. Actions are those of the standard
              (X, Z, D, C, U, K), and P for a pseudonym, M for a date that was moved, E where there was no value.
    counts  : other things that were counted, by name.
    places  : of some of them, in which files: numbers in the order of the files' paths, from 1.
    """

    actions: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    places: dict[str, list[int]] = field(default_factory=dict)

    def add(self, other: Tally) -> None:
        """Take in the counts of another."""
        self.actions.update(other.actions)
        self.counts.update(other.counts)
        for name, numbers in other.places.items():
            self.places.setdefault(name, []).extend(numbers)

    def by_action(self) -> Counter[str]:
        """Elements by action."""
        total: Counter[str] = Counter()
        for (_, _, action), count in self.actions.items():
            total[action] += count
        return total
