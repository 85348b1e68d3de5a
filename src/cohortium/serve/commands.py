"""What each command does, in steps; every function returns plain data and the lines that a person reads."""

from __future__ import annotations

import getpass
import http.server
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from cohortium.errors import DisclosureRefused, InvalidRequest, NotApplicable, SourceUnreadable
from cohortium.evaluate import evaluate
from cohortium.evaluate.report import html, to_json
from cohortium.privacy.policy import load_policy
from cohortium.privacy.release import Decision, decide
from cohortium.privacy.released_folder import must_be_free
from cohortium.quality import html as quality_html
from cohortium.quality import profile, run_checks
from cohortium.records import Evidence, Role, Schema, Table, parse_condition
from cohortium.registry import entries
from cohortium.serve.demo_page import write_demo_page
from cohortium.serve.reporter import Reporter
from cohortium.serve.twin import Plan, documents, make_twin
from cohortium.serve.workspace import Workspace
from cohortium.sources import (
    Options,
    conform,
    folder_of,
    infer_schema,
    load_schema,
    read_raw,
    save_schema,
    schema_path_for,
)
from cohortium.synthesise import generate, load_model, save_model


def open_table(
    address: str,
    schema_file: Path | None = None,
    sheet: str | None = None,
    dictionary: Path | None = None,
    *,
    person: str | None = None,
    outcome: str | None = None,
    say: Callable[[str], None] = lambda _line: None,
) -> Table:
    """The table at ``address`` under its schema: the edited one where there is one, else inferred and saved."""
    is_database = "://" in address or Path(address).suffix in {".sqlite", ".db", ".duckdb"}
    options = Options(sheet=None if is_database else sheet, table=sheet if is_database else None, dictionary=dictionary)
    raw = read_raw(address, options)
    path = schema_file or schema_path_for(address, options)
    if path.exists():
        schema = load_schema(path)
        say(f"Schema: {path}")
    elif schema_file is not None:
        raise InvalidRequest(f"There is no schema file {schema_file}. Leave --schema out to have one made.")
    else:
        schema = infer_schema(raw, title=Path(address).name)
        save_schema(schema, path)
        say(f"Schema inferred and saved: {path} (read it, correct it, run again)")
    if person is not None:
        schema = _with_sole_role(schema, person, Role.PERSON_KEY)
    if outcome is not None and not schema[outcome].has_role(Role.OUTCOME):
        schema = schema.replace_column(schema[outcome].with_roles(Role.OUTCOME))
    return conform(raw, schema, folder_of(address))


def profile_table(
    data: str, out: Path, schema_file: Path | None, sheet: str | None, dictionary: Path | None, reporter: Reporter
) -> dict[str, Any]:
    """Profile and quality checks of a table, as a page."""
    table = open_table(data, schema_file, sheet, dictionary, say=reporter.say)
    reporter("describing columns", 0.3)
    described = profile(table)
    reporter("checking quality", 0.6)
    results = run_checks(table, today=datetime.now(UTC).date())
    _write_text(out, quality_html(described, results, table.schema.title or Path(data).name))
    counts = {status: sum(str(result.status) == status for result in results) for status in ("fail", "warn", "pass")}
    return {
        "rows": len(table),
        "columns": len(table.schema.columns),
        "checks": counts,
        "page": str(out),
        "lines": [
            f"{len(table):,} rows, {len(table.schema.columns)} columns.",
            f"Checks: {counts['fail']} failed, {counts['warn']} to look at, {counts['pass']} passed.",
            f"Page: {out}",
        ],
    }


def synthesise_table(
    data: str,
    out: Path,
    plan: Plan,
    reporter: Reporter,
    *,
    schema_file: Path | None = None,
    sheet: str | None = None,
    dictionary: Path | None = None,
    person: str | None = None,
    outcome: str | None = None,
    policy_file: Path | None = None,
    override: str = "",
) -> dict[str, Any]:
    """A twin of a table, judged, and written to ``out`` if the gate lets it."""
    policy = load_policy(policy_file)
    must_be_free(out)
    table = open_table(data, schema_file, sheet, dictionary, person=person, outcome=outcome, say=reporter.say)
    twin = make_twin(table, plan, progress=reporter, source=Path(data).name)
    evidence, decision = twin.decide(policy, override_reason=override)
    workspace = Workspace()
    run = workspace.new_run(table.schema.title or Path(data).stem)
    facts = {"verdict": decision.verdict, "policy": decision.policy, "run": run.name}
    save_model(twin.fitted, run / "model.cohortium", facts=facts)
    _keep(run, evidence, decision, twin.schema)
    workspace.record({**facts, "by": getpass.getuser(), "source": Path(data).name, "override": override,
                      "rows": len(twin.table), "reasons": list(decision.reasons)})  # fmt: skip
    if not decision.lets_out:
        return _refused(decision, run)
    with_pdf = find_spec("typst") is not None
    folder = twin.release(policy, override_reason=override).write(out, documents(twin.schema, with_pdf=with_pdf))
    lines = [
        f"Released under '{decision.policy}'" + (" BY OVERRIDE" if override and decision.reasons else "") + ".",
        *(f"Limit: {limit}" for limit in decision.limits),
        f"Twin, evidence and report: {folder}",
        f"Model for more rows: {run / 'model.cohortium'}",
        workspace.receipt(folder, decision),
    ]
    if not with_pdf:
        lines.append("No report.pdf: install cohortium[report] to have one.")
    return {
        "verdict": decision.verdict,
        "policy": decision.policy,
        "rows": len(twin.table),
        "folder": str(folder),
        "model": str(run / "model.cohortium"),
        "reasons": list(decision.reasons),
        "limits": list(decision.limits),
        "lines": lines,
    }


def evaluate_tables(
    real: str,
    synthetic: str,
    holdout: str | None,
    out: Path,
    reporter: Reporter,
    *,
    schema_file: Path | None = None,
    outcome: str | None = None,
    seed: int = 0,
    policy_file: Path | None = None,
) -> dict[str, Any]:
    """Evidence on a pair of files, whoever made the synthetic one."""
    policy = load_policy(policy_file)
    must_be_free(out)
    truth = open_table(real, schema_file, outcome=outcome, say=reporter.say)
    made = _read_as(synthetic, truth.schema)
    held = _read_as(holdout, truth.schema) if holdout is not None else None
    facts = {
        "title": Path(synthetic).name,
        "source": Path(real).name,
        "rows_real": len(truth),
        "persons_real": len(np.unique(truth.persons())),
        "rows_synthetic": len(made),
        "persons_held_out": 0 if held is None else len(np.unique(held.persons())),
        "method": "made elsewhere",
        "seed": seed,
    }
    rng = np.random.default_rng(seed)
    evidence = evaluate(truth, made, held, target=outcome, rng=rng, progress=reporter, facts=facts)
    judged, decision = decide(evidence, policy)
    out.mkdir(parents=True, exist_ok=True)
    _keep(out, judged, decision, truth.schema)
    would = "would let this table out" if decision.lets_out else "would keep this table in"
    return {
        "verdict": decision.verdict,
        "policy": decision.policy,
        "folder": str(out),
        "reasons": list(decision.reasons),
        "limits": list(decision.limits),
        "lines": [
            f"The gate {would} under '{decision.policy}'.",
            *(f"- {r}" for r in decision.reasons),
            f"Report: {out}",
        ],
    }


def sample_model(
    model: Path, out: Path, rows: int, seed: int, where: str | None, balance: str | None, reporter: Reporter
) -> dict[str, Any]:
    """More rows from a saved model whose twin was let out.

    Raises : DisclosureRefused where it was not.
    """
    if not model.is_file():
        raise SourceUnreadable(f"There is no file {model}. Name a model.cohortium that 'cohortium synthesise' saved.")
    fitted, facts = load_model(model)
    if facts.get("verdict") not in ("released", "released by override"):
        raise DisclosureRefused(
            f"The gate has not let out what {model.name} makes (verdict: {facts.get('verdict', 'none')}). "
            "Run 'cohortium synthesise' with other settings, or with --override REASON."
        )
    condition = parse_condition(where, fitted.schema) if where else None
    written = generate(
        fitted, rows, out, rng=np.random.default_rng(seed), where=condition, balance=balance, progress=reporter
    )
    Workspace().record({"verdict": "sampled", "run": facts["run"], "rows": written, "by": getpass.getuser()})
    return {"rows": written, "file": str(out), "lines": [f"{written:,} rows: {out}"]}


def run_demo(out: Path, reporter: Reporter) -> dict[str, Any]:
    """The whole way on the heart disease table that ships with Cohortium."""
    folder = out.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    data = folder / "heart_disease.csv"
    packaged = resources.files("cohortium.serve").joinpath("demo_data")
    for name in ("heart_disease.csv", "heart_disease.csv.schema.toml", "SOURCE.md"):
        (folder / name).write_bytes(packaged.joinpath(name).read_bytes())
    described = profile_table(str(data), folder / "profile.html", None, None, None, reporter)
    twin = folder / "twin"
    if twin.exists():
        raise InvalidRequest(f"{twin} is there from an earlier demo. Remove {folder}, or choose another --out.")
    made = synthesise_table(str(data), twin, Plan(seed=1), reporter)
    from cohortium.serve.anonymisation.demo import run_anonymised_demo

    anonymised = run_anonymised_demo(data, folder / "anonymised", reporter)
    lines = [*described["lines"], *made["lines"], *anonymised, *_federated_demo(folder / "federation", reporter)]
    return {**made, "lines": [*lines, f"Everything on one page: {write_demo_page(folder)}"]}


def _federated_demo(folder: Path, reporter: Reporter) -> list[str]:
    """The four hospitals as four nodes, where the packages for it are installed."""
    if find_spec("nvflare") is None:
        return ["The federated part was left out: it needs pip install 'cohortium[federation]'."]
    from cohortium.serve.federated_demo import run_federated_demo

    return run_federated_demo(folder, reporter)


def serve_folder(folder: Path, port: int, ready: Callable[[str], None]) -> None:
    """Show ``folder`` at a loopback address until interrupted; nothing outside this machine can reach it."""
    handler = partial(_Quiet, directory=str(folder))
    try:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
    except OSError as error:
        raise InvalidRequest(f"Port {port} cannot be used: {error.strerror}. Choose another with --port.") from error
    with server:
        worker = threading.Thread(target=server.serve_forever, daemon=True)
        worker.start()
        pages = ("index.html", "twin/report.html", "report.html")
        page = next((name for name in pages if (folder / name).exists()), "")
        ready(f"http://127.0.0.1:{server.server_port}/{page}")
        try:
            worker.join()
        except KeyboardInterrupt:
            server.shutdown()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Requests are not logged: an address may carry a patient's value."""


def list_methods() -> list[dict[str, str]]:
    """Every registered way to make a twin."""
    return [
        {"name": e.name, "summary": e.summary, "suits": e.facts["suits"], "guarantee": e.facts["guarantee"]}
        for e in entries("synthesiser")
    ]


def _with_sole_role(schema: Schema, name: str, role: Role) -> Schema:
    for column in schema.with_role(role):
        schema = schema.replace_column(replace(column, roles=column.roles - {role}))
    return schema.replace_column(schema[name].with_roles(role))


def _read_as(address: str, schema: Schema) -> Table:
    raw = read_raw(address, Options())
    absent = [name for name in schema.names if name not in raw.column_names]
    if any(schema[name].is_modelled for name in absent):
        missing = [name for name in absent if schema[name].is_modelled]
        raise NotApplicable(f"{Path(address).name} lacks the columns {missing} of the real table; add them.")
    present = [name for name in schema.names if name in raw.column_names]
    return conform(raw.select(present), schema.select(present), folder_of(address))


def _keep(folder: Path, evidence: Evidence, decision: Decision, schema: Schema) -> None:
    _write_text(folder / "evidence.json", to_json(evidence, decision, schema))
    _write_text(folder / "report.html", html(evidence, decision, schema))


def _refused(decision: Decision, run: Path) -> dict[str, Any]:
    return {
        "verdict": decision.verdict,
        "policy": decision.policy,
        "reasons": list(decision.reasons),
        "limits": list(decision.limits),
        "advice": list(decision.advice),
        "workspace": str(run),
        "lines": [
            f"Refused under '{decision.policy}'; nothing was written outside the workspace.",
            *(f"- {reason}" for reason in decision.reasons),
            *(f"What would help: {advice}" for advice in decision.advice),
            f"The report on what was refused: {run / 'report.html'}",
        ],
    }


def _write_text(path: Path, text: str) -> None:
    unfinished = path.with_name(f".{path.name}.unfinished")
    unfinished.write_text(text, "utf-8")
    unfinished.replace(path)
