"""What a node holds a study against before anything leaves: rules, the history of questions, and the budget."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np

from cohortium.errors import DisclosureRefused
from cohortium.federate.study import Analysis, Study
from cohortium.privacy.disclosive_columns import check_columns
from cohortium.privacy.disclosure import load_rules
from cohortium.privacy.history import QueryHistory
from cohortium.privacy.ledger import Account, BudgetLedger
from cohortium.privacy.person_tokens import node_key, person_tokens
from cohortium.records import Kind, Sums, Table, name_of
from cohortium.registry import find


class Guard:
    """The rules, history and budgets of one node; their files lie in ``home``.

    A steward's own rules are ``disclosure.toml`` there; those that ship with Cohortium hold where there is none.
    """

    def __init__(self, home: Path) -> None:
        home.mkdir(parents=True, exist_ok=True)
        own = home / "disclosure.toml"
        self.rules = load_rules(own if own.exists() else None)
        self.key = node_key(home / "history.key")
        self.history = QueryHistory(home / "history.db", fewest=self.rules.difference)
        self.ledger = BudgetLedger(home / "budget.db")

    def admit(self, study: Study, records: Table) -> None:
        """Let a study begin on these records (with every column of the dataset), and remember that it did.

        Raises : DisclosureRefused where too few persons are meant, a column singles persons out, a few persons make up
                 its sum (mode "plain"), or, together with what was answered before, few persons would be meant. In mode
                 "dp" the noise answers for the last.
        """
        self.rules.check_persons(len(set(records.persons().tolist())), study.mode)  # type: ignore[arg-type]
        check_columns(records, study.columns, self.rules, study.mode)  # type: ignore[arg-type]
        if study.mode == "plain":
            self._check_dominance(study, records)
        if study.mode != "dp" and len(records):
            tokens = person_tokens(records, study.dataset, self.key)
            self.history.admit(study.researcher, study.dataset, study.digest, tokens)

    def _check_dominance(self, study: Study, records: Table) -> None:
        """A site's own sums may be seen: no column of magnitudes may be the affair of a few persons."""
        persons = records.persons()
        for name in study.columns:
            if name in records.schema and records.schema[name].kind in (Kind.CONTINUOUS, Kind.INTEGER):
                sizes = np.nan_to_num(np.abs(records.numeric(name)))
                self.rules.check_contributions(np.bincount(persons, sizes).astype(np.float64), name)

    def check(self, study: Study, analysis: Analysis, sums: Sums) -> None:
        """Raises DisclosureRefused where a site's sums would say too much about few persons."""
        facts = find("algorithm", name_of(analysis.algorithm)).facts
        if study.mode == "plain" and facts["family"] == "learning":
            raise DisclosureRefused(
                "Gradients: how a network's weights move at one site can be turned back into its records. Ask in mode "
                "secure or dp, where only the sum over all sites is seen."
            )
        counts = facts["counts"]
        self.rules.check_sums(sums, counts=counts, mode=study.mode)  # type: ignore[arg-type]

    def charge(self, study: Study, run: str, step: int, rho: Fraction) -> None:
        """Pay for a step before it is computed: from the dataset's budget, and from the researcher's where one was set.

        Raises : BudgetExhausted where one of them does not suffice, or the dataset was never granted any.
        """
        permit = Account("permit", study.researcher)
        limited = any(line.account == permit for line in self.ledger.lines())
        accounts = [Account("dataset", study.dataset), *([permit] if limited else [])]
        self.ledger.charge(run, step, accounts, rho, purpose=study.title)
