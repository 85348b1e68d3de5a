"""Fetching from addresses that somebody typed: what must not be reached is not, whatever a name or a page says."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("rdflib", reason="the extra 'govern' is not installed")

from cohortium.errors import CohortiumError, InvalidRequest, SiteUnavailable, SourceUnreadable
from cohortium.govern.catalogue.fetching import Fetcher

Answer = Callable[[socket.socket, str], None]
LOOPBACK = ipaddress.ip_network("127.0.0.0/8")
TURTLE = b"<https://a.example/1> a <http://www.w3.org/ns/dcat#Dataset> ."


class Server:
    """Answers each connection by a function, on a port of its own."""

    def __init__(self, answer: Answer, wrap: ssl.SSLContext | None = None) -> None:
        self.answer, self.wrap, self.asked = answer, wrap, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with closing(connection):
                self._one(connection)

    def _one(self, connection: socket.socket) -> None:
        try:
            if self.wrap is not None:
                connection = self.wrap.wrap_socket(connection, server_side=True)
            asked = connection.recv(65_536).decode("latin-1")
            self.asked.append(asked)
            self.answer(connection, asked)
            connection.close()
        except OSError:
            return  # the client hung up, as it should


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Starts servers, and stops them with the test."""
    started: list[Server] = []

    def start(answer: Answer, wrap: ssl.SSLContext | None = None) -> Server:
        started.append(Server(answer, wrap))
        return started[-1]

    yield start
    for one in started:
        one.listener.close()


def says(head: str, body: bytes = b"") -> Answer:
    return lambda connection, _asked: connection.sendall(head.encode() + b"\r\n\r\n" + body)


def ok(body: bytes = TURTLE, more: str = "") -> Answer:
    return says(f"HTTP/1.1 200 OK\r\nContent-Type: text/turtle\r\nContent-Length: {len(body)}{more}", body)


def fetcher(server: Server | None = None, **more: Any) -> Fetcher:
    """Plain HTTP, and loopback allowed, where the test has a server of its own."""
    ports = frozenset({80, 443, *([server.port] if server else [])})
    return Fetcher(**{"plain_http": True, "ports": ports, "networks": (LOOPBACK,), "timeout_s": 2.0, **more})


def test_a_document_arrives(serve: Callable[..., Server]) -> None:
    server = serve(ok())
    got = fetcher(server).fetch(f"http://127.0.0.1:{server.port}/catalogue?x=1#part")
    assert got.data == TURTLE and got.content_type == "text/turtle"
    assert server.asked[0].startswith("GET /catalogue?x=1 HTTP/1.1\r\nHost: 127.0.0.1:")


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.9.9.9", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",  # noqa: S104
        "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "::1", "::", "fe80::1",
        "fe80::1%eth0", "fc00::1", "fd12::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1",
        "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::1", "2002:a00:1::",
        "2001:0:4136:e378:8000:63bf:f5ff:fffe",
        "2001:db8::1",
    ],
)  # fmt: skip
def test_special_addresses_are_refused(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "create_connection", lambda *_a, **_k: pytest.fail("it connected"))
    for found in ([address], ["93.184.216.34", address]):
        with pytest.raises(InvalidRequest, match="not on the public internet"):
            Fetcher(resolve=lambda _host, _port, found=found: found).fetch("https://catalogue.example/")


@pytest.mark.parametrize(
    "url",
    [
        "http://catalogue.example/", "file:///etc/passwd", "ftp://a.example/", "gopher://a.example/", "//a.example/",
        "https://user:hush@a.example/", "https://@a.example/", "https://a.example:22/", "https://a.example:99999/",
        "https://a.example/ x", "https://a.example/\r\nX: y", "https://", "", "javascript:1", "https://ä.example/",
        "https://[::1", "https://a.example:x/",
    ],
    ids=range(17),
)  # fmt: skip
def test_addresses_of_another_form_are_refused_before_anything_is_resolved(url: str) -> None:
    def resolve(_host: str, _port: int) -> Sequence[str]:
        pytest.fail("it resolved")

    with pytest.raises(InvalidRequest) as caught:
        Fetcher(resolve=resolve).fetch(url)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "017700000001", "127.1", "localhost", "0"])
def test_loopback_in_other_notations_is_refused(host: str) -> None:
    with pytest.raises((InvalidRequest, SiteUnavailable)):
        Fetcher(timeout_s=1.0).fetch(f"https://{host}/")


def test_a_name_is_resolved_once_and_that_address_is_connected_to(serve: Callable[..., Server]) -> None:
    server = serve(ok())
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])
    got = fetcher(server, resolve=lambda _host, _port: next(answers)).fetch(f"http://rebind.example:{server.port}/")
    assert got.data == TURTLE and f"Host: rebind.example:{server.port}" in server.asked[0]


def test_a_redirect_to_a_private_address_is_refused(serve: Callable[..., Server]) -> None:
    inner = serve(ok(b"secret"))
    outer = serve(says(f"HTTP/1.1 302 Found\r\nLocation: http://inner.example:{inner.port}/"))
    names = {"outer.example": "127.0.0.1", "inner.example": "127.0.0.2"}
    rules = fetcher(
        outer,
        ports=frozenset({outer.port, inner.port}),
        networks=(ipaddress.ip_network("127.0.0.1/32"),),
        resolve=lambda host, _port: [names[host]],
    )
    with pytest.raises(InvalidRequest):
        rules.fetch(f"http://outer.example:{outer.port}/")
    assert not inner.asked


@pytest.mark.parametrize(
    "where", ["file:///etc/passwd", "gopher://127.0.0.1/", "http://127.0.0.1:22/", "//[", ""], ids=range(5)
)
def test_redirects_are_held_to_the_same_rules(serve: Callable[..., Server], where: str) -> None:
    server = serve(says(f"HTTP/1.1 301 Moved\r\nLocation: {where}"))
    with pytest.raises(CohortiumError):
        fetcher(server).fetch(f"http://127.0.0.1:{server.port}/")
    assert len(server.asked) <= 4


def test_redirects_end(serve: Callable[..., Server]) -> None:
    server = serve(says("HTTP/1.1 307 Again\r\nLocation: /again"))
    with pytest.raises(SourceUnreadable, match="more than 3 times"):
        fetcher(server).fetch(f"http://127.0.0.1:{server.port}/")
    assert len(server.asked) == 4


def _dripping(connection: socket.socket, _asked: str) -> None:
    for one in b"HTTP/1.1 200 OK\r\nContent-Type: text/turtle\r\nX: " + b"y" * 1_000:
        connection.sendall(bytes([one]))
        time.sleep(0.05)


def _endless(connection: socket.socket, _asked: str) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/turtle\r\n\r\n")
    while True:
        connection.sendall(b"x" * 65_536)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (lambda _connection, _asked: time.sleep(3), SiteUnavailable),
        (_dripping, SiteUnavailable),
        (_endless, SourceUnreadable),
        (says("HTTP/1.1 200 OK\r\nContent-Type: text/turtle\r\nContent-Length: 999999999"), SourceUnreadable),
        (says("HTTP/1.1 200 OK\r\nContent-Type: text/html", b"<html>"), SourceUnreadable),
        (says("HTTP/1.1 200 OK", b"x"), SourceUnreadable),
        (ok(more="\r\nContent-Encoding: gzip"), SourceUnreadable),
        (says("HTTP/1.1 500 No\r\nContent-Type: text/turtle", b"x"), SourceUnreadable),
        (says("HTTP/1.1 200 OK\r\n" + "X: y\r\n" * 200 + "Content-Type: text/turtle", b"x"), SourceUnreadable),
        (lambda connection, _asked: connection.sendall(b"SSH-2.0-x\r\n"), SourceUnreadable),
        (says("HTTP/1.1 200 OK\r\nContent-Type: text/turtle\r\nContent-Length: 50", b"short"), SourceUnreadable),
    ],
    ids=["silent", "dripping", "endless", "large", "type", "untyped", "compressed", "fault", "heads", "other", "torn"],
)
def test_answers_are_bounded(serve: Callable[..., Server], answer: Answer, error: type[CohortiumError]) -> None:
    server = serve(answer)
    started = time.monotonic()
    with pytest.raises(error):
        fetcher(server, most_bytes=1_000_000, timeout_s=0.6).fetch(f"http://127.0.0.1:{server.port}/")
    assert time.monotonic() - started < 2.5


def test_what_is_chunked_arrives_and_is_bounded_too(serve: Callable[..., Server]) -> None:
    head = "HTTP/1.1 200 OK\r\nContent-Type: text/turtle\r\nTransfer-Encoding: chunked"
    server = serve(says(head, b"5\r\nhello\r\n0\r\n\r\n"))
    url = f"http://127.0.0.1:{server.port}/"
    assert fetcher(server).fetch(url).data == b"hello"
    with pytest.raises(SourceUnreadable):
        fetcher(server, most_bytes=3).fetch(url)


def certificate(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's and a client's context for a name, by a certificate that signs itself."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    called = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = x509.CertificateBuilder(
        called, called, key.public_key(), x509.random_serial_number(), datetime.now(UTC) - timedelta(days=1),
        datetime.now(UTC) + timedelta(days=1),
    ).add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)  # fmt: skip
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    pem = made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    plain = serialization.NoEncryption()
    key_pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    (folder / "server.pem").write_bytes(pem + key_pem)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "server.pem")
    return server, ssl.create_default_context(cadata=pem.decode())


@pytest.mark.parametrize(
    ("host", "fine"), [("catalogue.example", True), ("other.example", False)], ids=["own", "other"]
)
def test_the_certificate_must_be_of_the_name(
    serve: Callable[..., Server], tmp_path: Path, host: str, fine: bool
) -> None:
    inside, trust = certificate(tmp_path, "catalogue.example")
    server = serve(ok(), inside)
    rules = fetcher(server, plain_http=False, trust=trust, resolve=lambda _host, _port: ["127.0.0.1"])
    url = f"https://{host}:{server.port}/"
    if fine:
        assert rules.fetch(url).data == TURTLE
    else:
        with pytest.raises(SiteUnavailable):
            rules.fetch(url)


def test_https_never_leads_to_http(serve: Callable[..., Server], tmp_path: Path) -> None:
    inside, trust = certificate(tmp_path, "catalogue.example")
    server = serve(says("HTTP/1.1 302 Found\r\nLocation: http://catalogue.example/"), inside)
    rules = fetcher(server, trust=trust, resolve=lambda _host, _port: ["127.0.0.1"])
    with pytest.raises(InvalidRequest, match="another scheme"):
        rules.fetch(f"https://catalogue.example:{server.port}/")
