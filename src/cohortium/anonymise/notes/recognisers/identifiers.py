"""Numbers that stand for a person or a stay: national ones by their check digits, local ones by the word before."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cohortium.anonymise.notes.recognisers.checksums import bare
from cohortium.anonymise.notes.recognisers.national_numbers import NATIONAL
from cohortium.anonymise.notes.span import Span
from cohortium.anonymise.notes.vocabulary import Type

_LABELS = {
    Type.INSURANCE_ID: r"NASS|SSN|social security(?: (?:no|number))?|n[°º] ?s[ée]cu|s[ée]curit[ée] sociale|NIR|NSS|"
    r"tessera sanitaria|"
    r"Versicherten(?:nummer|-?nr)|KVNR|polisnummer|verzekerdennummer|insurance (?:id|no|number)|"
    r"policy (?:no|number)|member id",
    Type.EPISODE_ID: r"NDA|episodio|n[úu]mero de episodio|encounter|visit (?:no|number|id)|account (?:no|number)|acct|"
    r"Fall(?:nummer|-?nr)|"
    r"Aufnahme(?:nummer|-?nr)|num[ée]ro de (?:dossier|s[ée]jour)|nosologico|opnamenummer|"
    r"accession(?: (?:no|number))?",
    Type.LICENCE_ID: r"N[ºo°]? ?Col(?:egiado)?|colegiado|RPPS|ADELI|GMC|NPI|DEA|licen[cs]e(?: (?:no|number))?|LANR|"
    r"BIG(?:-nummer)?|"
    r"BSNR|n\. ?ordine",
    Type.PATIENT_ID: r"NHC|n[ºo°] ?historia(?: cl[íi]nica)?|historia cl[íi]nica|DNI|NIE|CIPA?|MRN|"
    r"medical record(?: (?:no|number))?|"
    r"(?:hospital|patient|chart|record|unit) ?(?:no|number|id)|NHS(?: (?:no|number))?|IPP|"
    r"Pat(?:ienten)?\.?-?(?:nummer|nr|id)|"
    r"codice fiscale|c\.? ?f|cartella(?: clinica)?|BSN|pati[ëe]nt(?:en)?(?:nummer|nr)|ID paziente|ID",
    Type.OTHER_ID: r"serial(?: (?:no|number))?|S/N|device id|passport(?: (?:no|number))?|pasaporte|passaporto|"
    r"matr[íi]cula|"
    r"driver'?s licen[cs]e|Ausweis(?:nummer|-?nr)|Steuer-?ID|specimen(?: (?:no|number))?|sample id|plate",
}  # fmt: skip
LABELLED = tuple(
    (kind, re.compile(
        rf"(?<![\w/])(?i:{words})\b\.?(?:/[A-Z]{{2,5}}\b)?(?:\s?(?i:no|nr|n[ºo°]|num|number|id))?\.?\s*[:#=]?\s*[#]?\s*"
        r"(?P<id>(?=[A-Z0-9./\- ]*\d)"
        r"(?:[A-Z]{1,4}[-/ ]?)?\d[A-Z0-9]*(?:[-/. ]?[A-Z0-9]*\d[A-Z0-9]*)*(?:-[A-Z])?(?:(?<=\d)[A-Z])?)(?![\w])"))
    for kind, words in _LABELS.items()
)  # fmt: skip
_LONG = re.compile(r"(?<![\w.,/+\-])(?:[A-Z]{1,3}[-/]?)?\d{6,14}(?![\w%]|[.,]\d)")
_SSN = re.compile(r"(?<![\d-])\d{3}-\d{2}-\d{4}(?![\d-])")


def identifiers(text: str, code: str) -> Iterator[Span]:
    """Every number that looks like that of a person, a stay or a document."""
    for one in NATIONAL:
        if code in one.languages:
            for match in one.pattern.finditer(text):
                number = bare(match.group())
                if len(number) == (one.length or len(number)) and len(set(number)) > 2 and one.check(number):
                    yield Span(match.start(), match.end(), one.type, one.score, one.rule)
    for kind, labelled in LABELLED:
        for match in labelled.finditer(text):
            yield Span(match.start("id"), match.end("id"), kind, 0.9, "number after its name")
    for match in _SSN.finditer(text):
        yield Span(match.start(), match.end(), Type.INSURANCE_ID, 0.92, "social security number")
    for match in _LONG.finditer(text):
        yield Span(match.start(), match.end(), Type.OTHER_ID, 0.4, "long number")
