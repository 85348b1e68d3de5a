"""Peers as they are deployed, on loopback: FLARE's POC and Flower's SuperLink with its nodes; and their memory."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from cohortium.serve.local_federation import free_ports

LONGEST_S = 300.0
_FLOWER_APP = """
[project]
name = "{name}"
version = "1.0.0"
license = "Apache-2.0"
dependencies = ["flwr"]
[tool.flwr.app]
publisher = "here"
[tool.flwr.app.components]
serverapp = "{module}:hub"
clientapp = "{module}:node"
[tool.flwr.app.config]
"""


class RunningFlare:
    """FLARE's POC deployment: certificates provisioned, a server and sites as processes, mutual TLS."""

    def __init__(self, folder: Path, sites: list[str]) -> None:
        os.environ["NVFLARE_POC_WORKSPACE"] = str(folder / "poc")
        from nvflare.recipe import PocEnv

        self.folder, self.version = folder, version("nvflare")
        self.poc = PocEnv(clients=sites, num_clients=len(sites))
        self.deployed_s = 0.0
        self.session: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.session is not None:
            self.session.close()
        self.poc.stop(clean_up=False)

    def warm_up(self, recipe: Any) -> None:
        """Deploy with a first job, which starts everything, and wait for its end."""
        from nvflare.fuel.flare_api.flare_api import new_secure_session

        started = time.monotonic()
        first = recipe.run(self.poc).get_job_id()
        self.deployed_s = round(time.monotonic() - started, 1)
        kit = self.poc._get_admin_startup_kit_path()
        self.session = new_secure_session("admin@nvidia.com", kit, timeout=30)
        until(lambda: self.session.get_job_status(first).startswith("FINISHED"))

    def run(self, recipe: Any) -> tuple[float, Path]:
        """Seconds from submission until the result is here, and the folder with it."""
        jobs = self.folder / "jobs"
        recipe.export(str(jobs), env=self.poc)
        asked = time.monotonic()
        name = self.session.submit_job(str(jobs / recipe._job.name))
        until(lambda: self.session.get_job_status(name).startswith("FINISHED"))
        result = Path(self.session.download_job_result(name))
        return time.monotonic() - asked, result

    def part(self, name: str) -> tuple[str, ...]:
        """What the command lines of the processes at "server" or a site have in common."""
        return f"{self.folder / 'poc'}", f"/{name}/"


class RunningFlower:
    """Flower's SuperLink and SuperNodes, without TLS, with default polling.

    programs : folder of Flower's commands, in an environment of its own.
    sources  : site -> its file, which its node is told.
    """

    def __init__(self, folder: Path, programs: Path, sources: Mapping[str, Path]) -> None:
        self.folder, self.programs, self.sources = folder, programs, sources
        self.home = folder / "flower"
        quiet = {"FLWR_HOME": str(self.home), "FLWR_TELEMETRY_ENABLED": "0", "FLWR_DISABLE_UPDATE_CHECK": "1"}
        self.environment = {**os.environ, **quiet, "PATH": f"{programs}:{os.environ['PATH']}"}
        self.running: list[subprocess.Popen[bytes]] = []
        done = subprocess.run([str(programs / "flwr"), "--version"], check=True, capture_output=True, text=True)
        self.version = done.stdout.split()[-1]

    def __enter__(self) -> Self:
        port, *own_ports = free_ports(1 + len(self.sources))
        self.home.mkdir()
        place = f'[superlink]\ndefault = "here"\n[superlink.here]\naddress = "127.0.0.1:{port}"\ninsecure = true\n'
        (self.home / "config.toml").write_text(place, "utf-8")
        here = ("--host", "127.0.0.1", "--port")
        self._start("flower-superlink", "--disable-runtime-dependency-installation", *here, f"{port}")
        time.sleep(10.0)
        for source, own in zip(self.sources.values(), own_ports, strict=True):
            hub = ("--superlink", f"127.0.0.1:{port}")
            self._start("flower-supernode", *hub, *here, f"{own}", "--node-config", f"path='{source}'")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in reversed(self.running):
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def app(self, module: str, settings: Mapping[str, str]) -> Path:
        """A Flower app from a file of this folder and its default settings."""
        place = self.folder / module
        place.mkdir()
        shutil.copy(Path(__file__).with_name(f"{module}.py"), place)
        lines = _FLOWER_APP.format(name=module.replace("_", "-"), module=module)
        (place / "pyproject.toml").write_text(
            lines + "".join(f"{name} = {value}\n" for name, value in settings.items()), "utf-8"
        )
        return place

    def run(self, app: Path, settings: str, out: Path, lines: int) -> tuple[float, float]:
        """Seconds from submission until ``out`` has its first line, and until it has so many."""
        asked = time.monotonic()
        command = [str(self.programs / "flwr"), "run", str(app), "here", "--run-config", f"out='{out}' {settings}"]
        done = subprocess.run(command, env=self.environment, check=False, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(done.stdout + done.stderr)
        until(lambda: out.exists() and bool(out.read_text("utf-8")))
        first = time.monotonic() - asked
        until(lambda: len(out.read_text("utf-8").splitlines()) >= lines)
        return first, time.monotonic() - asked

    def _start(self, program: str, *arguments: str) -> None:
        command = [str(self.programs / program), "--insecure", *arguments]
        with (self.folder / "flower.log").open("ab") as log:
            self.running.append(
                subprocess.Popen(command, env=self.environment, stdout=log, stderr=log, start_new_session=True)
            )


class PeakMemory:
    """The most that groups of processes hold while the block runs, in MB, looked at ten times a second.

    groups : name -> what the command lines of its processes have in common; whatever they started is theirs, too.
    """

    def __init__(self, groups: Mapping[str, tuple[str, ...]]) -> None:
        self.groups, self.peaks = groups, dict.fromkeys(groups, 0.0)
        self.largest = dict.fromkeys(groups, 0.0)
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(0.1):
            for name, parts in self.groups.items():
                found = resident_mb(*parts)
                self.peaks[name] = max(self.peaks[name], round(sum(found), 0))
                self.largest[name] = max(self.largest[name], round(max(found, default=0.0), 0))


def resident_mb(*parts: str) -> list[float]:
    """Resident memory of each process whose command line has all these parts, and of all that those started."""
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
    return [memory[pid] for pid in found]


def until(holds: Callable[[], bool]) -> None:
    """Wait until it holds, or end the benchmark."""
    deadline = time.monotonic() + LONGEST_S
    while not holds():
        if time.monotonic() > deadline:
            raise SystemExit("no answer came in time")
        time.sleep(0.05)
