"""Other people's synthesisers, one small class each; every class runs in the peer's own environment, never in ours.

``kinds`` tells of each column whether it is "numeric", "integer" or "categorical". What a peer imports is imported in
``__init__``, so that the time to fit is the time to fit.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd

MISSING = "__missing__"
DELTA = 1e-5
OF_THE_BUDGET_FOR_BOUNDS = 0.2


class Peer(Protocol):
    """A synthesiser of somebody else."""

    def fit(self, frame: pd.DataFrame, kinds: dict[str, str], target: str, seed: int) -> None:
        """Learn ``frame``: floats (NaN where missing) and strings (None where missing)."""
        ...

    def sample(self, n: int) -> pd.DataFrame:
        """``n`` rows with the same columns."""
        ...


@dataclass(frozen=True, slots=True)
class Entrant:
    """How a peer is made, and in which environment it runs.

    tuned : what was changed from the peer's defaults, for the table.
    """

    make: Callable[[], Peer]
    environment: str
    title: str
    tuned: str = ""


class Filled:
    """For peers that take no missing values: a median and an indicator column, or a level of their own."""

    def encode(self, frame: pd.DataFrame, kinds: dict[str, str]) -> tuple[pd.DataFrame, dict[str, str]]:
        """The frame without missing values, and the kinds of its columns."""
        self.columns, self.flagged, kinds = list(frame.columns), list[str](), dict(kinds)
        filled = frame.copy()
        for name in self.columns:
            absent = frame[name].isna()
            if kinds[name] == "categorical":
                filled[name] = frame[name].astype(object).where(~absent, MISSING).astype(str)
            elif absent.any():
                filled[name] = frame[name].fillna(frame[name].median())
                filled[name + MISSING] = np.where(absent, "yes", "no")
                kinds[name + MISSING] = "categorical"
                self.flagged.append(name)
        return filled, kinds

    def decode(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The columns as they were, missing values back in their places."""
        frame = frame.copy()
        for name in self.flagged:
            absent = frame[name + MISSING].astype(str) == "yes"
            frame[name] = pd.to_numeric(frame[name], errors="coerce").astype(float).where(~absent)
        kept = frame[self.columns]
        return kept.astype({name: object for name in kept if kept[name].dtype == "category"}).replace({MISSING: None})


def _rounded(frame: pd.DataFrame, kinds: dict[str, str]) -> pd.DataFrame:
    """Whole numbers for peers that know no integers."""
    whole = [name for name, kind in kinds.items() if kind == "integer"]
    return frame.assign(**{name: frame[name].astype(float).round() for name in whole})


def _seed_torch(seed: int) -> None:
    import torch

    np.random.seed(seed)  # noqa: NPY002 - the peers draw from the global generator
    torch.manual_seed(seed)
    torch.set_num_threads(1)


class Sdv:
    """The Synthetic Data Vault, version 2."""

    def __init__(self, kind: str, **settings: Any) -> None:
        from sdv import single_table
        from sdv.metadata import Metadata

        self.make, self.metadata, self.settings = getattr(single_table, kind), Metadata, settings

    def fit(self, frame: pd.DataFrame, kinds: dict[str, str], target: str, seed: int) -> None:
        """Learn ``frame``."""
        types = {
            name: {"sdtype": "categorical" if kind == "categorical" else "numerical"} for name, kind in kinds.items()
        }
        described = {"METADATA_SPEC_VERSION": "V1", "tables": {"table": {"columns": types}}, "relationships": []}
        _seed_torch(seed)
        self.model = self.make(self.metadata.load_from_dict(described), **self.settings)
        self.model.fit({"table": frame})

    def sample(self, n: int) -> pd.DataFrame:
        """New rows; version 2 hands back a dictionary of tables."""
        made = self.model.sample(n)
        return made["table"] if isinstance(made, dict) else made


class TabularArgn:
    """MOSTLY AI's autoregressive network."""

    def __init__(self, minutes: float = 4) -> None:
        from mostlyai.engine import TabularARGN

        self.make, self.minutes = TabularARGN, minutes

    def fit(self, frame: pd.DataFrame, kinds: dict[str, str], target: str, seed: int) -> None:
        """Learn ``frame``."""
        _seed_torch(seed)
        encodings = {
            name: "TABULAR_CATEGORICAL" if kind == "categorical" else "TABULAR_NUMERIC_AUTO"
            for name, kind in kinds.items()
        }
        self.model = self.make(
            max_training_time=self.minutes,
            tgt_encoding_types=encodings,
            device="cpu",
            random_state=seed,
            workspace_dir=tempfile.mkdtemp(),
        )
        self.model.fit(frame)

    def sample(self, n: int) -> pd.DataFrame:
        """New rows."""
        return self.model.sample(n_samples=n)


class Arf:
    """Adversarial random forests."""

    def __init__(self) -> None:
        from arfpy import arf

        self.make = arf.arf

    def fit(self, frame: pd.DataFrame, kinds: dict[str, str], target: str, seed: int) -> None:
        """Learn ``frame``."""
        np.random.seed(seed)  # noqa: NPY002 - the only generator that it knows
        self.filled, self.kinds = Filled(), kinds
        encoded, now = self.filled.encode(frame, kinds)
        types = {name: "category" if kind == "categorical" else float for name, kind in now.items()}
        self.model = self.make(x=encoded.astype(types), verbose=False)
        self.model.forde()

    def sample(self, n: int) -> pd.DataFrame:
        """New rows."""
        return _rounded(self.filled.decode(self.model.forge(n=n)), self.kinds)


class SynthpopPy:
    """CART synthesis as R's synthpop does it, in Python."""

    def __init__(self) -> None:
        from synthpop import Synthesiser

        self.make = Synthesiser

    def fit(self, frame: pd.DataFrame, kinds: dict[str, str], target: str, seed: int) -> None:
        """Learn ``frame``."""
        nominal = {name: "category" for name, kind in kinds.items() if kind == "categorical"}
        self.model = self.make(random_seed=seed)
        self.model.fit(frame.astype(nominal))

    def sample(self, n: int) -> pd.DataFrame:
        """New rows."""
        return self.model.generate(n)


class Dpmm:
    """Marginals with differential privacy; bounds and levels of the data are given to it as public."""

    def __init__(self, pipeline: str, epsilon: float) -> None:
        from dpmm import pipelines

        self.make, self.epsilon = getattr(pipelines, pipeline), epsilon

    def fit(self, frame: pd.DataFrame, kinds: dict[str, str], target: str, seed: int) -> None:
        """Learn ``frame``."""
        self.filled, self.kinds = Filled(), kinds
        encoded, now = self.filled.encode(frame, kinds)
        encoded = encoded.astype({name: "category" if kind == "categorical" else float for name, kind in now.items()})
        domain: dict[str, Any] = {
            name: {"categories": list(encoded[name].cat.categories)}
            if kind == "categorical"
            else {"lower": float(encoded[name].min()), "upper": float(encoded[name].max())}
            for name, kind in now.items()
        }
        for_bounds = OF_THE_BUDGET_FOR_BOUNDS * self.epsilon
        self.model = self.make(epsilon=self.epsilon - for_bounds, delta=DELTA, proc_epsilon=for_bounds, n_jobs=1)
        self.model.fit(encoded, domain=domain, random_state=seed)

    def sample(self, n: int) -> pd.DataFrame:
        """New rows."""
        return _rounded(self.filled.decode(self.model.generate(n_records=n)), self.kinds)


class SmartNoise:
    """OpenDP's SmartNoise."""

    def __init__(self, method: str, epsilon: float) -> None:
        from snsynth import Synthesizer

        self.make, self.method, self.epsilon = Synthesizer.create, method, epsilon

    def fit(self, frame: pd.DataFrame, kinds: dict[str, str], target: str, seed: int) -> None:
        """Learn ``frame``."""
        _seed_torch(seed)
        self.filled, self.kinds = Filled(), kinds
        encoded, now = self.filled.encode(frame, kinds)
        nominal = [name for name, kind in now.items() if kind == "categorical"]
        numeric = [name for name in encoded if name not in nominal]
        encoded = encoded.astype(dict.fromkeys(numeric, float))
        self.columns = list(encoded)
        self.model = self.make(self.method, epsilon=self.epsilon)
        budget = OF_THE_BUDGET_FOR_BOUNDS * self.epsilon
        self.model.fit(encoded, categorical_columns=nominal, continuous_columns=numeric, preprocessor_eps=budget)

    def sample(self, n: int) -> pd.DataFrame:
        """New rows."""
        made = self.model.sample(n)
        frame = made if isinstance(made, pd.DataFrame) else pd.DataFrame(made, columns=self.columns)
        return _rounded(self.filled.decode(frame), self.kinds)


PEERS: dict[str, Entrant] = {
    "synthpop_py": Entrant(SynthpopPy, "synthpop_py", "synthpop-py 0.1.3 (CART)"),
    "arfpy": Entrant(Arf, "arfpy", "arfpy 0.1.1"),
    "sdv_gaussian_copula": Entrant(lambda: Sdv("GaussianCopulaSynthesizer"), "sdv", "SDV 2.0 GaussianCopula"),
    "sdv_tvae": Entrant(
        lambda: Sdv("TVAESynthesizer", epochs=150, enable_gpu=False), "sdv", "SDV 2.0 TVAE", "150 of 300 epochs"
    ),
    "sdv_ctgan": Entrant(
        lambda: Sdv("CTGANSynthesizer", epochs=50, enable_gpu=False), "sdv", "SDV 2.0 CTGAN", "50 of 300 epochs"
    ),
    "tabular_argn": Entrant(TabularArgn, "mostly", "MOSTLY AI TabularARGN 2.7", "at most 4 minutes of training"),
    "dpmm_mst_1": Entrant(lambda: Dpmm("MSTPipeline", 1.0), "dpmm", "dpmm MST, epsilon 1"),
    "dpmm_aim_1": Entrant(lambda: Dpmm("AIMPipeline", 1.0), "dpmm", "dpmm AIM, epsilon 1"),
    "dpmm_mst_10": Entrant(lambda: Dpmm("MSTPipeline", 10.0), "dpmm", "dpmm MST, epsilon 10"),
    "smartnoise_mst_1": Entrant(lambda: SmartNoise("mst", 1.0), "smartnoise", "SmartNoise MST, epsilon 1"),
}
