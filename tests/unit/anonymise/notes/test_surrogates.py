from __future__ import annotations

import re

import pytest

from cohortium.anonymise.notes import KEPT, KnownPatient, Replacing, Span, Type
from cohortium.anonymise.notes.folding import folded
from cohortium.anonymise.notes.language import LANGUAGES, language
from cohortium.anonymise.notes.surrogates.names import NameSurrogates
from cohortium.anonymise.notes.surrogates.shapes import same_shape
from cohortium.anonymise.pseudonyms import KeyRing

KEYS = KeyRing({"1": b"k" * 32}, "1")
OTHER_KEYS = KeyRing({"1": b"j" * 32}, "1")


def spans_of(text: str, *what: tuple[str, Type]) -> list[Span]:
    return [
        Span(match.start(), match.end(), kind, 1.0, "x")
        for word, kind in what
        for match in re.finditer(re.escape(word), text)
    ]


def replaced(text: str, *what: tuple[str, Type], mode: str = "surrogate", code: str = "en", patient: str = "p1") -> str:
    spans = sorted(spans_of(text, *what), key=lambda span: span.start)
    return Replacing(code, KEYS, mode).notes(patient, [text], [spans])[0]


def test_a_person_keeps_one_surrogate_gender_and_initials() -> None:
    text = "Maria Jones came. JONES, MARIA was seen; M. Jones left. maria jones"
    new = replaced(
        text, *(((form, Type.PATIENT)) for form in ("Maria Jones", "JONES, MARIA", "M. Jones", "maria jones"))
    )
    given, surname = new.split()[:2]
    assert given in language("en").given_female
    assert f"{surname.upper()}, {given.upper()}" in new
    assert f"{given[0]}. {surname}" in new
    assert f"{given.lower()} {surname.lower()}" in new
    assert "jones" not in folded(new)
    assert "maria" not in folded(new)


def test_patients_and_keys_are_apart() -> None:
    one, two = (replaced("Jones", ("Jones", Type.PATIENT), patient=patient) for patient in ("p1", "p5"))
    other = Replacing("en", OTHER_KEYS).notes("p1", ["Jones"], [spans_of("Jones", ("Jones", Type.PATIENT))])[0]
    assert len({one, two, other}) == 3


@pytest.mark.parametrize("code", LANGUAGES)
def test_no_surrogate_is_a_name_of_the_note_or_of_the_record(code: str) -> None:
    words = language(code)
    everyone = (*words.given_female[:-1], *words.given_male[:-1], *words.surnames[:-1])
    surrogates = NameSurrogates(code, KEYS, "p", everyone)
    for name in (*everyone, "Xyzzy"):
        assert folded(surrogates.of(name)) not in {folded(one) for one in everyone}


def test_towns_of_the_record_are_nobody_elses_surrogate() -> None:
    towns = language("en").towns
    known = KnownPatient(addresses=towns[:-1])
    for town in ("Leeds", "York", "Hull", "Bath"):
        text = f"From {town}."
        new = Replacing("en", KEYS).notes("p", [text], [spans_of(text, (town, Type.PLACE))], known)[0]
        assert new == f"From {towns[-1]}."


def test_numbers_keep_their_shape_and_nothing_else() -> None:
    new = same_shape("AB-12.345/6z", "x", KEYS)
    assert re.fullmatch(r"[A-Z]{2}-\d\d\.\d{3}/\d[a-z]", new)
    assert new != "AB-12.345/6z"
    assert same_shape("AB12 3456z", "x", KEYS).replace(" ", "") == re.sub(r"\W", "", new)
    assert all(same_shape(str(number), "x", KEYS) != str(number) for number in range(200))


def test_dates_of_a_patient_move_together() -> None:
    text = "Seen 3 May 2020, again 2020-05-13."
    new = replaced(text, ("3 May 2020", Type.DATE), ("2020-05-13", Type.DATE))
    shift = KEYS.shift_days("p1")
    assert new != text
    assert re.fullmatch(r"Seen \d{1,2} [A-Z][a-z]+ 20\d\d, again 20\d\d-\d\d-\d\d\.", new)
    assert -365 <= shift <= 365


def test_only_old_ages_are_hidden() -> None:
    text = "A 45-year-old man and a 93-year-old woman; alter 99"
    spans = [("45-year-old", Type.AGE), ("93-year-old", Type.AGE), ("99", Type.AGE)]
    assert replaced(text, *spans) == "A 45-year-old man and a over 89 years woman; alter over 89 years"
    assert replaced(text, *spans, mode="mask") == "A 45-year-old man and a [AGE] woman; alter [AGE]"


def test_what_stays_by_default_goes_on_request() -> None:
    text = "Her mother came from Spain."
    spans = [spans_of(text, ("mother", Type.RELATIVE), ("Spain", Type.COUNTRY))]
    assert Replacing("en", KEYS).notes("p", [text], spans) == [text]
    strict = Replacing("en", KEYS, "mask", KEPT - {Type.RELATIVE, Type.COUNTRY})
    assert strict.notes("p", [text], spans) == ["Her [OTHER] came from [LOCATION]."]


@pytest.mark.parametrize("kind", [kind for kind in Type if kind not in KEPT and kind is not Type.AGE])
@pytest.mark.parametrize("mode", ["surrogate", "mask", "redact"])
def test_no_kind_of_text_survives_in_any_mode(kind: Type, mode: str) -> None:
    secret = {Type.DATE: "17.11.1987", Type.EMAIL: "quentin77@zx.org", Type.PHONE: "555 9876 1234"}.get(
        kind, "Zorbas 9917733"
    )
    text = f"Here {secret} stands."
    new = replaced(text, (secret, kind), mode=mode)
    assert secret not in new
    assert not any(part in new for part in re.findall(r"\w{5,}", secret))
    assert new.startswith("Here ")
    assert new.endswith(" stands.")
