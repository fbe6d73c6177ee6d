"""MCS tables, transport-block sizes and scrambling of the standard, against its figures and Sionna's routines."""

import numpy as np
import pytest

from linksim.errors import UserError
from linksim.link.mcs import MCS, TABLES, Mcs, plan
from linksim.link.scrambling import c_init, gold
from linksim.link.tbs import MOST, SMALL, base_graph, fitting_tb_size, tb_size

# Spectral efficiency, information bits per symbol, as printed in TS 38.214, tables 5.1.3.1-1 and 5.1.3.1-2.
EFFICIENCY = {
    "table1": "0.2344 0.3066 0.3770 0.4902 0.6016 0.7402 0.8770 1.0273 1.1758 1.3262 1.3281 1.4766 1.6953 1.9141 "
              "2.1602 2.4063 2.5703 2.5664 2.7305 3.0293 3.3223 3.6094 3.9023 4.2129 4.5234 4.8164 5.1152 5.3320 "
              "5.5547",
    "table2": "0.2344 0.3770 0.6016 0.8770 1.1758 1.4766 1.6953 1.9141 2.1602 2.4063 2.5703 2.7305 3.0293 3.3223 "
              "3.6094 3.9023 4.2129 4.5234 4.8164 5.1152 5.3320 5.5547 5.8906 6.2266 6.5703 6.9141 7.1602 7.4063",
}
STANDARD = [mcs for table in ("table1", "table2") for mcs in TABLES[table]]


@pytest.mark.parametrize("table", EFFICIENCY)
def test_spectral_efficiencies_are_the_printed_ones(table):
    printed = [float(number) for number in EFFICIENCY[table].split()]
    assert len(printed) == {"table1": 29, "table2": 28}[table]
    ours = [mcs.bits_per_symbol * mcs.rate for mcs in TABLES[table]]
    np.testing.assert_allclose(ours, printed, atol=0.5001e-4)
    assert [mcs.index for mcs in TABLES[table]] == list(range(len(printed)))
    assert all(mcs.table == table for mcs in TABLES[table])


def test_the_ladder_is_a_table_too():
    assert TABLES["ladder"] is MCS and len(MCS) == 12 and {mcs.table for mcs in MCS} == {"ladder"}


@pytest.fixture(scope="module")
def nr():
    return pytest.importorskip("sionna.phy.nr.utils")


def test_tables_are_sionnas(nr):
    for number, table in ((1, "table1"), (2, "table2")):
        index = np.arange(len(TABLES[table]))
        order, rate = nr.decode_mcs_index(index, table_index=number, is_pusch=False)
        assert order.numpy().tolist() == [mcs.bits_per_symbol for mcs in TABLES[table]]
        np.testing.assert_allclose(rate.numpy(), [mcs.rate for mcs in TABLES[table]], rtol=1e-6)


def _is_tie(information):
    """Where the quantisation of step 4 lies exactly between two multiples: up in the standard, to even in Sionna."""
    step = 2.0 ** (np.floor(np.log2(np.maximum(information - 24, 1))) - 5)
    return (information > 3824) & ((information - 24) / step % 1 == 0.5)


def test_sizes_are_sionnas(nr):
    coded, order, rate = [], [], []
    for mcs in STANDARD[:: 2]:
        symbols = np.unique(np.rint(np.geomspace(60, 40000, 120)).astype(int))
        coded.append(symbols * mcs.bits_per_symbol)
        order.append(np.full(len(symbols), mcs.bits_per_symbol))
        rate.append(np.full(len(symbols), mcs.rate))
    coded, order, rate = (np.concatenate(part) for part in (coded, order, rate))
    size, block, blocks, tb_crc, block_crc = nr.calculate_tb_size(
        order, rate, num_coded_bits=coded, return_cw_length=False, precision="double")[:5]
    ties = _is_tie(coded * rate)
    ours = np.array([tb_size(n * r, r) for n, r in zip(coded, rate, strict=True)])
    np.testing.assert_array_equal(ours[~ties], size.numpy()[~ties])
    checked = 0
    for i, mcs in zip(range(len(coded)), np.repeat(STANDARD[::2], len(coded) // len(STANDARD[::2])), strict=True):
        p = plan(int(coded[i] // order[i]), mcs)
        if ties[i] or p.payload != ours[i]:
            continue
        checked += 1
        assert (p.blocks, p.block) == (blocks.numpy()[i], block.numpy()[i])
        assert {"16": 16, "24A": 24}[p.crc] == tb_crc.numpy()[i]
        assert (24 if p.blocks > 1 else 0) == block_crc.numpy()[i]
    assert checked > 0.9 * len(coded)


def test_ties_are_broken_upwards():
    """TS 38.214, 5.1.3.2, step 4: "ties in the round function are broken towards the next largest integer"."""
    information = 24 + 2**7 * 32.5  # n = 7: between 32 and 33 steps
    assert tb_size(information, 0.5) == 8 * np.ceil((128 * 33 + 24) / 8) - 24


def test_table_of_small_sizes():
    assert len(SMALL) == 93 and SMALL[0] == 24 and SMALL[-1] == 3824 and sum(SMALL) % 8 == 0
    assert (np.diff(SMALL) > 0).all() and all(size % 8 == 0 for size in SMALL)


@pytest.mark.parametrize("mcs", STANDARD[::3], ids=lambda m: f"{m.table}-{m.index}")
def test_sizes_grow_with_the_allocation_and_stay_decodable(mcs):
    symbols = np.arange(0, 3000)
    sizes = np.array([plan(int(n), mcs).payload for n in symbols])
    assert (np.diff(sizes) >= 0).all() and sizes[0] == 0 and sizes[-1] > 0
    for n, size in zip(symbols[sizes > 0], sizes[sizes > 0], strict=True):
        p, coded = plan(int(n), mcs), n * mcs.bits_per_symbol
        with_crcs = p.block * p.blocks
        assert size <= tb_size(coded * mcs.rate, mcs.rate)
        assert with_crcs <= MOST[p.graph] * coded or size > 3824
        assert sum(p.block_bits) == size == with_crcs - (16 if p.crc == "16" else 24) - 24 * p.blocks * (p.blocks > 1)
        assert p.graph == base_graph(size, mcs.rate)
    assert fitting_tb_size(42, 0.5) == 0 and fitting_tb_size(46, 0.5) == 24  # 40 bits in 46: rate .87


@pytest.mark.parametrize("rate, q, words", [(0.99, 2, "code rate 0.990.*30/1024 to 948/1024"), (0.01, 2, "code rate"),
                                            (0.5, 3, "3 bits per symbol.*2, 4, 6, 8")])
def test_an_mcs_out_of_the_standards_range_is_refused(rate, q, words):
    with pytest.raises(UserError, match=words):
        Mcs(0, q, rate, "mine")


@pytest.mark.parametrize("start", [c_init(1), c_init(0xFFFF, 1023, 1), 1, 0])
def test_gold_sequence_is_sionnas(nr, start):
    np.testing.assert_array_equal(gold(start, 5000), nr.generate_prng_seq(5000, start))
    assert np.array_equal(gold(start, 70), gold(start, 5000)[:70])


def test_start_value_of_the_scrambler():
    assert c_init(rnti=3, identity=17, codeword=1) == 3 * 2**15 + 2**14 + 17
    with pytest.raises(ValueError, match="0..2147483647"):
        gold(1 << 31, 10)
