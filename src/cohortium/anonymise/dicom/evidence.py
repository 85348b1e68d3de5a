"""What is known about de-identified DICOM files, as findings that a policy judges."""

from __future__ import annotations

from typing import Any

from cohortium.anonymise.dicom.profile import Profile
from cohortium.anonymise.dicom.tally import Tally
from cohortium.records import Evidence, Finding, Question, Score


def evidence_of(tally: Tally, profile: Profile, **facts: Any) -> Evidence:
    """The evidence of a folder that ``deidentify_folder`` wrote; every row counts what was found in the files."""
    counts, files = tally.counts, tally.counts["files"]
    done = tally.by_action()
    incomplete = "Files without pixels, or without an identifier that every object has"
    return Evidence(
        {
            "files": files,
            "patients": counts["patients"],
            "persons_real": counts["patients"],
            "profile": profile.title,
            "elements_removed": done["X"],
            "elements_emptied": done["Z"],
            "elements_dummy": done["D"],
            "elements_cleaned": done["C"],
            "elements_new_uid": done["U"],
            "elements_pseudonym": done["P"],
            "elements_moved": done["M"],
            "elements_kept": done["K"],
            "files_not_dicom": counts["not DICOM"],
            "directories_left_out": counts["directories"],
            **facts,
        },
        (
            _count("seeded_words_left", "Words of the patient still in the files", counts["words left"], files),
            _count("burned_in_text", "Files whose pixels still show text, or could not be read",
                   counts["text left"] + counts["pixels unread"], files),
            _count("pixels_unread", "Of these, files whose pixels could not be read", counts["pixels unread"], files),
            _count("pixels_ignored", "Files whose pixels may show text, unread as the profile says",
                   counts["pixels ignored"], files),
            _count("private_left", "Private elements not known to be safe",
                   counts["private left"] if "safe_private" not in profile.retain else 0, files),
            _count("dates_kept", "Dates of the originals still there",
                   counts["dates left"] if profile.dates != "full" else 0, files),
            _count("uids_kept", "Identifiers of the originals still there",
                   counts["uids left"] if "uids" not in profile.retain else 0, files),
            _count("unnamed_patients", "Patients whose descriptions stay and of whom no name is known",
                   counts["patients without a name"] if profile.clean else 0, counts["patients"]),
            _count("head_images", "Slices that may show a head, from which a face can be made", counts["heads"], files),
            Finding("incomplete_files", Question.VALIDITY, incomplete, _score(counts["incomplete"], files), "lower"),
        ),
    )  # fmt: skip


def _count(metric: str, title: str, value: int, of: int) -> Finding:
    return Finding(metric, Question.PRIVACY, title, _score(value, of), "lower")


def _score(value: int, of: int) -> Score:
    return Score(float(value), n=of)
