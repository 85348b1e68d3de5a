"""The answer of a network that was trained: its weights as plain arrays, and the loss round by round."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cohortium.analyse.neural.strategy import WEIGHTS
from cohortium.analyse.neural.target import LOSSES
from cohortium.records import Result, algorithm_to_plain, schema_from_plain

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from cohortium.analyse.neural.neural_network import NeuralNetwork

    Reals = NDArray[np.float64]

TITLE = "Neural network"
_PERSONS_A_WEIGHT = 5.0


def network_answer(
    network: NeuralNetwork, persons: int, facts: Mapping[str, Any], arrays: Mapping[str, Reals]
) -> Result:
    """Weights, scales and losses; round 0 is the loss before any training."""
    architecture = network.architecture(facts)
    schema = schema_from_plain(facts["schema"])
    inputs = network.inputs()
    known = {
        "kind": facts["kind"],
        "classes": list(inputs.target.classes(schema)),
        "inputs": inputs.terms(schema),
        "layers": facts["sizes"],
        "strategy": network.strategy,
        "rounds": facts["round"],
        "parameters": architecture.parameters,
        "bytes": architecture.parameters * 8,
        "loss_is": LOSSES[facts["kind"]],
        "notes": _notes(network, persons, architecture.parameters),
        "algorithm": algorithm_to_plain(network),
        "schema": facts["schema"],
    }
    if network.image is not None:
        known |= {"image": network.image, "shape": facts["shape"], "filters": list(network.filters)}
    cost = network.site_cost()
    if cost is not None:
        known |= {"epsilon": cost.epsilon, "delta": cost.delta, "rho_spent": float(cost.rho)}
    if "learnt_from" in facts:
        known |= {"rows": facts["learnt_from"], "loss": facts["losses"][-1][0]}
    kept = {"centre": arrays["centre"], "scale": arrays["scale"]}
    for place, (matrix, bias) in enumerate(architecture.layers(arrays[WEIGHTS]), start=1):
        kept |= {f"layer_{place}_weights": matrix, f"layer_{place}_biases": bias}
    return Result(TITLE, persons, _rounds(network, facts["losses"]), known, kept)


def _rounds(network: NeuralNetwork, losses: list[list[float | None]]) -> dict[str, dict[str, list[Any]]]:
    if not losses:
        return {}
    names = ["loss", "held_out_loss"] if network.held_out > 0 else ["loss"]
    columns = {name: [row[place] for row in losses] for place, name in enumerate(names)}
    return {"rounds": {"round": list(range(len(losses))), **columns}}


def _notes(network: NeuralNetwork, persons: int, parameters: int) -> list[str]:
    found = []
    if network.patient_clip is None and persons < _PERSONS_A_WEIGHT * parameters:
        found.append(
            f"{parameters} weights for {persons} persons: such a network can remember single patients. Give it only to "
            "those who may see the records, use fewer units, or train it in mode dp."
        )
    cost = network.site_cost()
    if cost is not None:
        found.append(
            f"Noise at the hospitals hides each of their patients: epsilon {cost.epsilon:.3g} at delta {cost.delta:g}, "
            "whoever sees what left them. The number of persons carries noise, too."
        )
    if network.strategy == "fed_recon":
        found.append("The last layer is where every site's own starts from; a site learns its own before it predicts.")
    return found
