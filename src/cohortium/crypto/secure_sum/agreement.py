"""What sites sign about a round: who is left of whom, under which keys, and what is being summed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cohortium.crypto.keys import verify
from cohortium.crypto.secure_sum.frames import Part, joined
from cohortium.errors import ProtocolViolation

if TYPE_CHECKING:
    from cohortium.crypto.secure_sum.roster import Roster

_LABEL = b"cohortium secure sum survivors 1"


@dataclass(frozen=True, slots=True)
class Round:
    """One round as a site, or the hub, sees it; a signature binds all of it.

    keys    : digest of everybody's signed keys.
    dealt   : the sites whose shares were handed out, sorted: those that masks exist between.
    context : what is summed, by a digest that each site computes for itself (of state, layout, algorithm).
    """

    roster: Roster
    number: int
    keys: bytes
    dealt: tuple[str, ...]
    context: bytes

    def statement(self, survivors: Sequence[str]) -> bytes:
        """What is signed by a site that was told that these are left."""
        roster, names = self.roster, [[name.encode("utf-8") for name in some] for some in (self.dealt, survivors)]
        return joined(
            [
                _LABEL, roster.session, roster.digest, self.number.to_bytes(8, "little"),
                self.keys, self.context, *(joined(some) for some in names),
            ]
        )  # fmt: skip

    def check_survivors(self, survivors: Sequence[str], name: str = "") -> None:
        """Nothing, where these may be left.

        name   : of the site that checks; it knows that it is left itself.
        Raises : ProtocolViolation where they are too few, or not all of them were dealt with.
        """
        if len(survivors) < self.roster.fewest:
            raise ProtocolViolation(
                f"{len(survivors)} sites are left in round {self.number:,}; a secure sum needs {self.roster.fewest}. "
                "Start it again when more sites answer."
            )
        if not set(survivors) <= set(self.dealt) or (name and name not in survivors):
            raise ProtocolViolation("The hub's list of survivors names a site without shares, or leaves this one out.")

    def check_signatures(self, survivors: Sequence[str], signatures: Mapping[str, Part]) -> None:
        """Nothing, where enough survivors signed that these are left.

        Raises : ProtocolViolation where they are too few, or one is not right.
        """
        if not set(signatures) <= set(survivors) or len(signatures) < self.roster.threshold:
            raise ProtocolViolation(
                f"{len(signatures)} sites signed the list of survivors; {self.roster.threshold} of them must."
            )
        statement = self.statement(survivors)
        for name in sorted(signatures)[: self.roster.threshold]:
            verify(self.roster.public(name), bytes(signatures[name]), statement, name)
