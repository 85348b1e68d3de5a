"""What hub and node both know of a secure sum: who takes part, what is summed, and how sums become words."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from cohortium.crypto.secure_sum import Roster
from cohortium.errors import ProtocolViolation
from cohortium.federate.study import Analysis, Study
from cohortium.privacy.distributed_noise import NoisePlan, plan_noise
from cohortium.privacy.private_at_site import PrivateAtSite
from cohortium.privacy.sensitivity import Weighing, bounded
from cohortium.records import Schema, State, Table
from cohortium.records.sums import Layout
from cohortium.records.table import ARROW_TYPES


@dataclass(frozen=True, slots=True)
class Credential:
    """What a site shows of itself: the public key of its identity, and the certificate that endorses it.

    public, endorsement : hexadecimal. certificate : PEM.
    """

    public: str
    endorsement: str
    certificate: str

    def to_plain(self) -> dict[str, str]:
        """As JSON values."""
        return {"public": self.public, "endorsement": self.endorsement, "certificate": self.certificate}

    @classmethod
    def from_plain(cls, plain: Any) -> Credential:
        """What ``to_plain`` made; raises ProtocolViolation."""
        if not isinstance(plain, dict) or set(plain) != {"public", "endorsement", "certificate"}:
            raise ProtocolViolation("A site's credential is its public key, an endorsement and a certificate.")
        return cls(**{name: str(value) for name, value in plain.items()})


def roster_of(session: str, credentials: Mapping[str, Credential]) -> Roster:
    """The roster of these sites; raises ProtocolViolation where a key is none."""
    try:
        return Roster.of(bytes.fromhex(session), {name: bytes.fromhex(one.public) for name, one in credentials.items()})
    except ValueError as error:
        raise ProtocolViolation("A session or public key that came is not written in hexadecimal.") from error


def context_of(study: Study, analysis: str, step: int, state: bytes, schema: Mapping[str, Any]) -> bytes:
    """Digest of what is summed in a round; sites that were asked for different things get no sum."""
    parts = [study.digest, analysis, str(step), hashlib.sha256(state).hexdigest(), json.dumps(schema, sort_keys=True)]
    return hashlib.sha256("\0".join(parts).encode()).digest()


def layout_of(analysis: Analysis, schema: Schema, state: State) -> Layout:
    """The layout of every site's sums: that of a site without a row."""
    algorithm = analysis.algorithm
    if isinstance(algorithm, PrivateAtSite) and algorithm.site_cost() is not None:
        return algorithm.empty_sums(state).layout
    arrays = [pa.array([], ARROW_TYPES[column.kind]) for column in schema.columns]
    nobody = Table(pa.table(arrays, names=list(schema.names)), schema)
    return algorithm.local(nobody, state).layout


def noise_plan(study: Study, analysis: Analysis, schema: Schema, step: int, state: State, roster: Roster) -> NoisePlan:
    """The noise of a step in mode "dp", which hub and every site work out for themselves.

    It holds although sites may drop out down to the fewest that a secure sum takes, and although as many as the sum
    withstands tell the hub their own noise.
    Raises : NotApplicable where nothing bounds what one person adds.
    """
    layout = layout_of(analysis, schema, state)
    sensitivity = bounded(analysis.algorithm, schema).sensitivity(state)
    algorithm, sites = analysis.algorithm, len(roster.members)
    return plan_noise(
        layout, sensitivity, study.rho(analysis.name, step),
        weights=algorithm.array_weights(state) if isinstance(algorithm, Weighing) else {},
        sites=sites, dropouts=sites - roster.fewest, colluding=max(0, min(roster.colluders, roster.fewest - 1)),
    )  # fmt: skip


def word_layout(layout: Layout) -> Layout:
    """The layout of noisy sums: whole numbers of a step each."""
    return tuple((name, np.dtype("<i8").str, shape, None) for name, _, shape, _ in layout)
