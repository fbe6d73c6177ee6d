"""A picture codec, 5G NR LDPC and QAM: separate source and channel coding as it is deployed.

A picture is one codestream in one transport block (CRC, segmentation, LDPC, rate matching, QAM), behind a short
coded header that names the MCS and the number of payload symbols. It is received where both pass their CRC, and
lost otherwise; what a damaged codestream decodes to is never shown.

Policies, declared:

- MCS per SNR: the transmitter knows the mean SNR and takes the MCS that served the task best there on
  calibration pictures and draws. Without that knowledge: the one best on average over the scenario's SNRs.
- Header: the shortest code whose 50 % point lies at least HEADER_MARGIN_DB below that of every MCS chosen, so
  that over slow fading practically no picture is lost for its header alone; the most robust one if none does.
- `rate: per_picture`: each picture is the largest codestream that fits the channel uses it was given.
  `rate: constant_quality`: all pictures have one PSNR per MCS, the highest at which they cost on average what
  they were given on average. That mean is over the very pictures tested, which a real system wouldn't know.
- Where not even the smallest codestream fits, the header alone is sent and the picture is lost.
"""

from abc import abstractmethod
from collections.abc import Iterator

import numpy as np

from baselines.codecs.base import ImageCodec
from baselines.separate import bounds, planning
from baselines.separate.config import SeparateConfig
from baselines.separate.frame import Header, from_bits, to_bits
from baselines.separate.pictures import Candidate, Pictures
from baselines.separate.rate import at_quality, fill
from linksim.errors import UserError
from linksim.link.burst import Burst, Reception
from linksim.link.mcs import MCS
from linksim.schemes.base import Bench, Knowledge, Scheme, Survey, lost_picture


class SeparateScheme(Scheme):
    """Everything but the codec. A subclass makes its codec, and may give it hints about every picture."""

    follows_snr = True
    Config = SeparateConfig

    def __init__(self, config: SeparateConfig, bench: Bench):
        super().__init__(config, bench)
        self.codec = self.make_codec()
        self.mcs = getattr(self.transport, "mcs", MCS)
        if config.mcs != "best_per_snr" and config.mcs >= len(self.mcs):
            raise UserError(f"schemes.{config.name}.mcs: should be best_per_snr or 0..{len(self.mcs) - 1}, an index "
                            f"into the link's MCS table (found {config.mcs})")
        self.most = bench.size**2  # payload symbols: with more than one use per pixel nobody needs a codec
        self.header = Header.for_values(len(self.mcs), self.most)
        self.tried = range(len(self.mcs)) if config.mcs == "best_per_snr" else [config.mcs]

    @abstractmethod
    def make_codec(self) -> ImageCodec:
        """The codec, made once."""

    def hints(self, images: np.ndarray) -> np.ndarray | None:
        """What the codec should know about every picture, [B, ...] for uint8 [B, S, S, 3]."""
        return None

    @property
    def transport(self):
        return self.bench.link.transport

    def analyse(self, images: np.ndarray) -> Pictures:
        return Pictures(images, self.hints(images))

    def make_plan(self, survey: Survey) -> dict:
        """header_uses; snr_db and mcs, an index for each; mcs_without_snr; quality_db, one per MCS (null: too
        dear) or null; symbols: width of a burst; expected: the calibration pictures' metric per SNR."""
        return planning.make_plan(self, survey)

    def adopt(self, plan: dict) -> None:
        needed = {"header_uses", "symbols", "snr_db", "mcs", "mcs_without_snr", "quality_db"}
        if missing := needed - set(plan):
            raise UserError(f"the plan of scheme {self.config.name!r} lacks {', '.join(sorted(missing))}; "
                            "delete `plan` from the scenario, and it is made again")
        super().adopt(plan)

    def choice(self, knowledge: Knowledge) -> str:
        """Name of the MCS in use, e.g. "16-QAM 1/2"."""
        return self.mcs[self.index(knowledge)].name

    def encode(self, analysis: Pictures, budget: np.ndarray | None, knowledge: Knowledge) -> Burst:
        index, rows_total = self.index(knowledge), len(analysis)
        mcs = self.mcs[index]
        codestreams, symbols = self.codestreams(analysis, budget, index)
        sent = np.zeros((rows_total, self.plan["symbols"]), np.complex64)
        ledger = {use: np.zeros(rows_total, np.int32) for use in ("payload", "coding", "crc_filler")}
        if len(rows := np.flatnonzero(symbols)):
            room = self.transport.payload_bits(symbols[rows], mcs)
            bits = [to_bits(codestreams[row], count) for row, count in zip(rows, room, strict=True)]
            waves = self.transport.encode(bits, symbols[rows], mcs)
            sent[rows, : waves.shape[1]] = waves
            for use, split in self.transport.split(symbols[rows], mcs).items():
                ledger[use][rows] = split
            empty = room - [8 * len(codestreams[row]) for row in rows]  # bits, billed as filler
            empty = np.rint(ledger["payload"][rows] * empty / room).astype(np.int32)
            ledger["payload"][rows] -= empty
            ledger["crc_filler"][rows] += empty
        header = self.header.pack(index, symbols)
        return Burst(sent, symbols.astype(np.int32), header, self.plan["header_uses"], ledger, mcs.bits_per_symbol)

    def decode(self, reception: Reception) -> tuple[np.ndarray, np.ndarray]:
        index, symbols = self.header.unpack(reception.header)
        plausible = (index < len(self.mcs)) & (symbols > 0) & (symbols <= reception.symbols.shape[1])
        sent, codestreams = reception.header_ok & plausible, {}
        for mcs in np.unique(index[sent]):
            rows = np.flatnonzero(sent & (index == mcs))
            bits, passed = self.transport.decode(reception.symbols[rows], reception.noise_variance[rows],
                                                 symbols[rows], self.mcs[mcs])
            codestreams |= {row: self.codec.unpad(from_bits(bits[i])) for i, row in enumerate(rows) if passed[i]}
        return self.shown([codestreams.get(row) for row in range(len(sent))])

    def bounds(self, analysis: Pictures, budget: np.ndarray | None) -> Iterator[Candidate]:
        """Upper bounds, see `baselines.separate.bounds`."""
        return bounds.bounds(self, analysis, budget)

    def index(self, knowledge: Knowledge) -> int:
        """The MCS that the plan has for what the transmitter knows: for the nearest SNR it was made for."""
        if knowledge.snr_db is None:
            return self.plan["mcs_without_snr"]
        return self.plan["mcs"][int(np.abs(np.array(self.plan["snr_db"]) - knowledge.snr_db).argmin())]

    def budget(self, budget: np.ndarray | None, pictures: int) -> np.ndarray:
        """Total channel uses of each picture, int [B]."""
        return np.asarray(budget) if self.config.uses is None else np.full(pictures, self.config.uses)

    def codestreams(self, analysis: Pictures, budget: np.ndarray | None, index: int):
        """A codestream per picture (None: nothing fits), and the payload symbols int64 [B] that carry it."""
        if self.config.rate == "per_picture":
            given = self.bench.link.capacity(self.budget(budget, len(analysis))) - self.plan["header_uses"]
            given = np.clip(given, 0, self.plan["symbols"])
            return fill(self.codec, self.transport, analysis, given, self.mcs[index])
        if (quality_db := self.plan["quality_db"][index]) is None:
            return [None] * len(analysis), np.zeros(len(analysis), np.int64)
        return at_quality(self.codec, self.transport, analysis, quality_db, self.plan["symbols"], self.mcs[index])

    def shown(self, codestreams: list[bytes | None]) -> tuple[np.ndarray, np.ndarray]:
        """Pictures uint8 [B, S, S, 3] and ok bool [B]; the lost picture for what isn't or can't be shown."""
        shape, ok = (self.bench.size, self.bench.size, 3), np.zeros(len(codestreams), bool)
        images = np.repeat(lost_picture(self.bench.size)[None], len(codestreams), axis=0)
        here = [row for row, codestream in enumerate(codestreams) if codestream]
        for row, image in zip(here, self.codec.decode([codestreams[row] for row in here]), strict=True):
            if image is not None and image.shape == shape:
                images[row], ok[row] = image, True
        return images, ok

    def arriving(self, analysis: Pictures, budget: np.ndarray | None, index: int):
        """Pictures as they arrive, uint8 [B, S, S, 3], and the Es/N0 in dB that each needs, float64 [B]."""
        codestreams, symbols = self.codestreams(analysis, budget, index)
        threshold_db = np.full(len(analysis), np.inf)
        if len(rows := np.flatnonzero(symbols)):
            threshold_db[rows] = self.transport.threshold_db(self.mcs[index], symbols[rows])
        return self.shown(codestreams)[0], threshold_db
