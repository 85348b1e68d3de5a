"""What a secure sum costs: CPU seconds at a site and at the hub, and bytes sent, beside encrypted sums (TenSEAL CKKS).

``python -m benchmarks.secure_sum`` measures everything and keeps it in ``results/secure_sum.json``; ``--show`` prints
what was kept. CKKS is measured where ``python -m benchmarks.environments tenseal`` has been run, by this same file in
that environment: ``--ckks VALUES SITES``.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from benchmarks.environments import interpreter
from benchmarks.results import RESULTS

KEPT = RESULTS / "secure_sum.json"
SITES = (3, 10, 50, 100)
VALUES = (10_000, 100_000, 1_000_000)
BOUND = 1_000.0
DEGREE, MODULI, SCALE = 8_192, (60, 40, 40), 2**40
"""NVIDIA FLARE's defaults for CKKS."""

Answer = TypeVar("Answer")


class Stopwatch:
    """CPU seconds, by who spends them in which part."""

    def __init__(self) -> None:
        self.spent: dict[tuple[str, str], float] = {}

    def run(self, who: str, part: str, work: Callable[[], Answer]) -> Answer:
        """What ``work`` returns, its seconds added to those of ``who``."""
        started = time.process_time()
        answer = work()
        self.spent[who, part] = self.spent.get((who, part), 0.0) + time.process_time() - started
        return answer

    def median(self, names: tuple[str, ...], part: str) -> float:
        """Of the sites that spent any."""
        return statistics.median(self.spent[name, part] for name in names if (name, part) in self.spent)


def measure(sites: int, values: int, dropouts: int) -> dict[str, float]:
    """One dealing for eight rounds and one round, all sites in this process, each message timed where it is handled.

    A tenth of the sites drop out after the shares were dealt, before they send anything masked: the costliest moment.
    """
    from cohortium.crypto import Encoding
    from cohortium.crypto.secure_sum import InProcess

    data = np.random.default_rng(7).uniform(-BOUND, BOUND, values)
    encoding = Encoding((("x", "<f8", (values,), BOUND),), sites)
    session, watch = InProcess([f"site {place:03}" for place in range(sites)]), Stopwatch()
    names, hub, members = session.roster.names, session.collector, session.members
    gone = frozenset(names[:: sites // dropouts][:dropouts]) if dropouts else frozenset()
    started, sent = time.perf_counter(), 0
    request = watch.run("hub", "deal", hub.deal_request)
    for name in names:
        answer = watch.run(name, "deal", lambda one=members[name]: one.deal(request))
        watch.run("hub", "deal", lambda who=name, what=answer: hub.add_keys(who, what))
    request = watch.run("hub", "deal", hub.share_request)
    for name in names:
        answer = watch.run(name, "deal", lambda one=members[name]: one.share(request))
        watch.run("hub", "deal", lambda who=name, what=answer: hub.add_shares(who, what))
    tally = watch.run("hub", "round", lambda: hub.begin_round(values, b"benchmark"))
    left = [name for name in names if name not in gone]
    for name in left:
        request = watch.run("hub", "round", lambda who=name: tally.mask_request(who))
        words = watch.run(name, "round", lambda: encoding.encode({"x": data}))
        answer = watch.run(
            name, "round", lambda one=members[name], ask=request, what=words: one.mask(ask, what, b"benchmark")
        )
        watch.run("hub", "round", lambda who=name, what=answer: tally.add_masked(who, what))
        sent = len(answer)
    exchanges = [("unmask", tally.unmask_request, tally.add_unmasked)]
    if not tally.all_are_left:
        exchanges.insert(0, ("confirm", tally.confirm_request, tally.add_confirmed))
    for exchange, ask, add in exchanges:
        request = watch.run("hub", "round", ask)
        for name in left:
            method = getattr(members[name], exchange)
            answer = watch.run(name, "round", lambda do=method, what=request: do(what))
            watch.run("hub", "round", lambda put=add, who=name, what=answer: put(who, what))
            sent += len(answer) if name == left[-1] else 0
    words = watch.run("hub", "round", tally.total)
    total = watch.run("hub", "round", lambda: encoding.decode(words)["x"])
    wall = time.perf_counter() - started
    return {
        "sites": sites, "values": values, "dropouts": dropouts,
        "site_deal_cpu_s": watch.median(names, "deal"), "site_round_cpu_s": watch.median(names, "round"),
        "hub_deal_cpu_s": watch.spent["hub", "deal"], "hub_round_cpu_s": watch.spent["hub", "round"],
        "sent_ratio": sent / data.nbytes, "all_cpu_s": sum(watch.spent.values()), "all_wall_s": wall,
        "largest_error": float(np.abs(total - len(left) * data).max()),
    }  # fmt: skip


def measure_ckks(values: int, sites: int) -> dict[str, float]:
    """The same sum of CKKS ciphertexts, in the environment of the peer. Every site that holds the key can open all."""
    import tenseal

    context = tenseal.context(tenseal.SCHEME_TYPE.CKKS, DEGREE, coeff_mod_bit_sizes=list(MODULI))
    context.global_scale = SCALE
    data, slots, watch = np.random.default_rng(7).uniform(-1, 1, values), DEGREE // 2, Stopwatch()
    parts = [data[at : at + slots] for at in range(0, values, slots)]

    def at_a_site() -> list[bytes]:
        return [tenseal.ckks_vector(context, part).serialize() for part in parts]

    def at_the_hub(messages: list[list[bytes]]) -> list[bytes]:
        found = []
        for texts in zip(*messages, strict=True):
            total = tenseal.ckks_vector_from(context, texts[0])
            for text in texts[1:]:
                total += tenseal.ckks_vector_from(context, text)
            found.append(total.serialize())
        return found

    sent = watch.run("site", "encrypt", at_a_site)
    summed = watch.run("hub", "add", lambda: at_the_hub([sent] * sites))
    opened = watch.run(
        "site", "decrypt", lambda: [tenseal.ckks_vector_from(context, text).decrypt() for text in summed]
    )
    return {
        "sites": sites, "values": values,
        "site_round_cpu_s": watch.spent["site", "encrypt"] + watch.spent["site", "decrypt"],
        "hub_round_cpu_s": watch.spent["hub", "add"], "sent_ratio": sum(map(len, sent)) / data.nbytes,
        "largest_error": float(np.abs(np.concatenate(opened) - sites * data).max()),
    }  # fmt: skip


def peer_rows() -> list[dict[str, Any]]:
    """CKKS at ten sites; nothing where its environment has not been made."""
    python = interpreter("tenseal")
    if not python.exists():
        print("TenSEAL is not measured: python -m benchmarks.environments tenseal")
        return []
    root = Path(__file__).parents[1]
    rows = []
    for values in VALUES:
        command = [str(python), "-m", "benchmarks.secure_sum", "--ckks", str(values), "10"]
        done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=root)
        rows.append(json.loads(done.stdout))
    return rows


def shown(kept: dict[str, list[dict[str, Any]]]) -> str:
    """The Markdown tables of what was measured."""
    lines = [
        "| sites | values | dropped out | deal 8 rounds, site s | a round, site s | hub: deal s | hub: round s "
        "| sent / plain | all, CPU s | all, wall s |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {m['sites']} | {m['values']:,} | {m['dropouts']} | {m['site_deal_cpu_s']:.4f} "
        f"| {m['site_round_cpu_s']:.4f} | {m['hub_deal_cpu_s']:.3f} | {m['hub_round_cpu_s']:.3f} "
        f"| {m['sent_ratio']:.3f} | {m['all_cpu_s']:.2f} | {m['all_wall_s']:.2f} |"
        for m in kept["secure_sum"]
    ]
    if kept["ckks"]:
        lines += [
            "",
            "| TenSEAL CKKS: sites | values | a round, site s | hub: round s | sent / plain |",
            "|---|---|---|---|---|",
        ]
    lines += [
        f"| {m['sites']} | {m['values']:,} | {m['site_round_cpu_s']:.4f} | {m['hub_round_cpu_s']:.3f} "
        f"| {m['sent_ratio']:.2f} |"
        for m in kept["ckks"]
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure, keep and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--show", action="store_true", help="print what was kept")
    parser.add_argument("--ckks", type=int, nargs=2, metavar=("VALUES", "SITES"))
    given = parser.parse_args()
    if given.ckks:
        json.dump(measure_ckks(*given.ckks), sys.stdout)
        return
    if not given.show:
        measure(10, 1_000, 1)  # loads what is loaded once
        rows = []
        for sites in SITES:
            for values in VALUES:
                # With three sites the threshold is three: nobody can be spared.
                for dropouts in (0, sites // 10) if sites >= 10 else (0,):
                    rows.append(measure(sites, values, dropouts))
                    print(rows[-1], flush=True)
        KEPT.write_text(json.dumps({"secure_sum": rows, "ckks": peer_rows()}, indent=1) + "\n", "utf-8")
    print(shown(json.loads(KEPT.read_text("utf-8"))))


if __name__ == "__main__":
    main()
