"""The page from which a newcomer walks through what the demo made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cohortium import pages
from cohortium.evaluate.report.evidence_json import from_json
from cohortium.sources.atomic import written_whole

TEMPLATES = Path(__file__).parent / "templates" / "tour"


def write_demo_page(folder: Path) -> Path:
    """``index.html`` in the demo's folder: a way to each page, with what it says in a number or two."""
    target = folder / "index.html"
    with written_whole(target) as unfinished:
        unfinished.write_text(pages.page(TEMPLATES, page={"steps": _steps(folder)}), "utf-8")
    return target


def _steps(folder: Path) -> list[dict[str, Any]]:
    found = [
        _step("profile.html", "Know the table", "What is in the records of 920 patients, and what is wrong with them."),
        _step("twin/report.html", "A synthetic twin, and the evidence", _twin_said(folder / "twin" / "evidence.json")),
        _step(
            "anonymised/release/report.html", "The records themselves, anonymised", _release_said(folder / "anonymised")
        ),
        _step(
            "anonymised/risk/report.html",
            "Who could be found in them",
            "The release attacked by somebody who knows all ages, sexes and hospitals; who bears the cost of hiding.",
        ),
        _step(
            "anonymised/risk/frontier.html",
            "What more protection would cost",
            "Every choice between risk and exactness.",
        ),
        _step("federation/results/results.html", "Four hospitals answer one study", _gap_said(folder / "federation")),
        _step(
            "federation/results/twin/report.html",
            "A twin that the hospitals trained together",
            _twin_said(folder / "federation" / "results" / "twin" / "evidence.json"),
        ),
    ]
    return [step for step in found if (folder / step["link"]).exists()]


def _step(link: str, title: str, said: str) -> dict[str, Any]:
    return {"link": link, "title": title, "said": said}


def _twin_said(path: Path) -> str:
    if not path.exists():
        return ""
    evidence, decision, _ = from_json(path.read_text("utf-8"))
    facts = evidence.facts
    attack = evidence.finding("mia_nearest").score
    found = "" if attack is None else f" Who was a member is guessed with an AUC of {attack.value:.3f}; 0.5 is chance."
    learnt = f"{facts['rows_synthetic']:,} persons who do not exist, learnt from {facts['persons_real']:,} who do"
    return f"{learnt}: {decision.verdict} under '{decision.policy}'.{found}"


def _release_said(folder: Path) -> str:
    path = folder / "release" / "evidence.json"
    if not path.exists():
        return ""
    evidence, decision, _ = from_json(path.read_text("utf-8"))
    alone = f"{evidence.facts['before']['unique_persons']:.0%}"
    least = evidence.finding("smallest_class").score
    share = (
        ""
        if least is None
        else f" Now everybody shares age group, sex and hospital with at least {least.value - 1:.0f} others."
    )
    rows = f"{evidence.facts['rows_released']:,} rows: {decision.verdict}."
    return f"{rows} Before, {alone} of the patients stood alone.{share}"


def _gap_said(folder: Path) -> str:
    path = folder / "federated-and-pooled.json"
    if not path.exists():
        return ""
    gaps = json.loads(path.read_text("utf-8"))["largest_relative_difference"]
    worst = max(gaps.values())
    return (
        "Each hospital ran a node; the hub saw sums over all four, and no record left any of them. Largest relative "
        f"difference from the answer of the pooled table: {worst:.1e}."
    )
