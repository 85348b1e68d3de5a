"""Getting a document from an address that somebody typed, so that it cannot be used to reach what only we can reach.

The name is resolved once and the connection goes to the address that was looked at, so that it cannot become another
in between; each redirect is looked at anew; private, loopback, link-local, multicast and other special addresses are
refused, in whatever notation; size, time, ports and types are bounded.
"""

from __future__ import annotations

import http.client
import io
import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import SplitResult, urljoin, urlsplit

from cohortium.errors import InvalidRequest, SiteUnavailable, SourceUnreadable
from cohortium.govern.catalogue.rdf.parsing import CONTENT_TYPES, MOST_BYTES

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolver = Callable[[str, int], Sequence[str]]
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_REFUSED = "This address is refused: it is not on the public internet, and no network that was allowed."


def resolved(host: str, port: int) -> Sequence[str]:
    """The addresses that the system knows for a name."""
    return [str(one[4][0]) for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


@dataclass(frozen=True, slots=True)
class Fetched:
    """A document, its type, and the address that it came from in the end."""

    data: bytes
    content_type: str
    url: str


@dataclass(frozen=True, slots=True)
class Fetcher:
    """Rules for getting documents.

    plain_http : whether http:// is allowed beside https://.
    networks   : that are allowed although they are private, such as a hospital's own.
    timeout_s  : for everything together, redirects among it.
    """

    most_bytes: int = MOST_BYTES
    timeout_s: float = 30.0
    most_redirects: int = 3
    plain_http: bool = False
    ports: frozenset[int] = frozenset({80, 443})
    networks: tuple[Network, ...] = ()
    content_types: frozenset[str] = frozenset(CONTENT_TYPES)
    resolve: Resolver = resolved
    trust: ssl.SSLContext = field(default_factory=ssl.create_default_context)

    def fetch(self, url: str) -> Fetched:
        """The document at an address.

        Raises : InvalidRequest for an address that is refused; SiteUnavailable where it does not answer in time;
                 SourceUnreadable where the answer is too large, of another type, or no success. No message says which
                 address a name has, nor what the answer was.
        """
        deadline = time.monotonic() + self.timeout_s
        for _ in range(self.most_redirects + 1):
            answer = self._ask(url, deadline)
            if isinstance(answer, Fetched):
                return answer
            if url.startswith("https:") and not answer.startswith("https:"):
                raise InvalidRequest("The address leads from https:// to another scheme, which is not followed.")
            url = answer
        raise SourceUnreadable(f"The address leads on more than {self.most_redirects} times.")

    def _ask(self, url: str, deadline: float) -> Fetched | str:
        """The document, or the address that it leads to."""
        parts, port = self._checked(url)
        host = parts.hostname or ""
        address = self._address(host, port)
        try:
            with self._connected(parts, host, str(address), port, deadline) as connection:
                path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
                shown = f"[{host}]" if ":" in host else host
                named = shown if port == (443 if parts.scheme == "https" else 80) else f"{shown}:{port}"
                _send(connection, path, named, self.content_types)
                response = http.client.HTTPResponse(_Timed(connection, deadline))  # type: ignore[arg-type]
                response.begin()
                if response.status in _REDIRECTS:
                    return _joined(url, response.getheader("Location") or "")
                return Fetched(*self._body(response), url)
        except (TimeoutError, OSError) as error:
            raise SiteUnavailable(f"The address does not answer as it should: {type(error).__name__}.") from error
        except http.client.HTTPException as error:
            raise SourceUnreadable(f"The answer is no HTTP: {type(error).__name__}.") from error

    def _checked(self, url: str) -> tuple[SplitResult, int]:
        try:
            parts = urlsplit(url)
            port = parts.port or (443 if parts.scheme == "https" else 80)
        except ValueError as error:
            raise InvalidRequest("This is no address.") from error
        schemes = ("https", "http") if self.plain_http else ("https",)
        if parts.scheme not in schemes:
            raise InvalidRequest(f"An address begins with {' or '.join(f'{one}://' for one in schemes)}.")
        if not parts.hostname or parts.username is not None or parts.password is not None:
            raise InvalidRequest("An address has a host and no user name or password.")
        if port not in self.ports:
            raise InvalidRequest(f"An address has one of the ports {sorted(self.ports)}.")
        if any(ord(one) <= 32 or ord(one) >= 127 for one in url):
            raise InvalidRequest("An address has no spaces, control characters or letters beyond ASCII.")
        return parts, port

    def _address(self, host: str, port: int) -> Address:
        """The address to connect to; all that the name has must be allowed, so that none can be chosen by chance."""
        try:
            found = [ipaddress.ip_address(one.partition("%")[0]) for one in self.resolve(host, port)]
        except (OSError, UnicodeError, ValueError) as error:
            raise SiteUnavailable("The host of this address is not known.") from error
        if not found:
            raise SiteUnavailable("The host of this address is not known.")
        if not all(self._is_allowed(one) for one in found):
            raise InvalidRequest(_REFUSED)
        return found[0]

    def _is_allowed(self, address: Address) -> bool:
        plain = _unwrapped(address)
        if any(plain in network for network in self.networks if network.version == plain.version):
            return True
        return plain.is_global and not plain.is_multicast and not plain.is_reserved

    def _connected(self, parts: SplitResult, host: str, address: str, port: int, deadline: float) -> socket.socket:
        connection = socket.create_connection((address, port), timeout=_left(deadline))
        if parts.scheme != "https":
            return connection
        try:
            return self.trust.wrap_socket(connection, server_hostname=host)
        except BaseException:
            connection.close()
            raise

    def _body(self, response: http.client.HTTPResponse) -> tuple[bytes, str]:
        if response.status != HTTPStatus.OK:
            raise SourceUnreadable(f"The address answers with status {response.status}.")
        content_type = response.getheader("Content-Type") or ""
        if content_type.partition(";")[0].strip().lower() not in self.content_types:
            raise SourceUnreadable(f"The answer is none of {sorted(self.content_types)}.")
        if (response.getheader("Content-Encoding") or "identity").lower() != "identity":
            raise SourceUnreadable("The answer is compressed, which was not asked for.")
        if response.length is not None and response.length > self.most_bytes:
            raise SourceUnreadable(f"The answer has more than {self.most_bytes:,} bytes.")
        data = response.read(self.most_bytes + 1)
        if len(data) > self.most_bytes:
            raise SourceUnreadable(f"The answer has more than {self.most_bytes:,} bytes.")
        if response.length:
            raise SourceUnreadable("The answer ended too early.")
        return data, content_type


def _unwrapped(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for, where it is such a one."""
    if isinstance(address, ipaddress.IPv6Address):
        if address in _NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        teredo = address.teredo
        inner = address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None)
        if inner is None and int(address) >> 32 == 0 and int(address) > 1:
            inner = ipaddress.IPv4Address(int(address))  # ::a.b.c.d, given up long ago and still understood
        return inner or address
    return address


def _send(connection: socket.socket, path: str, host: str, types: frozenset[str]) -> None:
    lines = (
        f"GET {path} HTTP/1.1", f"Host: {host}", f"Accept: {', '.join(sorted(types))}", "Accept-Encoding: identity",
        "User-Agent: cohortium-harvester", "Connection: close", "", "",
    )  # fmt: skip
    connection.sendall("\r\n".join(lines).encode("ascii"))


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError as error:
        raise SourceUnreadable("The address leads on to what is no address.") from error


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


class _Timed(io.RawIOBase):
    """A connection that is read until a moment, however slowly its bytes come."""

    def __init__(self, connection: socket.socket, deadline: float) -> None:
        self._connection, self._deadline = connection, deadline

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        self._connection.settimeout(_left(self._deadline))
        return self._connection.recv_into(buffer)
