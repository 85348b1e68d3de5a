"""The conductor: takes a study from approval at the sites to its results, step by step, and survives interruptions."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

import cohortium.analyse  # noqa: F401 - registers the algorithms
from cohortium.analyse import drive
from cohortium.errors import CohortiumError, PermitDenied, SiteUnavailable
from cohortium.federate.channel import Channel
from cohortium.federate.hub.store import CANCELLED, DONE, ENDED, FAILED, RUNNING, WAITING, HubStore, Run
from cohortium.federate.messages import Reply, Request
from cohortium.federate.study import Analysis
from cohortium.records import Schema, State, Sums, agreed_schema, schema_from_plain, schema_to_plain

ASK_S = 8.0
"""Seconds for which a question waits for its answer before it is asked again, and answered from what was computed."""
PAUSE_S = 0.5
DECIDE_PAUSE_S = 1.0


class Cancelled(CohortiumError):
    """Somebody cancelled the run."""


class Conductor:
    """Runs one study over a channel.

    sleep : waits between questions; tests pass one that does not.
    """

    def __init__(
        self,
        channel: Channel,
        store: HubStore,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        decision_s: float = 7 * 86_400.0,
    ) -> None:
        self.channel, self.store, self.sleep, self.clock, self.decision_s = channel, store, sleep, clock, decision_s
        self._cancelled: set[str] = set()
        self._lock = threading.Lock()

    def cancel(self, run: str) -> None:
        """Have the run end at its next step."""
        with self._lock:
            self._cancelled.add(run)

    def conduct(self, run: str) -> Run:
        """Take the run to its end; a run that was interrupted goes on where its last checkpoint stands."""
        found = self.store.run(run)
        if found.status in ENDED:
            return found
        try:
            self._conduct(found)
            self.store.set_status(run, DONE)
        except Cancelled:
            self.store.set_status(run, CANCELLED, "cancelled")
        except CohortiumError as error:
            self.store.set_status(run, FAILED, f"{type(error).__name__}: {error}")
        finally:
            self._close(found)
        return self.store.run(run)

    def _conduct(self, run: Run) -> None:
        study, facts = run.study, dict(run.facts)
        if "roster" not in facts:
            roster, schemas = self._approvals(run)
            schema = agreed_schema([schemas[site] for site in roster], study.columns)
            facts = {"roster": list(roster), "schema": schema_to_plain(schema)}
            self.store.set_facts(run.run, facts)
        schema = schema_from_plain(facts["schema"])
        self.store.set_status(run.run, RUNNING, f"{len(facts['roster'])} sites")
        done = self.store.results(run.run)
        for analysis in study.analyses:
            if analysis.name not in done:
                self._analyse(run, analysis, schema, tuple(facts["roster"]))

    def _analyse(self, run: Run, analysis: Analysis, schema: Schema, roster: tuple[str, ...]) -> None:
        counter = {"step": 0}

        def before(step: int, state: State) -> None:
            self._check_cancelled(run.run)
            counter["step"] = step
            self.store.checkpoint(run.run, analysis.name, step, state)
            self.store.record(run.run, "step", {"analysis": analysis.name, "step": step, "asks": state.step})

        def total_of(state: State) -> Sums:
            return self._total(run, analysis, schema, roster, counter["step"], state)

        first, state = self.store.resume_from(run.run, analysis.name) or (0, None)
        result = drive(analysis.algorithm, schema, total_of, state=state, before=before, first=first)
        self.store.finish(run.run, analysis.name, result)
        self.store.record(run.run, "result", {"analysis": analysis.name, "persons": result.persons})

    def _total(
        self, run: Run, analysis: Analysis, schema: Schema, roster: tuple[str, ...], step: int, state: State
    ) -> Sums:
        facts = {
            "study": run.study.digest,
            "analysis": analysis.name,
            "step": step,
            "schema": schema_to_plain(schema),
        }
        replies = self._ask_all(run, "step", dict.fromkeys(roster, facts), state.to_bytes())
        return reduce(Sums.__add__, (Sums.from_bytes(replies[site].body) for site in roster))

    def _approvals(self, run: Run) -> tuple[tuple[str, ...], dict[str, Schema]]:
        """Offer the study, and wait until each site has decided; the sites that take part, and their schemas."""
        study = run.study
        wanted = study.sites or self.channel.sites()
        quorum = study.quorum or len(wanted)
        if not wanted:
            raise SiteUnavailable("No site is connected. Start the nodes, then submit the study again.")
        deadline = self.clock() + self.decision_s
        decisions: dict[str, Reply] = {}
        while True:
            self._check_cancelled(run.run)
            open_sites = [site for site in wanted if site not in decisions]
            replies = self._ask(dict.fromkeys(open_sites, Request("offer", run.run, body=study.to_bytes())))
            for site, reply in replies.items():
                if reply is not None and (reply.error or reply.facts.get("decision") != "pending"):
                    decisions[site] = reply
                    said = reply.error or str(reply.facts.get("decision"))
                    self.store.record(run.run, "decision", {"site": site, "said": said, "reason": reply.reason})
            approved = tuple(s for s in wanted if s in decisions and decisions[s].facts.get("decision") == "approved")
            waiting = [site for site in wanted if site not in decisions]
            if not waiting or self.clock() > deadline:
                break
            self.store.set_status(run.run, WAITING, f"waiting for a decision of {', '.join(waiting)}")
            self.sleep(DECIDE_PAUSE_S)
        if len(approved) < quorum:
            reasons = "; ".join(f"{site}: {_reason(decisions.get(site))}" for site in wanted if site not in approved)
            raise PermitDenied(f"{len(approved)} of {quorum} sites that the study needs approved it ({reasons}).")
        return approved, {site: schema_from_plain(decisions[site].facts["schema"]) for site in approved}

    def _ask_all(
        self, run: Run, topic: str, facts: Mapping[str, dict[str, Any]], body: bytes = b""
    ) -> dict[str, Reply]:
        """Ask until every site has answered; a silent one is waited for as long as the study says.

        Raises : SiteUnavailable naming who is silent; the error that a site refused with.
        """
        answers: dict[str, Reply] = {}
        deadline = self.clock() + run.study.patience_s
        while True:
            self._check_cancelled(run.run)
            waiting = [site for site in facts if site not in answers]
            asked = {site: Request(topic, run.run, facts[site], body) for site in waiting}
            for site, reply in self._ask(asked).items():
                if reply is not None:
                    answers[site] = reply.raise_for_error(site)
            silent = [site for site in facts if site not in answers]
            if not silent:
                return answers
            if self.clock() > deadline:
                raise SiteUnavailable(
                    f"No answer from {', '.join(silent)} for {run.study.patience_s:g} s. What was computed is kept; "
                    "resubmit the study when they are back, or without them."
                )
            self.store.set_status(run.run, RUNNING, f"waiting for {', '.join(silent)}")
            self.sleep(PAUSE_S)

    def _ask(self, requests: Mapping[str, Request]) -> dict[str, Reply | None]:
        raw = self.channel.ask({site: request.to_bytes() for site, request in requests.items()}, ASK_S)
        return {site: None if data is None else Reply.from_bytes(data) for site, data in raw.items()}

    def _close(self, run: Run) -> None:
        """Tell the sites that the run is over, without waiting for them."""
        sites = self.store.run(run.run).facts.get("roster", [])
        closing = {site: Request("close", run.run) for site in sites}
        threading.Thread(target=self._ask, args=(closing,), daemon=True).start()

    def _check_cancelled(self, run: str) -> None:
        with self._lock:
            if run in self._cancelled:
                raise Cancelled("The run was cancelled.")


def _reason(reply: Reply | None) -> str:
    if reply is None:
        return "no decision in time"
    return reply.reason or str(reply.facts.get("reason") or reply.facts.get("decision"))
