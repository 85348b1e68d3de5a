"""Secure sums with all sites in one process, for rehearsals and tests: the same messages as between machines."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from cohortium.crypto.keys import Identity
from cohortium.crypto.secure_sum.collector import ROUNDS, Collector
from cohortium.crypto.secure_sum.member import Member
from cohortium.crypto.secure_sum.roster import Roster
from cohortium.crypto.shamir import RandomBytes
from cohortium.errors import InvalidRequest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Names = tuple[str, ...]
Add = Callable[[str, bytes], None]

EXCHANGES = ("deal", "share", "mask", "confirm", "unmask")


class InProcess:
    """Sites and hub of one session, dealing secrets whenever they are used up.

    names     : of the sites.
    threshold : floor(2 n / 3) + 1 where none is given.
    rounds    : that secrets are dealt for at once.
    random    : the system's secure source; tests alone give another.
    """

    def __init__(
        self,
        names: Iterable[str],
        threshold: int | None = None,
        *,
        rounds: int = ROUNDS,
        random: RandomBytes = secrets.token_bytes,
    ) -> None:
        identities = {name: Identity.generate() for name in names}
        keys = {name: identity.public for name, identity in identities.items()}
        self.roster = Roster.of(random(16), keys, threshold)
        self.members = {n: Member(self.roster, n, one, random=random) for n, one in sorted(identities.items())}
        self.collector, self.rounds = Collector(self.roster), rounds

    def total(
        self,
        vectors: Mapping[str, NDArray[np.uint64]],
        context: bytes = b"",
        *,
        dropouts: Mapping[str, str] | None = None,
    ) -> NDArray[np.uint64]:
        """The sum modulo 2^64 over the sites that are left, shape (words,).

        dropouts : site -> exchange that it no longer answers in this round; it is back in the next.
        Raises   : ProtocolViolation where too few are left.
        """
        lost, hub = dict(dropouts or {}), self.collector
        if set(vectors) != set(self.members) or not set(lost.values()) <= set(EXCHANGES):
            raise InvalidRequest(f"Every site has one vector; a site drops out of one of {', '.join(EXCHANGES)}.")
        if not hub.rounds_left:
            self._deal(lost)
        tally = hub.begin_round(len(next(iter(vectors.values()))), context)
        for name in self._there("mask", tally.round.dealt, lost):
            tally.add_masked(name, self.members[name].mask(tally.mask_request(name), vectors[name], context))
        left = tally.survivors
        if not tally.all_are_left:
            left = self._ask("confirm", left, lost, tally.confirm_request(), tally.add_confirmed)
        self._ask("unmask", left, lost, tally.unmask_request(), tally.add_unmasked)
        return tally.total()

    def _deal(self, lost: Mapping[str, str]) -> None:
        hub = self.collector
        there = self._ask("deal", self.roster.names, lost, hub.deal_request(self.rounds), hub.add_keys)
        self._ask("share", there, lost, hub.share_request(), hub.add_shares)

    def _ask(self, exchange: str, names: Iterable[str], lost: Mapping[str, str], request: bytes, add: Add) -> Names:
        there = self._there(exchange, names, lost)
        for name in there:
            add(name, getattr(self.members[name], exchange)(request))
        return there

    @staticmethod
    def _there(exchange: str, names: Iterable[str], lost: Mapping[str, str]) -> Names:
        """Those who still answer in this exchange."""
        now = EXCHANGES.index(exchange)
        return tuple(name for name in names if name not in lost or now < EXCHANGES.index(lost[name]))


def secure_total(
    vectors: Mapping[str, NDArray[np.uint64]],
    *,
    dropouts: Mapping[str, str] | None = None,
    threshold: int | None = None,
    random: RandomBytes = secrets.token_bytes,
) -> NDArray[np.uint64]:
    """The sum modulo 2^64 of one vector per site, by the whole protocol, with fresh identities.

    dropouts : site -> the exchange ("deal", "share", "mask", "confirm", "unmask") that it no longer answers.
    Raises   : ProtocolViolation where too few are left.
    """
    return InProcess(vectors, threshold, rounds=1, random=random).total(vectors, dropouts=dropouts)
