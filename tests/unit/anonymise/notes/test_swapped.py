"""Notes with swapped spans: the marks fit the new text, types stay, and nothing else changes."""

from __future__ import annotations

import numpy as np

from cohortium.anonymise.notes.annotated import AnnotatedNote, agreement
from cohortium.anonymise.notes.training.swapped import swapped
from cohortium.anonymise.notes.vocabulary import Type

NOTES = [
    AnnotatedNote("Dr Ada Vole, Elm Road 4.", ((3, 11, Type.STAFF), (13, 23, Type.STREET))),
    AnnotatedNote("Seen by Bo Li at Oak Street 17, 3rd floor.", ((8, 13, Type.STAFF), (17, 41, Type.STREET))),
]


def test_marks_fit_spans_of_the_same_type_and_the_rest_stays() -> None:
    pool: dict[Type, set[str]] = {}
    for note in NOTES:
        for start, end, kind in note.marks:
            pool.setdefault(kind, set()).add(note.text[start:end])
    rng = np.random.default_rng(1)
    seen = set()
    for _ in range(60):
        for before, after in zip(NOTES, swapped(NOTES, rng), strict=True):
            assert [kind for *_, kind in after.marks] == [kind for *_, kind in before.marks]
            assert all(after.text[a:b] in pool[kind] for a, b, kind in after.marks)
            assert _rest(after) == _rest(before)
            seen.add(after.text)
    assert len(seen) == 8


def _rest(note: AnnotatedNote) -> str:
    at, parts = 0, []
    for start, end, _ in note.marks:
        parts.append(note.text[at:start])
        at = end
    return "|".join([*parts, note.text[at:]])


def test_spans_with_only_punctuation_between_them_count_as_one_where_they_are_merged() -> None:
    note = AnnotatedNote("Elm Road 4, 12345 Ham", ((0, 10, Type.STREET), (12, 21, Type.PLACE)))
    found = agreement([note], [[(0, 17, Type.STREET), (18, 21, Type.PLACE)]])
    assert found.bounds[1] == 0.0
    assert found.merged == (1.0, 1.0, 1.0)
    assert agreement([note], [[(0, 10, Type.STREET)]]).merged[1] == 0.0
