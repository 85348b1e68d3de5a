"""The hub's part in secure sums, first half: it passes keys and shares on, and opens rounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cohortium.crypto.secure_sum.agreement import Round
from cohortium.crypto.secure_sum.dealing import PublicKeys, checked_rounds, digest_of, read_keys
from cohortium.crypto.secure_sum.frames import Kind, Part, named, read, written
from cohortium.crypto.secure_sum.tally import Dealt, Tally
from cohortium.errors import ProtocolViolation

if TYPE_CHECKING:
    from cohortium.crypto.secure_sum.roster import Roster

ROUNDS = 8
"""Rounds that secrets are dealt for at once, where nothing else is asked."""


class Collector:
    """The hub in one session: ``deal_request``, ``add_keys``, ``share_request``, ``add_shares``, then rounds.

    A site that has not answered when the next request is made takes no part in the batch.
    Raises : every method ProtocolViolation where an answer is malformed, oversized, a second one, of another session,
             roster, batch or sender, or too few are left.
    """

    def __init__(self, roster: Roster) -> None:
        self.roster = roster
        self._first = self._rounds = self._next = 0
        self._keys: dict[str, PublicKeys] = {}
        self._texts: dict[str, dict[str, bytes]] = {}
        self._takes: Kind | None = None
        self._dealt: Dealt | None = None

    @property
    def rounds_left(self) -> int:
        """Rounds that can be summed before secrets must be dealt again."""
        return self._first + self._rounds - self._next if self._texts else 0

    def deal_request(self, rounds: int = ROUNDS) -> bytes:
        """For every site of the roster: begin a new batch of secrets. What was dealt before is void."""
        checked_rounds(rounds.to_bytes(8, "little"))
        self._first = max(self._next, self._first + 1 if self._rounds else 0)
        self._rounds, self._next = rounds, self._first
        self._keys, self._texts, self._dealt, self._takes = {}, {}, None, Kind.KEYS
        return written(Kind.DEAL, self.roster, self._first, "", [rounds.to_bytes(8, "little")])

    def add_keys(self, sender: str, answer: Part) -> None:
        """Keys of one site."""
        if self._takes is not Kind.KEYS or sender in self._keys:
            raise ProtocolViolation(f"Keys of '{sender}' came late or twice.")
        self._keys[sender] = read_keys(answer, self.roster, self._first, self._rounds, sender)

    def share_request(self) -> bytes:
        """For every site that sent keys: the keys of all."""
        self._enough(len(self._keys), "sent keys")
        self._takes = Kind.SHARES
        fields = [part for name in sorted(self._keys) for part in (name.encode("utf-8"), self._keys[name].message)]
        return written(Kind.SHARE, self.roster, self._first, "", fields)

    def add_shares(self, sender: str, answer: Part) -> None:
        """One site's encrypted shares for all others."""
        if self._takes is not Kind.SHARES or sender in self._texts or sender not in self._keys:
            raise ProtocolViolation(f"Shares of '{sender}' came late, twice, or without keys before them.")
        message = read(Kind.SHARES, self.roster, sender, answer)
        texts = named(message.fields)
        if message.number != self._first or set(texts) != set(self._keys) - {sender}:
            raise ProtocolViolation(f"The shares of '{sender}' are of another batch, or not one for every peer.")
        self._texts[sender] = {name: bytes(text) for name, text in texts.items()}

    def begin_round(self, words: int, context: bytes = b"") -> Tally:
        """The next round, for vectors of ``words`` words.

        context : digest of what is summed, the same as at the sites.
        """
        self._enough(len(self._texts), "shared their secrets")
        if not self.rounds_left:
            raise ProtocolViolation("All rounds that secrets were dealt for are over; begin with a request to deal.")
        self._takes = None
        if self._dealt is None:
            self._dealt = Dealt(self._first, self._keys, self._texts)
        now = Round(self.roster, self._next, digest_of(self._keys), tuple(sorted(self._texts)), bytes(context))
        self._next += 1
        return Tally(now, self._dealt, words)

    def _enough(self, count: int, did: str) -> None:
        if count < self.roster.fewest:
            raise ProtocolViolation(
                f"{count} sites {did}; a secure sum needs {self.roster.fewest}. Start it again when more sites answer."
            )
