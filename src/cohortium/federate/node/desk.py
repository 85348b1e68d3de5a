"""The desk of a node: receives the hub's requests, checks each against what was approved, answers with sums alone."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cohortium.analyse  # noqa: F401 - registers the algorithms
from cohortium.errors import CohortiumError, DisclosureRefused, PermitDenied, ProtocolViolation
from cohortium.federate.messages import Reply, Request
from cohortium.federate.node.datasets import Dataset, datasets, find_dataset
from cohortium.federate.node.store import APPROVED, REFUSED, NodeStore
from cohortium.federate.study import Study, study_from_bytes
from cohortium.records import (
    State,
    Sums,
    Table,
    as_agreed,
    name_of,
    parse_condition,
    public_schema,
    schema_from_plain,
    schema_to_plain,
)

SMALLEST = 10
"""Fewest persons behind a sum, and behind a level that is named, where the node's policy says nothing else."""
KEPT_OPEN = 8
"""Runs whose records stay in memory; the least recently used is closed first."""


@dataclass(slots=True)
class Open:
    """A run under way: its study, the records that it may read, and the same under the agreed schema."""

    study: Study
    records: Table
    agreed: Table | None = None


class Desk:
    """Answers requests at one site.

    site   : its name.
    home   : folder with ``datasets.toml``.
    store  : approvals, and what left.
    tables : datasets that are given as tables, for simulation and tests.
    Reveals : sums of approved studies under the disclosure rules; kinds, units and levels of approved columns.
    """

    def __init__(
        self,
        site: str,
        home: Path,
        store: NodeStore,
        *,
        tables: dict[str, Table] | None = None,
        smallest: int = SMALLEST,
    ) -> None:
        self.site, self.home, self.store, self.smallest = site, home, store, smallest
        self.tables = tables or {}
        self.runs: dict[str, Open] = {}
        self.loaded: dict[str, tuple[Any, Table]] = {}
        self.answered: dict[str, tuple[str, bytes]] = {}
        self._lock = threading.Lock()
        self.topics: dict[str, Callable[[Request], Reply]] = {
            "hello": self._hello,
            "offer": self._offer,
            "step": self._step,
            "close": self._close,
        }

    def answer(self, data: bytes) -> bytes:
        """The reply to a request, both as bytes; one at a time, and the same question again gets the same answer."""
        try:
            request = Request.from_bytes(data)
            with self._lock:
                return self._answer(request, hashlib.sha256(data).hexdigest())
        except CohortiumError as error:
            return Reply.refusing(error).to_bytes()

    def _answer(self, request: Request, digest: str) -> bytes:
        kept = self.answered.get(request.run)
        if request.topic == "step" and kept is not None and kept[0] == digest:
            return kept[1]  # the hub asked again because the first answer was slow or got lost
        if request.topic not in self.topics:
            raise ProtocolViolation(f"This site does not answer '{request.topic}'.")
        answer = self.topics[request.topic](request).to_bytes()
        if request.topic == "step":
            self.answered[request.run] = (digest, answer)
            while len(self.answered) > KEPT_OPEN:
                self.answered.pop(next(iter(self.answered)))
        return answer

    def _hello(self, _request: Request) -> Reply:
        return Reply({"site": self.site, "datasets": sorted({*datasets(self.home), *self.tables})})

    def _offer(self, request: Request) -> Reply:
        """Take a study in; where it is approved, open its records and tell the public schema of its columns."""
        study = study_from_bytes(request.body)
        self._dataset(study.dataset)
        found = self.store.receive(study, tuple(name_of(one.algorithm) for one in study.analyses))
        facts = {"decision": found.decision, "reason": found.reason}
        return Reply(facts if found.decision != APPROVED else {**facts, "schema": self._open(request.run, study)})

    def _open(self, run: str, study: Study) -> dict[str, Any]:
        """Keep the records of an approved study at hand; the public schema of its columns."""
        dataset = self._dataset(study.dataset)
        table = self._load(dataset)
        allowed = dataset.allowed(table.schema)
        closed = [name for name in study.columns if name in table.schema and name not in allowed]
        if closed:
            raise PermitDenied(f"Columns {closed} of '{study.dataset}' are not open to studies here.")
        if study.where:
            condition = parse_condition(study.where, table.schema.select(allowed))
            table = table.take(condition.holds(table))
        while len(self.runs) >= KEPT_OPEN:
            self.runs.pop(next(iter(self.runs)))
        self.runs[run] = Open(study, table)
        return schema_to_plain(public_schema(table, study.columns, smallest=self.smallest))

    def _load(self, dataset: Dataset) -> Table:
        """The records; a file that has not changed is not read again."""
        if dataset.name in self.tables:
            return self.tables[dataset.name]
        stamp = dataset.stamp()
        kept = self.loaded.get(dataset.name)
        if kept is None or stamp is None or kept[0] != stamp:
            kept = (stamp, dataset.load())
            self.loaded = {dataset.name: kept}
        return kept[1]

    def _step(self, request: Request) -> Reply:
        """Local sums of one analysis for a state, once the rules let them out."""
        sums, study = self.sums(request)
        self.check(sums, study, request)
        body = sums.to_bytes()
        self.enter(request, study, "", len(body), sums.persons)
        return Reply({}, body)

    def _close(self, request: Request) -> Reply:
        self.runs.pop(request.run, None)
        self.answered.pop(request.run, None)
        return Reply()

    def sums(self, request: Request) -> tuple[Sums, Study]:
        """The local sums that a request asks for, before any rule has looked at them: they must not leave like this."""
        study = self._approved(request)
        run = self.runs.get(request.run)
        if run is None or run.study.digest != study.digest:
            self._open(request.run, study)
            run = self.runs[request.run]
        if run.agreed is None or "schema" in request.facts:
            run.agreed = as_agreed(run.records, schema_from_plain(_fact(request, "schema", dict)))
        analysis = study.analysis(_fact(request, "analysis", str))
        return analysis.algorithm.local(run.agreed, State.from_bytes(request.body)), study

    def check(self, sums: Sums, study: Study, request: Request) -> None:
        """Raises DisclosureRefused where a site's own sums would say too much about few persons."""
        del request
        if 0 < sums.persons < self.smallest:
            raise DisclosureRefused(
                f"Fewer than {self.smallest} persons here stand behind this; their sums do not leave. Widen the "
                "condition, or leave this site out."
            )
        del study

    def enter(self, request: Request, study: Study, roster: str, size: int, persons: int) -> None:
        """Write down that the sums of a step leave."""
        state = hashlib.sha256(request.body).hexdigest()
        step = _fact(request, "step", int)
        analysis = _fact(request, "analysis", str)
        rounded = self.smallest * round(persons / self.smallest)
        self.store.leaves(
            f"{request.run}/{analysis}", step, study.digest, state, roster=roster, size=size, persons=rounded
        )

    def _approved(self, request: Request) -> Study:
        """The study that the request names; only its exact digest counts as approved."""
        digest = _fact(request, "study", str)
        if len(digest) != hashlib.sha256().digest_size * 2:
            raise ProtocolViolation("A study is named by its whole digest.")
        found = self.store.study(digest)
        if found.decision == REFUSED:
            raise PermitDenied("The data steward refused this study." + (f" {found.reason}" if found.reason else ""))
        if found.decision != APPROVED:
            raise PermitDenied("The data steward has not decided about this study yet.")
        return found.study

    def _dataset(self, name: str) -> Dataset:
        return Dataset(name, "") if name in self.tables else find_dataset(self.home, name)


def _fact(request: Request, name: str, kind: type[Any]) -> Any:
    value = request.facts.get(name)
    if not isinstance(value, kind) or isinstance(value, bool):
        raise ProtocolViolation(f"A request to {request.topic} must state '{name}'.")
    return value
