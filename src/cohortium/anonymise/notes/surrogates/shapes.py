"""Numbers and other codes replaced sign by sign: digits by digits, letters by letters, marks kept."""

from __future__ import annotations

from cohortium.anonymise.pseudonyms import KeyRing


def same_shape(value: str, kind: str, keys: KeyRing) -> str:
    """``value`` with other digits and letters, the same for the same digits and letters however they are marked.

    Never the same as it was: then one sign is moved on by one.
    """
    signs = [c for c in value if c.isalnum()]
    stream = b""
    plain = "".join(signs).upper()
    while len(stream) < len(signs):
        stream += keys.bytes_for(f"notes/{kind}", f"{len(stream)}/{plain}")
    drawn = iter(stream)
    new = "".join(_other(c, next(drawn)) if c.isalnum() else c for c in value)
    if new != value or not signs:
        return new
    place = next(place for place, c in enumerate(value) if c.isalnum())
    return (
        new[:place]
        + _other(new[place], (ord(new[place].lower()) - (48 if new[place].isdecimal() else 97) + 1) % 26)
        + new[place + 1 :]
    )


def _other(sign: str, byte: int) -> str:
    if sign.isdecimal():
        return str(byte % 10)
    letter = chr(97 + byte % 26)
    return letter.upper() if sign.isupper() else letter
