"""Clinical notes: what identifies people is found by rules, a tagger and the record itself, and replaced.

``find`` says where; ``anonymised`` replaces it in whole collections; ``train`` makes taggers anew.
"""

from cohortium.anonymise.notes.anonymising import Account, NoteResult, account_of, anonymised
from cohortium.anonymise.notes.decisions import Decisions, digest_of
from cohortium.anonymise.notes.evidence import evidence_of
from cohortium.anonymise.notes.finding import Finder, find, finder
from cohortium.anonymise.notes.known_patient import KnownPatient
from cohortium.anonymise.notes.known_table import KnownPatients, known_patients
from cohortium.anonymise.notes.language import LANGUAGES
from cohortium.anonymise.notes.leftovers import identifiers_left
from cohortium.anonymise.notes.note_files import Note, Notes, read_notes
from cohortium.anonymise.notes.span import Span, merged
from cohortium.anonymise.notes.surrogates.replacing import KEPT, MODES, Replacing
from cohortium.anonymise.notes.tagger.tagger import Tagger, Weights, shipped, tagger_at
from cohortium.anonymise.notes.vocabulary import Type

__all__ = [
    "KEPT",
    "LANGUAGES",
    "MODES",
    "Account",
    "Decisions",
    "Finder",
    "KnownPatient",
    "KnownPatients",
    "Note",
    "NoteResult",
    "Notes",
    "Replacing",
    "Span",
    "Tagger",
    "Type",
    "Weights",
    "account_of",
    "anonymised",
    "digest_of",
    "evidence_of",
    "find",
    "finder",
    "identifiers_left",
    "known_patients",
    "merged",
    "read_notes",
    "shipped",
    "tagger_at",
]
