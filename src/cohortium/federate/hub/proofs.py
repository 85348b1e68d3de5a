"""What a run's results carry as proof: releases for the ledger, receipts out of it, the words of those who watch it."""

from __future__ import annotations

import hashlib
import inspect
import logging
import threading
from functools import cache
from pathlib import Path
from typing import Any

import cohortium
from cohortium.errors import CohortiumError
from cohortium.federate.channel import Channel
from cohortium.federate.hub.replies import read_reply
from cohortium.federate.hub.store import HubStore, Run
from cohortium.federate.messages import Request
from cohortium.federate.study import Analysis
from cohortium.govern.ledger.book import Ledger, Shown
from cohortium.govern.ledger.checkpoint import Checkpoint
from cohortium.govern.ledger.signed_note import COSIGNED, NoteKey, SignedNote
from cohortium.govern.ledger.tiles import Tiles
from cohortium.govern.permits.document import PermitDocument
from cohortium.govern.receipts import Release, receipt
from cohortium.privacy.release import ReleasedResult
from cohortium.records import name_of

ASK_S = 8.0
ROUNDS = 3
"""After so many each has given its word on each: see ``go_round``."""
_log = logging.getLogger(__name__)


def result_file(analysis: str) -> str:
    """The name under which a receipt knows the answer of an analysis."""
    return f"{analysis}.result"


def release_of(
    run: Run, analysis: Analysis, roster: tuple[str, ...], released: ReleasedResult, at: str, permit: str = ""
) -> Release:
    """What an answer came from and what the gate said, as it goes into the ledger; ``permit`` is a digest."""
    study, name = run.study, name_of(analysis.algorithm)
    spent = {"epsilon": str(study.epsilon), "delta": str(study.delta)} if study.mode == "dp" else {}
    return Release(
        {result_file(analysis.name): hashlib.sha256(released.result.to_bytes()).hexdigest()},
        at,
        study=study.digest,
        roster=roster,
        mode=study.mode,
        code={"cohortium": cohortium.__version__, name: _digest_of(type(analysis.algorithm))},
        spent=spent,
        permit=permit,
        verdicts={"disclosure": released.decision.verdict, **dict.fromkeys(released.decision.limits, "limit")},
    )


@cache
def _digest_of(algorithm: type) -> str:
    """SHA-256 of the file that the algorithm is written in."""
    return f"sha256:{hashlib.sha256(Path(inspect.getfile(algorithm)).read_bytes()).hexdigest()}"


def receipt_of(store: HubStore, ledger: Ledger, run: str, analysis: str, permit: PermitDocument | None = None) -> str:
    """The receipt of an answer, as JSON; raises InvalidRequest where there is none (yet)."""
    place, release = store.release(run, analysis)
    ledger.recorder.settle()
    note = ledger.note(place + 1)
    tiles = Tiles(ledger.log.folder, Checkpoint.of(note).size)
    return receipt(release, place, note, tiles, ledger.identity, permit).to_json()


class Watching:
    """Has the sites watch the hub's ledger and each other's, and watches theirs."""

    def __init__(self, channel: Channel, store: HubStore, ledger: Ledger) -> None:
        self.channel, self.store, self.ledger = channel, store, ledger
        self._shown: dict[str, Shown] = {}
        self._words: dict[str, SignedNote] = {}
        self._seen: dict[str, dict[str, int]] = {}
        self._faults: set[tuple[str, str, str]] = set()
        self._size, self._rounds = -1, 0
        self._busy = threading.Lock()

    def look(self) -> None:
        """Where the ledger has grown, go round without waiting for it; sites at rest are left at rest."""
        size = self.ledger.log.checkpoint().size
        if size != self._size:
            self._size, self._rounds = size, ROUNDS
        if self._rounds > 0:
            self._rounds -= 1
            threading.Thread(target=self._try, name="witnesses", daemon=True).start()

    def _try(self) -> None:
        if not self._busy.acquire(blocking=False):
            return
        try:
            self.go_round()
        except CohortiumError as error:
            _log.warning("Ledgers are compared later: %s", error)
        finally:
            self._busy.release()

    def go_round(self) -> None:
        """Ask every connected site once: it shows its own ledger, and gives its word on those that it is shown.

        What a site must prove follows from what the others said in the round before, so that each has given its word
        on each after ``ROUNDS``.
        """
        asked = {site: self._question(site) for site in self.channel.sites()}
        raw = self.channel.ask({site: Request("witness", facts=one).to_bytes() for site, one in asked.items()}, ASK_S)
        for site, data in raw.items():
            if data is None:
                continue
            reply = read_reply(site, data)
            if reply.error:
                _log.warning("%s does not compare ledgers: %s", site, reply.reason)
                continue
            self._take(site, reply.facts)

    def _question(self, site: str) -> dict[str, Any]:
        own = self._shown.get(site)
        origin = own.key.name if own else ""
        sizes = {0, self.ledger.witness.seen(origin)[0] if own else 0}
        sizes |= {seen[origin] for other, seen in self._seen.items() if other != site and origin in seen}
        of_hub = self._seen.get(site, {}).get(self.ledger.name, 0)
        others = [shown.to_plain() for other, shown in self._shown.items() if other != site]
        met = self.ledger.witness.known_keys()
        word = self._words.pop(site, None)
        return {
            "sizes": sorted(sizes),
            "witnesses": [str(self.ledger.witness.key), *(str(key) for key in met if key.kind == COSIGNED)],
            "watch": [self.ledger.shown([of_hub]).to_plain(), *others],
            **({} if word is None else {"word": str(word)}),
        }

    def _take(self, site: str, told: dict[str, Any]) -> None:
        shown = Shown.from_plain(told.get("own"))
        self._shown[site] = shown
        witness = NoteKey.parse(str(told.get("witness")))
        self.ledger.meet(witness)
        self._seen[site] = {str(name): int(size) for name, size in dict(told.get("seen", {})).items()}
        if self.ledger.can_watch(shown):
            try:
                self._keep_word(site, self.ledger.watch(shown))
            except CohortiumError as error:
                self._report(self.ledger.name, shown.key.name, str(error))
        for name, text in dict(told.get("words", {})).items():
            note = SignedNote.parse(str(text))
            if name == self.ledger.name:
                self.ledger.take_word(note)
            for other, theirs in self._shown.items():
                if theirs.key.name == name:
                    self._keep_word(other, note)
        for name, reason in dict(told.get("faults", {})).items():
            self._report(shown.key.name, str(name), str(reason))

    def _keep_word(self, site: str, note: SignedNote) -> None:
        """Words under one checkpoint of a site, on their way to it; those under an older one are let go."""
        kept = self._words.get(site)
        if kept is None or Checkpoint.of(kept).size < Checkpoint.of(note).size:
            self._words[site] = note
        elif kept.text == note.text:
            known = set(kept.signatures)
            self._words[site] = SignedNote(
                kept.text, (*kept.signatures, *(one for one in note.signatures if one not in known))
            )

    def _report(self, by: str, of: str, reason: str) -> None:
        """Write a fault down once: in the ledger, where everybody finds it, and for whoever runs the hub."""
        if (by, of, reason) in self._faults:
            return
        self._faults.add((by, of, reason))
        _log.error("%s says of the ledger '%s': %s", by, of, reason)
        self.store.record("", "ledger doubted", {"by": by, "of": of, "reason": reason})
