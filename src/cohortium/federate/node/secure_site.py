"""A site's part in secure sums: sessions that it agreed to, and vectors that leave only under masks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.oid import NameOID

from cohortium.crypto.keys import Identity, check_endorsement, endorse
from cohortium.crypto.secure_sum import Member, Roster
from cohortium.crypto.secure_sum.frames import Kind, names_of, read
from cohortium.errors import ProtocolViolation, SessionLost
from cohortium.federate.engine.certificates import load_key, utc_now
from cohortium.federate.node.store import NodeStore
from cohortium.federate.secrecy import Credential, roster_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

KEPT_SESSIONS = 8


class SecureSite:
    """One site in the secure sums of many runs.

    identity   : its signing key.
    credential : what it shows of itself to the others.
    authority  : the certificate (PEM) that all sites' certificates must be signed by; None where all are simulated.
    store      : remembers the others' keys: a site that comes with another key later is refused.
    clock      : by which certificates begin and end.
    """

    def __init__(
        self,
        site: str,
        identity: Identity,
        credential: Credential,
        authority: bytes | None,
        store: NodeStore,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self.site, self.identity, self.credential, self.store, self.clock = site, identity, credential, store, clock
        self.authority = None if authority is None else x509.load_pem_x509_certificate(authority)
        self.members: dict[str, Member] = {}

    @classmethod
    def of_home(cls, site: str, folder: Path, store: NodeStore) -> SecureSite:
        """The site whose keys and certificates lie in ``folder``; its identity is made there at the first time."""
        path = folder / "identity.key"
        if not path.exists():
            Identity.generate().save(path)
        identity = Identity.load(path)
        endorsement = endorse(load_key(folder / "site.key"), site, identity.public).hex()
        certificate = (folder / "site.crt").read_text("utf-8")
        credential = Credential(identity.public.hex(), endorsement, certificate)
        return cls(site, identity, credential, (folder / "authority.crt").read_bytes(), store)

    @classmethod
    def simulated(cls, site: str, store: NodeStore) -> SecureSite:
        """A site in a simulation: a fresh identity that nobody certifies."""
        identity = Identity.generate()
        return cls(site, identity, Credential(identity.public.hex(), "", ""), None, store)

    def begin(self, run: str, session: str, credentials: Mapping[str, Any]) -> None:
        """Agree to a session with these sites, once each has shown who it is.

        Raises : ProtocolViolation where one is not certified, or has another key than before.
        """
        known = {name: Credential.from_plain(plain) for name, plain in credentials.items()}
        roster = roster_of(session, known)
        current = self.members.get(run)
        if current is not None and current.roster == roster:
            return
        for name, credential in known.items():
            self._check(name, credential)
            self.store.pin(name, credential.public)
        while len(self.members) >= KEPT_SESSIONS:
            self.members.pop(next(iter(self.members))).forget()
        self.members[run] = Member(roster, self.site, self.identity)

    def member(self, run: str) -> Member:
        """The site's part in the session of a run; raises SessionLost where there is none (any more)."""
        if run not in self.members:
            raise SessionLost("This site was started again and no longer knows the secure session of the run.")
        return self.members[run]

    def roster(self, run: str) -> Roster:
        """Who takes part in the session of a run; raises SessionLost."""
        return self.member(run).roster

    def mask(self, run: str, request: bytes, vector: NDArray[np.uint64], context: bytes) -> bytes:
        """The vector under its masks."""
        return self.member(run).mask(request, vector, context)

    def survivors(self, run: str, request: bytes) -> tuple[str, ...]:
        """The list of survivors in a request to unmask."""
        message = read(Kind.UNMASK, self.roster(run), "", request)
        return tuple(names_of(message.fields[0]))

    def close(self, run: str) -> None:
        """Wipe what is left of a run's session."""
        member = self.members.pop(run, None)
        if member is not None:
            member.forget()

    def _check(self, name: str, credential: Credential) -> None:
        if self.authority is None:
            return
        try:
            certificate = x509.load_pem_x509_certificate(credential.certificate.encode())
            certificate.verify_directly_issued_by(self.authority)
            public, endorsement = bytes.fromhex(credential.public), bytes.fromhex(credential.endorsement)
        except (ValueError, TypeError, InvalidSignature) as error:
            raise ProtocolViolation(
                f"The certificate of '{name}' was not issued by this federation's authority."
            ) from error
        now = self.clock()
        if now < certificate.not_valid_before_utc:
            raise ProtocolViolation(
                f"The certificate of '{name}' begins at {certificate.not_valid_before_utc:%Y-%m-%d %H:%M} UTC, and the "
                f"clock here says {now:%Y-%m-%d %H:%M}. Set the clock of this node or of the hub."
            )
        if now > certificate.not_valid_after_utc:
            raise ProtocolViolation(f"The certificate of '{name}' is no longer valid. It must enrol again.")
        named = [one.value for one in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
        if named != [name]:
            raise ProtocolViolation(f"The certificate that came for '{name}' is another site's.")
        check_endorsement(credential.certificate.encode(), name, public, endorsement)
