"""The hub's gate for answers: small cells blanked as the algorithm's declared facts tell them."""

from __future__ import annotations

from cohortium.privacy.disclosure import DisclosureRules, Mode
from cohortium.privacy.release import ReleasedResult, release_result
from cohortium.privacy.result_cells import SETTINGS, Cells
from cohortium.records import Algorithm, Result, algorithm_to_plain, name_of
from cohortium.registry import find


def let_out(algorithm: Algorithm, result: Result, rules: DisclosureRules, mode: Mode) -> ReleasedResult:
    """The answer of an algorithm under the rules; its settings stay, also where a cell is blanked.

    Raises : DisclosureRefused where too few persons stand behind it.
    """
    facts = find("algorithm", name_of(algorithm)).facts
    arrays = [name for name in facts["counts"] if name in result.arrays]
    declared = facts["cells"]
    cells = None if declared is None else [Cells(name, by) for name, by in declared if name in result.tables]
    asked = algorithm_to_plain(algorithm)["settings"]
    settings = {*SETTINGS, *(name for name, value in asked.items() if result.facts.get(name) == value)}
    return release_result(result, rules, mode=mode, cells=cells, arrays=arrays, settings=settings)
