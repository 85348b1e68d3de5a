"""From columns to what a network reads: pixels, scaled terms, and where asked, whether each covariate was missing."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cohortium.analyse.answers import one_of
from cohortium.analyse.design import columns_of, design, factors_of, term_names
from cohortium.analyse.neural.target import NUMBER, Target
from cohortium.errors import InvalidRequest
from cohortium.privacy.sensitivity import plausible_range
from cohortium.records import Kind, Schema, Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]

DROP, INDICATE = "drop", "indicate"
SPREAD, RANGE = "spread", "range"
_FAR = 2.0
"""Standard deviations to either side that a plausible range counts as, where it takes the place of the spread."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """How covariates, images and outcome become numbers near 0.

    missing : "drop" rows where a covariate or the image is missing, or "indicate" them: the mean stands in, mid-grey
              for an image, and one more input says so of each.
    scaling : by the "spread" over all sites, or by the plausible "range" of the schema, which asks nothing of records.
    """

    covariates: tuple[str, ...]
    target: Target
    missing: str
    scaling: str
    image: str | None = None

    def names(self) -> tuple[str, ...]:
        """The columns that are read, the outcome first."""
        images = () if self.image is None else (self.image,)
        return tuple(dict.fromkeys((self.target.outcome, *images, *columns_of(self.covariates))))

    def check(self, schema: Schema) -> None:
        """Raises InvalidRequest where settings do not fit the schema."""
        one_of(self.missing, (DROP, INDICATE), "missing")
        one_of(self.scaling, (SPREAD, RANGE), "scaling")
        if not self.covariates and self.image is None:
            raise InvalidRequest("A network needs one covariate or more, or a column of images.")
        if self.image is not None and schema[self.image].kind is not Kind.IMAGE:
            raise InvalidRequest(f"Column '{self.image}' is {schema[self.image].kind}; the setting image takes images.")
        if self.target.outcome in columns_of(self.covariates):
            raise InvalidRequest(f"'{self.target.outcome}' is the outcome and a covariate; it can be one of them.")

    def terms(self, schema: Schema) -> list[str]:
        """Names of the network's inputs beside pixels."""
        named = [*self.covariates, *(() if self.image is None else (self.image,))]
        indicators = [f"{name}[missing]" for name in named] if self.missing == INDICATE else []
        return [*term_names(schema, self.covariates), *indicators]

    def shape(self, schema: Schema) -> tuple[int, int, int] | None:
        """Height, width and channels of an image; None where none is read."""
        return None if self.image is None else schema[self.image].shape

    def raw(self, records: Table) -> tuple[Reals, NDArray[np.int32]]:
        """Terms and outcome before scaling (n, p + 1), NaN where missing, and the person of each row (n,).

        Only rows with an outcome and, where others are dropped, with all terms and an image.
        """
        both, used = self.read(records)
        return both[used], records.persons()[used]

    def read(self, records: Table) -> tuple[Reals, NDArray[np.bool_]]:
        """Terms and outcome of all rows (n, p + 1), and which rows are used (n,)."""
        both = np.column_stack([self.unscaled(records), self.target.read(records)])
        if self.missing != DROP:
            return both, np.isfinite(both[:, -1])
        return both, np.isfinite(both).all(axis=1) & ~self.without_image(records)

    def without_image(self, records: Table) -> NDArray[np.bool_]:
        """True (n,) where an image is read and the row has none."""
        return np.zeros(len(records), np.bool_) if self.image is None else records.missing(self.image)

    def with_pixels(self, records: Table, rows: NDArray[np.bool_], X: Reals) -> Reals:
        """Inputs X (m, q) of the m chosen ``rows`` behind their pixels, which are scaled from 0..255 to [-1, 1].

        Where missing images are indicated, a last column says so.
        """
        if self.image is None:
            return X
        pixels = records.pixels(self.image)
        area, is_told = math.prod(pixels.shape[1:]), self.missing == INDICATE
        found = np.empty((len(X), area + X.shape[1] + is_told))
        images, blank = found[:, :area], self.without_image(records)[rows]
        images[:] = (pixels if rows.all() else pixels[rows]).reshape(len(X), area)
        images *= 2.0 / 255.0
        images -= 1.0
        images[blank] = 0.0
        found[:, area : area + X.shape[1]] = X
        if is_told:
            found[:, -1] = blank
        return found

    def unscaled(self, records: Table) -> Reals:
        """Terms of all rows (n, p), NaN where missing."""
        return design(records, self.covariates)

    def scaled(self, raw: Reals, schema: Schema, centre: Reals, scale: Reals) -> tuple[Reals, Reals]:
        """Inputs (n, q) and outcome (n,) from what ``raw`` read."""
        both = (raw - centre) / scale
        if self.scaling == RANGE:
            reach = np.where(self._is_ranged(schema), _FAR, np.inf)
            both = np.clip(both, -reach, reach)
        X, y = both[:, :-1], both[:, -1]
        blanks = []
        if self.missing == INDICATE and self.covariates:
            widths = [len(term_names(schema, [covariate])) for covariate in self.covariates]
            parts = np.split(np.isnan(X), np.cumsum(widths)[:-1], axis=1)
            blanks = [part.any(axis=1, keepdims=True).astype(np.float64) for part in parts]
        return np.concatenate([np.nan_to_num(X), *blanks], axis=1), y

    def ranges(self, schema: Schema) -> tuple[Reals, Reals]:
        """Centre and scale (p + 1,) of terms and outcome by their plausible ranges.

        Raises : NotApplicable where a column has none; InvalidRequest where a covariate is transformed.
        """
        centre, scale = [], []
        for name in self._ranged(schema):
            low, high = plausible_range(schema[name]) if name else (-_FAR, _FAR)
            centre.append((low + high) / 2 if name else 0.0)
            scale.append((high - low) / (2 * _FAR) if high > low else 1.0)
        return np.array(centre), np.array(scale)

    def _ranged(self, schema: Schema) -> list[str]:
        """For every term and the outcome the column whose range scales it; "" where it is 0 or 1."""
        found: list[str] = []
        for covariate in self.covariates:
            factors = factors_of(covariate)
            numeric = [factor for factor in factors if schema[factor.column].kind.is_numeric]
            if numeric and (len(factors) > 1 or factors[0].transform):
                raise InvalidRequest(
                    f"Scaling by plausible ranges takes columns as they are, not '{covariate}'. Name the column alone."
                )
            name = factors[0].column if numeric else ""
            found += [name] * len(term_names(schema, [covariate]))
        return [*found, self.target.outcome if self.target.kind(schema) == NUMBER else ""]

    def _is_ranged(self, schema: Schema) -> NDArray[np.bool_]:
        return np.array([bool(name) for name in self._ranged(schema)])
