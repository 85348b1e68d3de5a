"""One PNG, JPEG or TIFF picture as pixels of a given shape. Pillow reads it."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.errors import MissingExtra
from cohortium.numerics.area_average import area_average

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Shape = tuple[int, int, int]

_FORMATS = ("PNG", "JPEG", "TIFF")
_BROKEN = (OSError, EOFError, SyntaxError, ValueError, TypeError)
"""What Pillow raises over files that are cut short or changed."""
_8_BIT = ("1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr")


class NoPicture(ValueError):
    """The bytes are not one picture of 8 or 16 bits a channel."""


def pillow() -> Any:
    """The module ``PIL.Image``; raises MissingExtra where it is not installed."""
    try:
        from PIL import Image
    except ImportError:
        raise MissingExtra("Reading image files needs Pillow. Install it with: pip install 'cohortium[imaging]'") from (
            None
        )
    return Image


def picture(source: Path | bytes, shape: Shape) -> NDArray[np.uint8]:
    """The picture in a file, or in the bytes of one, as (height, width, channels).

    It is turned as its camera says, made grey or coloured by the channels, and brought to height and width by area
    averages. Of 16 bits the upper 8 are kept.
    Raises : NoPicture.
    """
    height, width, channels = shape
    with _opened(source) as image:
        pixels = _pixels(image, channels)
    if pixels.shape[:2] != (height, width):
        pixels = area_average(pixels, height, width)
    found: NDArray[np.uint8] = np.clip(np.rint(pixels), 0, 255).astype(np.uint8)
    return found


def shape_of(source: bytes) -> Shape:
    """Height, width and channels of a picture; raises NoPicture."""
    with _opened(source) as image:
        is_grey = image.mode in ("1", "L", "LA", "La") or image.mode.startswith("I")
        return image.height, image.width, 1 if is_grey else 3


@contextmanager
def _opened(source: Path | bytes) -> Iterator[Any]:
    library = pillow()
    with warnings.catch_warnings():
        warnings.simplefilter("error", library.DecompressionBombWarning)
        warnings.simplefilter("ignore", UserWarning)  # of odd metadata, which is not read
        try:
            with library.open(io.BytesIO(source) if isinstance(source, bytes) else source, formats=_FORMATS) as image:
                yield image
        except NoPicture:
            raise
        except (*_BROKEN, library.DecompressionBombError, library.DecompressionBombWarning) as error:
            raise NoPicture(type(error).__name__) from None  # Pillow's words may quote the file's name


def _pixels(image: Any, channels: int) -> NDArray[Any]:
    """Pixels (rows, columns, channels) from 0 to 255."""
    from PIL import ImageOps

    if getattr(image, "n_frames", 1) != 1:
        raise NoPicture("several")
    turned = ImageOps.exif_transpose(image)
    if turned.mode.startswith("I;16"):
        grey = np.asarray(turned, dtype=np.float64)[:, :, None] / 257.0
        return np.repeat(grey, channels, axis=2)
    if turned.mode not in _8_BIT:
        raise NoPicture(turned.mode)
    found = np.asarray(turned.convert("L" if channels == 1 else "RGB"))
    return found.reshape(*found.shape[:2], channels)
