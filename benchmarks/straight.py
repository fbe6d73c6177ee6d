"""The main job as a first script would have it: one picture after the other, eagerly, nothing kept.

What it shares with linksim: pictures, networks and their weights, the plan (MCS, header, budgets), the picture codec,
the detector. What it does by itself, with Sionna's blocks built once: LDPC code and decoder, QAM mapper and demapper,
OFDM resource grid, channel, equaliser. Gains and noise are its own, so its scores agree within intervals, no closer.
"""

import numpy as np

from linksim.experiment.setup import Setup
from linksim.link import crc, ratematch
from linksim.link.burst import Reception
from linksim.link.mcs import plan
from linksim.schemes.base import lost_picture

SLOWEST, SHORT = (0.34, 0.2), 3824  # slowest code rates that Sionna decodes, of blocks of more bits and of others


class Straight:
    """setup: planned, of tile 1, with TensorFlow's functions run eagerly (`eagerly`). seed: of gains and noise."""

    def __init__(self, setup: Setup, seed: int = 1):
        from sionna.phy.channel import ApplyOFDMChannel
        from sionna.phy.mapping import Demapper, Mapper
        from sionna.phy.ofdm import RemoveNulledSubcarriers, ResourceGrid, ResourceGridDemapper, ResourceGridMapper

        self.setup, self.random, self.codes = setup, np.random.default_rng(seed), {}
        config = setup.link.grid.config
        grid = ResourceGrid(config.symbols_per_slot, config.fft_size, config.subcarrier_spacing, 1, 1,
                            config.cyclic_prefix, pilot_pattern="kronecker",
                            pilot_ofdm_symbol_indices=list(config.pilot_symbols))
        self.per_slot = int(grid.num_data_symbols)
        self.to_grid, self.channel = ResourceGridMapper(grid), ApplyOFDMChannel()
        self.used, self.from_grid = RemoveNulledSubcarriers(grid), ResourceGridDemapper(grid, _one_stream())
        self.mappers = {bits: Mapper("qam", bits) for bits in (2, 4, 6, 8)}
        self.demappers = {bits: Demapper("app", "qam", bits) for bits in (2, 4, 6, 8)}

    def row(self, name: str, picture: int, snr_db: float) -> dict:
        """One picture over one channel before the judge: what the task found, ok."""
        scheme, image = self.setup.schemes[name], self.setup.images[[picture]]
        budget = None if self.setup.budgets[name] is None else self.setup.budgets[name][[picture]]
        gain = (self.random.normal() + 1j * self.random.normal()) / np.sqrt(2)
        arm = self._analog if scheme.analog else self._digital
        shown = arm(scheme, image, budget, snr_db, gain)
        ok = shown is not None
        shown = shown if ok else lost_picture(image.shape[1])[None]
        return self.setup.task.observe(shown)[0] | {"ok": ok}

    def _analog(self, scheme, image, budget, snr_db, gain):
        burst = scheme.encode(scheme.analyse(image), budget, self.setup.knowledge(snr_db))
        head, length = burst.header_uses, int(burst.length[0])
        sent = np.concatenate([self._header(burst.header[0], head), burst.symbols[0, :length]])
        received, no = self._air(sent, snr_db, gain)
        header = self._header_bits(received[:head], no[:head], burst.header.shape[1])
        if header is None:
            return None
        reception = Reception(received[None, head:], no[None, head:], header[None], np.ones(1, bool))
        shown, ok = scheme.decode(reception)
        return shown if ok[0] else None

    def _digital(self, scheme, image, budget, snr_db, gain):
        mode, share = scheme.mode(self.setup.knowledge(snr_db))
        mcs, head = mode.mcs[0], scheme.plan["header_uses"]
        if scheme.config.rate == "constant_quality":
            quality = scheme.plan["quality_db"][mcs.index]
            if quality is None:
                return None
            codestream = scheme.codec.of_quality(image[0], quality)
            symbols = self._fewest(len(codestream), scheme.plan["symbols"], mcs)
        else:
            symbols = int(scheme.given(budget, 1, share)[0])
        size = plan(symbols, mcs).payload // 8
        if scheme.config.rate == "per_picture" or len(codestream) > size:
            codestream = scheme.codec.largest(image[0], size)
        if codestream is None:
            return None
        header = scheme.modes.header.pack(mcs.index, 0, 0, symbols)[0]
        sent = np.concatenate([self._header(header, head), self._blocks(codestream, symbols, mcs)])
        received, no = self._air(sent, snr_db, gain)
        if self._header_bits(received[:head], no[:head], len(header)) is None:
            return None
        data = self._decoded(received[head:], no[head:], symbols, mcs)
        picture = None if data is None else scheme.codec.picture(scheme.codec.unpad(data))
        return None if picture is None else picture[None]

    def _fewest(self, size: int, most: int, mcs) -> int:
        low, high = 0, most
        while low + 1 < high:
            middle = (low + high) // 2
            low, high = (low, middle) if plan(middle, mcs).payload >= 8 * size else (middle, high)
        return high

    def _blocks(self, codestream: bytes, symbols: int, mcs) -> np.ndarray:
        """complex64 [symbols]: CRC, code blocks, LDPC, QAM."""
        p = plan(symbols, mcs)
        bits = np.zeros(p.payload, np.uint8)
        bits[: 8 * len(codestream)] = np.unpackbits(np.frombuffer(codestream, np.uint8))
        bits ^= _scrambling(p.payload)
        blocks = crc.append(bits[None], p.crc).reshape(p.blocks, -1)
        blocks = crc.append(blocks, "24B") if p.blocks > 1 else blocks
        return np.concatenate([self._modulated(block, uses, mcs.bits_per_symbol) for block, uses in zip(
            blocks, ratematch.shares(symbols, p.blocks), strict=True)])

    def _modulated(self, block, uses: int, bits: int) -> np.ndarray:
        """complex64 [uses]: a code no slower than SLOWEST, whose symbols are repeated below that."""
        encoder, _ = self._code(len(block), self._short(len(block), uses, bits) * bits, bits)
        return np.resize(self.mappers[bits](encoder(block[None].astype(np.float32))).numpy()[0], uses)

    def _short(self, size: int, uses: int, bits: int) -> int:
        """Uses of a block before its symbols are repeated."""
        return min(uses, int(size / SLOWEST[size <= SHORT]) // bits)

    def _decoded(self, received, no, symbols: int, mcs) -> bytes | None:
        p, at, blocks = plan(symbols, mcs), 0, []
        for uses in ratematch.shares(symbols, p.blocks):
            few = slice(at, at + uses)
            blocks.append(self._block(received[few], no[few], p.block, mcs.bits_per_symbol))
            at += uses
        kept = p.block - (24 if p.blocks > 1 else 0)
        transport = np.concatenate([block[:kept] for block in blocks])
        if not crc.check(transport[None], p.crc)[0]:
            return None
        return np.packbits(transport[: p.payload] ^ _scrambling(p.payload)).tobytes()

    def _block(self, received, no, size: int, bits: int) -> np.ndarray:
        short = self._short(size, len(received), bits) * bits
        llr, all_of = np.zeros(short, np.float32), self.demappers[bits](received[None], no[None]).numpy()[0]
        np.add.at(llr, np.arange(len(all_of)) % short, all_of)
        _, decoder = self._code(size, short, bits)
        return decoder(llr[None]).numpy()[0].astype(np.uint8)

    def _header(self, bits, uses: int) -> np.ndarray:
        """complex64 [uses]."""
        return self._modulated(crc.append(bits[None].astype(np.uint8), "16")[0], uses, 2)

    def _header_bits(self, received, no, count: int) -> np.ndarray | None:
        word = self._block(received, no, count + 16, 2)[None]
        return word[0, :count] if crc.check(word, "16")[0] else None

    def _code(self, block: int, coded: int, bits: int):
        from sionna.phy.fec.ldpc import LDPC5GDecoder, LDPC5GEncoder

        if (block, coded, bits) not in self.codes:
            encoder = LDPC5GEncoder(block, coded, num_bits_per_symbol=bits)
            decoder = LDPC5GDecoder(encoder, cn_update="boxplus-phi", num_iter=self.setup.link.transport.iterations)
            self.codes[block, coded, bits] = encoder, decoder
        return self.codes[block, coded, bits]

    def _air(self, sent: np.ndarray, snr_db: float, gain: complex) -> tuple[np.ndarray, np.ndarray]:
        """Equalised symbols complex64 and their noise variance float32, both [N]."""
        import tensorflow as tf

        slots, no = -(-len(sent) // self.per_slot), np.float32(10 ** (-snr_db / 10))
        padded = np.zeros((slots, 1, 1, self.per_slot), np.complex64)
        padded.reshape(-1)[: len(sent)] = sent
        grid = self.to_grid(tf.constant(padded))
        response = tf.fill([slots, 1, 1, 1, 1, grid.shape[-2], grid.shape[-1]], tf.constant(gain, tf.complex64))
        received = self.channel(grid, response, no) / tf.constant(gain, tf.complex64)
        out = self.from_grid(received).numpy().reshape(-1)[: len(sent)]
        return out, np.full(len(sent), no / abs(gain) ** 2, np.float32)


def eagerly(on: bool = True) -> None:
    """TensorFlow's compiled functions, run operation by operation."""
    import tensorflow as tf

    tf.config.run_functions_eagerly(on)


def _one_stream():
    from sionna.phy.mimo import StreamManagement

    return StreamManagement(np.ones((1, 1)), 1)


def _scrambling(bits: int) -> np.ndarray:
    from baselines.separate.frame import _scrambling

    return _scrambling(bits)
