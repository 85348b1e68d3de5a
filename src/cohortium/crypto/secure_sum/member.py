"""A site's part in secure sums: it hands out masked vectors, and of each peer's two secrets a share of one at most."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import numpy as np

from cohortium.crypto.keys import Identity
from cohortium.crypto.secure_sum.agreement import Round
from cohortium.crypto.secure_sum.batch import Batch
from cohortium.crypto.secure_sum.dealing import Secrets, checked_rounds, digest_of
from cohortium.crypto.secure_sum.frames import Kind, Part, named, names_of, read, written
from cohortium.crypto.shamir import RandomBytes
from cohortium.errors import InvalidRequest, ProtocolViolation

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cohortium.crypto.secure_sum.roster import Roster


class Member:
    """One site in one session. Each method takes a message of the hub and returns the answer to it.

    roster : whom this site agreed to sum with; never taken from a message.
    random : the system's secure source; tests alone give another.
    Raises : every method ProtocolViolation where a message is malformed, oversized, replayed, out of turn, of another
             session, roster or round, or asks for what could unmask a single site. Nothing is revealed then.
    Secrets live in memory only: a site that starts anew deals anew. Answers are given once; keep them to send again.
    """

    def __init__(
        self, roster: Roster, name: str, identity: Identity, *, random: RandomBytes = secrets.token_bytes
    ) -> None:
        if roster.public(name) != identity.public:
            raise InvalidRequest(f"The roster has another public key for '{name}' than this site's own.")
        self.roster, self.name = roster, name
        self._identity, self._random = identity, random
        self._batch: Batch | None = None
        self._next = 0  # no round before this one begins or is dealt for any more
        self._round: Round | None = None
        self._confirmed: tuple[str, ...] | None = None

    def deal(self, request: Part) -> bytes:
        """Fresh signed keys for the rounds that the hub announces; an earlier batch is void from now on."""
        message = read(Kind.DEAL, self.roster, "", request)
        if len(message.fields) != 1:
            raise ProtocolViolation("The hub's request to deal says something else than a number of rounds.")
        rounds = checked_rounds(message.fields[0])
        if message.number < self._next or (self._batch is not None and message.number <= self._batch.first):
            raise ProtocolViolation(f"Round {message.number:,} is over or has been dealt for; a batch begins later.")
        self.forget()
        fresh = Secrets(rounds, self._random)
        keys = fresh.keys_message(self.roster, message.number, self.name, self._identity)
        self._next = message.number
        self._batch = Batch(self.roster, self.name, message.number, rounds, fresh, keys)
        return keys

    def share(self, request: Part) -> bytes:
        """Shares of this site's secrets for every site whose keys came, encrypted for each."""
        batch = self._dealt()
        message = read(Kind.SHARE, self.roster, "", request)
        if batch.keys or message.number != batch.first:
            raise ProtocolViolation("The hub asks for shares of another batch, or a second time.")
        texts = batch.share_out(named(message.fields), self._random)
        fields = [part for peer in sorted(texts) for part in (peer.encode("utf-8"), texts[peer])]
        return written(Kind.SHARES, self.roster, batch.first, self.name, fields)

    def mask(self, request: Part, vector: NDArray[np.uint64], context: bytes = b"") -> bytes:
        """The vector, shape (words,), under its masks for the round that the hub names.

        context : digest of what is summed, as this site understands it; where sites differ in it there is no sum.
        """
        batch = self._dealt()
        message = read(Kind.MASK, self.roster, "", request)
        if message.number < self._next or message.number not in batch:
            raise ProtocolViolation(f"Round {message.number:,} is over, or nothing has been dealt for it.")
        if vector.ndim != 1 or vector.dtype != np.uint64:
            raise ProtocolViolation(f"A vector of uint64 words was expected, not {vector.dtype} of {vector.shape}.")
        if not message.fields or int.from_bytes(message.fields[0], "little") != len(vector):
            raise ProtocolViolation(f"The hub expects a vector of another length than {len(vector):,} words.")
        batch.take_shares(named(message.fields[1:]))
        self._close_before(batch, message.number)
        self._next = message.number + 1  # at once: whatever fails from here on, no round is masked twice
        dealt = tuple(sorted(batch.shares))
        now = Round(self.roster, message.number, digest_of(batch.keys), dealt, bytes(context))
        masked = batch.masked(now, vector)
        self._round, self._confirmed = now, None
        signature = self._identity.sign(now.statement(dealt))
        fields: list[Part] = [masked.view(np.uint8).data, signature]
        return written(Kind.MASKED, self.roster, now.number, self.name, fields)

    def confirm(self, request: Part) -> bytes:
        """A signature that the hub told this site who is left; one per round."""
        now = self._open_round()
        message = read(Kind.CONFIRM, self.roster, "", request)
        if message.number != now.number or len(message.fields) != 1 or self._confirmed is not None:
            raise ProtocolViolation("The hub asks to confirm another round than the open one, or a second time.")
        survivors = names_of(message.fields[0])
        now.check_survivors(survivors, self.name)
        self._confirmed = survivors
        signature = self._identity.sign(now.statement(survivors))
        return written(Kind.CONFIRMED, self.roster, now.number, self.name, [signature])

    def unmask(self, request: Part) -> bytes:
        """One share for every site: of its own mask where it is left, of its mask key where it is not; once a round."""
        now, batch = self._open_round(), self._dealt()
        message = read(Kind.UNMASK, self.roster, "", request)
        if message.number != now.number or not message.fields:
            raise ProtocolViolation("The hub asks to unmask another round than the open one.")
        survivors = names_of(message.fields[0])
        now.check_survivors(survivors, self.name)
        if survivors not in (now.dealt, self._confirmed):
            raise ProtocolViolation("The hub asks to unmask for survivors that this site has not confirmed.")
        now.check_signatures(survivors, named(message.fields[1:]))
        shares = batch.shares_of(now, survivors)
        self._close_before(batch, now.number + 1)
        return written(Kind.UNMASKED, self.roster, now.number, self.name, [shares])

    def forget(self) -> None:
        """Wipe all secrets; whatever was dealt is void."""
        if self._batch is not None:
            self._next = max(self._next, self._batch.first + 1)
            self._batch.wipe()
        self._batch = self._round = self._confirmed = None

    def _close_before(self, batch: Batch, number: int) -> None:
        """Wipe every round of the batch before ``number``; after that not even this site can help to unmask one."""
        for old in range(batch.first, min(number, batch.first + batch.rounds)):
            batch.wipe_round(old)
        self._round, self._next = None, max(number, self._next)

    def _dealt(self) -> Batch:
        if self._batch is None:
            raise ProtocolViolation("No secrets have been dealt; the hub begins with a request to deal.")
        return self._batch

    def _open_round(self) -> Round:
        if self._round is None:
            raise ProtocolViolation("No round is open: this site has not sent a masked vector, or has unmasked it.")
        return self._round
