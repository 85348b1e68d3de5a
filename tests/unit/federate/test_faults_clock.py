"""Clocks that are hours off or jump: certificates, invitations and approvals behave; no time-out listens to them."""

from __future__ import annotations

import ast
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from tests.conformance.test_algorithms import assert_same_answer
from tests.unit.federate.conftest import SITES, Disturbed, Federation, study

import cohortium.federate
from cohortium.analyse import pooled
from cohortium.crypto.keys import Identity, endorse
from cohortium.errors import PermitDenied
from cohortium.federate.engine.certificates import Authority, new_key, pem, signing_request
from cohortium.federate.hub.invitations import Invitations
from cohortium.federate.hub.store import DONE, FAILED
from cohortium.federate.messages import Request
from cohortium.federate.node.secure_site import SecureSite
from cohortium.federate.secrecy import Credential

NOW = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def credentials(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, dict[str, tuple[Identity, Credential]]]:
    """An authority's certificate, and what each site shows of itself; all were made at ``NOW`` by the hub's clock."""
    folder = tmp_path_factory.mktemp("authority")
    authority = Authority.make(folder, "clocks", clock=lambda: NOW)
    key = new_key(folder / "site.key")
    shown = {}
    for site in SITES:
        identity = Identity.generate()
        certificate = pem(authority.sign(signing_request(key, site), site)).decode()
        endorsement = endorse(key, site, identity.public).hex()
        shown[site] = (identity, Credential(identity.public.hex(), endorsement, certificate))
    return pem(authority.certificate), shown


def _with_clocks(
    federation: Federation,
    credentials: tuple[bytes, dict[str, tuple[Identity, Credential]]],
    clocks: dict[str, Callable[[], datetime]],
) -> None:
    authority, shown = credentials
    for site, (identity, credential) in shown.items():
        clock = clocks.get(site, lambda: NOW)
        federation.secure[site] = SecureSite(site, identity, credential, authority, federation.stores[site], clock)
        federation.desks[site] = federation.desk(site)


@pytest.mark.parametrize("off", [-23 * HOUR, -3 * HOUR, 3 * HOUR, 23 * HOUR], ids=str)
def test_a_node_whose_clock_is_hours_off_takes_part(federation: Federation, credentials, off: timedelta) -> None:  # type: ignore[no-untyped-def]
    _with_clocks(federation, credentials, {"north": lambda: NOW + off})
    asked = study(mode="secure")
    federation.approve_everywhere(asked)
    ended = federation.run(asked)
    assert ended.status == DONE, ended.said
    expected = pooled(asked.analyses[0].algorithm, federation.table)
    assert_same_answer(federation.hub.results("run1")["who"], expected, 1e-8)


def test_a_node_whose_clock_is_days_behind_is_told_to_set_it(federation: Federation, credentials) -> None:  # type: ignore[no-untyped-def]
    _with_clocks(federation, credentials, {"north": lambda: NOW - 72 * HOUR})
    asked = study(mode="secure")
    federation.approve_everywhere(asked)
    ended = federation.run(asked)
    assert ended.status == FAILED
    assert "north: The certificate of" in ended.said
    assert "the clock here says 2026-03-26 01:30" in ended.said


def test_a_certificate_that_has_ended_must_be_made_anew(federation: Federation, credentials) -> None:  # type: ignore[no-untyped-def]
    _with_clocks(federation, credentials, {"west": lambda: NOW + timedelta(days=900)})
    asked = study(mode="secure")
    federation.approve_everywhere(asked)
    ended = federation.run(asked)
    assert ended.status == FAILED
    assert "west: " in ended.said
    assert "enrol again" in ended.said


@pytest.mark.parametrize(("jump", "is_admitted"), [(-72 * HOUR, True), (47 * HOUR, True), (49 * HOUR, False)], ids=str)
def test_an_invitation_ends_by_the_hubs_clock_alone(tmp_path: Path, jump: timedelta, is_admitted: bool) -> None:
    clock = [NOW]
    invitations = Invitations(tmp_path / "hub.db", clock=lambda: clock[0])
    secret = invitations.invite_node("north")
    clock[0] += jump
    if is_admitted:
        assert invitations.use(secret) == "north"
    with pytest.raises(PermitDenied):
        invitations.use(secret)


def _jumping() -> Callable[[], str]:
    """A clock that somebody sets forth and back by hours at every look."""
    looks = count()
    return lambda: (NOW + (-7) ** (next(looks) % 4) * HOUR).isoformat(timespec="seconds")


@pytest.mark.parametrize("mode", ["plain", "secure"])
def test_clocks_that_jump_change_no_decision_and_no_answer(federation: Federation, mode: str) -> None:
    for store in (*federation.stores.values(), federation.hub):
        store.clock = _jumping()
    asked = study(mode=mode)
    federation.approve_everywhere(asked)
    ended = federation.run(asked)
    assert ended.status == DONE, ended.said
    expected = pooled(asked.analyses[0].algorithm, federation.table)
    assert_same_answer(federation.hub.results("run1")["who"], expected, 1e-8)
    numbers = [number for number, *_ in federation.hub.events("run1")]
    assert numbers == sorted(numbers)
    whats = [what for _, _, what, _ in federation.hub.events("run1")]
    assert whats[-1] == DONE


def test_patience_ends_by_its_own_clock_whatever_the_wall_says(
    federation: Federation, monkeypatch: pytest.MonkeyPatch
) -> None:
    wall = count(0, 86_400)
    monkeypatch.setattr(time, "time", lambda: float(next(wall)))
    federation.hub.clock = _jumping()
    asked = study(patience_s=30)
    federation.approve_everywhere(asked)
    asks = 0

    def fault(site: str, data: bytes) -> bytes | None:
        nonlocal asks
        if site == "west" and Request.from_bytes(data).topic == "step":
            asks += 1
            return None
        return federation.desks[site].answer(data)

    federation.hub.submit("run1", asked, "t")
    ended = federation.conductor(Disturbed(federation.channel, fault)).conduct("run1")
    assert ended.status == FAILED
    assert "No answer from west for 30 s" in ended.said
    assert 25 <= asks <= 35, "one second passes per look at the monotonic clock"


def test_no_waiting_in_the_federation_is_measured_by_the_wall_clock() -> None:
    (folder,) = cohortium.federate.__path__
    seen = 0
    for path in Path(folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "time":
                seen += 1
                assert node.attr in ("monotonic", "sleep"), f"{path.name}: time.{node.attr}"
    assert seen > 5
