"""What the steps of federated trees hand on, as arrays of a state and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from cohortium.errors import ProtocolViolation
from cohortium.numerics.blends import Blends
from cohortium.numerics.level_growth import Nodes
from cohortium.records import Result, Schema, schema_from_plain, schema_to_plain
from cohortium.registry import find
from cohortium.synthesise.federated.grove import Grove
from cohortium.synthesise.federated.summed_features import Draft, Features
from cohortium.synthesise.protocol import Fitted, Parts
from cohortium.synthesise.tables.bins import ColumnBins
from cohortium.synthesise.tables.stored import BIN_ARRAYS, bins_from_plain, bins_to_plain

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Arrays = dict[str, NDArray[Any]]


def put(prefix: str, arrays: Mapping[str, NDArray[Any]]) -> Arrays:
    """The arrays under names that begin with ``prefix``."""
    return {f"{prefix}.{name}": array for name, array in arrays.items()}


def got(prefix: str, arrays: Mapping[str, NDArray[Any]]) -> Arrays:
    """What ``put`` made, as arrays that can be written to: compiled code tells them from those that cannot."""
    start = f"{prefix}."
    return {name.removeprefix(start): array.copy() for name, array in arrays.items() if name.startswith(start)}


def bins_put(bins: Sequence[ColumnBins]) -> tuple[list[dict[str, Any]], Arrays]:
    """The bins of several columns as facts and arrays."""
    plain = [bins_to_plain(found) for found in bins]
    arrays: Arrays = {}
    for place, own in enumerate(plain):
        arrays |= put(f"bins.{place:05d}", own.arrays)
    return [own.facts for own in plain], arrays


def bins_got(schema: Schema, facts: Sequence[dict[str, Any]], arrays: Mapping[str, NDArray[Any]]) -> list[ColumnBins]:
    """What ``bins_put`` made."""
    own = [{name: arrays[f"bins.{place:05d}.{name}"].copy() for name in BIN_ARRAYS} for place in range(len(facts))]
    return [bins_from_plain(schema, Parts(fact, part)) for fact, part in zip(facts, own, strict=True)]


def drafts_put(drafts: Sequence[Draft]) -> Arrays:
    """Drafts of features as arrays."""
    arrays: Arrays = {}
    for place, draft in enumerate(drafts):
        parts = {"before": draft.before, "edges": draft.edges, **draft.blends._asdict()}
        arrays |= put(f"draft.{place:05d}", parts)
    return arrays


def drafts_got(number: int, arrays: Mapping[str, NDArray[Any]]) -> list[Draft]:
    """What ``drafts_put`` made."""
    drafts = []
    for place in range(number):
        own = got(f"draft.{place:05d}", arrays)
        drafts.append(Draft(own["before"], Blends(*(own[name] for name in Blends._fields)), own["edges"]))
    return drafts


def features_put(features: Sequence[Features]) -> Arrays:
    """Features of every target as arrays."""
    arrays: Arrays = {}
    for place, own in enumerate(features):
        plain = {"columns": own.source, "lookup": own.lookup, "widths": own.widths, **own.blends._asdict()}
        arrays |= put(f"features.{place:05d}", plain)
    return arrays


def features_got(number: int, arrays: Mapping[str, NDArray[Any]]) -> list[Features]:
    """What ``features_put`` made."""
    features = []
    for place in range(number):
        own = got(f"features.{place:05d}", arrays)
        blends = Blends(*(own[name] for name in Blends._fields))
        features.append(Features(own["columns"], own["lookup"], own["widths"], blends))
    return features


def grove_put(grove: Grove) -> Arrays:
    """A grove as arrays."""
    names = ("tree", "depth", "open", "root", "target")
    return put("nodes", grove.nodes._asdict()) | put("grove", {name: getattr(grove, name) for name in names})


def grove_got(arrays: Mapping[str, NDArray[Any]]) -> Grove:
    """What ``grove_put`` made."""
    nodes, own = got("nodes", arrays), got("grove", arrays)
    return Grove(Nodes(*(nodes[name] for name in Nodes._fields)), **own)


def result_of(fitted: Fitted, persons: int, title: str) -> Result:
    """A fitted model as the answer of an algorithm."""
    parts = fitted.parts()
    # half-sized whole numbers do not travel
    small = [name for name, array in parts.arrays.items() if array.dtype == np.int16]
    arrays = {name: array.astype(np.int32) if name in small else array for name, array in parts.arrays.items()}
    facts = {
        "method": fitted.method,
        "schema": schema_to_plain(fitted.schema),
        "model": parts.facts,
        "small": small,
        "notes": list(fitted.notes),
    }
    return Result(title, persons, {}, facts, arrays)


def fitted_of(result: Result) -> Fitted:
    """The fitted model that the answer of a federated synthesiser holds: to be sampled, saved, judged, released.

    Raises : ProtocolViolation where the answer holds none.
    """
    facts = result.facts
    if not {"method", "schema", "model", "small"} <= set(facts):
        raise ProtocolViolation(f"A fitted model was expected; the answer '{result.title}' holds none.")
    arrays = {name: array.copy() for name, array in result.arrays.items()}
    arrays |= {name: arrays[name].astype(np.int16) for name in facts["small"]}
    reads: type[Fitted] = find("model", facts["method"]).thing
    return reads.from_parts(schema_from_plain(facts["schema"]), Parts(facts["model"], arrays))
