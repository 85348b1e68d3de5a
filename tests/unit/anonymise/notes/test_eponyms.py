from __future__ import annotations

import pytest

from cohortium.anonymise.notes.eponyms import is_eponym

TERMS = [
    ("Parkinson's disease", "Parkinson"),
    ("a Foley catheter", "Foley"),
    ("enfermedad de Crohn", "Crohn"),
    ("Morbus Hodgkin", "Hodgkin"),
    ("maladie d'Alzheimer", "Alzheimer"),
    ("morbo di Basedow", "Basedow"),
    ("ziekte van Parkinson", "Parkinson"),
    ("Guillain-Barré syndrome", "Guillain-Barré"),
    ("signo de Babinski", "Babinski"),
    ("escala de Glasgow", "Glasgow"),
    ("grado 2 de Fuhrman", "Fuhrman"),
    ("sonda Foley", "Foley"),
]


@pytest.mark.parametrize(("text", "name"), TERMS)
def test_terms_are_no_names(text: str, name: str) -> None:
    start = text.index(name)
    assert is_eponym(text, start, start + len(name))


@pytest.mark.parametrize(
    ("text", "name"),
    [("Dr. Wilson saw her", "Wilson"), ("Mr. Parkinson has pain", "Parkinson"), ("señor Crohn", "Crohn")],
)
def test_people_who_bear_such_names_are_people(text: str, name: str) -> None:
    start = text.index(name)
    assert not is_eponym(text, start, start + len(name), titled=True)
