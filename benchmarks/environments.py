"""One virtual environment per peer, under ``benchmarks/peers/NAME``: nothing of a peer ever enters our own.

``python -m benchmarks.environments NAME [NAME ...]`` makes them; without a name it lists them.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

PEERS = Path(__file__).parent / "peers"
TORCH = "torch==2.13.0"


@dataclass(frozen=True, slots=True)
class Environment:
    """What pip installs for a peer, step by step, and what it must take away again.

    steps   : one pip call each; the order matters where a later package would pull another build of an earlier one.
    without : packages that the peer drags in and breaks on.
    licence : of the peer itself; its code is installed here and never imported by, or shipped with, ours.
    """

    steps: tuple[tuple[str, ...], ...]
    licence: str
    without: tuple[str, ...] = ()


ENVIRONMENTS: dict[str, Environment] = {
    "synthpop_py": Environment((("synthpop-py==0.1.3", "pyarrow"),), "EUPL-1.2"),
    "arfpy": Environment((("arfpy==0.1.1", "numpy<2.4", "pandas<3", "pyarrow"),), "MIT"),
    "sdv": Environment(((TORCH,), ("sdv==2.0.0", "pyarrow")), "Business Source License 1.1"),
    "mostly": Environment(
        ((TORCH,), ("mostlyai-engine==2.7.3", TORCH)), "Apache-2.0", without=("torchvision", "torchaudio")
    ),
    "dpmm": Environment((("dpmm==0.1.9", "pyarrow==14.0.2"),), "Apache-2.0"),
    "smartnoise": Environment(((TORCH,), ("smartnoise-synth==1.0.8", TORCH, "pyarrow")), "MIT"),
    "tenseal": Environment((("tenseal==0.3.18", "numpy"),), "Apache-2.0"),
}


def interpreter(name: str) -> Path:
    """The Python of a peer's environment, whether or not it has been made."""
    return PEERS / name / "bin" / "python"


def make(name: str) -> None:
    """A fresh environment with the peer in it."""
    wanted = ENVIRONMENTS[name]
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(PEERS / name)], check=True)
    pip = [str(interpreter(name)), "-m", "pip"]
    for step in wanted.steps:
        subprocess.run([*pip, "install", "--quiet", *step], check=True)
    if wanted.without:
        subprocess.run([*pip, "uninstall", "--quiet", "--yes", *wanted.without], check=True)
    frozen = subprocess.run([*pip, "freeze"], check=True, capture_output=True, text=True).stdout
    (PEERS / name / "installed.txt").write_text(frozen, "utf-8")


def main() -> None:
    """Make the environments named on the command line."""
    names = sys.argv[1:]
    unknown = sorted(set(names) - set(ENVIRONMENTS))
    if unknown or not names:
        print("Environments:", ", ".join(ENVIRONMENTS), f"(unknown: {unknown})" if unknown else "")
        raise SystemExit(2 if unknown else 0)
    for name in names:
        print(f"making {name} ...", flush=True)
        make(name)


if __name__ == "__main__":
    main()
