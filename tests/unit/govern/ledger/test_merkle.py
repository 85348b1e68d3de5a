"""Trees and proofs against the definition of RFC 6962, and against forged proofs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cohortium.govern.ledger import merkle

# The entries and roots with which Certificate Transparency's own implementations are tested.
ENTRIES = [
    bytes.fromhex(one)
    for one in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def spelt_out(entries: list[bytes]) -> bytes:
    """MTH of RFC 6962, as it is written there."""
    if not entries:
        return hashlib.sha256().digest()
    if len(entries) == 1:
        return hashlib.sha256(b"\0" + entries[0]).digest()
    k = 1
    while k * 2 < len(entries):
        k *= 2
    return hashlib.sha256(b"\1" + spelt_out(entries[:k]) + spelt_out(entries[k:])).digest()


def hashes(entries: list[bytes]) -> Callable[[int, int], bytes]:
    return lambda level, index: spelt_out(entries[index << level : (index + 1) << level])


def entries(number: int) -> list[bytes]:
    return [str(one).encode() for one in range(number)]


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_those_of_certificate_transparency(size: int) -> None:
    assert merkle.root(size, hashes(ENTRIES)).hex() == ROOTS[size - 1]


@pytest.mark.parametrize("size", [0, 1, 2, 3, 7, 8, 64, 65, 100])
def test_roots_are_as_the_standard_defines_them(size: int) -> None:
    assert merkle.root(size, hashes(entries(size))) == spelt_out(entries(size))


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 13, 33])
def test_every_entry_is_proven_and_no_other_at_its_place(size: int) -> None:
    held = entries(size)
    for index in range(size):
        proof = merkle.inclusion_proof(index, size, hashes(held))
        assert len(proof) <= (size - 1).bit_length()
        assert merkle.root_from_inclusion(merkle.leaf_hash(held[index]), index, size, proof) == spelt_out(held)
        for other in range(size):
            if other != index:
                assert merkle.root_from_inclusion(merkle.leaf_hash(held[index]), other, size, proof) != spelt_out(held)
        assert merkle.root_from_inclusion(merkle.leaf_hash(b"x"), index, size, proof) != spelt_out(held)


def test_proofs_of_another_length_prove_nothing() -> None:
    held = entries(6)
    proof = merkle.inclusion_proof(2, 6, hashes(held))
    leaf = merkle.leaf_hash(held[2])
    assert merkle.root_from_inclusion(leaf, 2, 6, proof[:-1]) is None
    assert merkle.root_from_inclusion(leaf, 2, 6, [*proof, proof[0]]) is None
    assert merkle.root_from_inclusion(leaf, 6, 6, proof) is None
    assert merkle.root_from_inclusion(leaf, -1, 6, proof) is None


@pytest.mark.parametrize("new", [1, 2, 3, 4, 7, 8, 21])
def test_an_earlier_size_is_proven_and_no_other_history(new: int) -> None:
    held = entries(new)
    for old in range(1, new + 1):
        proof = merkle.consistency_proof(old, new, hashes(held))
        assert merkle.is_consistent(old, new, proof, spelt_out(held[:old]), spelt_out(held))
        for changed in range(old):
            other = [b"x" if place == changed else one for place, one in enumerate(held[:old])]
            assert not merkle.is_consistent(old, new, proof, spelt_out(other), spelt_out(held))
        if proof:
            assert not merkle.is_consistent(old, new, proof[:-1], spelt_out(held[:old]), spelt_out(held))
            assert not merkle.is_consistent(old, new, [*proof, proof[0]], spelt_out(held[:old]), spelt_out(held))


def test_an_empty_log_goes_on_to_anything() -> None:
    assert merkle.is_consistent(0, 3, [], merkle.EMPTY_ROOT, spelt_out(entries(3)))
    assert not merkle.is_consistent(0, 3, [], b"x" * 32, spelt_out(entries(3)))
    assert not merkle.is_consistent(4, 3, [], spelt_out(entries(4)), spelt_out(entries(3)))


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 300), st.data())
def test_a_changed_hash_in_a_proof_shows(size: int, data: st.DataObject) -> None:
    held = entries(size)
    index = data.draw(st.integers(0, size - 1))
    proof = merkle.inclusion_proof(index, size, hashes(held))
    if proof:
        place = data.draw(st.integers(0, len(proof) - 1))
        proof[place] = bytes([proof[place][0] ^ 1]) + proof[place][1:]
        assert merkle.root_from_inclusion(merkle.leaf_hash(held[index]), index, size, proof) != spelt_out(held)
