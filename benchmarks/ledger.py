"""The ledger: events a second into a log and through the outbox, proofs at a million events, checking a receipt.

``python -m benchmarks.ledger`` measures and keeps it in ``results/ledger.json``; ``--show`` prints what was kept.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from cohortium.crypto.keys import Identity
from cohortium.govern.ledger import merkle
from cohortium.govern.ledger.canonical import canonical
from cohortium.govern.ledger.log import Log, prove
from cohortium.govern.ledger.outbox import OUTBOX, Recorder, enter
from cohortium.govern.receipts import Release, receipt, record_release, verify_receipt
from cohortium.privacy.database import Database

KEPT = Path(__file__).parent / "results" / "ledger.json"
EVENTS, PROOFS, ROUNDS = 1_000_000, 500, 5


def event(number: int) -> dict[str, Any]:
    """One as nodes write them."""
    state = hashlib.sha256(str(number).encode()).hexdigest()
    return {
        "event": "sums leave", "at": "2026-01-01T00:00:00+00:00", "study": state, "run": "41ef0b403d14/by_sex",
        "step": number, "bytes": 416, "persons_rounded": 290, "roster": "masked",
    }  # fmt: skip


def appended(folder: Path, identity: Identity, together: int, total: int) -> float:
    """Events a second into a fresh log, so many on the disk at a time."""
    log = Log(folder, "site.example/ledger", identity)
    batches = [[canonical(event(first + at)) for at in range(together)] for first in range(0, total, together)]
    began = time.perf_counter()
    for batch in batches:
        log.append(batch)
    return total / (time.perf_counter() - began)


def through_the_outbox(folder: Path, identity: Identity, total: int, in_one: int) -> float:
    """Events a second from a transaction that enters ``in_one`` of them to the log, all on the disk at the end."""
    database = Database(folder / "database", OUTBOX)
    recorder = Recorder(database, Log(folder / "log", "site.example/ledger", identity))
    began = time.perf_counter()
    for first in range(0, total, in_one):
        with database.transaction() as connection:
            for at in range(in_one):
                enter(connection, event(first + at))
    recorder.settle()
    return total / (time.perf_counter() - began)


def at_a_million(folder: Path, identity: Identity) -> dict[str, float]:
    """Milliseconds of a proof that an event is there, of checking it, and seconds of checking a receipt."""
    log = Log(folder, "site.example/ledger", identity)
    for first in range(0, EVENTS, 50_000):
        log.append([canonical(event(first + at)) for at in range(50_000)])
        print(f"{first + 50_000:,} events", flush=True)
    rng, made, checked = np.random.default_rng(1), [], []
    checkpoint = log.checkpoint()
    for index in map(int, rng.integers(0, EVENTS, PROOFS)):
        began = time.perf_counter()
        proof = prove(log.tiles(), index)
        made.append(time.perf_counter() - began)
        began = time.perf_counter()
        leaf = merkle.leaf_hash(canonical(event(index)))
        assert merkle.root_from_inclusion(leaf, index, checkpoint.size, proof) == checkpoint.root
        checked.append(time.perf_counter() - began)
    result = folder / "ages.result"
    result.write_bytes(b"answer")
    release = Release({"ages.result": hashlib.sha256(b"answer").hexdigest()}, "2026-01-01T00:00:00+00:00")
    place = record_release(log, release)
    text = receipt(release, place, log.note(), log.tiles(), identity).to_json()
    spent = []
    for _ in range(50):
        began = time.perf_counter()
        assert not [one for one in verify_receipt(text, files=folder) if one.holds is False]
        spent.append(time.perf_counter() - began)
    return {
        "proof_ms_median": 1e3 * statistics.median(made),
        "proof_ms_p99": 1e3 * float(np.quantile(made, 0.99)),
        "check_ms_median": 1e3 * statistics.median(checked),
        "receipt_s_median": statistics.median(spent),
        "receipt_s_most": max(spent),
    }


def measure() -> dict[str, Any]:
    """Everything, each rate the median of several rounds."""
    identity = Identity.generate()
    found: dict[str, Any] = {"events": EVENTS}
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        for together, total in ((1, 100), (64, 6_400), (256, 25_600), (4_096, 81_920)):
            rates = [appended(place / f"{together}-{turn}", identity, together, total) for turn in range(ROUNDS)]
            found[f"appended_per_s_{together}_together"] = statistics.median(rates)
        for in_one, total in ((1, 1_000), (16, 16_000)):
            rates = [
                through_the_outbox(place / f"out-{in_one}-{turn}", identity, total, in_one) for turn in range(ROUNDS)
            ]
            found[f"outbox_per_s_{in_one}_in_a_transaction"] = statistics.median(rates)
        print(found, flush=True)
        found |= at_a_million(place / "million", identity)
    return found


def main() -> None:
    """Measure, or show what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--show", action="store_true")
    if not parser.parse_args().show:
        KEPT.write_text(json.dumps(measure(), indent=1) + "\n", "utf-8")
    print(KEPT.read_text("utf-8"))


if __name__ == "__main__":
    main()
