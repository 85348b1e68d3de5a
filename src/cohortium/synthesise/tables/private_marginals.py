"""Differentially private tables: a few well-chosen noisy marginals, and the simplest model that agrees with them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from cohortium.numerics.graphical_model import GraphicalModel
from cohortium.privacy.accounting import Budget, rho_of
from cohortium.privacy.mechanisms import Curator
from cohortium.privacy.secure_noise import Noise, SecureNoise
from cohortium.records import Guarantee, Role, Table
from cohortium.registry import synthesiser
from cohortium.synthesise.protocol import Progress, silent
from cohortium.synthesise.tables.private.cells import CountedColumn, counted
from cohortium.synthesise.tables.private.discovery import discover
from cohortium.synthesise.tables.private.estimation import MarginalFit, Measurement
from cohortium.synthesise.tables.private.fitted import FittedPrivateMarginals
from cohortium.synthesise.tables.private.preparation import default_delta, prepared, targets_of
from cohortium.synthesise.tables.private.rules import dependencies, totals
from cohortium.synthesise.tables.private.selection import Plan, Selection, as_clique, candidates

__all__ = ["FittedPrivateMarginals", "PrivateMarginals", "default_delta"]

# how rho is split
PERSONS_SHARE, VALUES_SHARE, CHOICE_SHARE = Fraction(1, 100), Fraction(19, 100), Fraction(8, 100)
DELTA_OF_VALUES = Fraction(1, 10)
CLEAR = 10.0  # a cell should count so many standard deviations of the noise on it
ROUNDS = 8
MOST_CELLS = 6_000  # of one marginal


@synthesiser(
    "private_marginals",
    guarantee="differential privacy",
    source="McKenna, Miklau & Sheldon 2021 (MST); McKenna et al. 2022 (AIM); regularised maximum entropy, Dudik 2007",
    suits="tables that must carry a formal guarantee for every patient; from about a thousand patients at epsilon 1",
    smallest=1,
)
@dataclass(frozen=True, slots=True)
class PrivateMarginals:
    """Tables with a formal guarantee: noisy counts of chosen pairs and triples of columns, joined to one model.

    Whether any one patient is in the table changes the chance of any result by at most a factor exp(epsilon), but for
    events of probability delta. Neighbouring tables differ in one patient; of several rows of a patient, one chosen
    at random is used.

    epsilon, delta    : the guarantee. delta None: the power of ten at or below 1 / n ** 1.1, at most 0.001. The order
                        of magnitude of n is thereby taken as public; n itself is counted with noise.
    target            : the column that analyses will predict; None: the schema's outcome, event and time.
    schema_is_public  : whether ranges and levels in the schema are known without looking at these patients. Say False
                        for a schema inferred from the table: they are then learnt with noise. Names, kinds, decimals
                        and rules between columns count as public in either case.
    most_bins         : most cells of a numeric column.
    tree_cells        : most cells of the model; bounds time and memory.
    noise             : source of the noise; anything but the system's secure source voids the guarantee.
    """

    epsilon: float = 1.0
    delta: float | None = None
    target: str | None = None
    schema_is_public: bool = True
    most_bins: int = 32
    tree_cells: int = 60_000
    noise: Noise = field(default_factory=SecureNoise)

    def fit(self, real: Table, *, rng: np.random.Generator, progress: Progress = silent) -> FittedPrivateMarginals:
        """Learn ``real`` within the budget.

        rng    : chooses the row of a patient with several; never the noise.
        Raises : TooFewRecords without rows, NotApplicable without a column to model.
        """
        table = prepared(real, self.schema_is_public, rng)
        return _Run(self, table, real.schema.only(Role.PERSON_KEY) is not None, rng).fitted(progress)


class _Run:
    """One fit: the budget, and what is asked of it in which order."""

    def __init__(self, settings: PrivateMarginals, table: Table, keyed: bool, rng: np.random.Generator) -> None:
        self.settings, self.table, self.keyed, self.rng = settings, table, keyed, rng
        schema = table.schema
        self.delta = default_delta(len(table)) if settings.delta is None else settings.delta
        for_values = Fraction(self.delta) * DELTA_OF_VALUES
        self.rho = Fraction(rho_of(settings.epsilon, float(Fraction(self.delta) - for_values)))
        self.budget = Budget(self.rho, for_values)
        self.curator = Curator(self.budget, settings.noise)
        computed = {rule.total for rule in totals(schema)}
        self.columns = [column for column in schema.columns if column.name not in computed]
        self.targets = targets_of(self.columns, settings.target)
        self.rules = dependencies(schema)
        free = len(self.columns) - len(self.rules)
        possible = free * (free - 1) // 2 * (1 + len(self.targets))
        self.choices = min(2 * free + 2, possible) + len(self.rules)
        # of a column without others, the values are all there is to learn
        self.values_rho = self.rho * (VALUES_SHARE if self.choices else 1 - PERSONS_SHARE)
        self.counts_rho = self.rho * (1 - PERSONS_SHARE - VALUES_SHARE - CHOICE_SHARE)

    def fitted(self, progress: Progress) -> FittedPrivateMarginals:
        shown, _ = self.curator.histogram("number of patients", np.array([len(self.table)]), self.rho * PERSONS_SHARE)
        total = max(float(shown[0]), 1.0)
        found = self._values(total, progress)
        model = self._related(found, total, progress)
        accountant = f"zero-concentrated, rho = {float(self.rho):.6g}"
        return FittedPrivateMarginals(
            self.table.schema,
            tuple(own.column for own in found),
            model,
            Guarantee(self.settings.epsilon, self.delta, "patient", accountant),
            (*self._notes(), *remarks_of(found)),
            {purpose: str(spent) for purpose, spent in self.budget.by_purpose().items()},
            round(total),
        )

    def _values(self, total: float, progress: Progress) -> list[CountedColumn]:
        """Cells of every column."""
        count = len(self.columns)
        lightest = CLEAR * math.sqrt(max(self.choices, 1) / (2 * float(self.counts_rho)))
        found = []
        for place, column in enumerate(self.columns):
            progress(f"counting {column.name}", 0.1 * place / count)
            pieces = discover(self.table, column, self.curator, self.values_rho / count, self.budget.delta / count)
            found.append(counted(pieces, total, lightest, self.settings.most_bins))
        return found

    def _related(self, found: list[CountedColumn], total: float, progress: Progress) -> GraphicalModel:
        """Choose and count marginals of several columns, and the model of all."""
        fit = MarginalFit([own.column.size for own in found], total)
        for place, own in enumerate(found):
            fit.add(Measurement((place,), own.counts, own.variances))
        names = [column.name for column in self.columns]
        dependent = {names.index(rule.dependent) for rule in self.rules}
        free = [place for place in range(len(names)) if place not in dependent]
        wanted = candidates(fit.sizes, self.targets, free, MOST_CELLS, self.rng)
        given = [as_clique(names.index(rule.determinant), names.index(rule.dependent)) for rule in self.rules]
        plan = Plan(min(self.choices, len(wanted) + len(given)), ROUNDS, self.settings.tree_cells)
        codes = np.stack([own.column.encode(self.table) for own in found], axis=1)
        selection = Selection(codes, fit, plan, self.curator, CHOICE_SHARE * self.rho, self.counts_rho)
        selection.count(given)
        model = selection.run(wanted, lambda doing, share: progress(doing, 0.1 + 0.9 * share))
        progress("done", 1.0)
        return model

    def _notes(self) -> tuple[str, ...]:
        settings = self.settings
        spent = {purpose: float(rho / self.rho) for purpose, rho in self.budget.by_purpose().items()}
        split = ", ".join(f"{share:.1%} for the {purpose}" for purpose, share in spent.items() if share >= 0.0005)
        levels = ", levels and ranges" if settings.schema_is_public else ""
        size = ", and the order of magnitude of the number of patients" if settings.delta is None else ""
        notes = [
            f"({settings.epsilon:g}, {self.delta:g})-differential privacy for each patient. Budget: rho = "
            f"{float(self.rho):.4g}, {split}.".replace("for the unspent", "unspent"),
            f"Public by assumption: names, kinds, decimals, rules{levels} of the schema{size}.",
        ]
        if not isinstance(settings.noise, SecureNoise):
            notes.append("The noise came from a source that can be repeated: this fit protects nobody.")
        if self.keyed:
            notes.append(
                "Of a patient with several rows one, chosen at random, was used; every synthetic row is a person."
            )
        return tuple(notes)


def remarks_of(found: list[CountedColumn]) -> tuple[str, ...]:
    """What a person should know about the columns of a fit, in whole sentences."""
    single = [own.column.column.name for own in found if own.column.size == 1]
    remarks = [own.remark for own in found if own.remark]
    if single:
        remarks.append(
            "Drawn without relation to the other columns, since no two of their values are frequent enough to be told "
            f"from noise at this epsilon: {_some(single)}."
        )
    return tuple(remarks)


def _some(names: list[str], most: int = 12) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
