"""What a node holds a study against before anything leaves: rules, the history of questions, and the budget."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from cohortium.errors import DisclosureRefused
from cohortium.federate.node.run_records import RunRecords
from cohortium.federate.study import Analysis, Study
from cohortium.privacy.column_facts import ColumnFacts
from cohortium.privacy.disclosive_columns import check_facts
from cohortium.privacy.disclosure import Mode, load_rules
from cohortium.privacy.history import QueryHistory
from cohortium.privacy.ledger import Account, BudgetLedger
from cohortium.privacy.person_tokens import node_key
from cohortium.privacy.private_at_site import site_cost
from cohortium.records import Sums, name_of
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

    def admit(self, study: Study, records: RunRecords) -> ColumnFacts:
        """Let a study begin on these records (with every column of the dataset), and remember that it did.

        Returns : what the rules asked about its columns.
        Raises : DisclosureRefused where too few persons are meant, a column singles persons out, a few persons make up
                 its sum (mode "plain"), or, together with what was answered before, few persons would be meant. In mode
                 "dp", and where every analysis adds noise at the site, the noise answers for the last two.
        """
        mode: Mode = "dp" if study.is_noisy else study.mode  # type: ignore[assignment]
        facts = records.facts(study.columns, self.rules, mode)
        self.rules.check_persons(facts.persons, mode)
        check_facts(facts, self.rules, mode)
        for name, found in facts.contributions.items():
            self.rules.check_dominance(found, name)
        if mode != "dp" and facts.rows:
            tokens = records.tokens(study.dataset, self.key)
            self.history.admit(study.researcher, study.dataset, study.digest, tokens)
        return facts

    def check(self, study: Study, analysis: Analysis, sums: Sums) -> None:
        """Raises DisclosureRefused where a site's sums would say too much about few persons."""
        if site_cost(analysis.algorithm) is not None:
            return  # noise was added to all of them
        facts = find("algorithm", name_of(analysis.algorithm)).facts
        if study.mode == "plain" and facts["family"] == "learning":
            raise DisclosureRefused(
                "Gradients: how a network's weights move at one site can be turned back into its records. Ask in mode "
                "secure or dp, where only the sum over all sites is seen, or add noise at the sites (lot)."
            )
        counts = facts["counts"]
        self.rules.check_sums(sums, counts=counts, mode=study.mode)  # type: ignore[arg-type]

    def must_afford(self, study: Study, rho: Fraction) -> None:
        """Raises BudgetExhausted where the budgets that ``charge`` takes from do not suffice."""
        self.ledger.must_afford(self._accounts(study), rho)

    def charge(self, study: Study, run: str, step: int, rho: Fraction) -> None:
        """Pay for a step before it leaves: from the dataset's budget, and from the researcher's where one was set.

        Raises : BudgetExhausted where one of them does not suffice, or the dataset was never granted any.
        """
        self.ledger.charge(run, step, self._accounts(study), rho, purpose=study.title)

    def _accounts(self, study: Study) -> list[Account]:
        permit = Account("permit", study.researcher)
        return [Account("dataset", study.dataset), *([permit] if self.ledger.is_granted(permit) else [])]
