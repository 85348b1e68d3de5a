"""``cohortium study``: rehearse, submit and watch studies."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table as Grid

from cohortium.errors import CohortiumError, DisclosureRefused, InvalidRequest
from cohortium.serve.federation.options import AsJson, out, print_runs
from cohortium.serve.run_in_words import details, ending

study_app = typer.Typer(help="Rehearse, submit and watch studies across hospitals.", no_args_is_help=True)
TokenOption = Annotated[
    str,
    typer.Option("--token", envvar="COHORTIUM_TOKEN", help="Your token from the hub; better kept in COHORTIUM_TOKEN."),
]
StudyFile = Annotated[Path, typer.Argument(help="A study file (TOML).")]


@study_app.command("algorithms")
def study_algorithms(as_json: AsJson = False) -> None:
    """List what a study can ask for, its settings, and what leaves a hospital for it."""
    from dataclasses import fields

    from cohortium.federate.offered import offered

    found = [
        {
            "name": entry.name,
            "title": entry.facts["title"],
            "family": entry.facts["family"],
            "settings": [one.name for one in fields(entry.thing)],
            "leaves_site": entry.facts["leaves_site"],
            "source": entry.facts["source"],
        }
        for entry in offered()
    ]
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    grid = Grid("algorithm", "what it is", "settings", "what leaves a hospital")
    for one in found:
        grid.add_row(one["name"], one["title"], ", ".join(one["settings"]), one["leaves_site"])
    out.print(grid)


@study_app.command("submit")
def study_submit(
    study: StudyFile,
    token: TokenOption,
    folder: Annotated[
        Path | None, typer.Option("--out", "-o", help="Wait for the results and write them here.")
    ] = None,
) -> None:
    """Submit a study to the hub; with --out, watch it and write its results."""
    import cohortium.federate.offered  # noqa: F401 - registers the algorithms
    from cohortium.federate.client import HubClient
    from cohortium.federate.study import read_study

    asked = read_study(study).to_plain()
    with HubClient.of(token) as client:
        run = client.submit(asked)
        out.print(f"Submitted as run [bold]{run}[/].")
        if folder is not None:
            _watch(client, run)
            _write(client, run, folder)


@study_app.command("watch")
def study_watch(run: Annotated[str, typer.Argument(help="The run.")], token: TokenOption) -> None:
    """Follow a run until it ends: which step, who is waited for."""
    from cohortium.federate.client import HubClient

    with HubClient.of(token) as client:
        _watch(client, run)


@study_app.command("result")
def study_result(
    run: Annotated[str, typer.Argument(help="The run.")],
    token: TokenOption,
    folder: Annotated[Path, typer.Option("--out", "-o", help="Folder for tables, page and record.")],
) -> None:
    """Write a run's results: tables (CSV), a page (HTML), and the record that repeats or checks it (JSON)."""
    from cohortium.federate.client import HubClient

    with HubClient.of(token) as client:
        _write(client, run, folder)


@study_app.command("cancel")
def study_cancel(run: Annotated[str, typer.Argument(help="The run.")], token: TokenOption) -> None:
    """End a run; what it computed so far is kept."""
    from cohortium.federate.client import ENDED, HubClient

    with HubClient.of(token) as client:
        found = client.post(f"/runs/{run}/cancel", {})
    if found["status"] in ENDED:
        out.print(f"Run {run} has ended: {found['status']}.")
    else:
        out.print(f"Run {run} was asked to end; it ends before its next question to the hospitals.")


@study_app.command("list")
def study_list(token: TokenOption, as_json: AsJson = False) -> None:
    """Your runs, and the hospitals that are connected."""
    from cohortium.federate.client import HubClient

    with HubClient.of(token) as client:
        runs, status = client.get("/runs"), client.get("/status")
    if as_json:
        typer.echo(json.dumps({"runs": runs, **status}, indent=2))
        return
    print_runs(runs, "You have submitted no study.")
    for site, there in status["sites"].items():
        out.print(f"{escape(site)}: {there}")


@study_app.command("rehearse")
def study_rehearse(
    study: StudyFile,
    twins: Annotated[list[str], typer.Argument(help="One table per site: real-looking twins, NAME=FILE or FILE.")],
    images: Annotated[
        list[str] | None,
        typer.Option("--image", help="A column of images, filled with noise: NAME=HEIGHTxWIDTHxCHANNELS; repeat it."),
    ] = None,
    folder: Annotated[Path | None, typer.Option("--out", "-o", help="Folder for tables and page.")] = None,
) -> None:
    """Run a study on this machine, on synthetic twins, before any hospital is asked. Twins have no images."""
    import cohortium.federate.offered  # noqa: F401 - registers the algorithms
    from cohortium.federate.simulation import rehearse
    from cohortium.federate.study import read_study
    from cohortium.sources import read

    asked = read_study(study)
    tables = {name: read(path) for name, path in _sites(twins, asked.sites).items()}
    try:
        results = rehearse(asked, tables, images=_shapes(images or []))
    except CohortiumError as error:
        raise CohortiumError(f"The rehearsal failed: {error}") from error
    from cohortium.serve.study_results import print_results, write_results

    print_results(out, results)
    if folder is not None:
        write_results(folder, asked, results, {"rehearsal": True, "sites": list(tables)})


def _shapes(images: list[str]) -> dict[str, tuple[int, int, int]]:
    """Column -> height, width and channels; raises InvalidRequest where one is written otherwise."""
    found = {}
    for item in images:
        written = re.fullmatch(r"(.+)=(\d{1,5})x(\d{1,5})x([13])", item)
        if written is None:
            raise InvalidRequest(f"'{item}' does not say the shape of images; write it as scan=28x28x1.")
        found[written[1]] = (int(written[2]), int(written[3]), int(written[4]))
    return found


def _sites(twins: list[str], wanted: tuple[str, ...]) -> dict[str, str]:
    """Site -> file; raises InvalidRequest where two files would be one site, or a site of the study has none."""
    given = [item.partition("=") if "=" in item else (Path(item).stem, "=", item) for item in twins]
    names = [name for name, _, _ in given]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InvalidRequest(f"Several tables are called '{twice[0]}'. Name each site's table: NAME=FILE.")
    absent = [site for site in wanted if site not in names]
    if absent:
        raise InvalidRequest(
            f"The study asks the sites {', '.join(wanted)}; no table was given for {', '.join(absent)}. "
            f"Name each site's table: {absent[0]}=FILE, or leave 'sites' out of the study."
        )
    return {name: path for name, _, path in given}


def _watch(client: Any, run: str) -> None:
    from cohortium.federate.client import ENDED

    def said(event: dict[str, Any]) -> None:
        if event["what"] in ENDED and event["what"] != "done":
            return  # the error below says it
        out.print(f"[dim]{event['at']}[/] {event['what']} " + escape(details(event)), soft_wrap=True)

    ended = client.watch(run, said)
    if ended["status"] != "done":
        raise CohortiumError(ending(ended))


def _write(client: Any, run: str, folder: Path) -> None:
    import cohortium.federate.offered  # noqa: F401 - registers the algorithms
    from cohortium.federate.client import ENDED, receipts_of, results_of
    from cohortium.federate.study import study_from_plain
    from cohortium.serve.study_results import print_results, write_results

    record = client.get(f"/runs/{run}/record")
    if record["status"] not in ENDED:
        raise InvalidRequest(f"Run {run} is {record['status']}, not done. Follow it: cohortium study watch {run}")
    if not record["results"] and record["status"] != "done":
        raise CohortiumError(f"{ending(record)} It has no results.")
    held: dict[str, str] = record.get("held", {})
    for said in held.values():
        out.print(f"[yellow]{escape(said)}[/]", soft_wrap=True)
    if held and not record["results"]:
        raise DisclosureRefused(f"No result of run {run} has been let out yet.")
    results = results_of(client, record)
    receipts = receipts_of(client, record)
    write_results(folder, study_from_plain(record["study"]), results, record, receipts)
    print_results(out, results)
    if record["status"] != "done":
        raise CohortiumError(f"{ending(record)} What it had computed before, {', '.join(results)}, is in {folder}.")
    out.print(f"Written to {folder}")
