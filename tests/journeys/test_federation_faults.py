"""What networks and disks do to a study: a network that is cut, a disk that is full, a hub that is flooded."""

from __future__ import annotations

import http.client
import resource
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from tests.journeys.hospitals import after_some_steps, assert_pooled, hospital_files, until

from cohortium.analyse import Describe
from cohortium.errors import SiteUnavailable
from cohortium.federate import Analysis, Study
from cohortium.federate.client import HubClient
from cohortium.federate.node.decisions import Rule
from cohortium.serve.local_federation import LocalFederation

pytestmark = [pytest.mark.journey, pytest.mark.slow]
MANY = 12
CUT_OFF = "cleveland"


class Proxy:
    """Carries one site's connections to the hub, until it is cut: then no byte passes, and no new connection.

    A connection that was there before is dead when the network is back, as behind a firewall that has forgotten it.
    """

    def __init__(self, target: int) -> None:
        self.target = ("127.0.0.1", target)
        self.is_cut = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.listener.getsockname()[1])
        self.links: list[socket.socket] = []
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """From now on everything gets lost, and nobody is told."""
        self.is_cut.set()

    def mend(self) -> None:
        """The network is back; what was connected is no longer."""
        with self._lock:
            for link in self.links:
                _hang_up(link)
            self.links.clear()
        self.is_cut.clear()

    @contextmanager
    def without_network(self, seconds: float) -> Iterator[None]:
        """Cut now; mended after so many seconds, or when the block ends where that is later."""
        self.cut()
        ends = time.monotonic() + seconds
        try:
            yield
            time.sleep(max(0.0, ends - time.monotonic()))
        finally:
            self.mend()

    def close(self) -> None:
        """Nothing passes any more, and nothing is kept open."""
        _hang_up(self.listener)
        self.mend()

    def _accept(self) -> None:
        with suppress(OSError):  # it was closed
            while True:
                self._connect(self.listener.accept()[0])

    def _connect(self, near: socket.socket) -> None:
        self._keep(near)
        if self.is_cut.is_set():
            return
        try:
            far = socket.create_connection(self.target, timeout=5)
        except OSError:  # the hub is down
            _hang_up(near)
            return
        far.settimeout(None)
        self._keep(far)
        for one, other in ((near, far), (far, near)):
            threading.Thread(target=self._pass, args=(one, other), daemon=True).start()

    def _keep(self, link: socket.socket) -> None:
        with self._lock:
            self.links.append(link)

    def _pass(self, of: socket.socket, to: socket.socket) -> None:
        with suppress(OSError):
            while data := of.recv(65_536):
                if not self.is_cut.is_set():
                    to.sendall(data)
        if not self.is_cut.is_set():
            for link in (of, to):
                _hang_up(link)


def _hang_up(link: socket.socket) -> None:
    with suppress(OSError):  # also wakes who waits for it, which closing alone does not
        link.shutdown(socket.SHUT_RDWR)
    link.close()


@pytest.fixture(scope="module")
def federation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalFederation]:
    folder = tmp_path_factory.mktemp("fault")
    rule = Rule("heart", ("describe",), modes=("plain", "secure"), researchers=("ada",))
    with LocalFederation(folder / "f", hospital_files(folder), "heart", (rule,)) as running:
        yield running


@pytest.fixture(scope="module")
def proxy(federation: LocalFederation) -> Iterator[Proxy]:
    """In front of the hub, for one site."""
    between = Proxy(federation.home.port)
    federation.children[CUT_OFF].stop()
    settings = federation.node(CUT_OFF) / "node.toml"
    text = settings.read_text("utf-8")
    assert f":{federation.home.port}" in text
    settings.write_text(text.replace(f":{federation.home.port}", f":{between.port}"), "utf-8")
    federation.start_node(CUT_OFF)
    yield between
    between.close()


@pytest.fixture(scope="module")
def ada(federation: LocalFederation, proxy: Proxy) -> HubClient:
    client = federation.researcher("ada")
    federation.wait_until_connected(client)
    return client


@pytest.fixture
def connected(federation: LocalFederation, ada: HubClient) -> HubClient:
    federation.wait_until_connected(ada, within_s=90.0)
    return ada


def _asked(mode: str) -> Describe:
    """In mode "plain" the hospitals' small cells of chest pain would not leave."""
    return Describe(("age", "chol")) if mode == "plain" else Describe(("age", "chol", "cp"))


def _study(title: str, mode: str = "secure", patience_s: float = 150.0) -> Study:
    each = tuple(Analysis(f"d{number}", _asked(mode)) for number in range(MANY))
    return Study(title, "heart", each, mode=mode, patience_s=patience_s)


def _assert_pooled(client: HubClient, ended: dict[str, Any]) -> None:
    assert_pooled(client, ended, _asked(ended["mode"]), MANY)


def _said(client: HubClient, run: str) -> str:
    return str(client.get(f"/runs/{run}")["said"])


def _ended(_event: dict[str, Any]) -> None:
    """Nobody listens to what is said on the way."""


@pytest.mark.parametrize("seconds", [12.0, 60.0], ids=["shorter than FLARE's patience", "longer than FLARE's patience"])
def test_a_network_that_is_cut_in_the_middle_changes_nothing(
    connected: HubClient, proxy: Proxy, seconds: float
) -> None:
    run = connected.submit(_study(f"cut for {seconds:g} s").to_plain())
    after_some_steps(connected, run)
    with proxy.without_network(seconds):
        until(lambda: f"waiting for {CUT_OFF}" in _said(connected, run), 30)
    mended = time.monotonic()
    _assert_pooled(connected, connected.watch(run, _ended))
    assert time.monotonic() - mended < 60, "it goes on soon after the network is back"


@pytest.mark.parametrize("mode", ["secure", "plain"])
def test_a_cut_that_outlasts_the_patience_ends_the_run_with_the_sites_name(
    connected: HubClient, proxy: Proxy, mode: str
) -> None:
    asked = _study(f"nobody waits that long, {mode}", mode, patience_s=10.0)
    run = connected.submit(asked.to_plain())
    after_some_steps(connected, run)
    with proxy.without_network(0.0):
        cut = time.monotonic()
        ended = connected.watch(run, _ended)
        assert 5 < time.monotonic() - cut < 40
    assert ended["status"] == "failed"
    assert f"No answer from {CUT_OFF} for 10 s" in ended["said"]


def test_a_site_that_is_cut_off_when_its_sums_are_asked_for_is_there_for_the_next_study(connected: HubClient) -> None:
    _assert_pooled(connected, connected.watch(connected.submit(_study("afterwards").to_plain()), _ended))


@contextmanager
def _full_disk(pids: list[int], room: int = 0) -> Iterator[None]:
    """No file of these processes can grow beyond ``room``; the kernel refuses the write, as on a disk that is full."""
    before = {pid: resource.prlimit(pid, resource.RLIMIT_FSIZE) for pid in pids}
    for pid, (_, hard) in before.items():
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (room, hard))
    try:
        yield
    finally:
        for pid, limits in before.items():
            with suppress(ProcessLookupError):
                resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)


def _workers(folder: Path) -> list[int]:
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            command = entry.read_bytes().decode()
            if "cohortium.federate.node.worker" in command and str(folder) in command:
                found.append(int(entry.parent.name))
    return found


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux changes the limits of a running process")
@pytest.mark.parametrize("mode", ["secure", "plain"])
def test_a_node_with_a_full_disk_says_so_and_goes_on_when_there_is_space(
    federation: LocalFederation, connected: HubClient, mode: str
) -> None:
    site = list(federation.sources)[1]
    run = connected.submit(_study(f"no space at a node, {mode}", mode).to_plain())
    after_some_steps(connected, run)
    with _full_disk(_workers(federation.node(site))):
        until(lambda: f"{site} (node.db cannot be written" in _said(connected, run))
    _assert_pooled(connected, connected.watch(run, _ended))
    steps = [one["step"] for one in federation.store(site).left() if one["run"] == f"{run}/d0"]
    assert len(steps) == len(set(steps)), "each step is in the node's record once"


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux changes the limits of a running process")
def test_a_hub_with_a_full_disk_says_so_and_goes_on_when_there_is_space(
    federation: LocalFederation, connected: HubClient
) -> None:
    run = connected.submit(_study("no space at the hub").to_plain())
    after_some_steps(connected, run)
    process = federation.children["hub"].process
    assert process is not None
    with _full_disk([process.pid], room=16_000):  # enough for its log, not for SQLite's
        with pytest.raises(SiteUnavailable, match=r"hub\.db cannot be written"):
            connected.submit(_study("one more").to_plain())
        log = federation.folder / "hub.log"
        until(lambda: f"Run {run} waits: hub.db cannot be written" in log.read_text("utf-8"))
    _assert_pooled(connected, connected.watch(run, _ended))
    titles = [one["title"] for one in connected.get("/runs")]
    assert "one more" not in titles, "what could not be kept did not begin"


def test_a_flood_leaves_the_hub_as_it_was(federation: LocalFederation, connected: HubClient) -> None:
    """Noise on the nodes' port, a request that is too large, one that does not say how large it is, broken studies."""
    for noise in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01" + b"\xff" * 4_000, b"\0" * 100_000):
        with suppress(OSError), socket.create_connection(("127.0.0.1", federation.home.port), timeout=5) as link:
            link.sendall(noise)
            link.settimeout(1.0)
            link.recv(64)
    with pytest.raises(Exception, match="413"):
        connected.post("/studies", {"study": {}, "padding": "x" * 1_100_000})
    place = connected.token.url.removeprefix("https://")
    with closing(http.client.HTTPSConnection(place, context=connected._context(), timeout=30)) as link:
        headers = {"Authorization": f"Bearer {connected.token.secret}"}
        link.request("POST", "/studies", iter([b"x" * 1_000] * 5), headers)  # in chunks: no length is said
        assert link.getresponse().status == http.HTTPStatus.LENGTH_REQUIRED
    with pytest.raises(Exception, match="no part"):
        connected.post("/studies", {"study": {**_study("odd").to_plain(), "code": "import os"}})
    _assert_pooled(connected, connected.watch(connected.submit(_study("after the flood").to_plain()), _ended))
