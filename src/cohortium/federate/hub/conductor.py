"""The conductor: takes a study from approval at the sites to its results, step by step, and survives interruptions."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial, reduce
from typing import Any

import cohortium.federate.offered  # noqa: F401 - registers the algorithms
from cohortium.analyse import drive
from cohortium.errors import CohortiumError, PermitDenied, SessionLost, SiteUnavailable, TargetUnwritable
from cohortium.federate.channel import Channel
from cohortium.federate.hub.airlock import Airlock
from cohortium.federate.hub.farewells import Farewells
from cohortium.federate.hub.gate import let_out
from cohortium.federate.hub.permits import PermitRounds
from cohortium.federate.hub.proofs import release_of
from cohortium.federate.hub.replies import credential_told, read_reply, reason_told, schema_told, sums_told
from cohortium.federate.hub.secure_total import SecureTotal
from cohortium.federate.hub.store import CANCELLED, DONE, ENDED, FAILED, RUNNING, WAITING, HubStore, Run
from cohortium.federate.messages import Reply, Request
from cohortium.federate.secrecy import Credential, layout_of
from cohortium.federate.study import Analysis
from cohortium.privacy.disclosure import DisclosureRules, load_rules
from cohortium.privacy.sensitivity import noisy_start
from cohortium.records import (
    Schema,
    State,
    Sums,
    agreed_schema,
    schema_from_plain,
    schema_to_plain,
)

ASK_S = 8.0
"""Seconds for which a question waits for its answer before it is asked again, and answered from what was computed."""
PAUSE_S = 0.5
DECIDE_PAUSE_S = 1.0
DISK_PAUSE_S = 2.0
MOST_SESSIONS = 20
_log = logging.getLogger(__name__)


class Cancelled(CohortiumError):
    """Somebody cancelled the run."""


class Conductor:
    """Runs one study over a channel.

    enrolled   : who is asked where a study names no sites; whoever is connected where None, in simulations.
    sleep      : waits between questions; tests pass one that does not.
    decision_s : for how long stewards may think.
    rules      : under which results are released to the researcher; those that ship with Cohortium where None.
    airlock    : which results wait for a person; none where None.
    permits    : tells sites of the permit that a study names together with its offer; None in simulations.
    """

    def __init__(
        self,
        channel: Channel,
        store: HubStore,
        *,
        enrolled: Callable[[], Iterable[str]] | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        decision_s: float = 7 * 86_400.0,
        rules: DisclosureRules | None = None,
        permits: PermitRounds | None = None,
        airlock: Airlock | None = None,
    ) -> None:
        self.channel, self.store, self.sleep, self.clock, self.decision_s = channel, store, sleep, clock, decision_s
        self.enrolled = enrolled or channel.sites
        self.rules = rules or load_rules()
        self.permits, self.airlock = permits, airlock or Airlock()
        self.farewells = Farewells(channel, store)
        self._sessions: dict[str, SecureTotal] = {}
        self._cancelled: set[str] = set()
        self._lock = threading.Lock()

    def cancel(self, run: str) -> None:
        """Have the run end at its next step."""
        with self._lock:
            self._cancelled.add(run)

    def conduct(self, run: str) -> Run:
        """Take the run to its end; a run that was interrupted goes on where its last checkpoint stands.

        A hub whose disk is full interrupts it, too: it goes on when there is space again.
        """
        while True:
            try:
                found = self.store.run(run)
                if found.status in ENDED:
                    return found
                self.store.set_status(run, *self._outcome(found))
                self.close(run)
            except TargetUnwritable as error:
                self._sessions.pop(run, None)  # it may have been in the middle of a round
                _log.warning("Run %s waits: %s", run, error)
                self.sleep(DISK_PAUSE_S)

    def _outcome(self, run: Run) -> tuple[str, str, str]:
        """How a run ended, what is said about it, and the class of the error that it ended with."""
        try:
            self._conduct(run)
        except Cancelled:
            return CANCELLED, "cancelled", ""
        except TargetUnwritable:
            raise
        except CohortiumError as error:
            return FAILED, str(error), type(error).__name__
        return DONE, "", ""

    def _conduct(self, run: Run) -> None:
        study, facts = run.study, dict(run.facts)
        if "roster" not in facts:
            told = self._approvals(run)
            schemas = [schema_told(site, reply) for site, reply in told.items()]
            credentials = {site: credential_told(site, reply).to_plain() for site, reply in told.items()}
            schema = agreed_schema(schemas, study.columns, sites=list(told))
            facts = {"roster": list(told), "schema": schema_to_plain(schema), "credentials": credentials}
            self.store.set_facts(run.run, facts)
        schema = schema_from_plain(facts["schema"])
        self.store.set_status(run.run, RUNNING, f"{len(facts['roster'])} sites")
        done = self.store.results(run.run)
        for analysis in study.analyses:
            if analysis.name not in done:
                self._analyse(run, analysis, schema, facts["credentials"])

    def _analyse(self, run: Run, analysis: Analysis, schema: Schema, credentials: dict[str, Any]) -> None:
        counter = {"step": 0}
        known = {site: Credential.from_plain(plain) for site, plain in credentials.items()}

        def before(step: int, state: State) -> None:
            self._check_cancelled(run.run)
            counter["step"] = step
            self.store.checkpoint(run.run, analysis.name, step, state)

        def total_of(state: State) -> Sums:
            if run.study.mode == "plain":
                return self._plain_total(run, analysis, schema, tuple(known), counter["step"], state)
            return self._secure_total(run, analysis, schema, known, counter["step"], state)

        first, state = self.store.resume_from(run.run, analysis.name) or (0, None)
        if state is None and run.study.mode == "dp":
            state = noisy_start(analysis.algorithm, schema)
        result = drive(analysis.algorithm, schema, total_of, state=state, before=before, first=first)
        mode: Any = run.study.mode
        released = let_out(analysis.algorithm, result, self.rules, mode)
        permit = self.permits.digest(run.study.permit) if self.permits and run.study.permit else ""
        release = release_of(run, analysis, tuple(known), released, self.store.clock(), permit)
        held = self.airlock.holds(analysis)
        self.store.finish(run.run, analysis.name, released.result, release, held=held)
        limits = list(released.decision.limits)
        self.store.record(run.run, "result", {"analysis": analysis.name, "persons": result.persons, "limits": limits})

    def _secure_total(
        self, run: Run, analysis: Analysis, schema: Schema, known: dict[str, Credential], step: int, state: State
    ) -> Sums:
        """The total over the sites; a session that a restarted site has lost is begun anew."""
        for _ in range(MOST_SESSIONS):
            session = self._sessions.get(run.run)
            if session is None:
                session = SecureTotal(run.study, known, partial(self._ask_all, run))
                self._sessions[run.run] = session
            try:
                return session.total(analysis, schema, step, state)
            except SessionLost:
                self._sessions.pop(run.run, None)
                self.store.record(run.run, "session begun anew", {"analysis": analysis.name, "step": step})
        raise SiteUnavailable(f"Sites were started again {MOST_SESSIONS} times during one step; it was given up.")

    def _plain_total(
        self, run: Run, analysis: Analysis, schema: Schema, roster: tuple[str, ...], step: int, state: State
    ) -> Sums:
        facts = {
            "study": run.study.digest,
            "analysis": analysis.name,
            "step": step,
            "schema": schema_to_plain(schema),
        }
        replies = self._ask_all(run, "step", dict.fromkeys(roster, facts), dict.fromkeys(roster, state.to_bytes()))
        layout = layout_of(analysis, schema, state)
        return reduce(Sums.__add__, (sums_told(site, replies[site], layout) for site in roster))

    def _approvals(self, run: Run) -> dict[str, Reply]:
        """Offer the study, and wait until each site has decided; what those told that take part.

        Stewards may think; a site that has not answered at all is waited for as long as the study says.
        """
        study = run.study
        wanted = study.sites or tuple(self.enrolled())
        quorum = study.quorum or len(wanted)
        if not wanted:
            raise SiteUnavailable("No site has joined this hub. Invite the nodes, then submit the study again.")
        self.store.offered(run.run, wanted)
        begun = self.clock()
        decisions: dict[str, Reply] = {}
        heard: set[str] = set()
        while True:
            self._check_cancelled(run.run)
            open_sites = [site for site in wanted if site not in decisions]
            replies = self._ask(self._offers(run, open_sites))
            for site, reply in replies.items():
                if reply is None or reply.error == "SiteUnavailable":
                    continue
                heard.add(site)
                if reply.error or reply.facts.get("decision") != "pending":
                    decisions[site] = reply
                    said = "refused" if reply.error else str(reply.facts.get("decision"))
                    kind = {"error": reply.error} if reply.error else {}
                    self.store.record(run.run, "decision", {"site": site, "said": said, "reason": reply.reason, **kind})
            approved = tuple(s for s in wanted if s in decisions and decisions[s].facts.get("decision") == "approved")
            waited_s = self.clock() - begun
            waited_for = wanted if waited_s <= study.patience_s else heard
            waiting = [site for site in wanted if site in waited_for and site not in decisions]
            if not waiting or waited_s > self.decision_s:
                break
            self.store.set_status(run.run, WAITING, _awaited(waiting, heard))
            self.sleep(DECIDE_PAUSE_S)
        if len(approved) < quorum:
            reasons = "; ".join(
                f"{site}: {reason_told(decisions.get(site))}" for site in wanted if site not in approved
            )
            raise PermitDenied(f"{len(approved)} of {quorum} sites that the study needs approved it ({reasons}).")
        return {site: decisions[site] for site in approved}

    def _offers(self, run: Run, sites: list[str]) -> dict[str, Request]:
        """The offer of a study, with what each site must know of its permit, so that no grant or end comes too late."""
        body = run.study.to_bytes()
        if self.permits is None or not run.study.permit:
            return dict.fromkeys(sites, Request("offer", run.run, body=body))
        return {site: Request("offer", run.run, {"permits": self.permits.news(site)}, body) for site in sites}

    def _ask_all(
        self,
        run: Run,
        topic: str,
        facts: Mapping[str, dict[str, Any]],
        bodies: Mapping[str, bytes],
        take: Callable[[str, Reply], None] | None = None,
        enough: int | None = None,
    ) -> dict[str, Reply]:
        """Ask until every site has answered; a silent one is waited for as long as the study says.

        take   : given every answer as it comes, which is then not kept.
        enough : so many answers will do, where all have been asked once.
        Raises : SiteUnavailable naming who is silent; the error that a site refused with.
        """
        answers: dict[str, Reply] = {}
        lost: set[str] = set()
        unable: dict[str, str] = {}
        deadline = self.clock() + run.study.patience_s
        while True:
            self._check_cancelled(run.run)
            waiting = [site for site in facts if site not in answers and site not in lost]
            made = {  # sites that are asked the same share one request: it can be large
                (id(facts[site]), id(bodies[site])): Request(topic, run.run, facts[site], bodies[site])
                for site in waiting
            }
            asked = {site: made[id(facts[site]), id(bodies[site])] for site in waiting}
            for site, reply in self._ask(asked).items():
                if reply is None:
                    continue
                if reply.error == "SiteUnavailable":
                    unable[site] = f" ({reply.reason})"  # a full disk: there may be space when it is asked again
                    continue
                if reply.error == "SessionLost" and enough is not None and len(facts) - len(lost) > enough:
                    lost.add(site)  # the others can finish the round without it
                    continue
                answers[site] = reply.raise_for_error(site)
                if take is not None:
                    take(site, reply)
                    answers[site] = Reply()
            silent = [site + unable.get(site, "") for site in facts if site not in answers]
            if not silent or (enough is not None and len(answers) >= enough):
                return answers
            if self.clock() > deadline:
                raise SiteUnavailable(
                    f"No answer from {', '.join(silent)} for {run.study.patience_s:g} s. What was computed is kept; "
                    "resubmit the study when they are back, or without them."
                )
            self.store.set_status(run.run, RUNNING, f"waiting for {', '.join(silent)}")
            self.sleep(PAUSE_S)

    def _ask(self, requests: Mapping[str, Request]) -> dict[str, Reply | None]:
        distinct = {id(request): request for request in requests.values()}
        whole = {place: request.to_bytes() for place, request in distinct.items()}
        raw = self.channel.ask({site: whole[id(request)] for site, request in requests.items()}, ASK_S)
        found: dict[str, Reply | None] = {}
        for site in requests:
            data = raw.pop(site)  # read and let go of one after the other
            found[site] = None if data is None else read_reply(site, data)
        return found

    def close(self, run: str) -> None:
        """Tell the sites that were offered the run's study that it is over, without waiting for them."""
        self._sessions.pop(run, None)
        self.farewells.tell(run)

    def settle(self) -> None:
        """Wait until the sites have been told what is over."""
        self.farewells.settle()

    def _check_cancelled(self, run: str) -> None:
        with self._lock:
            if run in self._cancelled:
                raise Cancelled("The run was cancelled.")


def _awaited(sites: list[str], heard: set[str]) -> str:
    """Whose decision is waited for, and which of the nodes have not answered yet."""
    silent = ", ".join(site for site in sites if site not in heard)
    return f"waiting for a decision of {', '.join(sites)}" + (f"; not heard from yet: {silent}" if silent else "")
