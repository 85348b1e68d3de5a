"""A site's identity: an Ed25519 key that never leaves it and signs what its peers must be sure of.

Peers know the public key by the roster, which holds the 32 raw bytes. They come there from an Ed25519 certificate
(``certified_public``) or, where the site's certificate has another kind of key, from an endorsement that this key has
signed (``endorse``, ``check_endorsement``).
"""

from __future__ import annotations

from pathlib import Path

from cohortium.crypto.private_file import write_private
from cohortium.errors import InvalidRequest, MissingExtra, ProtocolViolation, SourceUnreadable

try:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
except ImportError as error:
    raise MissingExtra("Secure sums need the package 'cryptography': pip install 'cohortium[secure]'") from error

PUBLIC_BYTES, SIGNATURE_BYTES = 32, 64
_ENDORSED = b"cohortium site identity 1"
_PSS = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)

CertifiedKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


class Identity:
    """The private half of a site's identity."""

    __slots__ = ("_key", "public")

    def __init__(self, key: ed25519.Ed25519PrivateKey) -> None:
        self._key = key
        self.public = key.public_key().public_bytes_raw()

    @classmethod
    def generate(cls) -> Identity:
        """A fresh one, from the operating system's secure source."""
        return cls(ed25519.Ed25519PrivateKey.generate())

    @classmethod
    def load(cls, path: Path) -> Identity:
        """The one that ``save`` wrote, or any unencrypted Ed25519 key in PEM.

        Raises : SourceUnreadable where there is none; InvalidRequest where others than its owner can read the file.
        """
        try:
            if path.stat().st_mode & 0o077:
                raise InvalidRequest(f"{path} holds a private key that others can read; set its mode to 0600.")
            key = serialization.load_pem_private_key(path.read_bytes(), None)
        except (OSError, ValueError, TypeError) as error:
            raise SourceUnreadable(f"{path} cannot be read as a private key in PEM: {type(error).__name__}.") from error
        if not isinstance(key, ed25519.Ed25519PrivateKey):
            raise SourceUnreadable(f"{path} holds a private key of another kind; Ed25519 was expected.")
        return cls(key)

    def save(self, path: Path) -> None:
        """Write it as PEM, for its owner alone (0600).

        Raises : TargetUnwritable where the file exists or cannot be made; a key is never overwritten or half-written.
        """
        data = self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        write_private(path, data)

    def sign(self, message: bytes) -> bytes:
        """The signature, 64 bytes. Messages begin with a label of their own kind, so that none passes for another."""
        return self._key.sign(message)


def verify(public: bytes, signature: bytes, message: bytes, signer: str) -> None:
    """Nothing, where ``signature`` is that of ``public`` under ``message``.

    Raises : ProtocolViolation, naming the signer.
    """
    try:
        ed25519.Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError) as error:
        raise ProtocolViolation(
            f"A signature of '{signer}' does not match its key in the roster: somebody altered or replaced a message."
        ) from error


def certified_public(certificate: bytes) -> bytes:
    """The raw public key in an Ed25519 certificate (PEM). Whose signature it bears is the caller's to check.

    Raises : ProtocolViolation where it is no certificate, or has another kind of key.
    """
    key = _certified_key(certificate)
    if not isinstance(key, ed25519.Ed25519PublicKey):
        raise ProtocolViolation("A certificate with an Ed25519 key was expected; another kind of key needs to endorse.")
    return key.public_bytes_raw()


def endorse(key: CertifiedKey, name: str, public: bytes) -> bytes:
    """A signature by the key of the site's certificate that ``public`` is the identity of ``name``."""
    message = _endorsed(name, public)
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(message, _PSS, hashes.SHA256())
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(message, ec.ECDSA(hashes.SHA256()))
    return key.sign(message)


def check_endorsement(certificate: bytes, name: str, public: bytes, signature: bytes) -> None:
    """Nothing, where the key of ``certificate`` (PEM) has endorsed ``public``; raises ProtocolViolation otherwise.

    Whose signature the certificate itself bears, and that it is of ``name``, is the caller's to check.
    """
    key, message = _certified_key(certificate), _endorsed(name, public)
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, message, _PSS, hashes.SHA256())
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, message, ec.ECDSA(hashes.SHA256()))
        elif isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, message)
        else:
            raise ProtocolViolation("A certificate has a kind of key that cannot endorse an identity.")
    except InvalidSignature as error:
        raise ProtocolViolation(f"The certificate of '{name}' has not endorsed the identity that came.") from error


def _certified_key(certificate: bytes) -> object:
    try:
        return x509.load_pem_x509_certificate(certificate).public_key()
    except ValueError as error:
        raise ProtocolViolation("What came is not a certificate in PEM.") from error


def _endorsed(name: str, public: bytes) -> bytes:
    return b"\0".join([_ENDORSED, public, name.encode("utf-8")])
