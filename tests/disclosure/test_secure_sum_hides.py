"""Attacks on secure sums by the hub, alone or in league with sites. Every one must fail."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from scipy.stats import chi2

from cohortium.crypto.keys import Identity
from cohortium.crypto.secure_sum import InProcess, Member, Roster, Tally
from cohortium.crypto.secure_sum.frames import Kind, joined, parted, written
from cohortium.crypto.secure_sum.masks import apply_mask, own_mask_key, pair_mask_key, private_key
from cohortium.crypto.shamir import SHARE_BYTES, combine, recover_secret, weights_at_zero
from cohortium.errors import ProtocolViolation

NAMES = "abcdefg"  # the threshold is 5
WORDS = 64
HEADER = 6  # fields before those of a message's own


@pytest.fixture
def session() -> InProcess:
    made = InProcess(NAMES, rounds=3)
    made._deal({})
    return made


def vector_of(name: str) -> np.ndarray:
    return np.full(WORDS, NAMES.index(name), dtype=np.uint64)


def fields_of(message: bytes) -> list[bytes]:
    return [bytes(one) for one in parted(message)]


def mask_all(session: InProcess, names: str = NAMES, words: int = WORDS) -> tuple[Tally, dict[str, np.ndarray]]:
    """A round in which these answer, and what the hub sees of them."""
    tally, seen = session.collector.begin_round(words, b"context"), {}
    for name in names:
        answer = session.members[name].mask(tally.mask_request(name), np.resize(vector_of(name), words), b"context")
        tally.add_masked(name, answer)
        seen[name] = np.frombuffer(fields_of(answer)[HEADER], dtype="<u8").copy()
    return tally, seen


def unmask_for(tally: Tally, survivors: Sequence[str], signatures: dict[str, bytes]) -> bytes:
    """What a hub may write that follows no protocol."""
    fields = [part for name in sorted(signatures) for part in (name.encode(), signatures[name])]
    left = joined(name.encode() for name in sorted(survivors))
    return written(Kind.UNMASK, tally.round.roster, tally.round.number, "", [left, *fields])


def confirmed(session: InProcess, tally: Tally, member: str, survivors: Sequence[str]) -> bytes:
    left = joined(name.encode() for name in sorted(survivors))
    request = written(Kind.CONFIRM, tally.round.roster, tally.round.number, "", [left])
    return fields_of(session.members[member].confirm(request))[HEADER]


# What the hub sees


def test_masked_vectors_look_uniform(session: InProcess) -> None:
    _, seen = mask_all(session, words=20_000)
    for vector in [*seen.values(), seen["a"] - seen["b"]]:
        counts = np.bincount(vector.view(np.uint8), minlength=256)
        expected = counts.sum() / 256
        statistic = float(((counts - expected) ** 2 / expected).sum())
        assert chi2.ppf(1e-6, 255) < statistic < chi2.ppf(1 - 1e-6, 255)


def test_masked_vectors_carry_nothing_that_correlates(session: InProcess) -> None:
    """Two sites with equal vectors, and one site in two rounds, are told from nobody."""
    _, seen = mask_all(session, words=20_000)
    _, later = mask_all(session, words=20_000)
    for one, other in ((seen["a"], seen["b"]), (seen["a"], later["a"])):
        equal_bytes = int((one.view(np.uint8) == other.view(np.uint8)).sum())
        mean = one.nbytes / 256
        assert abs(equal_bytes - mean) < 6 * np.sqrt(mean)


# Sites in league with a hub that follows the protocol


def test_one_share_below_the_threshold_opens_no_key_of_a_survivor(session: InProcess) -> None:
    tally, seen = mask_all(session)
    league = NAMES[:4]
    batches = [session.members[name]._batch for name in league]
    place = tally.round.number
    for column, public in ((place, None), (place + 3, session.collector._keys["g"].masks[place])):
        shares = [bytes(batch.shares["g"][column]) for batch in batches if batch is not None]
        weights = weights_at_zero([session.roster.point(name) for name in league])
        try:
            guess = combine(shares, weights)
        except ProtocolViolation:
            continue
        assert public is None or private_key(guess).public_key().public_bytes_raw() != public
        stripped = seen["g"].copy()
        apply_mask(stripped, own_mask_key(guess, session.roster, place, "g"), subtract=True)
        assert stripped.tolist() != vector_of("g").tolist()


def test_all_that_the_league_knows_leaves_the_masks_between_honest_sites(session: InProcess) -> None:
    """The hub, four sites of seven, and the own masks that unmasking opens: each vector of the others stays masked."""
    league = "abcd"
    privates = {name: bytes(session.members[name]._batch.secrets.masks[0]) for name in league}
    tally, seen = mask_all(session)
    request = tally.unmask_request()
    for name in NAMES:
        tally.add_unmasked(name, session.members[name].unmask(request))
    keys, roster = session.collector._keys, session.roster
    stripped = {}
    for name in "efg":
        span = slice(NAMES.index(name) * SHARE_BYTES, (NAMES.index(name) + 1) * SHARE_BYTES)
        seed = recover_secret({roster.point(holder): tally._shares[holder][span] for holder in NAMES}, 5)
        stripped[name] = seen[name].copy()
        apply_mask(stripped[name], own_mask_key(seed, roster, 0, name), subtract=True)
        for peer in league:
            key = pair_mask_key(private_key(privates[peer]), keys[name].masks[0], roster, 0, (name, peer), b"context")
            apply_mask(stripped[name], key, subtract=name < peer)
        assert len(set(stripped[name].tolist())) == WORDS, "the vector was constant: its mask has gone"
    # The strength of the attack: together the honest sites' vectors are open, as their sum always is.
    together = np.sum(list(stripped.values()), axis=0, dtype=np.uint64)
    assert together.tolist() == [4 + 5 + 6] * WORDS


def test_a_late_vector_of_a_site_declared_gone_stays_masked(session: InProcess) -> None:
    """The hub kept back the vector of "g", had its mask key opened, and still lacks its own mask."""
    tally, seen = mask_all(session, NAMES[:-1])
    answer = session.members["g"].mask(tally.mask_request("g"), vector_of("g"), b"context")
    late = np.frombuffer(fields_of(answer)[HEADER], dtype="<u8").copy()
    request = tally.confirm_request()
    for name in NAMES[:-1]:
        tally.add_confirmed(name, session.members[name].confirm(request))
    request = tally.unmask_request()
    for name in NAMES[:-1]:
        tally.add_unmasked(name, session.members[name].unmask(request))
    assert tally.total().tolist() == [sum(range(6))] * WORDS
    span = slice(6 * SHARE_BYTES, 7 * SHARE_BYTES)
    shares = {session.roster.point(name): tally._shares[name][span] for name in NAMES[:-1]}
    private = private_key(recover_secret(shares, 5))
    for peer in NAMES[:-1]:
        public = session.collector._keys[peer].masks[0]
        apply_mask(late, pair_mask_key(private, public, session.roster, 0, ("g", peer), b"context"))  # "g" is the last
    assert len(set(late.tolist())) == WORDS
    assert seen.keys() == set(NAMES[:-1])


# A hub that lies


def test_a_hub_in_the_middle_is_caught() -> None:
    """It hands out keys of its own in a site's name: signed by itself, or unsigned."""
    session = InProcess(NAMES)
    hub = session.collector
    request = hub.deal_request(2)
    messages = {name: session.members[name].deal(request) for name in NAMES}
    for name, message in messages.items():
        hub.add_keys(name, message)
    honest, impostor = fields_of(hub.share_request()), Identity.generate()
    keys = {name: session.roster.public(name) for name in NAMES} | {"g": impostor.public}
    forger = Member(Roster.of(session.roster.session, keys), "g", impostor)
    forger.roster = session.roster  # it signs with its own key for the roster of the others
    forged = forger.deal(request)
    swapped = fields_of(messages["g"])
    swapped[HEADER] = bytes(reversed(swapped[HEADER]))
    for replaced in (forged, joined(swapped), messages["f"]):
        listed = [*honest[:-1], replaced]
        with pytest.raises(ProtocolViolation, match=r"'g'|another sender"):
            session.members["a"].share(joined(listed))
    session.members["a"].share(joined(honest))
    hub.deal_request(2)
    with pytest.raises(ProtocolViolation, match="'g'"):  # an honest hub refuses a forger, too
        hub.add_keys("g", forger.deal(written(Kind.DEAL, session.roster, 1, "", [(2).to_bytes(8, "little")])))


def test_keys_and_shares_of_an_earlier_batch_or_round_are_caught(session: InProcess) -> None:
    earlier = {name: session.collector._keys[name].message for name in NAMES}
    tally, _ = mask_all(session)
    old_request, old_mask = tally.unmask_request(), tally.mask_request("a")
    hub = session.collector
    request = hub.deal_request(3)
    for name in NAMES:
        hub.add_keys(name, session.members[name].deal(request))
    fields = fields_of(hub.share_request())
    fields[-1] = earlier["g"]
    with pytest.raises(ProtocolViolation, match="not for the 3 rounds"):
        session.members["a"].share(joined(fields))
    session.members["a"].share(hub.share_request())
    for replayed in (session.members["a"].unmask, lambda m: session.members["a"].mask(m, vector_of("a"), b"context")):
        for message in (old_request, old_mask):
            with pytest.raises(ProtocolViolation):
                replayed(message)


def test_no_round_is_masked_twice(session: InProcess) -> None:
    """With the same masks on two vectors, the hub would read their difference."""
    tally, _ = mask_all(session)
    request = written(Kind.MASK, session.roster, tally.round.number, "", [WORDS.to_bytes(8, "little")])
    for _ in range(2):
        with pytest.raises(ProtocolViolation, match="is over"):
            session.members["a"].mask(request, vector_of("b"), b"context")
    tally, _ = mask_all(session)  # a later one has begun: the former is gone for good
    request = written(Kind.MASK, session.roster, 0, "", [WORDS.to_bytes(8, "little")])
    with pytest.raises(ProtocolViolation, match="is over"):
        session.members["a"].mask(request, vector_of("a"), b"context")


def test_shares_swapped_between_sites_are_caught(session: InProcess) -> None:
    tally = session.collector.begin_round(WORDS, b"context")
    fields = fields_of(tally.mask_request("a"))
    texts = slice(HEADER + 2, None, 2)
    fields[texts] = list(reversed(fields[texts]))
    with pytest.raises(ProtocolViolation, match="altered"):
        session.members["a"].mask(joined(fields), vector_of("a"), b"context")
    meant_for_b = fields_of(tally.mask_request("b"))[-1]
    fields = fields_of(tally.mask_request("a"))
    fields[-1] = meant_for_b
    with pytest.raises(ProtocolViolation, match="altered"):
        session.members["a"].mask(joined(fields), vector_of("a"), b"context")


def test_nobody_gives_both_shares_of_one_site(session: InProcess) -> None:
    tally, _ = mask_all(session)
    full = {name: tally._agreements[name] for name in NAMES}
    signatures = {name: confirmed(session, tally, name, NAMES[:-1]) for name in NAMES[:-1]}
    first = session.members["a"].unmask(unmask_for(tally, NAMES, dict(list(full.items())[:5])))
    with pytest.raises(ProtocolViolation, match="No round is open"):
        session.members["a"].unmask(unmask_for(tally, NAMES[:-1], dict(list(signatures.items())[:5])))
    batch = session.members["a"]._batch
    assert batch is not None
    for name in NAMES:  # and it has nothing left to give
        assert not any(batch.shares[name][0])
        assert not any(batch.shares[name][3])
    assert len(fields_of(first)[HEADER]) == SHARE_BYTES * len(NAMES)


def test_a_list_that_names_a_site_as_left_and_gone_is_refused(session: InProcess) -> None:
    tally, _ = mask_all(session)
    for names in (
        ["a", "a", "b", "c", "d"],
        ["b", "a", "c", "d", "e"],
        ["a", "b", "c", "d", "z"],
        ["a", "b", "c", "d"],
    ):
        left = joined(name.encode() for name in names)
        request = written(Kind.CONFIRM, session.roster, tally.round.number, "", [left])
        with pytest.raises(ProtocolViolation):
            session.members["a"].confirm(request)
    with pytest.raises(ProtocolViolation, match="leaves this one out"):
        confirmed(session, tally, "a", "bcdefg")


def test_survivors_told_differently_to_different_sites_are_refused(session: InProcess) -> None:
    """To half of the sites "g" is gone, to the other half "a" is: neither list finds enough signatures."""
    tally, _ = mask_all(session)
    without_g = {name: confirmed(session, tally, name, "abcdef") for name in "abc"}
    without_a = {name: confirmed(session, tally, name, "bcdefg") for name in "defg"}
    for name, survivors, signatures in (("a", "abcdef", without_g), ("d", "bcdefg", without_a)):
        with pytest.raises(ProtocolViolation, match="signed the list"):
            session.members[name].unmask(unmask_for(tally, survivors, signatures))
        mixed = {one: (without_g | without_a)[one] for one in "bcdef"}
        with pytest.raises(ProtocolViolation, match="signature"):
            session.members[name].unmask(unmask_for(tally, survivors, mixed))
    with pytest.raises(ProtocolViolation, match="second time"):
        confirmed(session, tally, "a", "abcdeg")
    with pytest.raises(ProtocolViolation, match="not confirmed"):
        session.members["a"].unmask(unmask_for(tally, "abcdeg", without_g))


def test_a_site_opens_only_what_it_has_signed_itself(session: InProcess) -> None:
    tally, _ = mask_all(session)
    signatures = {name: confirmed(session, tally, name, "abcdef") for name in "bcdef"}
    with pytest.raises(ProtocolViolation, match="not confirmed"):
        session.members["a"].unmask(unmask_for(tally, "abcdef", signatures))


def test_fewer_than_the_threshold_are_never_unmasked(session: InProcess) -> None:
    tally, _ = mask_all(session)
    signatures = dict(tally._agreements)
    with pytest.raises(ProtocolViolation, match="needs 5"):
        session.members["a"].unmask(unmask_for(tally, "abcd", {name: signatures[name] for name in "abcd"}))


def test_forged_and_doubled_signatures_do_not_count(session: InProcess) -> None:
    tally, _ = mask_all(session)
    full = dict(tally._agreements)
    four = {name: full[name] for name in "abcd"}
    for extra in ({}, {"e": full["a"]}, {"e": Identity.generate().sign(tally.round.statement(tuple(NAMES)))}):
        with pytest.raises(ProtocolViolation, match="sign"):
            session.members["a"].unmask(unmask_for(tally, NAMES, four | extra))
    doubled = [*fields_of(unmask_for(tally, NAMES, four)), b"a", full["a"]]
    with pytest.raises(ProtocolViolation, match="twice"):
        session.members["a"].unmask(joined(doubled))


@pytest.mark.parametrize("alone", ["a", "g"])
def test_a_site_that_was_told_another_question_is_not_summed(session: InProcess, alone: str) -> None:
    """A hub that asks one site for its counts and the others for zeros would read the counts off the sum."""
    tally = session.collector.begin_round(WORDS, b"context")
    for name in NAMES:
        context = b"another" if name == alone else b"context"
        answer = session.members[name].mask(tally.mask_request(name), vector_of(name), context)
        if name == alone:
            with pytest.raises(ProtocolViolation, match=f"'{alone}'"):
                tally.add_masked(name, answer)
        else:
            tally.add_masked(name, answer)
    with pytest.raises(ProtocolViolation, match="signature"):
        signatures = {name: tally._agreements[name] for name in sorted(tally._agreements)[:5]}
        session.members[alone].unmask(unmask_for(tally, NAMES, signatures))


def test_different_keys_for_different_sites_are_refused(session: InProcess) -> None:
    """Sites sign the digest of all keys: one that was shown fewer keys does not open what the others signed."""
    hub = session.collector
    request = hub.deal_request(2)
    for name in NAMES:
        hub.add_keys(name, session.members[name].deal(request))
    fields = fields_of(hub.share_request())
    texts = {}
    for name in NAMES:
        shown = fields if name != "a" else fields[:-2]
        answer = fields_of(session.members[name].share(joined(shown)))[HEADER:]
        texts[name] = dict(zip(answer[::2], answer[1::2], strict=True))
    statements = {}
    for name in NAMES[:-1]:
        dealt = [one for one in NAMES[:-1] if one != name]
        sent = [part for one in dealt for part in (one.encode(), texts[one][name.encode()])]
        ask = written(Kind.MASK, session.roster, hub._first, "", [WORDS.to_bytes(8, "little"), *sent])
        statements[name] = fields_of(session.members[name].mask(ask, vector_of(name), b"context"))[HEADER + 1]
    ask = joined(name.encode() for name in NAMES[:-1])
    fields = [part for name in "bcdef" for part in (name.encode(), statements[name])]
    with pytest.raises(ProtocolViolation, match="signature"):
        session.members["a"].unmask(written(Kind.UNMASK, session.roster, hub._first, "", [ask, *fields]))


# What stays in memory


def _secrets_in(thing: object, seen: set[int]) -> Iterator[bytearray]:
    """All byte arrays that an object holds, however deep."""
    if id(thing) in seen or isinstance(thing, (str, bytes, int, type)):
        return
    seen.add(id(thing))
    if isinstance(thing, bytearray):
        yield thing
    names = [name for kind in type(thing).__mro__ for name in getattr(kind, "__slots__", ())]
    inner = [getattr(thing, name) for name in names if isinstance(name, str) and hasattr(thing, name)]
    inner += list(vars(thing).values()) if hasattr(thing, "__dict__") else []
    inner += thing.values() if isinstance(thing, dict) else thing if isinstance(thing, (list, tuple)) else []
    for one in inner:
        yield from _secrets_in(one, seen)


def test_used_secrets_are_wiped(session: InProcess) -> None:
    members = session.members
    fresh = [bytes(one) for one in _secrets_in(members["a"], set()) if any(one)]
    assert (
        len(fresh) == 6 + 2 * 3 + 2 * 3
    )  # keys for six peers' shares, seeds and keys of three rounds, its shares of them
    tally, _ = mask_all(session)
    batch = members["a"]._batch
    assert batch is not None
    assert not any(batch.secrets.encryption)
    assert not any(batch.secrets.seeds[0])
    assert not any(batch.secrets.masks[0])
    members["a"].unmask(tally.unmask_request())
    kept = list(_secrets_in(members["a"], set()))
    of_one_round = 2 + 2 * len(NAMES)
    assert sum(not any(one) for one in kept) == 1 + 6 + of_one_round
    assert sum(any(one) for one in kept) == 2 * of_one_round
    mask_all(session)
    mask_all(session)
    assert sum(any(one) for one in kept) == 2 * len(NAMES)  # the shares of the round that is open
    members["a"].forget()
    assert not any(any(one) for one in kept)
