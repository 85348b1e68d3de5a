"""Identities are kept for their owner alone, sign, and are tied to certificates."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID

from cohortium.crypto.keys import CertifiedKey, Identity, certified_public, check_endorsement, endorse, verify
from cohortium.errors import InvalidRequest, ProtocolViolation, SourceUnreadable, TargetUnwritable

KEYS: dict[str, CertifiedKey] = {
    "rsa": rsa.generate_private_key(public_exponent=65537, key_size=2048),
    "ec": ec.generate_private_key(ec.SECP256R1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate(),
}


def _certificate(key: CertifiedKey) -> bytes:
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "site")]), datetime(2026, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=1))
    signed = builder.sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.PEM)


def test_a_signature_holds_for_its_key_and_message_only() -> None:
    site, other = Identity.generate(), Identity.generate()
    signature = site.sign(b"message")
    verify(site.public, signature, b"message", "site")
    for public, text, sign in (
        (other.public, b"message", signature),
        (site.public, b"another", signature),
        (site.public, b"message", signature[:-1]),
        (b"short", b"message", signature),
    ):
        with pytest.raises(ProtocolViolation, match="'site'"):
            verify(public, sign, text, "site")


def test_a_key_is_kept_for_its_owner_and_never_overwritten(tmp_path: Path) -> None:
    path, site = tmp_path / "identity.pem", Identity.generate()
    site.save(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert Identity.load(path).public == site.public
    with pytest.raises(TargetUnwritable, match="never overwritten"):
        Identity.generate().save(path)
    assert Identity.load(path).public == site.public
    with pytest.raises(TargetUnwritable):
        site.save(tmp_path / "missing" / "identity.pem")


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "identity.pem"
    Identity.generate().save(path)
    path.chmod(0o640)
    with pytest.raises(InvalidRequest, match="0600"):
        Identity.load(path)


def test_what_is_no_ed25519_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "identity.pem"
    with pytest.raises(SourceUnreadable):
        Identity.load(path)
    path.write_bytes(b"no key")
    path.chmod(0o600)
    with pytest.raises(SourceUnreadable):
        Identity.load(path)
    pem = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    path.write_bytes(KEYS["ec"].private_bytes(*pem))
    with pytest.raises(SourceUnreadable, match="Ed25519"):
        Identity.load(path)


def test_the_identity_in_a_certificate() -> None:
    key = KEYS["ed25519"]
    assert isinstance(key, ed25519.Ed25519PrivateKey)
    assert certified_public(_certificate(key)) == Identity(key).public
    with pytest.raises(ProtocolViolation, match="Ed25519"):
        certified_public(_certificate(KEYS["rsa"]))
    with pytest.raises(ProtocolViolation, match="certificate"):
        certified_public(b"no certificate")


@pytest.mark.parametrize("kind", KEYS)
def test_a_certificate_endorses_one_identity_under_one_name(kind: str) -> None:
    key, public = KEYS[kind], Identity.generate().public
    certificate, signature = _certificate(key), endorse(key, "site", public)
    check_endorsement(certificate, "site", public, signature)
    for name, identity in (("other", public), ("site", Identity.generate().public)):
        with pytest.raises(ProtocolViolation, match="not endorsed"):
            check_endorsement(certificate, name, identity, signature)
