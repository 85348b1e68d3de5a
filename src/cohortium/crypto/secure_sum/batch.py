"""What a site holds of one batch: its own secrets, everybody's keys, and shares of the peers' secrets."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cohortium.crypto.secure_sum.agreement import Round
from cohortium.crypto.secure_sum.dealing import PublicKeys, Secrets, opened, read_keys, sealed, share_keys, wipe
from cohortium.crypto.secure_sum.frames import joined
from cohortium.crypto.secure_sum.masks import apply_mask, own_mask_key, pair_mask_key, private_key
from cohortium.crypto.shamir import SHARE_BYTES, RandomBytes
from cohortium.errors import ProtocolViolation

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from cohortium.crypto.secure_sum.roster import Roster


@dataclass(slots=True)
class Batch:
    """The secrets of ``rounds`` rounds from ``first`` on, wiped one by one.

    message : this site's keys as it sent them.
    shares  : site -> shares of its seeds, then of its mask keys, one a round; empty until the peers' came.
    """

    roster: Roster
    name: str
    first: int
    rounds: int
    secrets: Secrets
    message: bytes
    keys: dict[str, PublicKeys] = field(default_factory=dict)
    shares: dict[str, list[bytearray]] = field(default_factory=dict)
    _inward: dict[str, bytearray] = field(default_factory=dict)
    _own_shares: list[bytearray] = field(default_factory=list)
    _taken: bytes = b""

    def __contains__(self, number: int) -> bool:
        return self.first <= number < self.first + self.rounds

    def share_out(self, messages: dict[str, memoryview], random: RandomBytes) -> dict[str, bytes]:
        """Peer -> this site's shares for it, encrypted; from everybody's keys, which are checked first."""
        keys = self._checked(messages)
        names = sorted(keys)
        points = [self.roster.point(name) for name in names]
        rows = dict(zip(names, self.secrets.shared(points, self.roster.threshold, random), strict=True))
        own, secret, texts = rows.pop(self.name), private_key(self.secrets.encryption), {}
        for peer, row in rows.items():
            way = (self.name, peer)
            outward, inward = share_keys(secret, keys[peer].encryption, self.roster, self.first, way)
            texts[peer] = sealed(outward, way, row)
            self._inward[peer] = bytearray(inward)
        wipe([self.secrets.encryption])
        self.keys = keys
        self._own_shares = [bytearray(own[at : at + SHARE_BYTES]) for at in range(0, len(own), SHARE_BYTES)]
        return texts

    def take_shares(self, sent: dict[str, memoryview]) -> None:
        """Open the peers' shares. They come with the first request to mask, and again if its answer was lost."""
        taken = hashlib.sha256(joined(part for one in sent.items() for part in (one[0].encode(), one[1]))).digest()
        if self.shares and (not sent or taken == self._taken):
            return
        if self.shares or not set(sent) <= set(self.keys) - {self.name}:
            raise ProtocolViolation("Other shares came than before, or shares from a site that sent no keys.")
        if len(sent) + 1 < self.roster.fewest:
            raise ProtocolViolation(f"Shares of {len(sent) + 1} sites came; a secure sum needs {self.roster.fewest}.")
        found = {self.name: self._own_shares}
        for peer, text in sent.items():
            found[peer] = opened(self._inward[peer], (peer, self.name), text, self.rounds)
        self.shares, self._taken = found, taken
        wipe(list(self._inward.values()))

    def masked(self, now: Round, vector: NDArray[np.uint64]) -> NDArray[np.uint64]:
        """The vector under its masks; the own secrets of the round are wiped, since the peers' shares can open them."""
        place, masked = now.number - self.first, vector.astype("<u8")
        seed, private = self.secrets.seeds[place], self.secrets.masks[place]
        if not any(seed) or not any(private):
            raise ProtocolViolation(f"The secrets of round {now.number:,} have been wiped; it cannot be masked again.")
        own = private_key(private)
        apply_mask(masked, own_mask_key(seed, self.roster, now.number, self.name))
        for peer in now.dealt:
            if peer != self.name:
                public, pair = self.keys[peer].masks[place], (self.name, peer)
                key = pair_mask_key(own, public, self.roster, now.number, pair, now.context)
                apply_mask(masked, key, subtract=self.name > peer)
        wipe([seed, private])
        return masked

    def shares_of(self, now: Round, survivors: tuple[str, ...]) -> bytes:
        """One share for every site: of its own mask where it is left, of its mask key where it is not."""
        seed = now.number - self.first
        left = frozenset(survivors)
        return b"".join(self.shares[name][seed if name in left else seed + self.rounds] for name in now.dealt)

    def wipe_round(self, number: int) -> None:
        """All secrets and shares of one round."""
        place = number - self.first
        wipe([self.secrets.seeds[place], self.secrets.masks[place]])
        for row in self.shares.values():
            wipe([row[place], row[place + self.rounds]])

    def wipe(self) -> None:
        """Everything."""
        self.secrets.wipe()
        for row in (list(self._inward.values()), self._own_shares, *self.shares.values()):
            wipe(row)

    def _checked(self, messages: dict[str, memoryview]) -> dict[str, PublicKeys]:
        if bytes(messages.get(self.name, b"")) != self.message:
            raise ProtocolViolation("The hub's list of keys does not have this site's own as it sent them.")
        if len(messages) < self.roster.fewest:
            raise ProtocolViolation(f"{len(messages)} sites sent keys; a secure sum needs {self.roster.fewest}.")
        keys = {name: read_keys(one, self.roster, self.first, self.rounds, name) for name, one in messages.items()}
        public = [key for one in keys.values() for key in (one.encryption, *one.masks)]
        if len(set(public)) != len(public):
            raise ProtocolViolation("Two of the keys that came are the same; every site draws its own.")
        return keys
