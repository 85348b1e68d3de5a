"""Numbers that states give people, known by their form and their check digits."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from cohortium.anonymise.notes.recognisers import checksums
from cohortium.anonymise.notes.vocabulary import Type

_EVERYWHERE = "en es de fr it nl"


@dataclass(frozen=True, slots=True)
class National:
    """One kind of number: its form, its check, and the languages in whose notes it is looked for.

    length : of its letters and digits; 0 where the form says it.
    """

    rule: str
    pattern: re.Pattern[str]
    check: Callable[[str], bool]
    type: Type
    score: float
    languages: frozenset[str]
    length: int = 0


def _national(
    rule: str, pattern: str, check: Callable[[str], bool], kind: Type, score: float, languages: str, length: int = 0
) -> National:
    return National(rule, re.compile(pattern, re.IGNORECASE), check, kind, score, frozenset(languages.split()), length)


_DNI = r"(?<![\w.])(?:[XYZ][-. ]?\d{7}|\d{2}\.?\d{3}\.?\d{3})[-. ]?[A-Z](?!\w)"
_NASS = r"(?<!\d)\d{2}[-/ ]?\d{8}[-/ ]?\d{2}(?!\d)"
_NHS = r"(?<![\d.])\d{3}[- ]?\d{3}[- ]?\d{4}(?!\d)"
_NIR = r"(?<!\d)[12][ .]?\d{2}[ .]?(?:0[1-9]|1[0-2]|[2-9]\d)[ .]?(?:\d{2}|2[AB])[ .]?\d{3}[ .]?\d{3}[ .]?\d{2}(?!\d)"
_FISCALE = r"\b[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z]\b"
_BSN = r"(?<![\d.,])\d{4}[. ]?\d{2}[. ]?\d{3}(?!\d)"
_IBAN = r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b"
_CARD = r"(?<![\d-])(?:\d{4}[ -]?){3}\d{1,4}(?!\d)"

NATIONAL = (
    _national("DNI", _DNI, checksums.is_dni, Type.PATIENT_ID, 0.98, "es"),
    _national("NASS", _NASS, checksums.is_nass, Type.INSURANCE_ID, 0.97, "es", 12),
    _national("NHS number", _NHS, checksums.is_nhs, Type.PATIENT_ID, 0.93, "en", 10),
    _national("NIR", _NIR, checksums.is_nir, Type.INSURANCE_ID, 0.99, "fr", 15),
    _national("codice fiscale", _FISCALE, checksums.is_codice_fiscale, Type.PATIENT_ID, 0.99, "it"),
    _national("BSN", _BSN, checksums.is_bsn, Type.PATIENT_ID, 0.9, "nl", 9),
    _national("KVNR", r"\b[A-Z]\d{9}\b", checksums.is_kvnr, Type.INSURANCE_ID, 0.97, "de"),
    _national("IBAN", _IBAN, checksums.is_iban, Type.OTHER_ID, 0.99, _EVERYWHERE),
    _national("payment card", _CARD, checksums.is_luhn, Type.OTHER_ID, 0.93, _EVERYWHERE),
)
