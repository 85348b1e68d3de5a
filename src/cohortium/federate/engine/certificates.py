"""Certificates of hub and nodes: the hub's authority signs requests that nodes make, so no private key ever travels."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from cohortium.crypto.private_file import write_private
from cohortium.errors import InvalidRequest, ProtocolViolation

KEY_BITS = 3072
AUTHORITY_DAYS, CERTIFICATE_DAYS = 3650, 825
SKEW = timedelta(days=1)
"""A certificate is valid from so long before it is made: clocks of hospitals are hours off now and then."""
SERVER_NAME = "cohortium-hub"
"""Name of the hub in its certificate; nodes check it, whatever address they reach it at."""


def utc_now() -> datetime:
    """The clock that is used where no other is given."""
    return datetime.now(UTC)


def new_key(path: Path) -> rsa.RSAPrivateKey:
    """A fresh RSA key, kept in ``path`` for its owner alone. RSA, because FLARE signs its registration with it."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    write_private(
        path,
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        ),
    )
    return key


def load_key(path: Path) -> rsa.RSAPrivateKey:
    """The key in ``path``."""
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise InvalidRequest(f"{path} holds no RSA key.")
    return key


def pem(certificate: x509.Certificate) -> bytes:
    """The certificate as PEM."""
    return certificate.public_bytes(serialization.Encoding.PEM)


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 of the certificate, in hexadecimal; an enrolment token carries the authority's."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def _name(common: str, organisation: str) -> x509.Name:
    return x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, common), x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation)]
    )


class Authority:
    """The certificate authority of one federation; its key stays in the hub's folder."""

    def __init__(self, folder: Path, clock: Callable[[], datetime] = utc_now) -> None:
        self.folder, self.clock = folder, clock
        self.certificate = x509.load_pem_x509_certificate((folder / "authority.crt").read_bytes())
        self._key = load_key(folder / "authority.key")

    @classmethod
    def make(cls, folder: Path, federation: str, clock: Callable[[], datetime] = utc_now) -> Authority:
        """A new authority; raises TargetUnwritable where there is one."""
        folder.mkdir(parents=True, exist_ok=True)
        key = new_key(folder / "authority.key")
        name, now = _name(federation, "Cohortium"), clock()
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - SKEW)
            .not_valid_after(now + timedelta(days=AUTHORITY_DAYS))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        (folder / "authority.crt").write_bytes(pem(certificate))
        return cls(folder, clock)

    def sign(self, request: x509.CertificateSigningRequest, name: str, hosts: tuple[str, ...] = ()) -> x509.Certificate:
        """A certificate for the public key of ``request``, in the name that was invited, whatever the request says.

        hosts  : names and addresses of a server; without them it is a node's certificate.
        Raises : ProtocolViolation where the request is not signed with its own key.
        """
        if not request.is_signature_valid:
            raise ProtocolViolation("A certificate request that came is not signed with its own key.")
        now = self.clock()
        usage = ExtendedKeyUsageOID.SERVER_AUTH if hosts else ExtendedKeyUsageOID.CLIENT_AUTH
        builder = (
            x509.CertificateBuilder()
            .subject_name(_name(name, "hub" if hosts else name))
            .issuer_name(self.certificate.subject)
            .public_key(request.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - SKEW)
            .not_valid_after(now + timedelta(days=CERTIFICATE_DAYS))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(request.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )
        if hosts:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([_host(host) for host in hosts]), critical=False
            )
        return builder.sign(self._key, hashes.SHA256())


def signing_request(key: rsa.RSAPrivateKey, name: str) -> x509.CertificateSigningRequest:
    """What a node sends to be signed: its public key and its name."""
    return x509.CertificateSigningRequestBuilder().subject_name(_name(name, name)).sign(key, hashes.SHA256())


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True, content_commitment=False, key_encipherment=not signs_certificates,
        data_encipherment=False, key_agreement=False, key_cert_sign=signs_certificates, crl_sign=signs_certificates,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip
