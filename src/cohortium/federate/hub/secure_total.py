"""Secure totals at the hub: the collector's exchanges, carried by the messages of a run."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from cohortium.crypto.fixed_point import Encoding
from cohortium.crypto.secure_sum import Collector
from cohortium.crypto.secure_sum.tally import Tally
from cohortium.federate.messages import Reply, from_site
from cohortium.federate.secrecy import Credential, context_of, layout_of, noise_plan, roster_of, word_layout
from cohortium.federate.study import Analysis, Study
from cohortium.records import Schema, State, Sums, pack, schema_to_plain

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Ask(Protocol):
    """Asks sites, and hands every reply on as it comes, until all have answered or as many as are said to be enough."""

    def __call__(
        self,
        topic: str,
        facts: Mapping[str, dict[str, Any]],
        bodies: Mapping[str, bytes],
        take: Callable[[str, Reply], None],
        enough: int | None = None,
    ) -> object:
        """``take`` is given a site and its reply, which is not kept."""
        ...


class SecureTotal:
    """One secure session of one run. The hub learns totals; whoever reads its memory learns no more.

    credentials : of the sites that take part, as they showed them.
    """

    def __init__(self, study: Study, credentials: Mapping[str, Credential], ask: Ask) -> None:
        self.study, self.credentials, self.ask = study, dict(credentials), ask
        self.session = secrets.token_hex(16)
        self.collector = Collector(roster_of(self.session, self.credentials))

    def total(self, analysis: Analysis, schema: Schema, step: int, state: State) -> Sums:
        """The sums over all sites for a state."""
        if not self.collector.rounds_left:
            self._deal()
        layout = layout_of(analysis, schema, state)
        parties = len(self.credentials)
        if self.study.mode != "dp":
            encoding = Encoding(layout, parties)
            words, _ = self._round(encoding, analysis, schema, step, state)
            return Sums(encoding.decode(words), _bounds(layout, parties))
        plan = noise_plan(self.study, analysis, schema, step, state, self.collector.roster)
        encoding = Encoding(word_layout(layout), parties)
        words, sites = self._round(encoding, analysis, schema, step, state)
        return plan.total(encoding.decode(words), layout, sites)

    def _deal(self) -> None:
        shown = {name: one.to_plain() for name, one in self.credentials.items()}
        facts = {"study": self.study.digest, "session": self.session, "credentials": shown}
        self._exchange("deal", facts, self.collector.deal_request(), self.collector.add_keys)
        self._exchange("share", {"study": self.study.digest}, self.collector.share_request(), self.collector.add_shares)

    def _round(
        self, encoding: Encoding, analysis: Analysis, schema: Schema, step: int, state: State
    ) -> tuple[NDArray[np.uint64], int]:
        """The total of the sites' words, and how many sites are in it."""
        plain, data = schema_to_plain(schema), state.to_bytes()
        tally = self.collector.begin_round(encoding.words, context_of(self.study, analysis.name, step, data, plain))
        facts = {"study": self.study.digest, "analysis": analysis.name, "step": step}
        everybody = dict.fromkeys(self.credentials, facts | {"schema": plain})
        self.ask("masked", everybody, self._mask_requests(tally, data), _taken_by(tally.add_masked))
        if not tally.all_are_left:
            self._exchange("confirm", facts, tally.confirm_request(), tally.add_confirmed)
        fewest = self.collector.roster.fewest
        self._exchange("unmask", facts, tally.unmask_request(), tally.add_unmasked, enough=fewest)
        return tally.total(), len(tally.survivors)

    def _mask_requests(self, tally: Tally, state: bytes) -> dict[str, bytes]:
        """What each site is sent. Equal requests, as from the second round on, are one: states can be large."""
        masks = {site: tally.mask_request(site) for site in self.credentials}
        packed = {mask: pack({}, {"state": _octets(state), "mask": _octets(mask)}) for mask in set(masks.values())}
        return {site: packed[mask] for site, mask in masks.items()}

    def _exchange(
        self,
        topic: str,
        facts: dict[str, Any],
        request: bytes,
        add: Callable[[str, bytes], None],
        enough: int | None = None,
    ) -> None:
        everybody = dict.fromkeys(self.credentials, facts)
        self.ask(topic, everybody, dict.fromkeys(self.credentials, request), _taken_by(add), enough)


def _taken_by(add: Callable[[str, bytes], None]) -> Callable[[str, Reply], None]:
    def take(site: str, reply: Reply) -> None:
        with from_site(site):
            add(site, reply.body)

    return take


def _octets(data: bytes) -> Any:
    return np.frombuffer(data, dtype=np.uint8)


def _bounds(layout: Any, parties: int) -> dict[str, float]:
    return {name: bound * parties for name, _, _, bound in layout if bound is not None}
