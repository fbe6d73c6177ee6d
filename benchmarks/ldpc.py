"""LDPC decoders side by side: time against Sionna's own decoder under XLA, and the blocks each of them loses.

    python benchmarks/ldpc.py                     # four codes
    python benchmarks/ldpc.py --codes 0           # the first alone: 1024 of 2048 bits on QPSK

Every decoder gets the same LLRs, 20 iterations of boxplus-phi and one thread, at SNRs around that of 50 % block errors
on AWGN. They take turns, in each round with new noise, and a ratio is the median over the rounds of Sionna's time over
the decoder's in the same round: CPU time of the process (all its threads) and, for comparison, wall time, which other
processes disturb. Compilation and tracing happen before and are stated. Intervals are Wilson's at 95 %.
"""

import argparse
import os
from statistics import median
from time import perf_counter, process_time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import numpy as np

from linksim.link import qam, thresholds
from linksim.link.codeblocks import encode_blocks, to_buffers
from linksim.link.ldpc import mother_code
from linksim.link.mcs import MCS, lifting_size, plan
from linksim.link.tbs import base_graph
from linksim.theory.evidence import interval

USES = 10_000  # of a picture in the main job, scenarios/rayleigh_slow.yaml
LADDER = (1, 5, 10)  # MCS of it that the main job meets: QPSK 1/3, 16-QAM 1/2, 64-QAM 3/4
OFFSETS_DB = (-1.0, 0.0, 1.0, 2.0)
ITERATIONS, RULE = 20, "boxplus-phi"


class Code:
    """K', E, bits per symbol, base graph; threshold_db: Es/N0 of 50 % block errors with the flooding schedule."""

    def __init__(self, block: int, sent: int, bits_per_symbol: int, graph: int, blocks: int, name: str):
        self.block, self.sent, self.bits_per_symbol, self.graph = block, sent, bits_per_symbol, graph
        self.blocks, self.z = blocks, lifting_size(graph, block)
        self.mother = mother_code(graph, self.z)
        self.threshold_db = thresholds.code_block(graph, block, bits_per_symbol, block / sent)[0]
        self.name = f"{name}: {block} of {sent} bits, base graph {graph}, Z = {self.z}"

    def received(self, snr_db: float, rng) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Information bits, LLRs as received and in the circular buffer, of `blocks` blocks."""
        count, q = self.blocks, self.bits_per_symbol
        shape = np.full(count, self.block), np.full(count, self.sent), self.graph, self.z, q
        bits = rng.integers(0, 2, (count, self.block), dtype=np.uint8)
        symbols = qam.modulate(encode_blocks(bits, *shape), q)
        variance = np.full(symbols.shape, 10 ** (-snr_db / 10), np.float32)
        noise = rng.standard_normal((*symbols.shape, 2), np.float32) @ np.array([1, 1j], np.complex64)
        llr = qam.demodulate((symbols + noise * np.sqrt(variance / 2)).astype(np.complex64), variance, q)
        return bits, llr, to_buffers(llr, *shape)


def codes(blocks: int) -> list[Code]:
    """The issue's code and those of the main job, of which a block is about six times as long."""
    found = [Code(1024, 2048, 2, base_graph(1024, 0.5), blocks, "QPSK 1/2")]
    for mcs in (MCS[i] for i in LADDER):
        p = plan(USES, mcs)
        sent = USES // p.blocks * mcs.bits_per_symbol
        found.append(Code(p.block, sent, mcs.bits_per_symbol, p.graph, max(32, blocks // 8), mcs.name))
    return found


def decoders(code: Code) -> dict:
    """name -> (LLRs as received, circular buffers) -> uint8 [T, K' or more]; the first is the reference."""
    import tensorflow as tf
    from sionna.phy.fec.ldpc import LDPC5GDecoder, LDPC5GEncoder

    from linksim.link import ldpc_layered, ldpc_sionna

    encoder = LDPC5GEncoder(code.block, code.sent, num_bits_per_symbol=code.bits_per_symbol, bg=f"bg{code.graph}")
    sionna = LDPC5GDecoder(encoder, num_iter=ITERATIONS, cn_update=RULE)
    compiled = tf.function(lambda llr: sionna(-llr), jit_compile=True)
    tile = max(1, 8 * 384 // code.z)

    def flooding(llr, buffer):
        parts = (buffer[start : start + tile] for start in range(0, len(buffer), tile))
        return np.concatenate([code.mother.decode(part, ITERATIONS, RULE) for part in parts])

    return {
        "Sionna, XLA": lambda llr, buffer: compiled(tf.constant(llr)).numpy().astype(np.uint8),
        "Sionna, stopped early": lambda llr, buffer: ldpc_sionna.decode(code.mother, buffer, ITERATIONS, RULE),
        "flooding, NumPy": flooding,
        "layered, TensorFlow": lambda llr, buffer: ldpc_layered.decode(code.mother, buffer, ITERATIONS, RULE),
    }


def measure(code: Code, rounds: int, offsets, seed: int) -> None:
    rng, found = np.random.default_rng([seed, code.block]), decoders(code)
    print(f"\n{code.name}; {code.blocks} blocks a batch; 50 % at {code.threshold_db:.2f} dB", flush=True)
    _, llr, buffer = code.received(code.threshold_db + 3, rng)
    reference = next(iter(found))
    for name, decode in found.items():
        sizes = [len(llr)] if name == reference else [n for n in (512, 256, 128, 64, 32) if n <= len(llr)]
        start = process_time()
        for size in sizes:
            decode(llr[:size], buffer[:size])
        print(f"  {name}: {process_time() - start:.0f} s of CPU time to compile or trace", flush=True)
    print(f"  {'SNR':>6}  {'decoder':<22} {'BLER':>7} {'95 % interval':>17} {'ms/block':>9} {'Mbit/s':>7} "
          f"{'times faster':>13} {'(wall)':>7}", flush=True)
    for offset in offsets:
        cpu, wall, lost = ({name: [] for name in found} for _ in range(3))
        for turn in range(rounds + 1):  # the first, not counted, meets what the warm-up didn't
            bits, llr, buffer = code.received(code.threshold_db + offset, rng)
            for name, decode in found.items():
                start = process_time(), perf_counter()
                words = decode(llr, buffer)
                if turn:
                    cpu[name].append(process_time() - start[0])
                    wall[name].append(perf_counter() - start[1])
                    lost[name].append(int(np.any(words[:, : code.block] != bits, axis=1).sum()))
        for name in found:
            trials, errors = rounds * code.blocks, sum(lost[name])
            low, high = interval(errors, trials)
            per_block = median(cpu[name]) / code.blocks
            times, by_wall = (median(a / b for a, b in zip(t[reference], t[name], strict=True)) for t in (cpu, wall))
            print(f"  {offset:+6.1f}  {name:<22} {errors / trials:7.4f} [{low:.4f}, {high:.4f}] {1e3 * per_block:9.2f} "
                  f"{code.block / per_block / 1e6:7.2f} {times:13.2f} {by_wall:7.2f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--codes", type=int, nargs="*", default=[0, 1, 2, 3], help="which of the four (default all)")
    parser.add_argument("--offsets", type=float, nargs="*", default=OFFSETS_DB, help="dB from the 50 %% point")
    parser.add_argument("--blocks", type=int, default=512, help="a batch of the first code; an eighth of the others")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1, help="of TensorFlow; NumPy has one")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(options.threads)
    tf.config.threading.set_inter_op_parallelism_threads(options.threads)
    every = codes(options.blocks)
    for which in options.codes:
        measure(every[which], options.rounds, options.offsets, options.seed)


if __name__ == "__main__":
    main()
