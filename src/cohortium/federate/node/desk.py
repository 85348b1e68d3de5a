"""The desk of a node: receives the hub's requests, checks each against what was approved, answers with sums alone."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import cohortium.federate.offered  # noqa: F401 - registers the algorithms
from cohortium.analyse.workers import local_workers
from cohortium.crypto.fixed_point import Encoding
from cohortium.errors import (
    CohortiumError,
    NotApplicable,
    PartitionTooLarge,
    PermitDenied,
    ProtocolViolation,
    SiteUnavailable,
    SourceUnreadable,
    TargetUnwritable,
)
from cohortium.federate.messages import Reply, Request
from cohortium.federate.node.at_hand import RecordsAtHand
from cohortium.federate.node.decisions import APPROVED, REFUSED, VOID
from cohortium.federate.node.drawn import Drawn, DrawnOnce
from cohortium.federate.node.guard import Guard
from cohortium.federate.node.holdings import Cluster
from cohortium.federate.node.permits import PermitBook
from cohortium.federate.node.private_steps import PrivateSteps
from cohortium.federate.node.run_records import RunRecords
from cohortium.federate.node.secure_site import SecureSite
from cohortium.federate.node.store import NodeStore
from cohortium.federate.secrecy import context_of, noise_plan, word_layout
from cohortium.federate.study import Analysis, Study, study_from_bytes
from cohortium.govern.ledger.book import Ledger
from cohortium.privacy.secure_noise import SecureNoise
from cohortium.privacy.sensitivity import bounded
from cohortium.records import (
    State,
    Sums,
    Table,
    name_of,
    schema_from_plain,
    unpack,
)

LAST_STEP = 100_000
ENDED_IN_WORDS = {
    "cancelled": "its researcher cancelled it",
    "failed": "its run failed before a decision was made here",
    "done": "its run ended before a decision was made here",
}
"""Why a study that still waits leaves the inbox, by what the hub says of its run."""
KEPT_ANSWERS = ("step", "deal", "share", "masked", "confirm", "unmask")


@dataclass(frozen=True, slots=True)
class Step:
    """One step of one analysis, as the hub asks for it and as this site understands it."""

    study: Study
    analysis: Analysis
    number: int
    state: State
    state_bytes: bytes
    records: RunRecords


class Desk:
    """Answers requests at one site.

    site   : its name.
    home   : folder with ``datasets.toml``, and ``disclosure.toml`` where the steward has rules of their own.
    store  : approvals, and what left.
    secure : the site's part in secure sums.
    tables : datasets that are given as tables, for simulation and tests.
    cluster : starts the processes that read datasets larger than memory.
    ledger : into which what is decided and what leaves is entered, and whose key signs permits; None in simulations,
             which need no permits.
    Reveals : sums of approved studies under the disclosure rules; kinds, units and levels of approved columns.
    """

    def __init__(
        self,
        site: str,
        home: Path,
        store: NodeStore,
        secure: SecureSite,
        *,
        tables: dict[str, Table] | None = None,
        cluster: Cluster = local_workers,
        ledger: Ledger | None = None,
    ) -> None:
        self.site, self.home, self.store, self.secure, self.ledger = site, home, store, secure, ledger
        self.permits = None if ledger is None else PermitBook(store.database, site, ledger, store.clock)
        self.guard = Guard(home)
        self.drawn = DrawnOnce(store.database.path)
        self.private = PrivateSteps(store.database.path, self.guard)
        self.records = RecordsAtHand(home, store, self.guard, tables or {}, cluster, self._forget)
        self.masked: dict[str, tuple[str, int, str]] = {}
        self.answered: dict[tuple[str, str], tuple[str, bytes]] = {}
        self._lock = threading.Lock()
        self.topics: dict[str, Callable[[Request], Reply]] = {
            "hello": self._hello,
            "offer": self._offer,
            "step": self._step,
            "deal": self._deal,
            "share": self._share,
            "masked": self._masked,
            "confirm": self._confirm,
            "unmask": self._unmask,
            "close": self._close,
            "witness": self._witness,
            "permit": self._permit,
        }

    def answer(self, data: bytes) -> bytes:
        """The reply to a request, both as bytes; one at a time, and the same question again gets the same answer."""
        try:
            request = Request.from_bytes(data)
            with self._lock:
                return self._answer(request, hashlib.sha256(data).hexdigest())
        except (SourceUnreadable, PartitionTooLarge) as error:
            return Reply.refusing(self.records.unreadable(error)).to_bytes()
        except TargetUnwritable as error:
            # nothing left, since nothing could be written down; the hub asks again, and there may be space by then
            return Reply.refusing(SiteUnavailable(str(error))).to_bytes()
        except CohortiumError as error:
            return Reply.refusing(error).to_bytes()

    def _answer(self, request: Request, digest: str) -> bytes:
        place = (request.run, request.topic)
        kept = self.answered.get(place)
        if kept is not None and kept[0] == digest:
            return kept[1]  # the hub asked again because the first answer was slow or got lost
        if request.topic not in self.topics:
            raise ProtocolViolation(f"This site does not answer '{request.topic}'.")
        answer = self.topics[request.topic](request).to_bytes()
        if request.topic in KEPT_ANSWERS:
            self.answered[place] = (digest, answer)
        return answer

    def tidy(self) -> None:
        """Remove partitions that nobody needs any more."""
        self.records.tidy()

    def close(self) -> None:
        """The site answers no more: its workers end."""
        self.records.close()

    def _hello(self, _request: Request) -> Reply:
        return Reply({"site": self.site, "datasets": self.records.datasets()})

    def _offer(self, request: Request) -> Reply:
        """Take a study in; where it is approved, open its records and tell the public schema of its columns."""
        study = study_from_bytes(request.body)
        if self.permits is not None and "permits" in request.facts:
            self.permits.exchange(_fact(request, "permits", dict))
        self._permitted(study, begins=True)
        found = self.store.receive(study, tuple(name_of(one.algorithm) for one in study.analyses))
        facts: dict[str, Any] = {"decision": found.decision, "reason": found.reason}
        if found.decision == APPROVED:
            if study.least_rho > 0:  # before anything leaves any site: what has left stays charged
                self.guard.must_afford(study, study.least_rho)
            facts["schema"] = self.records.open(request.run, study)
            facts["credential"] = self.secure.credential.to_plain()
        return Reply(facts)

    def _step(self, request: Request) -> Reply:
        """Local sums of one analysis for a state, once the rules let them out: mode "plain"."""
        step = self._asked(request, request.body)
        if step.study.mode != "plain":
            raise PermitDenied(f"This study was approved in mode '{step.study.mode}'; its sums do not leave unmasked.")
        sums = self._local(request.run, step)
        self.guard.check(step.study, step.analysis, sums)
        body = sums.to_bytes()
        self._leaves(request.run, step, "", len(body), sums.persons)
        return Reply({}, body)

    def _deal(self, request: Request) -> Reply:
        study, credentials = self._approved(request), _fact(request, "credentials", dict)
        strangers = sorted(set(credentials) - set(study.sites)) if study.sites else []
        if strangers:
            raise ProtocolViolation(f"{strangers} are not among the sites of the study that was approved here.")
        if study.mode != "dp":
            self.store.check_roster(study.dataset, study.columns, credentials)
        self.secure.begin(request.run, _fact(request, "session", str), credentials)
        return Reply({}, self.secure.member(request.run).deal(request.body))

    def _share(self, request: Request) -> Reply:
        self._approved(request)
        return Reply({}, self.secure.member(request.run).share(request.body))

    def _masked(self, request: Request) -> Reply:
        """Local sums under masks: modes "secure" and "dp"."""
        parts = unpack(request.body).arrays
        if set(parts) != {"state", "mask"}:
            raise ProtocolViolation("A request for masked sums holds a state and a request to mask.")
        step = self._asked(request, parts["state"].tobytes())
        if step.study.mode == "plain":
            raise PermitDenied("This study was approved in mode 'plain'.")
        vector, persons, rho = self._vector(request.run, step)
        schema = _fact(request, "schema", dict)
        context = context_of(step.study, step.analysis.name, step.number, step.state_bytes, schema)
        # written down first: no round is masked twice, so a full disk must not come after it
        self._leaves(request.run, step, "masked", vector.nbytes, persons)
        body = self.secure.mask(request.run, parts["mask"].tobytes(), vector, context)
        if rho is not None:
            self._pay(request.run, step, rho)
        self.masked[request.run] = (step.analysis.name, step.number, hashlib.sha256(step.state_bytes).hexdigest())
        return Reply({}, body)

    def _vector(self, run: str, step: Step) -> tuple[Any, int, Fraction | None]:
        """The words to be masked, the persons behind them, and in mode "dp" what they cost."""
        if step.study.mode == "dp":
            return self._noisy_vector(run, step)
        parties = len(self.secure.roster(run).members)
        sums = self._local(run, step)
        self.guard.check(step.study, step.analysis, sums)
        return Encoding(sums.layout, parties).encode(dict(sums)), sums.persons, None

    def _local(self, run: str, step: Step) -> Sums:
        """The sums of a step; where the algorithm adds its noise here, as its run has paid for them."""
        algorithm, state = step.analysis.algorithm, step.state
        return self.private.sums(
            run, step.study, step.analysis, step.number, state, lambda: step.records.local(algorithm, state)
        )

    def _noisy_vector(self, run: str, step: Step) -> tuple[Any, int, Fraction]:
        """The same with this site's share of the noise, which is drawn once for a step, however often it is asked."""
        parties, name = len(self.secure.roster(run).members), step.analysis.name
        schema = step.records.schema.select(step.study.columns)
        plan = noise_plan(step.study, step.analysis, schema, step.number, step.state, self.secure.roster(run))
        rho = Fraction(plan.rho)
        kept = self.drawn.find(run, name, step.number, parties)
        if kept is not None:
            return kept.words, kept.persons, rho
        if self.guard.ledger.is_charged(f"{run}/{name}", step.number):
            raise ProtocolViolation("This step was answered, and the run went on or is over. Start a new run.")
        self.guard.must_afford(step.study, rho)
        algorithm = step.analysis.algorithm
        sums = step.records.local(algorithm, step.state, within=bounded(algorithm, schema))
        self.guard.check(step.study, step.analysis, sums)
        vector = Encoding(word_layout(sums.layout), parties).encode(plan.words(sums, SecureNoise()))
        self.drawn.keep(run, name, step.number, parties, Drawn(vector, sums.persons))
        return vector, sums.persons, rho

    def _pay(self, run: str, step: Step, rho: Fraction) -> None:
        """Charge a step whose words are masked, before they leave: once, and never given back."""
        try:
            self.guard.charge(step.study, f"{run}/{step.analysis.name}", step.number, rho)
        except TargetUnwritable:
            self.secure.close(run)  # no round is masked twice: the hub begins a session anew when there is space
            raise

    def _confirm(self, request: Request) -> Reply:
        self._approved(request)
        return Reply({}, self.secure.member(request.run).confirm(request.body))

    def _unmask(self, request: Request) -> Reply:
        """Open the sum of a step for the survivors: for one set of them only, whatever happens later."""
        study = self._approved(request)
        member = self.secure.member(request.run)
        survivors = self.secure.survivors(request.run, request.body)
        if request.run not in self.masked:
            raise ProtocolViolation("The hub asks to unmask a round in which this site has masked nothing.")
        analysis, number, state = self.masked[request.run]
        # not by run: the same question to one hospital less, in another run, would give that hospital away
        roster = hashlib.sha256("\0".join(survivors).encode()).hexdigest()
        self.store.leaves(f"{study.digest}/{analysis}/{state}", number, study.digest, state, roster=roster)
        if study.mode != "dp":
            self.store.keep_roster(study.dataset, study.columns, survivors)
        return Reply({}, member.unmask(request.body))

    def _close(self, request: Request) -> Reply:
        """The run is over; a study that nobody else asks for leaves the inbox if it still waits there."""
        self._forget(request.run)
        self.records.tidy()
        self.drawn.forget(request.run)
        self.private.forget(request.run)
        if request.facts:
            digest, ended = _digest(request), _fact(request, "ended", str)
            if ended not in ENDED_IN_WORDS:
                raise ProtocolViolation(f"A run ends as one of {list(ENDED_IN_WORDS)}.")
            self.store.withdraw(digest, ENDED_IN_WORDS[ended])
        return Reply()

    def _witness(self, request: Request) -> Reply:
        """Show this site's ledger, and confirm those of the others that go on from what was seen of them."""
        if self.ledger is None:
            raise NotApplicable("This site keeps no ledger.")
        return Reply(self.ledger.answer(request.facts))

    def _permit(self, request: Request) -> Reply:
        """Applications for permits, granted ones and revocations from the hub; decisions of this hospital back."""
        if self.permits is None:
            raise NotApplicable("This site knows no permits.")
        return Reply(self.permits.exchange(request.facts))

    def _permitted(self, study: Study, *, begins: bool = False) -> None:
        """Raises PermitDenied where a study that names a permit, or whose dataset asks for one, is covered by none."""
        dataset = self.records.dataset(study.dataset)
        if self.permits is None or not (dataset.permit or study.permit):
            return
        columns = self.records.columns_of(study)
        if begins:
            self.permits.begin(study, columns)
        else:
            self.permits.covers(study, columns)

    def _forget(self, run: str) -> None:
        self.records.forget(run)
        self.secure.close(run)
        self.masked.pop(run, None)
        for topic in KEPT_ANSWERS:
            self.answered.pop((run, topic), None)

    def _asked(self, request: Request, state: bytes) -> Step:
        """The step that a request asks for, its records under the agreed schema."""
        study = self._approved(request)
        records = self.records.agreed(request.run, study, schema_from_plain(_fact(request, "schema", dict)))
        analysis = study.analysis(_fact(request, "analysis", str))
        number = _fact(request, "step", int)
        if not 0 <= number <= LAST_STEP:
            raise ProtocolViolation(f"Steps are numbered from 0 to {LAST_STEP:,}.")
        return Step(study, analysis, number, State.from_bytes(state), state, records)

    def _leaves(self, run: str, step: Step, roster: str, size: int, persons: int) -> None:
        """Write down that the sums of a step leave, before they do."""
        state = hashlib.sha256(step.state_bytes).hexdigest()
        smallest = self.guard.rules.persons
        about = smallest * round(persons / smallest)
        name = f"{run}/{step.analysis.name}"
        self.store.leaves(name, step.number, step.study.digest, state, roster=roster, size=size, persons=about)

    def _approved(self, request: Request) -> Study:
        """The study that the request names; only its exact digest counts as approved."""
        found = self.store.study(_digest(request))
        if found.decision == REFUSED:
            raise PermitDenied("The data steward refused this study." + (f" {found.reason}" if found.reason else ""))
        if found.decision == VOID:
            raise PermitDenied(f"{found.reason}: approvals of studies on it are void.")
        if found.decision != APPROVED:
            raise PermitDenied("The data steward has not decided about this study yet.")
        self._permitted(found.study)
        return found.study


def _digest(request: Request) -> str:
    digest: str = _fact(request, "study", str)
    if len(digest) != hashlib.sha256().digest_size * 2:
        raise ProtocolViolation("A study is named by its whole digest.")
    return digest


def _fact(request: Request, name: str, kind: type[Any]) -> Any:
    value = request.facts.get(name)
    if not isinstance(value, kind) or isinstance(value, bool):
        raise ProtocolViolation(f"A request to {request.topic} must state '{name}'.")
    return value
