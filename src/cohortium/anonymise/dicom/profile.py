"""What is to be done to DICOM files, as a TOML file that a person can edit: the basic profile and its options."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, fields
from importlib import resources
from pathlib import Path
from typing import Any, Literal, get_args

from cohortium.errors import InvalidRequest, SourceUnreadable

Dates = Literal["remove", "modified", "full"]
PixelText = Literal["blank", "refuse", "ignore"]
Retained = Literal["safe_private", "uids", "device", "institution", "patient"]
Cleaned = Literal["descriptors", "structured", "graphics"]
SHIPPED = ("basic", "research", "strict")
ACTIONS = ("X", "Z", "D", "K", "C", "U")


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle to blank in the images of one kind of device; empty words hold for every device.

    rows, columns : of the images that it holds for; 0 for any.
    corners       : left, top, right, bottom, in pixels.
    """

    corners: tuple[int, int, int, int]
    modality: str = ""
    manufacturer: str = ""
    model: str = ""
    rows: int = 0
    columns: int = 0


@dataclass(frozen=True, slots=True)
class Profile:
    """The basic profile of PS3.15 with options.

    retain     : what stays: "safe_private", "uids", "device", "institution", "patient" (characteristics).
    clean      : what stays once names, numbers and dates are taken out of it: "descriptors", "structured", "graphics".
    dates      : "remove", "modified" (each patient's dates move together), or "full" (as they are).
    most_days  : by how many days dates may move.
    oldest     : years; who is older counts as 90.
    attributes : keyword -> action code, for attributes that are to be treated otherwise.
    private    : (group, element, creator) of private attributes that the hospital knows to be safe.
    pixel_text : text in pixels of suspicious images: "blank" it, "refuse" such images, or "ignore" (for phantoms).
    suspicious : modalities whose images often show text.
    boxes      : rectangles that are always blanked.
    """

    title: str
    retain: frozenset[Retained] = frozenset()
    clean: frozenset[Cleaned] = frozenset()
    dates: Dates = "remove"
    most_days: int = 365
    oldest: int = 89
    attributes: dict[str, str] = field(default_factory=dict)
    private: frozenset[tuple[int, int, str]] = frozenset()
    pixel_text: PixelText = "blank"
    suspicious: frozenset[str] = frozenset({"US", "IVUS", "XA", "XC", "RF", "ES", "OT", "SC", "GM", "SM", "OP", "DOC"})
    boxes: tuple[Box, ...] = ()

    @property
    def options(self) -> frozenset[str]:
        """The columns of the table that hold, by name."""
        dates = {"remove": (), "modified": ("modified_dates",), "full": ("full_dates",)}[self.dates]
        return frozenset({*self.retain, *self.clean, *dates})


def load_profile(chosen: str | Path = "research") -> Profile:
    """A profile that ships with Cohortium, by name, or the one in a TOML file.

    Raises : SourceUnreadable, InvalidRequest naming the key that cannot be understood.
    """
    if isinstance(chosen, str) and chosen in SHIPPED:
        text = resources.files("cohortium.anonymise.dicom").joinpath(f"profiles/{chosen}.toml").read_text("utf-8")
        return _parsed(text, f"the profile '{chosen}'")
    try:
        text = Path(chosen).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceUnreadable(
            f"The profile {chosen} cannot be read; give a TOML file, or one of {', '.join(SHIPPED)}."
        ) from error
    return _parsed(text, str(chosen))


def _parsed(text: str, name: str) -> Profile:
    try:
        plain = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidRequest(f"{name} is not TOML: {error}.") from error
    known = {one.name for one in fields(Profile)} - {"boxes"} | {"box"}
    if unknown := sorted(set(plain) - known):
        raise InvalidRequest(f"{name}: unknown key {unknown}; known: {sorted(known)}.")
    if not isinstance(plain.get("title"), str):
        raise InvalidRequest(f"{name}: a profile needs a title.")
    for key in ("most_days", "oldest"):
        if key in plain and (type(plain[key]) is not int or plain[key] < 1):
            raise InvalidRequest(f"{name}: {key} must be a whole number of at least 1.")
    return Profile(
        title=plain["title"],
        retain=frozenset(_some_of(plain, "retain", get_args(Retained), name)),
        clean=frozenset(_some_of(plain, "clean", get_args(Cleaned), name)),
        dates=_one_of(plain, "dates", get_args(Dates), name),
        most_days=plain.get("most_days", 365),
        oldest=plain.get("oldest", 89),
        attributes=_attributes(plain.get("attributes", {}), name),
        private=frozenset(_private(one, name) for one in plain.get("private", [])),
        pixel_text=_one_of(plain, "pixel_text", get_args(PixelText), name, "blank"),
        suspicious=frozenset(plain["suspicious"]) if "suspicious" in plain else Profile("").suspicious,
        boxes=tuple(_box(one, name) for one in plain.get("box", [])),
    )


def _some_of(plain: dict[str, Any], key: str, known: tuple[str, ...], name: str) -> list[Any]:
    given = plain.get(key, [])
    if not isinstance(given, list) or not set(given) <= set(known):
        raise InvalidRequest(f"{name}: '{key}' is a list of some of {', '.join(known)}.")
    return given


def _one_of(plain: dict[str, Any], key: str, known: tuple[str, ...], name: str, default: str = "remove") -> Any:
    given = plain.get(key, default)
    if given not in known:
        raise InvalidRequest(f"{name}: '{key}' must be one of {', '.join(known)}.")
    return given


def _attributes(plain: Any, name: str) -> dict[str, str]:
    if not isinstance(plain, dict) or not set(plain.values()) <= set(ACTIONS):
        raise InvalidRequest(f"{name}: [attributes] gives keywords one of the actions {', '.join(ACTIONS)}.")
    return {str(keyword): str(action) for keyword, action in plain.items()}


def _private(plain: Any, name: str) -> tuple[int, int, str]:
    try:
        return int(plain["group"], 16), int(plain["element"], 16), str(plain["creator"])
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidRequest(
            f"{name}: each [[private]] has a group and an element (hexadecimal text) and a creator."
        ) from error


def _box(plain: Any, name: str) -> Box:
    try:
        left, top, right, bottom = (int(edge) for edge in plain["corners"])
        box = Box(**{**plain, "corners": (left, top, right, bottom)})
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidRequest(
            f"{name}: each [[box]] has corners = [left, top, right, bottom], and may have modality, manufacturer, "
            "model, rows and columns."
        ) from error
    if not (0 <= left < right and 0 <= top < bottom):
        raise InvalidRequest(f"{name}: the corners of a [[box]] are left < right and top < bottom.")
    return box
