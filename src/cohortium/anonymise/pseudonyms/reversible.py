"""Pseudonyms that the holder of the keys can turn back, with a reason that is written down.

Deterministic authenticated encryption (AES-SIV, RFC 5297): the same value of a kind has the same pseudonym; nobody can
read or make one without the key; and a pseudonym that was changed, or is of another kind or key, is told from a true
one. Use it only where a person must be found again, for a finding that matters to him; else ``KeyRing.pseudonym``
leaves no way back but trying values.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cohortium.anonymise.pseudonyms.key_ring import ALPHABET, KeyRing
from cohortium.anonymise.pseudonyms.reversal_policy import EVENT
from cohortium.errors import InvalidRequest, MissingExtra

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESSIV

BLOCK = 16
"""Values are filled up to a multiple of so many bytes, so that a pseudonym tells little of the length of its value."""
_RFC4648 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_OURS, _THEIRS = str.maketrans(_RFC4648, ALPHABET), str.maketrans(ALPHABET, _RFC4648)
_REASON_LETTERS = 10


@dataclass(frozen=True, slots=True)
class Reversal:
    """What a pseudonym stood for, and why somebody had to know.

    value      : never printed with the rest.
    generation : of the key that had made the pseudonym.
    """

    value: str = field(repr=False)
    kind: str
    pseudonym: str
    generation: str
    reason: str

    def entry(self) -> dict[str, str]:
        """The line of a journal; without the value."""
        return {"event": EVENT, "kind": self.kind, "pseudonym": self.pseudonym,
                "generation": self.generation, "reason": self.reason}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ReversiblePseudonyms:
    """Pseudonyms made and turned back with the keys of a ring."""

    ring: KeyRing

    def pseudonym(self, kind: str, value: str) -> str:
        """A pseudonym of 52 letters or more: the same for the same value of the same kind, under the current key.

        Raises : MissingExtra without the package ``cryptography``.
        """
        plain = value.encode() + b"\x80"
        plain += bytes(-len(plain) % BLOCK)
        sealed = self._cipher(kind, self.ring.current).encrypt(plain, [kind.encode()])
        return base64.b32encode(sealed).decode().rstrip("=").translate(_OURS)

    def reverse(self, kind: str, pseudonym: str, *, reason: str) -> Reversal:
        """What a pseudonym stands for; the caller writes ``Reversal.entry`` into its journal before it uses the value.

        reason : a sentence; whoever reads the journal must be able to judge it.
        Raises : InvalidRequest where there is no reason, or no key of the ring made this pseudonym of this kind.
        """
        if len(reason.strip()) < _REASON_LETTERS:
            raise InvalidRequest(
                "Turning a pseudonym back needs a written reason of a sentence; it goes into the journal."
            )
        sealed = _bytes_of(pseudonym)
        for generation in self.ring.keys:
            value = self._opened(kind, generation, sealed)
            if value is not None:
                return Reversal(value, kind, pseudonym, generation, reason.strip())
        raise InvalidRequest(
            f"No key of this ring ({len(self.ring.keys)} generations) made this pseudonym of the kind '{kind}'. Take "
            "the ring of the project that it comes from, and the right kind. One that was cut or changed cannot be "
            "turned back."
        )

    def _opened(self, kind: str, generation: str, sealed: bytes) -> str | None:
        cipher = self._cipher(kind, generation)
        from cryptography.exceptions import InvalidTag

        try:
            plain = cipher.decrypt(sealed, [kind.encode()])
        except InvalidTag:
            return None
        return plain[: plain.rindex(b"\x80")].decode()

    def _cipher(self, kind: str, generation: str) -> AESSIV:
        try:
            from cryptography.hazmat.primitives.ciphers.aead import AESSIV
        except ImportError as error:
            raise MissingExtra("Reversible pseudonyms need cryptography: pip install 'cohortium[secure]'") from error
        halves = [self.ring.bytes_for(f"reversible/{half}", kind, generation) for half in ("mac", "cipher")]
        return AESSIV(b"".join(halves))


def _bytes_of(pseudonym: str) -> bytes:
    letters = pseudonym.strip().lower()
    try:
        if set(letters) - set(ALPHABET):
            raise ValueError
        sealed = base64.b32decode(letters.translate(_THEIRS) + "=" * (-len(letters) % 8))
    except (ValueError, binascii.Error):
        sealed = b""
    if len(sealed) < 2 * BLOCK:
        raise InvalidRequest("This is no reversible pseudonym: 52 letters and digits or more were expected.")
    return sealed
