"""Reads text in pictures, with RapidOCR's models, which come with its package; nothing is fetched."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

SMALLEST = 480
"""Pixels of the shorter side to which small pictures are enlarged, since small letters are read badly."""
SURE = 0.1
"""What was read with less certainty counts as no text; at 0.5, half of the letters of 10 pixels are missed."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Text in a picture: what was read, and the rectangle around it (left, top, right, bottom, in pixels)."""

    text: str
    corners: tuple[int, int, int, int]


ReadText = Callable[[NDArray[np.uint8]], list[Seen]]
"""Takes a picture (height, width, 3) and returns the text in it."""


def text_reader() -> ReadText | None:
    """What reads text in pictures, or None where the extra 'ocr' is not installed."""
    if not all(importlib.util.find_spec(name) for name in ("rapidocr", "onnxruntime")):
        return None
    import logging

    from rapidocr import RapidOCR

    logging.getLogger("RapidOCR").setLevel(logging.ERROR)
    engine = RapidOCR(params={"Global.log_level": "error", "Global.text_score": SURE, "Global.use_cls": False})
    return lambda picture: _read(engine, picture)


def _read(engine: Any, picture: NDArray[np.uint8]) -> list[Seen]:
    scale = max(1, -(-SMALLEST // min(picture.shape[:2])))
    large = picture.repeat(scale, axis=0).repeat(scale, axis=1)
    result = engine(large)
    if result is None or result.boxes is None:
        return []
    seen = []
    for box, text in zip(result.boxes, result.txts, strict=True):
        left, top = np.floor(np.min(box, axis=0) / scale).astype(int)
        right, bottom = np.ceil(np.max(box, axis=0) / scale).astype(int)
        if any(letter.isalnum() for letter in text):
            seen.append(Seen(text, (int(left), int(top), int(right), int(bottom))))
    return seen
