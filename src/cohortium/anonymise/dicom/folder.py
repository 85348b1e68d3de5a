"""A folder of DICOM files de-identified into another, named by pseudonym, study, series and instance."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from cohortium.anonymise.dicom.cleaning import Cleaner
from cohortium.anonymise.dicom.markers import fresh_meta, mark
from cohortium.anonymise.dicom.objects import (
    DAMAGES,
    Head,
    NotDicom,
    damaged,
    quiet,
    read_head,
)
from cohortium.anonymise.dicom.patients import Patient, known_patient, patient_key
from cohortium.anonymise.dicom.pixels import Pixels, treat_pixels
from cohortium.anonymise.dicom.profile import Profile
from cohortium.anonymise.dicom.proof import Original, left_in, original_values
from cohortium.anonymise.dicom.seeds import header_words, words_of_values
from cohortium.anonymise.dicom.suspicion import shows_a_head
from cohortium.anonymise.dicom.tally import Tally
from cohortium.anonymise.dicom.writing import write_object
from cohortium.errors import SourceUnreadable, TargetUnwritable

if TYPE_CHECKING:
    from cohortium.anonymise.dicom.reading import ReadText
    from cohortium.anonymise.pseudonyms import KeyRing

ALWAYS = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")
PIXELS = ("PixelData", "PixelDataProviderURL")
"""Pixels that lie in memory, since the whole object was deflated, or elsewhere."""
PLACED = (
    "words left", "text left", "pixels unread", "pixels ignored", "private left", "dates left", "uids left", "heads",
    "incomplete",
)  # fmt: skip
"""Counts of which the tally says in which files."""
DIRECTORY = "1.2.840.10008.1.3.10"
Progress = Callable[[str, float], None]


def _silent(_doing: str, _share: float) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How a folder is de-identified.

    words : patient's number -> values of a structured record that must not come out (names, addresses, dates of birth).
    read  : reads text in pixels; None where nothing that can is installed.
    more  : another cleaner for descriptions, such as one for clinical notes.
    """

    profile: Profile
    keys: KeyRing
    words: Mapping[str, Iterable[str]] = field(default_factory=dict)
    read: ReadText | None = None
    more: Callable[[str], str] | None = None


@quiet()
def deidentify_folder(source: Path, target: Path, settings: Settings, progress: Progress = _silent) -> Tally:
    """De-identify every DICOM file below ``source`` into ``target``, and search what was written.

    Returns : counts of what was done and of what is left; ``counts["files"]`` were written.
    Raises  : SourceUnreadable where there is none, or one is damaged; TargetUnwritable; MissingExtra without pydicom;
              InvalidRequest where the profile names an attribute that does not exist.
    """
    cleaner = Cleaner(settings.profile, settings.keys)
    paths = _files(source)
    words, tally, wanted = _survey(paths, settings, progress)
    if not wanted:
        raise SourceUnreadable(f"No DICOM file is among the {len(paths):,} files of the folder.")
    patients = {
        key: known_patient(key, found, settings.profile, settings.keys, settings.more) for key, found in words.items()
    }
    target.mkdir(parents=True, exist_ok=True)
    for done, (number, path) in enumerate(wanted):
        progress("de-identifying files", 0.3 + 0.7 * done / len(wanted))
        with _naming(_place(number, len(paths))):
            head = read_head(path, _place(number, len(paths)))
            before = {name: tally.counts[name] for name in PLACED}
            deidentify_object(head, target, patients[patient_key(head.dataset)], cleaner, settings, tally)
        for name in PLACED:
            if tally.counts[name] > before[name]:
                tally.places.setdefault(name, []).append(number)
    tally.counts["patients"] = len(patients)
    return tally


def deidentify_object(
    head: Head, target: Path, patient: Patient, cleaner: Cleaner, settings: Settings, tally: Tally
) -> Path:
    """De-identify one object into its place below ``target``, search it again, and count."""
    dataset, profile = head.dataset, settings.profile
    original = original_values(dataset)
    tally.counts["heads"] += shows_a_head(dataset)
    tally.counts["incomplete"] += _is_incomplete(head)
    scratch = target / ".pixels"
    try:
        pixels = treat_pixels(head, profile, settings.read, scratch)
        cleaner.clean(dataset, patient, tally)
        pixels.describe(dataset)
        mark(dataset, profile, pixels_cleaned=pixels.proven)
        place = _free(target / patient.pseudonym, dataset)
        place.parent.mkdir(parents=True, exist_ok=True)
        syntax = pixels.syntax or head.syntax
        write_object(head, fresh_meta(dataset, syntax, cleaner), syntax, place, pixels.file)
    finally:
        scratch.unlink(missing_ok=True)
    _count(tally, pixels, place, patient, original)
    return place


def _survey(
    paths: list[Path], settings: Settings, progress: Progress
) -> tuple[dict[str, set[str]], Tally, list[tuple[int, Path]]]:
    """Words of each patient from all their files and records; files that are not to be written are counted."""
    words: dict[str, set[str]] = {}
    tally = Tally()
    wanted: list[tuple[int, Path]] = []
    named: set[str] = set()
    for number, path in enumerate(paths, 1):
        progress("reading headers", 0.3 * number / len(paths))
        try:
            head = read_head(path, _place(number, len(paths)))
        except NotDicom:
            tally.counts["not DICOM"] += 1
            continue
        with _naming(_place(number, len(paths))):
            if _is_directory(head):
                tally.counts["directories"] += 1
                continue
            key, found = patient_key(head.dataset), header_words(head.dataset, settings.profile.retain)
            name = str(head.dataset.get("PatientName") or "")
        words.setdefault(key, set()).update(found)
        named |= {key} if words_of_values([name]) else set()
        wanted.append((number, path))
    for key, known in words.items():
        given = words_of_values(settings.words.get(key, ()))
        known.update(given)
        tally.counts["patients without a name"] += not given and key not in named
    return words, tally, wanted


def _files(source: Path) -> list[Path]:
    if not source.exists():
        raise SourceUnreadable("The folder of DICOM files does not exist; look at how it was written.")
    if source.is_file():
        return [source]
    return sorted(path for path in source.rglob("*") if path.is_file() and not path.is_symlink())


def _place(number: int, total: int) -> str:
    return f"File {number:,} of {total:,} (in order of their paths)"


@contextmanager
def _naming(place: str) -> Iterator[None]:
    """Errors of a damaged file, or a full disk, as ours; pydicom's may show values."""
    try:
        yield
    except DAMAGES as error:
        raise damaged(place, error) from None
    except OSError as error:
        raise TargetUnwritable(
            f"{place} could not be written: {error.strerror}. Make room, and run it again."
        ) from None


def _is_directory(head: Head) -> bool:
    meta = getattr(head.dataset, "file_meta", {})
    return str(meta.get("MediaStorageSOPClassUID", "")) == DIRECTORY or "DirectoryRecordSequence" in head.dataset


def _is_incomplete(head: Head) -> bool:
    """Whether an identifier that every object has is missing, or the pixels of an image: it may have been cut short."""
    dataset = head.dataset
    has_pixels = head.pixels_at is not None or any(keyword in dataset for keyword in PIXELS)
    return ("Rows" in dataset and not has_pixels) or any(keyword not in dataset for keyword in ALWAYS)


def _free(folder: Path, dataset: object) -> Path:
    names = [_name(str(getattr(dataset, keyword, "") or "")) for keyword in
             ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")]  # fmt: skip
    place = folder / names[0] / names[1] / f"{names[2]}.dcm"
    again = 1
    while place.exists():
        again += 1
        place = place.with_name(f"{names[2]}-{again}.dcm")
    return place


def _name(uid: str) -> str:
    """A part of a path: an identifier may hold anything where it was kept, so only its digits and dots count."""
    return "".join(letter for letter in uid if letter in "0123456789.").strip(".")[:64] or "none"


def _count(tally: Tally, pixels: Pixels, place: Path, patient: Patient, original: Original) -> None:
    left = left_in(place, patient.matcher, original, patient.pseudonym)
    tally.counts.update(
        {
            "files": 1,
            "words left": left.words,
            "files with words left": int(left.words > 0),
            "private left": left.private,
            "dates left": left.dates,
            "uids left": left.uids,
            **pixels.counts(),
        }
    )
