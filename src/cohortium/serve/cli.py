"""The command line: what a data steward types."""

from __future__ import annotations

import atexit
import json
import os
import sys
import threading
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table as Grid

import cohortium
from cohortium.errors import CohortiumError, DisclosureRefused
from cohortium.serve.anonymisation import anonymise_app, risk
from cohortium.serve.federation import hub_app, node_app, permit_app, study_app
from cohortium.serve.ledger import ledger_app
from cohortium.serve.options import (
    REFUSED,
    AsJson,
    Data,
    Dictionary,
    Out,
    Outcome,
    Override,
    Person,
    PolicyFile,
    SchemaFile,
    Seed,
    Sheet,
    show,
)
from cohortium.serve.reporter import Reporter
from cohortium.serve.verify import verify

FAILED = 2
"""Exit code where the input or request cannot be used."""

_UNUSABLE_PATHS = (PermissionError, FileNotFoundError, FileExistsError, NotADirectoryError, IsADirectoryError)

app = typer.Typer(
    name="cohortium",
    help="Analyse, model and share health data while no patient's record leaves its hospital.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(anonymise_app, name="anonymise")
app.command()(risk)
app.command()(verify)
app.add_typer(ledger_app, name="ledger")
app.add_typer(hub_app, name="hub")
app.add_typer(node_app, name="node")
app.add_typer(study_app, name="study")
app.add_typer(permit_app, name="permit")
err = Console(stderr=True)


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Show the version and leave.")] = False,
) -> None:
    if version:
        typer.echo(f"cohortium {cohortium.__version__}")
        raise typer.Exit


@app.command()
def profile(
    data: Data,
    out: Annotated[Path, typer.Option("--out", "-o", help="HTML file to write.")] = Path("profile.html"),
    schema: SchemaFile = None,
    sheet: Sheet = None,
    dictionary: Dictionary = None,
    as_json: AsJson = False,
) -> None:
    """Describe a table and check its quality; write the schema that you can edit, and a page to read."""
    with Reporter(quiet=as_json) as reporter:
        result = _commands().profile_table(data, out, schema, sheet, dictionary, reporter)
    show(result, as_json)


@app.command()
def synthesise(
    data: Data,
    out: Out,
    rows: Annotated[
        int | None, typer.Option(min=1, help="Rows of the twin. Default: as many as the table has.")
    ] = None,
    seed: Seed = 0,
    person: Person = None,
    outcome: Outcome = None,
    method: Annotated[str, typer.Option(help="See 'cohortium methods'.")] = "sequential_trees",
    epsilon: Annotated[
        float | None, typer.Option(min=0.0, help="Privacy budget, for methods with differential privacy.")
    ] = None,
    delta: Annotated[float | None, typer.Option(min=0.0, max=1.0, help="Chance that the guarantee may fail.")] = None,
    public_schema: Annotated[
        bool,
        typer.Option(
            "--public-schema",
            help="The schema's levels and ranges are known without these patients; spends no budget on them.",
        ),
    ] = False,
    where: Annotated[
        str | None, typer.Option(help='Only rows like these, for example "age >= 70 and sex = F".')
    ] = None,
    analysis: Annotated[
        str | None, typer.Option(help='Regression that the twin must reproduce, for example "num ~ age + sex".')
    ] = None,
    policy: PolicyFile = None,
    override: Override = None,
    schema: SchemaFile = None,
    sheet: Sheet = None,
    dictionary: Dictionary = None,
    as_json: AsJson = False,
) -> None:
    """Make a synthetic twin of a table, measure it, and let it out if the policy allows."""
    from cohortium.serve.twin import Plan

    plan = Plan(
        method, rows, seed, epsilon, delta, where, target=outcome, analysis=analysis, schema_is_public=public_schema
    )
    with Reporter(quiet=as_json) as reporter:
        result = _commands().synthesise_table(
            data, out, plan, reporter,
            schema_file=schema, sheet=sheet, dictionary=dictionary, person=person, outcome=outcome,
            policy_file=policy, override=override or "",
        )  # fmt: skip
    show(result, as_json)
    if result["verdict"] == "refused":
        raise typer.Exit(REFUSED)


@app.command()
def evaluate(
    real: Annotated[str, typer.Argument(help="The real table that the synthetic one was made from.")],
    synthetic: Annotated[str, typer.Argument(help="The synthetic table, whoever made it.")],
    out: Out,
    holdout: Annotated[
        str | None, typer.Option(help="Real persons whom the synthesiser never saw; privacy cannot be judged without.")
    ] = None,
    outcome: Outcome = None,
    seed: Seed = 0,
    policy: PolicyFile = None,
    schema: SchemaFile = None,
    as_json: AsJson = False,
) -> None:
    """Judge any synthetic table against the real one: fidelity, utility, attacks, fairness."""
    with Reporter(quiet=as_json) as reporter:
        result = _commands().evaluate_tables(
            real, synthetic, holdout, out, reporter, schema_file=schema, outcome=outcome, seed=seed, policy_file=policy
        )
    show(result, as_json)
    if result["verdict"] == "refused":
        raise typer.Exit(REFUSED)


@app.command()
def sample(
    model: Annotated[Path, typer.Argument(help="A model that 'synthesise' saved (model.cohortium).")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Parquet or CSV file to write.")],
    rows: Annotated[int, typer.Option(min=1, help="How many rows.")] = 1000,
    seed: Seed = 0,
    where: Annotated[str | None, typer.Option(help="Only rows like these.")] = None,
    balance: Annotated[str | None, typer.Option(help="As many rows of each level of this column.")] = None,
    as_json: AsJson = False,
) -> None:
    """Draw more rows from a model whose twin the gate has let out."""
    with Reporter(quiet=as_json) as reporter:
        result = _commands().sample_model(model, out, rows, seed, where, balance, reporter)
    show(result, as_json)


@app.command()
def demo(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the result.")] = Path("demo"),
    serve: Annotated[bool, typer.Option("--serve/--no-serve", help="Show the result in a browser at the end.")] = True,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Loopback port; 0 picks a free one.")] = 8765,
) -> None:
    """Go the whole way with the heart disease table of four hospitals, which ships with Cohortium."""
    with Reporter() as reporter:
        result = _commands().run_demo(out, reporter)
    show(result, as_json=False)
    if serve and sys.stdout.isatty():
        _serve(out, port)


@app.command("serve")
def serve_folder(
    folder: Annotated[
        Path, typer.Argument(help="A folder that 'demo' or 'synthesise' wrote.", exists=True, file_okay=False)
    ],
    port: Annotated[int, typer.Option(min=0, max=65535, help="Loopback port; 0 picks a free one.")] = 8765,
) -> None:
    """Show a result in the browser of this machine; nothing outside it can reach the address."""
    _serve(folder, port)


@app.command()
def methods(as_json: AsJson = False) -> None:
    """List the ways to make a twin, and when to choose which."""
    found = _commands().list_methods()
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    grid = Grid("method", "what it does", "choose it for", "guarantee")
    for entry in found:
        grid.add_row(entry["name"], entry["summary"], entry["suits"], entry["guarantee"])
    Console().print(grid)


def _commands() -> Any:
    """What the steward's commands run: imported when one is typed, since it brings everything else along."""
    from cohortium.serve import commands

    return commands


def _serve(folder: Path, port: int) -> None:
    _commands().serve_folder(folder, port, lambda address: err.print(f"Open [bold]{address}[/] - Ctrl+C ends it."))


def run() -> NoReturn:
    """The program ``cohortium``: :func:`main`, and an end that keeps its exit code.

    Arrow's reading threads may still let go of Python objects when a short command has ended; an interpreter that is
    torn down meanwhile aborts the process (exit code -6). So the exit functions are called and the streams flushed
    here, and the process leaves without being torn down.
    """
    code: int | str | None = 0
    try:
        main()
    except SystemExit as end:
        code = end.code
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


def main() -> None:
    """Run the command line; every error that Cohortium raises on purpose ends as one clear message."""
    try:
        app()
    except DisclosureRefused as refusal:
        _stop(str(refusal), REFUSED)
    except CohortiumError as error:
        _stop(str(error), FAILED)
    except _UNUSABLE_PATHS as error:
        if error.filename is None:
            raise
        told = "Check the path, and that this account may use it."
        _stop(f"{error.filename} cannot be used: {error.strerror}. {told}", FAILED)


def _stop(message: str, code: int) -> NoReturn:
    err.print(f"[bold red]cohortium:[/] {escape(message)}")
    raise SystemExit(code)
