"""One small question to four sites, side by side: Cohortium, NVIDIA FLARE's own statistics job, and Flower.

``python -m benchmarks.federation_peers`` asks each for count and mean of one column of the same files, on loopback,
with real server and site processes, and writes ``results/federation_peers.json``. What is timed is a researcher's wait
from submission to the answer; medians of ``--times`` after one question to warm up.

- Cohortium: hub and nodes with mutual TLS, modes plain and secure.
- FLARE: its POC deployment, which provisions certificates and starts a server and sites as processes, with mutual TLS;
  its statistics job (``FedStatsRecipe``), submitted over a session that is kept, until its result is downloaded.
- Flower: SuperLink and SuperNodes as processes, without TLS, and with its default polling; ``flwr run`` until the first
  answer, and each further round inside a running app. Needs Flower in an environment of its own: ``--flower FOLDER``,
  made by ``python -m venv FOLDER && FOLDER/bin/pip install flwr==1.41.0``; left out without it.

Memory is resident memory, in MB, after the last answer: of everything at the hub, and of everything at one site. By
then FLARE's and Flower's processes for the job have ended; Cohortium's worker stays for two minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.conformance.examples.example import patients

from benchmarks.federation import PERSONS, SITES, _ask, _sources
from benchmarks.results import RESULTS
from cohortium.analyse import Describe
from cohortium.federate.node.store import Rule
from cohortium.records import Table
from cohortium.serve.local_federation import LocalFederation, free_ports

COLUMN = "age"
LONGEST_S = 120.0
_FLOWER_PROJECT = """
[project]
name = "mean"
version = "1.0.0"
license = "Apache-2.0"
dependencies = ["flwr"]
[tool.flwr.app]
publisher = "here"
[tool.flwr.app.components]
serverapp = "flower_mean:hub"
clientapp = "flower_mean:node"
[tool.flwr.app.config]
column = "{column}"
sites = {sites}
rounds = 1
out = ""
"""


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--flower", type=Path, help="an environment with Flower in it")
    given = parser.parse_args()
    table = patients(SITES * PERSONS)
    found: dict[str, Any] = {"sites": SITES, "persons_per_site": PERSONS, "times": given.times, "cpus": os.cpu_count()}
    with tempfile.TemporaryDirectory(prefix="coh") as name:
        folder = Path(name)
        sources = _sources(table, folder)
        found["cohortium"] = _cohortium(folder, sources, table, given.times)
        found["flare"] = _flare(folder, table, given.times)
        if given.flower:
            found["flower"] = _flower(folder, sources, table, given.times, given.flower.absolute() / "bin")
    (RESULTS / "federation_peers.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    print(json.dumps(found, indent=1))


def _cohortium(folder: Path, sources: dict[str, Path], table: Table, times: int) -> dict[str, Any]:
    rule = Rule("trial", ("describe",), modes=("plain", "secure"), researchers=("bench",))
    found: dict[str, Any] = {}
    started = time.monotonic()
    with LocalFederation(folder / "f", sources, "trial", (rule,)) as federation:
        client = federation.researcher("bench")
        federation.wait_until_connected(client)
        found["ready_s"] = round(time.monotonic() - started, 1)
        for mode in ("plain", "secure"):
            seconds = []
            for _ in range(times + 1):
                took, answer = _ask(client, Describe((COLUMN,)), mode)
                row = answer.tables["numeric"]
                _check(row["n"][0], row["mean"][0], table)
                seconds.append(took)
            found[mode] = _summary(seconds[1:])
        found["hub_mb"], found["site_mb"] = (_resident_mb(str(folder / "f" / name)) for name in ("hub", "site0"))
    return found


def _flare(folder: Path, table: Table, times: int) -> dict[str, Any]:
    os.environ["NVFLARE_POC_WORKSPACE"] = str(folder / "poc")
    from nvflare.fuel.flare_api.flare_api import new_secure_session
    from nvflare.recipe import PocEnv
    from nvflare.recipe.fedstats import FedStatsRecipe

    from benchmarks.flare_mean import SiteColumn

    sites, asked = [f"site{number}" for number in range(SITES)], {"count": {}, "sum": {}, "mean": {}}
    recipe = FedStatsRecipe("mean", "answer.json", sites, asked, SiteColumn(str(folder), COLUMN))
    job, poc = recipe._job, PocEnv(clients=sites, num_clients=SITES)
    started = time.monotonic()
    try:
        first = poc.deploy(job)  # provisions, starts everything, submits
        found: dict[str, Any] = {"version": version("nvflare"), "deployed_s": round(time.monotonic() - started, 1)}
        job.export_job(str(folder / "jobs"))
        with closing(new_secure_session("admin@nvidia.com", poc._get_admin_startup_kit_path(), timeout=30)) as session:
            _until(lambda: session.get_job_status(first).startswith("FINISHED"))
            seconds = [_flare_job(session, folder / "jobs" / "mean", table) for _ in range(times)]
        found["job"] = _summary(seconds)
        workspace = f"{folder / 'poc'}"
        found["hub_mb"], found["site_mb"] = (_resident_mb(workspace, f"/{name}/") for name in ("server", "site0"))
    finally:
        poc.stop(clean_up=False)
    return found


def _flare_job(session: Any, job: Path, table: Table) -> float:
    """Seconds from submission until the result is here."""
    asked = time.monotonic()
    name = session.submit_job(str(job))
    _until(lambda: session.get_job_status(name).startswith("FINISHED"))
    result = Path(session.download_job_result(name))
    seconds = time.monotonic() - asked
    (answer,) = result.rglob("answer.json")
    of_all = json.loads(answer.read_text("utf-8"))[COLUMN]
    _check(*(of_all[what]["Global"]["trial"] for what in ("count", "mean")), table)
    return seconds


def _flower(folder: Path, sources: dict[str, Path], table: Table, times: int, programs: Path) -> dict[str, Any]:
    app, home, (port, *node_ports) = folder / "app", folder / "flower", free_ports(1 + SITES)
    app.mkdir()
    home.mkdir()
    shutil.copy(Path(__file__).with_name("flower_mean.py"), app)
    (app / "pyproject.toml").write_text(_FLOWER_PROJECT.format(column=COLUMN, sites=SITES), "utf-8")
    place = f'[superlink]\ndefault = "here"\n[superlink.here]\naddress = "127.0.0.1:{port}"\ninsecure = true\n'
    (home / "config.toml").write_text(place, "utf-8")
    quiet = {"FLWR_HOME": str(home), "FLWR_TELEMETRY_ENABLED": "0", "FLWR_DISABLE_UPDATE_CHECK": "1"}
    environment = {**os.environ, **quiet, "PATH": f"{programs}:{os.environ['PATH']}"}
    running: list[subprocess.Popen[bytes]] = []

    def start(program: str, *arguments: str) -> None:
        with (folder / "flower.log").open("ab") as log:
            running.append(
                subprocess.Popen(
                    [str(programs / program), "--insecure", *arguments],
                    env=environment, stdout=log, stderr=log, start_new_session=True,
                )
            )  # fmt: skip

    def ask(rounds: int, out: Path) -> float:
        """Seconds from submission to the first answer."""
        asked = time.monotonic()
        settings = f"out='{out}' rounds={rounds}"
        command = [str(programs / "flwr"), "run", str(app), "here", "--run-config", settings]
        done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(done.stdout + done.stderr)
        _until(lambda: out.exists() and bool(out.read_text("utf-8")))
        first = time.monotonic() - asked
        _until(lambda: len(out.read_text("utf-8").splitlines()) == rounds)
        return first

    try:
        start(
            "flower-superlink", "--disable-runtime-dependency-installation", "--host", "127.0.0.1", "--port", f"{port}"
        )
        time.sleep(10.0)
        for source, own in zip(sources.values(), node_ports, strict=True):
            place = ("--superlink", f"127.0.0.1:{port}", "--host", "127.0.0.1", "--port", f"{own}")
            start("flower-supernode", *place, "--node-config", f"path='{source}'")
        ask(1, folder / "warm.jsonl")
        first = [ask(1, folder / f"first{number}.jsonl") for number in range(times)]
        ask(times, folder / "rounds.jsonl")
        lines = [json.loads(line) for line in (folder / "rounds.jsonl").read_text("utf-8").splitlines()]
        for line in lines:
            _check(line["count"], line["mean"], table)
        memory = [_resident_mb("flower-superlink"), _resident_mb(f"{sources['site0']}")]
    finally:
        for process in reversed(running):
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    release = subprocess.run([str(programs / "flwr"), "--version"], check=True, capture_output=True, text=True).stdout
    return {
        "version": release.split()[-1], "first_answer": _summary(first),
        "further_round": _summary([line["seconds"] for line in lines]), "hub_mb": memory[0], "site_mb": memory[1],
    }  # fmt: skip


def _check(count: float, mean: float, table: Table) -> None:
    """The answer is the pooled one; FLARE rounds its means, so four decimals are asked of all."""
    ages = table.numeric(COLUMN)
    if count != len(ages) or abs(mean - float(ages.mean())) > 1e-4:
        raise SystemExit(f"{count} and {mean} are not the count and mean of all records")


def _summary(seconds: list[float]) -> dict[str, float]:
    return {"median_s": round(statistics.median(seconds), 2), "longest_s": round(max(seconds), 2), "n": len(seconds)}


def _resident_mb(*parts: str) -> float:
    """Resident memory of the processes whose command line has all these parts, and of all that they started."""
    commands, parents, memory = {}, {}, {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            pid, status = int(entry.name), (entry / "status").read_text("utf-8")
            commands[pid] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        parents[pid] = int(status.partition("PPid:")[2].split()[0])
        memory[pid] = int((status.partition("VmRSS:")[2].split() or ["0"])[0]) / 1_024
    found = {pid for pid, command in commands.items() if all(part in command for part in parts) and pid != os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return round(sum(memory[pid] for pid in found), 0)


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LONGEST_S
    while not holds():
        if time.monotonic() > deadline:
            raise SystemExit("no answer came in time")
        time.sleep(0.05)


if __name__ == "__main__":
    main()
