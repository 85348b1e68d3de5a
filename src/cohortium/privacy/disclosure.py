"""Disclosure rules: what a node holds its sums against before they leave, in words and numbers that a steward sets.

Every rule refuses with its name, its limit and what would help, and never says what was found. That it refuses says
something too: one bit about the records (Kenthapadi, Mishra & Nissim 2005); only differential privacy has no such bit.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from cohortium.errors import DisclosureRefused, InvalidRequest, SourceUnreadable
from cohortium.privacy.column_facts import Contributions

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cohortium.records import Sums

Mode = Literal["plain", "secure", "dp"]
RareLevels = Literal["refuse", "blank"]


@dataclass(frozen=True, slots=True)
class DisclosureRules:
    """The limits of one policy; ``docs/disclosure-rules.md`` argues for each default.

    persons, persons_secure : fewest persons of a site behind its sums, by mode; a site without any may take part.
    cell        : smallest count of persons that may be shown, but for 0 where ``zero_cells``.
    difference  : fewest persons by which two answered cohorts may differ, unless they are the same.
    dominant, dominant_share : the (n, k) rule; ``p_percent`` : the p% rule.
    persons_per_parameter, residual_persons : how far a model must stay from one parameter per person.
    distinct_share : levels per person above which a nominal column counts as a near-identifier.
    Source : Hundepool et al. 2012, Statistical Disclosure Control, chapters 4 to 6.
    """

    title: str = "default"
    persons: int = 10
    persons_secure: int = 10
    cell: int = 10
    zero_cells: bool = True
    difference: int = 10
    dominant: int = 2
    dominant_share: float = 0.90
    p_percent: float = 10.0
    persons_per_parameter: float = 5.0
    residual_persons: int = 10
    distinct_share: float = 0.33
    rare_levels: RareLevels = "refuse"

    def fewest(self, mode: Mode) -> int:
        """Fewest persons of a site behind sums that leave in this mode."""
        return self.persons if mode == "plain" else self.persons_secure

    def is_small(self, counts: NDArray[Any]) -> NDArray[np.bool_]:
        """Which counts of persons, of any shape, may not be shown."""
        small = (counts > 0) & (counts < self.cell)
        return np.asarray(small if self.zero_cells else small | (counts == 0), dtype=np.bool_)

    def check_sums(
        self, sums: Sums, *, counts: Sequence[str] = (), mode: Mode = "plain", parameters: int | None = None
    ) -> None:
        """Hold one site's sums against the rules on persons, small cells and saturation.

        counts     : names of arrays that count persons cell by cell, as the algorithm declares them.
        parameters : of the model that the sums are for; read off the layout where None.
        Raises     : DisclosureRefused.
        """
        self.check_persons(sums.persons, mode)
        if mode != "plain" or sums.persons == 0:
            return  # of a single site's numbers nobody sees anything but the total
        for name in counts:
            if name in sums and self.is_small(sums[name]).any():
                zero = "" if self.zero_cells else ", and none of 0,"
                raise DisclosureRefused(
                    f"Small cells: in '{name}', counts of fewer than {self.cell} persons{zero} do not leave this site. "
                    "Merge levels or widen intervals, or run the study in mode 'secure'."
                )
        self.check_saturation(parameters_in(sums) if parameters is None else parameters, sums.persons)

    def check_persons(self, persons: int, mode: Mode = "plain") -> None:
        """Raises DisclosureRefused where too few persons stand behind something, though some do."""
        fewest = self.fewest(mode)
        if 0 < persons < fewest:
            raise DisclosureRefused(
                f"Minimum persons: fewer than {fewest} persons here stand behind this; it does not leave. Widen the "
                "condition, or leave this site out."
            )

    def check_saturation(self, parameters: int, persons: int) -> None:
        """Raises DisclosureRefused where a model has so many parameters that they would give its persons away."""
        needed = max(self.persons_per_parameter * parameters, parameters + self.residual_persons)
        if parameters > 0 and 0 < persons < needed:
            raise DisclosureRefused(
                f"Saturation: {parameters} parameters need at least {self.persons_per_parameter:g} persons each, and "
                f"{self.residual_persons} persons in excess of them. Use fewer covariates or coarser levels."
            )

    def check_contributions(self, values: NDArray[np.float64], name: str) -> None:
        """Hold one sum of a magnitude against the dominance rules, before it is formed.

        values : (persons,), what each person adds; the sign does not count, and missing values add nothing.
        name   : of the sum, for the message.
        Raises : as ``check_dominance``.
        """
        self.check_dominance(Contributions.of(values, max(self.dominant, 2)), name)

    def check_dominance(self, found: Contributions, name: str) -> None:
        """Hold what persons add to the sum ``name`` against the dominance rules.

        Raises : DisclosureRefused where a few persons make up the sum, or its second largest contributor could work
                 out the largest to within ``p_percent``.
        Source : (n, k) and p% rules, Hundepool et al. 2012, section 4.2.
        """
        sizes, total = found.largest, found.total
        if total == 0.0:
            return
        if float(sizes[: self.dominant].sum()) > self.dominant_share * total:
            raise DisclosureRefused(
                f"Dominance: {self.dominant} persons make up more than {self.dominant_share:.0%} of the sum of "
                f"'{name}'. Cap extreme values, take logarithms, or ask for counts in intervals."
            )
        rest = total - float(sizes[:2].sum())
        if rest < self.p_percent / 100 * float(sizes[0]):
            raise DisclosureRefused(
                f"p% rule: from the sum of '{name}', one contributor could tell another's value to within "
                f"{self.p_percent:g} %. Cap extreme values, or widen the condition."
            )


def parameters_in(sums: Sums) -> int:
    """How many parameters a model has whose curvature is among the sums: the side of the largest square of numbers."""
    sides = [
        shape[0]
        for _, dtype, shape, _ in sums.layout
        if np.dtype(dtype).kind == "f" and len(shape) == 2 and shape[0] == shape[1]
    ]
    return max(sides, default=0)


def load_rules(path: Path | None = None) -> DisclosureRules:
    """The rules in the TOML file at ``path``, or those that ship with Cohortium.

    Raises : SourceUnreadable; InvalidRequest naming a key that is unknown, missing or of another type.
    """
    if path is None:
        text = resources.files("cohortium.privacy").joinpath("policies/disclosure.toml").read_text("utf-8")
        return _parsed(text, "the default disclosure rules")
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceUnreadable(f"The disclosure rules {path} cannot be read: {error}.") from error
    return _parsed(text, str(path))


def _parsed(text: str, name: str) -> DisclosureRules:
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidRequest(f"{name} is not TOML: {error}.") from error
    known = {field.name: type(field.default) for field in fields(DisclosureRules)}
    unknown, missing = sorted(set(document) - set(known)), sorted(set(known) - set(document))
    if unknown or missing:  # a rule that was misspelt, or forgotten, must not fall back to something unseen
        raise InvalidRequest(f"{name}: unknown {unknown}, missing {missing}; every rule is stated, once.")
    for key, value in document.items():
        whole_for_float = known[key] is float and type(value) is int
        if type(value) is not known[key] and not whole_for_float:
            raise InvalidRequest(f"{name}: {key} must be of type {known[key].__name__}.")
        if isinstance(value, int | float) and value < 0:
            raise InvalidRequest(f"{name}: {key} must not be below 0.")
    if document["rare_levels"] not in ("refuse", "blank"):
        raise InvalidRequest(f"{name}: rare_levels must be 'refuse' or 'blank'.")
    return DisclosureRules(**document)
