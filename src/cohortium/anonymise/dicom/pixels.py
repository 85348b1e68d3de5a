"""Text in pixels: read, blanked, and read again as proof that none is left."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.anonymise.dicom.objects import DAMAGES
from cohortium.anonymise.dicom.pixel_bytes import LONGEST
from cohortium.anonymise.dicom.suspicion import OVERLAY, why_suspicious

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pydicom.dataset import Dataset

    from cohortium.anonymise.dicom.objects import Head
    from cohortium.anonymise.dicom.profile import Box, Profile
    from cohortium.anonymise.dicom.reading import ReadText

EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
MARGIN = 3
ROUNDS = 8
"""How often a picture is read and blanked before what is still read counts as left."""
Corners = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Pixels:
    """What became of an object's pixels.

    why     : why they may show text; empty where nothing says so.
    unread  : they may, and could not be read (no reader, an encoding that nothing here decodes, or by the profile).
    ignored : they may, and were not read, since the profile says so.
    left    : text was still read at the end.
    blanked : rectangles that were blanked, over all frames.
    file    : the new pixels, native; None where the original's are passed on.
    shape   : rows, columns, samples and bits of the new pixels, and their photometric interpretation.
    """

    why: str = ""
    unread: bool = False
    ignored: bool = False
    left: bool = False
    blanked: int = 0
    file: Path | None = None
    shape: tuple[int, int, int, int, str] | None = None

    @property
    def proven(self) -> bool:
        """Whether they were read and no text is left."""
        return bool(self.why) and not (self.unread or self.ignored or self.left)

    @property
    def syntax(self) -> str:
        """The transfer syntax of new pixels; empty where the original's are passed on."""
        return EXPLICIT_LITTLE if self.file else ""

    def counts(self) -> dict[str, int]:
        """Counts for the tally."""
        return {
            "suspicious": int(bool(self.why)),
            "pixels unread": int(self.unread),
            "pixels ignored": int(self.ignored),
            "text left": int(self.left),
            "text boxes blanked": self.blanked,
            "pixels read": int(self.proven or self.left),
        }

    def describe(self, dataset: Dataset) -> None:
        """Say in the object how its new pixels lie; those that a deflated object has in memory go."""
        if self.file is None or self.shape is None:
            return
        _, _, samples, bits, photometric = self.shape
        dataset.SamplesPerPixel = samples
        dataset.PhotometricInterpretation = photometric
        dataset.BitsAllocated = bits
        if samples > 1:
            dataset.PlanarConfiguration = 0
        for keyword in ("PixelData", "ExtendedOffsetTable", "ExtendedOffsetTableLengths"):
            if keyword in dataset:
                delattr(dataset, keyword)


def treat_pixels(head: Head, profile: Profile, read: ReadText | None, scratch: Path) -> Pixels:
    """Blank the profile's rectangles and, in suspicious images, all text that is read, as the profile says."""
    dataset = head.dataset
    if "Rows" not in dataset:
        return Pixels()
    why = why_suspicious(dataset, profile)
    if profile.pixel_text == "ignore":
        return Pixels(why, ignored=bool(why))
    boxes = [box.corners for box in profile.boxes if _holds(box, dataset)]
    if not (why or boxes) or (head.pixels_at is None and "PixelData" not in dataset):
        return Pixels()
    unread = Pixels(why or "a rectangle is to be blanked", unread=True)
    if profile.pixel_text == "refuse" or (why and read is None) or why == OVERLAY:
        return unread
    try:
        return _rewritten(head, why, boxes, read if why else None, scratch)
    except OSError as error:
        if error.errno is not None:
            raise
        return unread
    except (*DAMAGES, RuntimeError):
        return unread


def _rewritten(head: Head, why: str, boxes: list[Corners], read: ReadText | None, place: Path) -> Pixels:
    """Frame by frame, so that only one lies in memory."""
    blanked, left, shape = 0, False, None
    seen_before: list[Corners] = []
    with place.open("wb") as stream:
        for frame in _frames(head):
            clean = np.array(frame)
            for corners in boxes:
                _blank(clean, corners)
            blanked += len(boxes)
            if read is not None:
                for corners in seen_before:
                    _blank(clean, corners)
                found, still = _without_text(clean, read, head.dataset)
                blanked += len(found)
                seen_before = list(dict.fromkeys([*seen_before, *found]))
                left |= still
            stream.write(clean.astype(clean.dtype.newbyteorder("<")).tobytes())
            if stream.tell() > LONGEST:
                raise ValueError("more pixels than an element holds")
            shape = _shape(clean, head.dataset)
    if shape is None:
        raise ValueError("no frame")
    if not blanked:
        return Pixels(why, left=left)
    return Pixels(why, left=left, blanked=blanked, file=place, shape=shape)


def _without_text(frame: NDArray[Any], read: ReadText, dataset: Dataset) -> tuple[list[Corners], bool]:
    """Blank what is read until nothing is; the rectangles, and whether something still is."""
    found: list[Corners] = []
    for _ in range(ROUNDS):
        seen = read(_picture(frame, dataset))
        if not seen:
            return found, False
        for one in seen:
            left, top, right, bottom = one.corners
            corners = (max(0, left - MARGIN), max(0, top - MARGIN), right + MARGIN, bottom + MARGIN)
            _blank(frame, corners)
            found.append(corners)
    return found, bool(read(_picture(frame, dataset)))


def _frames(head: Head) -> Iterator[NDArray[Any]]:
    from pydicom.pixels.utils import iter_pixels

    yield from iter_pixels(head.dataset if head.pixels_at is None else head.path)


def _picture(frame: NDArray[Any], dataset: Dataset) -> NDArray[np.uint8]:
    """What a person sees, in eight bits and three channels; greys between the darkest and the brightest percentile."""
    from pydicom.pixels.processing import apply_color_lut

    if dataset.PhotometricInterpretation == "PALETTE COLOR":
        frame = apply_color_lut(frame, dataset)
    if frame.dtype == np.uint8 and frame.ndim == 3:
        return frame.astype(np.uint8)
    low, high = np.percentile(frame, (0.5, 99.9))
    scaled = np.clip((frame.astype(np.float64) - low) / max(float(high - low), 1e-9), 0, 1) * 255
    eight = scaled.astype(np.uint8)
    return eight if eight.ndim == 3 else np.repeat(eight[:, :, None], 3, axis=2)


def _blank(frame: NDArray[Any], corners: Corners) -> None:
    left, top, right, bottom = corners
    frame[top:bottom, left:right] = 0


def _shape(frame: NDArray[Any], dataset: Dataset) -> tuple[int, int, int, int, str]:
    samples = 1 if frame.ndim == 2 else frame.shape[2]
    photometric = "RGB" if samples == 3 else str(dataset.PhotometricInterpretation)
    return frame.shape[0], frame.shape[1], samples, frame.dtype.itemsize * 8, photometric


def _holds(box: Box, dataset: Dataset) -> bool:
    words = {"Modality": box.modality, "Manufacturer": box.manufacturer, "ManufacturerModelName": box.model}
    sizes = {"Rows": box.rows, "Columns": box.columns}
    return all(
        not wanted or wanted.casefold() in str(dataset.get(keyword) or "").casefold()
        for keyword, wanted in words.items()
    ) and all(not wanted or dataset.get(keyword) == wanted for keyword, wanted in sizes.items())
