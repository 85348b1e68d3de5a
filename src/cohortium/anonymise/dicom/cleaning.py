"""De-identifies one object's attributes, at any depth, by the actions of its profile."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from cohortium.anonymise.dicom.actions import Action, Rules
from cohortium.anonymise.dicom.attributes import written
from cohortium.anonymise.dicom.dates import capped_age, moved_date, moved_moment
from cohortium.anonymise.dicom.dummies import EMPTY_PDF, dummy, dummy_items
from cohortium.anonymise.dicom.forms import LETTERS, empty_ill_formed, representations
from cohortium.anonymise.dicom.matcher import hits
from cohortium.anonymise.dicom.private_elements import Known, safe_private, treat_private
from cohortium.anonymise.dicom.structured import empty_identity
from cohortium.anonymise.dicom.text import CODES, FREE_TEXT, STRUCTURAL
from cohortium.anonymise.dicom.values import change_texts, entry, items_of, put_texts, representation

if TYPE_CHECKING:
    from pydicom.dataset import Dataset
    from pydicom.tag import BaseTag

    from cohortium.anonymise.dicom.patients import Patient
    from cohortium.anonymise.dicom.profile import Profile
    from cohortium.anonymise.dicom.tally import Tally
    from cohortium.anonymise.pseudonyms import KeyRing

BYTES = frozenset({"OB", "OW", "OD", "OF", "OL", "OV", "UN"})
ENCODINGS = ("utf-8", "latin-1")
CODED = frozenset(
    {
        "CodeValue", "LongCodeValue", "URNCodeValue", "CodingSchemeDesignator", "CodingSchemeVersion", "CodeMeaning",
        "ContextIdentifier", "MappingResource", "CodingSchemeName", "CodingSchemeResponsibleOrganization",
    }
)  # fmt: skip
"""Texts of codes: numbers in them are not those of persons, so they are searched for a patient's words alone."""
DAYS = frozenset({"DA", "DT"})
MIME = "MIMETypeOfEncapsulatedDocument"
TEXTS = FREE_TEXT | {"PN", "AE"}
IDENTITY = frozenset({"PatientID", "PatientName", "ClinicalTrialSubjectID"})


class Cleaner:
    """De-identifies objects under one profile with one ring of keys."""

    def __init__(self, profile: Profile, keys: KeyRing) -> None:
        self.profile = profile
        self.keys = keys
        self.rules = Rules(profile)
        self.safe: dict[Known, str] = {}
        if "safe_private" in profile.retain:
            self.safe = {**safe_private(), **dict.fromkeys(profile.private, "")}

    def clean(self, dataset: Dataset, patient: Patient, tally: Tally) -> None:
        """De-identify an object's attributes where they are."""
        _Walk(self, patient, str(dataset.get("SOPClassUID") or ""), tally).level(dataset, nested=False, described=False)

    def uid(self, original: str) -> str:
        """The identifier in the place of another; those of the standard stay, since they are nobody's."""
        from pydicom._uid_dict import UID_dictionary

        plain = original.strip(" \0")
        if not plain or plain in UID_dictionary or "uids" in self.profile.retain:
            return plain
        return self.keys.uid(plain)


class _Walk:
    """One way through one object."""

    def __init__(self, cleaner: Cleaner, patient: Patient, sop_class: str, tally: Tally) -> None:
        self.cleaner = cleaner
        self.patient = patient
        self.sop_class = sop_class
        self.tally = tally
        self.forms = patient.matcher.byte_forms(ENCODINGS)

    def level(self, dataset: Dataset, *, nested: bool, described: bool) -> None:
        """One dataset: the object itself, or an item of a sequence.

        described : all text counts as description, as within structured content.
        """
        private: list[BaseTag] = []
        for tag, raw in list(dataset.items()):
            group = tag >> 16
            if group & 1:
                private.append(tag)
            elif tag & 0xFFFF == 0 or group < 8:
                del dataset[tag]
            elif group & 0xFF00 in (0x5000, 0x6000):
                self._count(tag, "", "X")
                del dataset[tag]
            else:
                self._standard(dataset, raw, nested, described)
        if private:
            treat_private(dataset, private, self.cleaner.safe, self.patient.cleaner, self.tally)

    def _standard(self, dataset: Dataset, raw: Any, nested: bool, described: bool) -> None:
        tag = raw.tag
        keyword, known_vr = entry(int(tag))
        vr = representation(raw, known_vr)
        if vr not in representations():
            raise ValueError("no value representation")
        action = self.cleaner.rules.of(int(tag), keyword, vr, self.sop_class, nested)
        if described and action is Action.KEEP and vr in FREE_TEXT and keyword not in CODED:
            action = Action.CLEAN
        had_value = vr == "SQ" or raw.value not in (None, b"", "") or getattr(raw, "length", 0) > 0
        done = self._act(action, dataset, raw, keyword, vr, described)
        self._count(tag, keyword, done if had_value or done != Action.KEEP else "E")

    def _act(self, action: Action, dataset: Dataset, raw: Any, keyword: str, vr: str, described: bool) -> str:
        tag = raw.tag
        if action is Action.REMOVE:
            del dataset[tag]
        elif action in (Action.EMPTY, Action.DUMMY):
            self._replace(dataset, tag, keyword, vr, action)
            return "P" if keyword in IDENTITY else action.value
        elif vr == "SQ":
            self._items(dataset, tag, keyword, described or (action is Action.CLEAN))
        elif action is Action.UID or (action is Action.CLEAN and vr == "UI"):
            change_texts(dataset, raw, vr, self.cleaner.uid)
            return "U"
        elif action is Action.CLEAN and keyword not in CODED:
            return ("M" if vr in DAYS else "C") if self._cleaned(dataset, raw, vr) else "K"
        else:
            return self._kept(dataset, raw, keyword, vr)
        return action.value

    def _replace(self, dataset: Dataset, tag: BaseTag, keyword: str, vr: str, action: Action) -> None:
        from pydicom.dataelem import DataElement
        from pydicom.sequence import Sequence

        if keyword in IDENTITY:
            put_texts(dataset, tag, vr, [self._pseudonym(dataset, keyword)])
            return
        value: Any = None
        if vr == "SQ" and action is Action.DUMMY:
            value = Sequence(dummy_items(keyword) or self._emptied(dataset, tag))
        elif vr == "SQ":
            value = Sequence([])
        elif action is Action.DUMMY:
            is_pdf = keyword == "EncapsulatedDocument" and "pdf" in str(dataset.get(MIME) or "").casefold()
            value = EMPTY_PDF if is_pdf else dummy(vr)
        elif vr in FREE_TEXT or vr in CODES or vr in ("PN", "UI", "DA", "TM", "DT"):
            put_texts(dataset, tag, vr, [])
            return
        dataset[tag] = DataElement(tag, vr.split(" ", 1)[0], value)

    def _pseudonym(self, dataset: Dataset, keyword: str) -> str:
        number = str(dataset.get(keyword) or "").strip()
        if keyword != "PatientID" or not number:
            return self.patient.pseudonym
        return self.cleaner.keys.pseudonym("patient", number)

    def _items(self, dataset: Dataset, tag: BaseTag, keyword: str, described: bool) -> None:
        if isinstance(dataset[tag].value, (bytes, str)):
            del dataset[tag]
            return
        for item in items_of(dataset[tag]):
            if keyword == "ContentSequence":
                empty_identity(item)
            self.level(item, nested=True, described=described)

    def _emptied(self, dataset: Dataset, tag: BaseTag) -> list[Dataset]:
        """Items whose texts and names say nothing any more, so that the sequence keeps its form."""
        items = items_of(dataset[tag])
        for item in items:
            self.level(item, nested=True, described=True)
            for element in list(item.iterall()):
                if element.VR in TEXTS and element.value and element.keyword not in STRUCTURAL:
                    element.value = dummy(element.VR)
        return items

    def _cleaned(self, dataset: Dataset, raw: Any, vr: str) -> bool:
        if vr == "DA":
            return change_texts(dataset, raw, vr, lambda text: moved_date(text, self.patient.days))
        if vr == "DT":
            return change_texts(dataset, raw, vr, lambda text: moved_moment(text, self.patient.days))
        if vr in FREE_TEXT or vr in CODES:
            return change_texts(dataset, raw, vr, lambda text: self.patient.cleaner.described(text, vr))
        if vr == "AS":
            return change_texts(dataset, raw, vr, self._age)
        if vr in BYTES or vr == "PN":
            del dataset[raw.tag]
            return True
        return vr in LETTERS and empty_ill_formed(dataset, raw, vr)

    def _kept(self, dataset: Dataset, raw: Any, keyword: str, vr: str) -> str:
        if vr == "AS":
            return "C" if change_texts(dataset, raw, vr, self._age) else "K"
        if vr in BYTES or " " in vr:
            value = dataset[raw.tag].value if raw.value is None else raw.value
            if isinstance(value, bytes) and hits(value, self.forms):
                del dataset[raw.tag]
                return "X"
            return "K"
        if (vr in FREE_TEXT or vr in CODES) and keyword not in STRUCTURAL:
            return "C" if change_texts(dataset, raw, vr, lambda text: self.patient.cleaner.seeded(text, vr)) else "K"
        return "Z" if vr in LETTERS and empty_ill_formed(dataset, raw, vr) else "K"

    def _age(self, text: str) -> str:
        return capped_age(text, self.cleaner.profile.oldest)

    def _count(self, tag: int, keyword: str, action: str) -> None:
        self.tally.actions[_shown(int(tag)), keyword, action] += 1


@cache
def _shown(tag: int) -> str:
    """A tag as the table has it, those of repeating groups under one."""
    return f"({tag >> 24:02x}xx,{tag & 0xFFFF:04x})" if tag >> 24 in (0x50, 0x60) else written(tag)
