"""What the structured record knows of patients, read from a table by the names of its columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from cohortium.anonymise.notes.folding import folded
from cohortium.anonymise.notes.known_patient import KnownPatient
from cohortium.anonymise.notes.recognisers.dates import read_date
from cohortium.errors import InvalidRecords, InvalidRequest

_HEADINGS: dict[str, tuple[str, ...]] = {
    "mails": ("mail", "correo"),
    "dates": ("date", "birth", "dob", "fecha", "nacimiento", "geburt", "datum", "naissance", "nascita", "admission",
        "discharge", "aufnahme", "entlassung", "ingreso", "alta"),
    "addresses": ("address", "street", "domicilio", "direccion", "calle", "adresse", "strasse", "stra", "rue",
        "indirizzo", "via", "adres", "straat", "city", "town",
                  "localidad", "municipio", "ort", "stadt", "ville", "comune", "citta", "woonplaats", "plaats"),
    "numbers": ("id", "mrn", "number", "nhc", "dni", "nie", "nass", "nhs", "ssn", "ipp", "nda", "nir", "secu",
        "bsn", "fiscale", "nr", "nummer", "num", "phone", "tel", "telefon", "telephone",
                "mobile", "movil", "fax", "zip", "postcode", "postal", "plz", "cap", "cp", "cip", "episode",
                "versicherten", "cartella"),
    "names": ("name", "nombre", "apellido", "surname", "given", "nom", "prenom", "nachname", "vorname", "cognome",
        "nome", "naam", "achternaam", "voornaam", "kin",
              "familiar", "contact", "apellidos", "medico", "physician", "doctor"),
}  # fmt: skip
_WHOLE = frozenset(
    {"id", "nr", "num", "cp", "cap", "via", "nie", "nda", "nir", "tel", "ort", "kin", "alta", "nom", "stra"}
)
_ORDER = ("mails", "dates", "names", "addresses", "numbers")


@dataclass(frozen=True, slots=True)
class KnownPatients:
    """Patients by the value that the notes name them by.

    columns : which columns were read as what, for the page.
    """

    patients: dict[str, KnownPatient]
    columns: dict[str, tuple[str, ...]]

    def of(self, patient: str) -> KnownPatient | None:
        """What is known of one patient; None where the table has no row for them."""
        return self.patients.get(patient)


def meaning(column: str) -> str | None:
    """What a column holds by its name: "names", "numbers", "dates", "addresses" or "mails", if it says so."""
    words = folded(column).replace("-", "_").replace(" ", "_").replace(".", "_").split("_")
    for kind in _ORDER:
        for heading in _HEADINGS[kind]:
            if any(
                word == heading or (heading not in _WHOLE and len(heading) > 2 and heading in word) for word in words
            ):
                return kind
    return None


def known_patients(rows: Sequence[Mapping[str, Any]], patient_column: str, code: str) -> KnownPatients:
    """One KnownPatient for each value of ``patient_column``; several rows of a patient add up.

    Raises : InvalidRequest where the column is not there or no other column says what it holds; InvalidRecords where
             a column of dates holds what cannot be read as dates.
    """
    columns = list(rows[0]) if rows else []
    if patient_column not in columns:
        raise InvalidRequest(f"The table of known patients has no column '{patient_column}'; it has {columns}.")
    meanings = {column: kind for column in columns if (kind := meaning(column)) is not None}
    meanings[patient_column] = "numbers"
    if len(meanings) == 1:
        raise InvalidRequest(
            f"No column of the table of known patients says by its name what it holds: {columns}. "
            "Call them, for example, 'surname', 'birth_date', 'phone', 'street'."
        )
    gathered: dict[str, dict[str, list[Any]]] = {}
    for row in rows:
        one = gathered.setdefault(str(row[patient_column]), {kind: [] for kind in _ORDER})
        for column, kind in meanings.items():
            one[kind] += (
                []
                if row[column] is None or str(row[column]).strip() == ""
                else list(_values(row[column], kind, column, code))
            )
    patients = {
        patient: KnownPatient(
            names=_once(one["names"]), numbers=_once(one["numbers"]), dates=_once(one["dates"]),
            addresses=_once(one["addresses"]), mails=_once(one["mails"]),
        )
        for patient, one in gathered.items()
    }  # fmt: skip
    return KnownPatients(
        patients, {kind: tuple(column for column in meanings if meanings[column] == kind) for kind in _ORDER}
    )


def _once(values: list[Any]) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(values))


def _values(value: Any, kind: str, column: str, code: str) -> Iterator[Any]:
    if kind != "dates":
        yield str(value).strip()
        return
    if isinstance(value, datetime):
        yield value.date()
        return
    if isinstance(value, date):
        yield value
        return
    written = read_date(str(value), code)
    day = None if written is None else written.exact()
    if day is None:
        raise InvalidRecords(
            f"Column '{column}' of the table of known patients should hold dates; a value in it is none. "
            "Write them as 1950-12-31."
        )
    yield day
