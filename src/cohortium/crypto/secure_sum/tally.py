"""The hub's part in secure sums, second half: one round, from masked vectors to the sum over those who are left."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from cohortium.crypto.keys import verify
from cohortium.crypto.secure_sum.agreement import Round
from cohortium.crypto.secure_sum.dealing import PublicKeys, commitment
from cohortium.crypto.secure_sum.frames import Kind, Part, joined, read, written
from cohortium.crypto.secure_sum.masks import apply_mask, own_mask_key, pair_mask_key, private_key, public_of
from cohortium.crypto.shamir import SHARE_BYTES, combine, weights_at_zero
from cohortium.errors import ProtocolViolation

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Dealt:
    """What the hub keeps of a batch.

    first     : its first round.
    keys      : everybody's public keys.
    texts     : sender -> receiver -> encrypted shares.
    delivered : sites that have answered a request with their shares in it.
    """

    first: int
    keys: dict[str, PublicKeys]
    texts: dict[str, dict[str, bytes]]
    delivered: set[str] = field(default_factory=set)


class Tally:
    """One round at the hub: a ``..._request`` to send, then ``add_...`` for every answer.

    A site that has not answered when the next request is made has dropped out of this round, not of the batch.
    Raises : every method ProtocolViolation where an answer is malformed, oversized, a second one, of another session,
             roster, round or sender, or too few are left.
    """

    def __init__(self, now: Round, dealt: Dealt, words: int) -> None:
        self.round, self.words = now, words
        self._dealt = dealt
        self._closed = False
        self._sum: NDArray[np.uint64] = np.zeros(words, dtype="<u8")
        self._full = self._stated = now.statement(now.dealt)
        self._agreements: dict[str, bytes] = {}
        self._confirmations: dict[str, bytes] = {}
        self._shares: dict[str, bytes] = {}

    @property
    def survivors(self) -> tuple[str, ...]:
        """Sites whose masked vectors came, sorted."""
        return tuple(sorted(self._agreements))

    @property
    def all_are_left(self) -> bool:
        """Whether nobody dropped out; then the round needs no confirmations."""
        return self.survivors == self.round.dealt

    def mask_request(self, name: str) -> bytes:
        """For one site of ``round.dealt``: the round, and until it has answered once, its shares."""
        if name not in self.round.dealt:
            raise ProtocolViolation(f"'{name}' has not shared its secrets and takes no part in this batch.")
        fields: list[Part] = [self.words.to_bytes(8, "little")]
        if name not in self._dealt.delivered:
            senders = [sender for sender in self.round.dealt if sender != name]
            fields += [part for one in senders for part in (one.encode("utf-8"), self._dealt.texts[one][name])]
        return written(Kind.MASK, self.round.roster, self.round.number, "", fields)

    def add_masked(self, sender: str, answer: Part) -> None:
        """One site's masked vector; it is added up at once and not kept."""
        if self._closed or sender in self._agreements or sender not in self.round.dealt:
            raise ProtocolViolation(f"A masked vector of '{sender}' came late, twice, or without shares before it.")
        vector, signature = self._fields(Kind.MASKED, sender, answer, 2, room=8 * self.words)
        if len(vector) != 8 * self.words:
            raise ProtocolViolation(f"'{sender}' sent {len(vector):,} bytes; {self.words:,} words were expected.")
        verify(self.round.roster.public(sender), bytes(signature), self._full, sender)
        self._sum += np.frombuffer(vector, dtype="<u8")
        self._agreements[sender] = bytes(signature)
        self._dealt.delivered.add(sender)

    def confirm_request(self) -> bytes:
        """For every survivor: who is left. No more vectors are taken; needed where somebody dropped out."""
        return self._closing(Kind.CONFIRM, [])

    def add_confirmed(self, sender: str, answer: Part) -> None:
        """One survivor's signature under the list of survivors."""
        if not self._closed or sender in self._confirmations or sender not in self._agreements:
            raise ProtocolViolation(f"A confirmation of '{sender}' came early, twice, or from none of the survivors.")
        (signature,) = self._fields(Kind.CONFIRMED, sender, answer, 1)
        verify(self.round.roster.public(sender), bytes(signature), self._stated, sender)
        self._confirmations[sender] = bytes(signature)

    def unmask_request(self) -> bytes:
        """For the survivors that confirmed, or all where none dropped out: who is left, signed by enough of them."""
        signed = self._agreements if self.all_are_left else self._confirmations
        self._enough(len(signed), "confirmed who is left")
        chosen = sorted(signed)[: self.round.roster.threshold]
        return self._closing(Kind.UNMASK, [part for one in chosen for part in (one.encode("utf-8"), signed[one])])

    def add_unmasked(self, sender: str, answer: Part) -> None:
        """One survivor's shares."""
        if not self._closed or sender in self._shares or sender not in self._agreements:
            raise ProtocolViolation(f"Shares of '{sender}' to unmask came early, twice, or from none of the survivors.")
        (shares,) = self._fields(Kind.UNMASKED, sender, answer, 1)
        if len(shares) != SHARE_BYTES * len(self.round.dealt):
            raise ProtocolViolation(f"'{sender}' did not send one share for every site.")
        self._shares[sender] = bytes(shares)

    def total(self) -> NDArray[np.uint64]:
        """The sum over the survivors modulo 2^64, shape (words,).

        Raises : ProtocolViolation where fewer than the threshold sent shares, or theirs do not open what was dealt.
        """
        self._enough(len(self._shares), "sent shares to unmask")
        holders = sorted(self._shares)[: self.round.roster.threshold]
        weights = weights_at_zero([self.round.roster.point(name) for name in holders])
        total, left = self._sum.copy(), frozenset(self.survivors)
        for place, name in enumerate(self.round.dealt):
            span = slice(place * SHARE_BYTES, (place + 1) * SHARE_BYTES)
            secret = combine([self._shares[holder][span] for holder in holders], weights)
            if name in left:
                self._remove_own(total, name, secret)
            else:
                self._remove_pairs(total, name, secret, left)
        return total

    def _remove_own(self, total: NDArray[np.uint64], name: str, seed: bytes) -> None:
        self._check(name, commitment(seed), self._dealt.keys[name].commitments)
        apply_mask(total, own_mask_key(seed, self.round.roster, self.round.number, name), subtract=True)

    def _remove_pairs(self, total: NDArray[np.uint64], gone: str, raw: bytes, left: frozenset[str]) -> None:
        """Take off what every survivor put on for its pair with the site that is gone."""
        now, keys = self.round, self._dealt.keys
        self._check(gone, public_of(raw), keys[gone].masks)
        private = private_key(raw)
        for peer in left:
            public = keys[peer].masks[now.number - self._dealt.first]
            key = pair_mask_key(private, public, now.roster, now.number, (gone, peer), now.context)
            apply_mask(total, key, subtract=peer < gone)

    def _check(self, name: str, found: bytes, dealt: tuple[bytes, ...]) -> None:
        if found != dealt[self.round.number - self._dealt.first]:
            raise ProtocolViolation(f"The shares that came do not open the secret that '{name}' dealt.")

    def _closing(self, kind: Kind, fields: list[bytes]) -> bytes:
        self.round.check_survivors(self.survivors)
        if not self._closed:
            self._closed, self._stated = True, self.round.statement(self.survivors)
        names = joined(name.encode("utf-8") for name in self.survivors)
        return written(kind, self.round.roster, self.round.number, "", [names, *fields])

    def _fields(self, kind: Kind, sender: str, answer: Part, count: int, *, room: int = 0) -> tuple[memoryview, ...]:
        message = read(kind, self.round.roster, sender, answer, room=room)
        if message.number != self.round.number or len(message.fields) != count:
            raise ProtocolViolation(f"An answer of '{sender}' is of another round, or malformed.")
        return message.fields

    def _enough(self, count: int, did: str) -> None:
        needed = self.round.roster.threshold
        if count < needed:
            raise ProtocolViolation(f"{count} sites {did}; {needed} are needed. Start the sum again.")
