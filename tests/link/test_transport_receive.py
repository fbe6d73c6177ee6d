"""Receiving: rounds combined, verdicts of code blocks, LLRs instead of symbols, the standard's tables."""

import numpy as np
import pytest

from linksim.errors import UserError
from linksim.link import qam
from linksim.link.mcs import MCS, TABLES, plan
from linksim.link.scrambling import gold
from linksim.link.transport import Transport, redundancy_versions

LADDER = Transport()


def _send(transport, mcs, symbols, rvs=(0,), seed=0):
    rng = np.random.default_rng([seed, mcs.index])
    bits = [rng.integers(0, 2, size, dtype=np.uint8) for size in transport.payload_bits(symbols, mcs)]
    return bits, [transport.encode(bits, symbols, mcs, rv) for rv in rvs]


def _heard(sent, snr_db, seed=0):
    """(symbols, noise variance, None) after AWGN."""
    variance = 10 ** (-np.broadcast_to(snr_db, len(sent))[:, None] / 10)
    noise = np.random.default_rng(seed).standard_normal((*sent.shape, 2)) @ [1, 1j] * np.sqrt(variance / 2)
    return (sent + noise).astype(np.complex64), np.broadcast_to(variance, sent.shape).astype(np.float32), None


def test_one_round_is_decode():
    mcs, symbols = MCS[6], np.array([0, 900, 5000, 7000, 3000])
    _, (sent,) = _send(LADDER, mcs, symbols)
    received = _heard(sent, LADDER.threshold_db(mcs, np.full(5, 3000)) + 0.1)
    bits, ok = LADDER.decode(*received[:2], symbols, mcs)
    decoded = LADDER.receive([received], symbols, mcs, [0])
    assert np.array_equal(decoded.ok, ok)
    assert all(np.array_equal(a, b) for a, b in zip(decoded.bits, bits, strict=True))


def test_llrs_in_the_place_of_symbols():
    mcs, symbols = MCS[9], np.array([800, 2500, 1300])
    _, (sent,) = _send(LADDER, mcs, symbols)
    received = _heard(sent, LADDER.threshold_db(mcs, symbols))
    llr = qam.demodulate(*received[:2], mcs.bits_per_symbol)
    ours, theirs = (LADDER.receive([r], symbols, mcs, [0]) for r in (received, (None, None, llr)))
    assert np.array_equal(ours.ok, theirs.ok)
    assert all(np.array_equal(a, b) for a, b in zip(ours.bits, theirs.bits, strict=True))


def test_verdicts_and_payload_of_code_blocks():
    """Each verdict tells whether that stretch of the payload came through, and stretches make up the payload."""
    mcs, symbols = MCS[7], np.array([12000, 9000, 700, 0])
    (bits, (sent,)) = _send(LADDER, mcs, symbols)
    variance = np.full(sent.shape, 0.01, np.float32)
    received = sent.copy()
    uses = 12000 // plan(12000, mcs).blocks
    received[0, uses + 10 : 2 * uses - 10] = 0  # the second code block of the first row is gone
    received[2] = _heard(received[2:3] * 0, 0.0)[0]
    decoded = LADDER.receive([(received, variance, None)], symbols, mcs, [0])
    assert decoded.ok.tolist() == [False, True, False, False]
    count = plan(12000, mcs).blocks
    assert count > 3 and decoded.blocks_ok[0].tolist() == [True, False] + [True] * (count - 2)
    assert decoded.blocks_ok[1].all() and decoded.blocks_ok[2].tolist() == [False] and not len(decoded.blocks_ok[3])
    for b in range(4):
        assert decoded.block_bits[b].sum() == len(bits[b])
        ends = np.cumsum(decoded.block_bits[b])
        for start, end, passed in zip(ends - decoded.block_bits[b], ends, decoded.blocks_ok[b], strict=True):
            assert np.array_equal(decoded.bits[b][start:end], bits[b][start:end]) == passed


def test_a_round_not_sent_adds_nothing():
    """Rows acknowledged have zeros in the next round, as symbols or as LLRs; 16-QAM's demapper would read bits."""
    mcs, symbols = MCS[5], np.array([400, 500, 450])
    _, (sent,) = _send(LADDER, mcs, symbols)
    first = _heard(sent, LADDER.threshold_db(mcs, symbols) + [0, -1, 0.5])
    again = _heard(sent, -1.0, seed=1)
    for b in (0, 1):
        again[0][b], again[1][b] = 0, 0
    silent_llr = qam.demodulate(*again[:2], 4)
    silent_llr[:2] = 0
    alone = LADDER.receive([first], symbols, mcs, [0])
    for second in (again, (None, None, silent_llr)):
        both = LADDER.receive([first, second], symbols, mcs, [0, 0])
        assert all(np.array_equal(both.bits[b], alone.bits[b]) for b in (0, 1))
        assert both.ok[:2].tolist() == alone.ok[:2].tolist()


@pytest.mark.parametrize("index", [1, 7, 8])
def test_silence_is_no_block_of_zeros(index):
    """A block of zeros has a CRC of zeros: where nothing was heard at all, that isn't a success."""
    mcs, symbols = MCS[index], np.array([3000, 300, 3000])
    bits, (sent,) = _send(LADDER, mcs, symbols)
    sent[:2] = 0
    variance = np.full(sent.shape, 0.01, np.float32)
    variance[:2] = 0
    decoded = LADDER.receive([(sent, variance, None)], symbols, mcs, [0])
    assert decoded.ok.tolist() == [False, False, True]
    assert not any(verdict.any() for verdict in decoded.blocks_ok[:2]) and decoded.blocks_ok[2].all()


def test_rounds_need_their_redundancy_versions():
    nothing = np.zeros((1, 10), np.complex64), np.ones((1, 10), np.float32), None
    with pytest.raises(ValueError, match="2 receptions need as many redundancy versions"):
        LADDER.receive([nothing, nothing], np.array([10]), MCS[0], [0])
    assert redundancy_versions("chase", 3) == [0, 0, 0]
    assert redundancy_versions("incremental", 6) == [0, 2, 3, 1, 0, 2]
    with pytest.raises(UserError, match="chase or incremental, got 'sum'"):
        redundancy_versions("sum", 2)


@pytest.mark.parametrize("table, index", [("table1", 0), ("table1", 9), ("table1", 16), ("table1", 28), ("table2", 4),
                                          ("table2", 20), ("table2", 27)])
def test_round_trip_of_the_standards_tables(table, index):
    transport = Transport(table=table)
    mcs = transport.mcs[index]
    assert mcs.table == table and mcs.index == index
    for rv in (0, 2) if mcs.rate < 0.4 else (0,):  # of RV 2 alone, higher rates don't decode
        symbols = np.array([0, 1, 30 if rv == 0 else 60, 333, 4001, 9000])
        bits, (sent,) = _send(transport, mcs, symbols, (rv,))
        assert sent.dtype == np.complex64 and np.sum(np.abs(sent) ** 2) / symbols.sum() == pytest.approx(1, abs=0.05)
        got, ok = transport.decode(sent, np.full(sent.shape, 1e-4, np.float32), symbols, mcs, rv)
        assert np.array_equal(ok, [b.size > 0 for b in bits]) and ok[3:].all()
        assert all(np.array_equal(a, b) for a, b in zip(got, bits, strict=True))
        parts = transport.split(symbols, mcs)
        assert np.array_equal(sum(parts.values()), symbols) and all((part >= 0).all() for part in parts.values())


def test_coded_bits_are_scrambled_by_the_gold_sequence():
    """Two start values differ on the air by their sequences; the receiver needs the sender's."""
    mcs, symbols = TABLES["table1"][5], np.array([5000, 800])
    ours, theirs = Transport(table="table1"), Transport(table="table1", start=123)
    bits, (sent,) = _send(ours, mcs, symbols)
    hard = (qam.demodulate(sent, np.full(sent.shape, 0.1, np.float32), 2) < 0).astype(np.uint8)
    other = theirs.encode(bits, symbols, mcs)
    hard_other = (qam.demodulate(other, np.full(sent.shape, 0.1, np.float32), 2) < 0).astype(np.uint8)
    for row, uses in enumerate(symbols):
        difference = gold(ours.start, 2 * uses) ^ gold(123, 2 * uses)
        assert np.array_equal(hard[row, : 2 * uses] ^ hard_other[row, : 2 * uses], difference)
    assert not theirs.decode(sent, np.full(sent.shape, 0.1, np.float32), symbols, mcs)[1].any()


def test_an_all_zero_payload_has_unit_power():
    """Without scrambling, one corner of 256-QAM would be sent over and over."""
    transport = Transport(table="table2")
    mcs, symbols = transport.mcs[24], np.array([4000])
    bits = [np.zeros(int(transport.payload_bits(symbols, mcs)[0]), np.uint8)]
    power = np.mean(np.abs(transport.encode(bits, symbols, mcs)) ** 2)
    assert power == pytest.approx(1, abs=0.05)  # 4.5 standard errors


def test_unknown_table():
    with pytest.raises(UserError, match="ladder, table1, table2, got 'table3'"):
        Transport(table="table3")
