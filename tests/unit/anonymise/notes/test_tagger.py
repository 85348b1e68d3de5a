from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cohortium.anonymise.notes import Tagger, Type, Weights, shipped, tagger_at
from cohortium.anonymise.notes.annotated import AnnotatedNote, agreement
from cohortium.anonymise.notes.finding import Finder
from cohortium.anonymise.notes.language import LANGUAGES, lexicon
from cohortium.anonymise.notes.recognisers import recognised
from cohortium.anonymise.notes.tagger import chain
from cohortium.anonymise.notes.tagger.features import word_hash
from cohortium.anonymise.notes.tagger.labels import decoded, encoded, label_names, transitions
from cohortium.anonymise.notes.tokens import tokens
from cohortium.anonymise.notes.training.fit import Training, fitted
from cohortium.anonymise.notes.training.trial import tried
from cohortium.anonymise.notes.training.written_notes import NoteWriter, templates
from cohortium.errors import InvalidRequest, SourceUnreadable, TooFewRecords


def written(count: int, seed: int, *, held_out: bool = False) -> list[AnnotatedNote]:
    writer = NoteWriter("nl", np.random.default_rng(seed), templates("nl").part(held_out=held_out))
    return [writer.note() for _ in range(count)]


@pytest.fixture(scope="module")
def weights() -> Weights:
    return fitted(written(60, 1), "nl", np.random.default_rng(1), Training(epochs=3))


def test_marks_of_written_notes_are_the_text_they_say() -> None:
    for note in written(30, 2):
        assert all(0 <= start < end <= len(note.text) for start, end, _ in note.marks)
        assert all(note.text[start:end].strip() == note.text[start:end] for start, end, _ in note.marks)
        emails = [note.text[start:end] for start, end, kind in note.marks if kind is Type.EMAIL]
        assert all("@" in mail for mail in emails)


def test_labels_of_tokens_give_the_spans_back() -> None:
    names = label_names(Type)
    for note in written(20, 3):
        cut = tokens(note.text)
        back = [
            (int(cut.starts[a]), int(cut.ends[b]), kind)
            for a, b, kind in decoded(encoded(cut, note.marks, names), names)
        ]
        ends = set(cut.ends.tolist())
        assert [mark for mark in note.marks if mark[1] in ends] == [mark for mark in back if mark in set(note.marks)]


def test_the_chain_agrees_with_all_paths_tried_one_by_one() -> None:
    rng = np.random.default_rng(4)
    names = label_names([Type.DATE])
    scores = rng.normal(size=(4, len(names))).astype(np.float32)
    steps = (transitions(names) + rng.normal(size=(6, 6))).astype(np.float32)
    paths = np.stack(np.meshgrid(*[np.arange(5)] * 4, indexing="ij"), -1).reshape(-1, 4)
    value = scores[np.arange(4), paths].sum(1) + steps[5, paths[:, 0]] + steps[paths[:, 3], 5]
    value = value + sum(steps[paths[:, i], paths[:, i + 1]] for i in range(3))
    share = np.exp(value - value.max())
    share /= share.sum()
    found, _ = chain.marginals(scores, steps)
    wanted = [[share[paths[:, i] == label].sum() for label in range(5)] for i in range(4)]
    np.testing.assert_allclose(found, wanted, atol=1e-5)
    assert chain.best_path(scores, steps).tolist() == paths[value.argmax()].tolist()


def test_the_same_notes_and_seed_give_the_same_bytes(weights: Weights) -> None:
    again = fitted(written(60, 1), "nl", np.random.default_rng(1), Training(epochs=3))
    assert again.to_bytes() == weights.to_bytes()


def test_the_file_gives_the_same_tagger(weights: Weights, tmp_path: Path) -> None:
    path = tmp_path / "nl.npz"
    path.write_bytes(weights.to_bytes())
    text = written(1, 9)[0].text
    one, other = Tagger(weights), tagger_at(path, "nl")
    assert one.find(tokens(text), recognised(text, "nl")) == other.find(tokens(text), recognised(text, "nl"))
    with pytest.raises(InvalidRequest, match="'nl'"):
        tagger_at(path, "de")


def test_it_learns_and_is_no_better_than_nothing_on_shuffled_marks(weights: Weights) -> None:
    trial = written(30, 11)
    learnt = tried(Finder("nl", Tagger(weights)), trial)
    assert learnt.strict[2] > 0.8
    assert learnt.covered > 0.9
    moved = [
        AnnotatedNote(note.text, tuple((s + 7, e + 7, k) for s, e, k in note.marks if e + 7 <= len(note.text)))
        for note in trial
    ]
    assert tried(Finder("nl", Tagger(weights)), moved).strict[2] < 0.2


def test_agreement_counts_what_is_exact_and_what_is_covered() -> None:
    note = AnnotatedNote("Ana Ruiz, Madrid", ((0, 8, Type.PATIENT), (10, 16, Type.PLACE)))
    same = agreement([note], [list(note.marks)])
    assert same.strict == (1, 1, 1)
    parts = agreement([note], [[(0, 3, Type.PATIENT), (4, 8, Type.STAFF), (10, 16, Type.STREET)]])
    assert parts.strict[2] == 0
    assert parts.bounds == (1 / 3, 1 / 2, 2 / 5)
    assert parts.covered == 1


@pytest.mark.parametrize("code", LANGUAGES)
def test_shipped_weights_hold_no_text_and_were_tried(code: str) -> None:
    tagger = shipped(code)
    plain = tagger.weights.to_bytes()
    assert plain[:2] == b"PK"
    assert tagger.weights.held_out["marks"] > 1000
    assert tagger.weights.held_out["covered"] > 0.9
    assert not [name for name in lexicon(code, "surnames") if len(name) > 6 and name.encode() in plain]


def test_names_that_only_stand_in_marks_are_never_looked_at() -> None:
    notes = [
        AnnotatedNote(f"Seen: Zyxwvu{chr(97 + i % 20)} Qqqrst came with fever.", ((6, 20, Type.PATIENT),))
        for i in range(40)
    ]
    weights = fitted(notes, "en", np.random.default_rng(0), Training(epochs=2))
    known = set(weights.vocabulary.tolist())
    assert word_hash("fever") in known
    assert word_hash("Qqqrst") not in known


def test_too_few_notes_and_false_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TooFewRecords, match="20"):
        fitted(written(3, 1), "nl", np.random.default_rng(1))
    with pytest.raises(SourceUnreadable, match="train-tagger"):
        Weights.from_bytes(b"no tagger")
    with pytest.raises(SourceUnreadable, match="cannot be read"):
        tagger_at(tmp_path / "none.npz", "nl")


@pytest.mark.slow
def test_meddocan_is_found_as_well_as_the_docs_say(data_folder: Path) -> None:
    from cohortium.anonymise.notes.finding import finder
    from cohortium.anonymise.notes.training.corpora import meddocan

    found = tried(finder("es"), meddocan(data_folder / "notes", "dev"))
    assert found.strict[2] > 0.95
    assert found.bounds[2] > 0.955
    assert found.covered > 0.975
