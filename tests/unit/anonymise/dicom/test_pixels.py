"""Text in pixels: which images are suspicious, what is blanked, and that nothing passes unread in silence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from pydicom.dataset import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, RLELossless
from tests.unit.anonymise.dicom.conftest import Run, bundled

from cohortium.anonymise.dicom import Box, Profile, Settings, deidentify_folder, evidence_of, load_profile, text_reader
from cohortium.anonymise.dicom.reading import Seen
from cohortium.anonymise.dicom.suspicion import shows_a_head, why_suspicious
from cohortium.anonymise.pseudonyms import KeyRing
from cohortium.privacy.policy import load_policy
from cohortium.privacy.release import decide

PROFILE = Profile("x")
WHITE = 255


def screen(text: str = "WETHERBY-QUILL Z") -> Dataset:
    """An ultrasound picture that shows a name in its corner."""
    dataset = bundled("examples_rgb_color.dcm")
    picture = Image.new("RGB", (320, 240), (20, 20, 20))
    ImageDraw.Draw(picture).text((10, 10), text, fill=(WHITE, WHITE, WHITE), font=ImageFont.load_default(20))
    dataset.Modality, dataset.Rows, dataset.Columns = "US", 240, 320
    dataset.PhotometricInterpretation, dataset.PlanarConfiguration = "RGB", 0
    dataset.PixelData = np.asarray(picture).tobytes()
    return dataset


def bright(picture: NDArray[np.uint8]) -> list[Seen]:
    """Stands for a reader: "reads" every bright place as text."""
    rows, columns = np.nonzero(picture[:, :, 0] > 200)
    if not len(rows):
        return []
    return [Seen("text", (int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1))]


@pytest.mark.parametrize(
    ("values", "suspicious"),
    [
        ({"Modality": "CT"}, False),
        ({"Modality": "US"}, True),
        ({"Modality": "US", "BurnedInAnnotation": "NO"}, False),
        ({"Modality": "CT", "BurnedInAnnotation": "YES"}, True),
        ({"Modality": "CT", "ImageType": ["DERIVED", "SECONDARY", "SCREEN SAVE"], "BurnedInAnnotation": "NO"}, True),
        ({"Modality": "MR", "SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"}, True),
        ({"Modality": "MR", "ConversionType": "WSD"}, True),
        ({"Modality": "CT", "ImageType": "SCREEN SAVE", "BurnedInAnnotation": "NO"}, True),
        ({}, True),
    ],
)
def test_suspicion_follows_attributes(values: dict[str, object], suspicious: bool) -> None:
    dataset = Dataset()
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    assert bool(why_suspicious(dataset, PROFILE)) is suspicious


def test_heads_are_told_by_what_is_said_of_them(small_ct: Dataset) -> None:
    assert not shows_a_head(small_ct)
    small_ct.BodyPartExamined = "HEAD"
    assert shows_a_head(small_ct)


@pytest.mark.parametrize("encoding", ["native", "run-length", "deflated"])
def test_text_is_blanked_and_the_rest_stays(deidentified: Run, encoding: str) -> None:
    original = screen()
    before = original.pixel_array.copy()
    if encoding == "run-length":
        original.compress(RLELossless)
    elif encoding == "deflated":
        original.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    [out], tally = deidentified(original, read=bright)
    after = out.pixel_array
    assert before[:40].max() == WHITE
    assert not bright(after)
    assert (after[60:] == before[60:]).all()
    assert tally.counts["text boxes blanked"] == 1
    assert tally.counts["text left"] == 0
    assert out.BurnedInAnnotation == "NO"
    assert "113101" in [item.CodeValue for item in out.DeidentificationMethodCodeSequence]


def test_text_that_stays_fails_the_rule(deidentified: Run) -> None:
    def stubborn(_picture: NDArray[np.uint8]) -> list[Seen]:
        return [Seen("text", (0, 0, 5, 5))]

    [out], tally = deidentified(screen(), read=stubborn)
    assert tally.counts["text left"] == 1
    assert "BurnedInAnnotation" not in out
    _, decision = decide(evidence_of(tally, PROFILE), load_policy(shipped="dicom"))
    assert decision.verdict == "refused"


def test_without_a_reader_nothing_suspicious_passes(deidentified: Run) -> None:
    _, tally = deidentified(screen())
    assert tally.counts["pixels unread"] == 1
    _, decision = decide(evidence_of(tally, PROFILE), load_policy(shipped="dicom"))
    assert decision.verdict == "refused"


def test_an_encoding_that_nothing_decodes_is_never_passed_in_silence(deidentified: Run) -> None:
    original = bundled("MR_small_jpeg_ls_lossless.dcm")
    original.BurnedInAnnotation = "YES"
    _, tally = deidentified(original, read=lambda _picture: [])
    assert tally.counts["pixels unread"] == 1


def test_a_profile_may_refuse_suspicious_images(deidentified: Run) -> None:
    _, tally = deidentified(screen(), profile="strict", read=bright)
    assert tally.counts["pixels unread"] == 1


def test_a_profile_that_ignores_text_does_so_openly(deidentified: Run) -> None:
    chosen = Profile("phantoms", pixel_text="ignore")
    [out], tally = deidentified(screen(), profile=chosen, read=bright)
    assert tally.counts["pixels ignored"] == 1
    assert "BurnedInAnnotation" not in out
    _, decision = decide(evidence_of(tally, chosen), load_policy(shipped="dicom"))
    assert decision.verdict == "refused"


def test_text_in_colours_of_a_palette_is_seen(deidentified: Run) -> None:
    original = screen()
    text = np.asarray(original.pixel_array[:, :, 0] > 128)
    indices = np.where(text, 1, 2).astype(np.uint8)
    original.SamplesPerPixel, original.PhotometricInterpretation = 1, "PALETTE COLOR"
    original.PixelData = indices.tobytes()
    for element in (0x00281101, 0x00281102, 0x00281103):
        original.add_new(element, "US", [3, 0, 16])
        original.add_new(element + 0x100, "OW", np.array([0, 0xFFFF, 0], "<u2").tobytes())
    [out], tally = deidentified(original, read=bright)
    assert tally.counts["text boxes blanked"] == 1
    assert (out.pixel_array[:40][text[:40]] == 0).all()
    assert (out.pixel_array[60:] == indices[60:]).all()


def test_pixels_that_no_element_can_hold_once_decoded_stay_in(
    deidentified: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cohortium.anonymise.dicom.pixels.LONGEST", 1000)
    _, tally = deidentified(screen(), read=bright)
    assert tally.counts["pixels unread"] == 1


def test_an_image_without_pixels_shows_no_text(deidentified: Run) -> None:
    original = screen()
    del original.PixelData
    _, tally = deidentified(original)
    assert (tally.counts["suspicious"], tally.counts["incomplete"]) == (0, 1)


def test_rectangles_of_a_profile_are_blanked_in_every_frame(deidentified: Run, small_ct: Dataset) -> None:
    small_ct.PixelData = np.full((3, 128, 128), 7, np.int16).tobytes()
    small_ct.NumberOfFrames = 3
    profile = Profile(
        "x", boxes=(Box((0, 0, 128, 10), modality="ct", rows=128), Box((0, 100, 128, 128), modality="US"))
    )
    [out], _ = deidentified(small_ct, profile=profile)
    frames = out.pixel_array
    assert frames.shape == (3, 128, 128)
    assert (frames[:, :10] == 0).all()
    assert (frames[:, 10:] == 7).all()


@pytest.mark.slow
def test_a_reader_of_real_letters_finds_and_proves(tmp_path: Path) -> None:
    reader = text_reader()
    if reader is None:
        pytest.skip("the extra 'ocr' is not installed: nothing reads text in pictures")
    (tmp_path / "in").mkdir()
    original = screen("WETHERBY 23.04.1947")
    original.PatientName = "Wetherby"
    original.save_as(tmp_path / "in" / "a.dcm")
    settings = Settings(load_profile(), KeyRing.generate(), read=reader)
    tally = deidentify_folder(tmp_path / "in", tmp_path / "out", settings)
    assert tally.counts["pixels read"] == 1
    assert tally.counts["text left"] == 0
    assert tally.counts["text boxes blanked"] >= 1
