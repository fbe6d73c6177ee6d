"""JPEG2000, 5G NR LDPC and QAM: separate source and channel coding as it is deployed.

A picture is one JPEG2000 codestream in one transport block (CRC, segmentation, LDPC, rate matching, QPSK to
64-QAM), behind a short coded header that names the MCS and the number of payload symbols. It is received
where both pass their CRC, and lost otherwise; what a damaged codestream decodes to is never shown.

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

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import NonNegativeInt, PositiveInt, model_validator

from baselines.codecs.jpeg2000 import Jpeg2000
from baselines.separate.common_quality import common_quality
from baselines.separate.frame import Header, from_bits, to_bits
from baselines.separate.mcs_choice import expected_scores
from baselines.separate.rate import at_quality, fewest_symbols, fill
from linksim.errors import UserError
from linksim.link.burst import Burst, Draw, Reception
from linksim.link.mcs import MCS
from linksim.registry import register
from linksim.schemes.base import Bench, Knowledge, Scheme, SchemeConfig, Survey, lost_picture

HEADER_MARGIN_DB = 3.0
CAPACITY_LADDER = (0.25, 0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0)  # bits per channel use


@dataclass(frozen=True)
class Pictures:
    """The analysis: the pictures, uint8 [B, S, S, 3]. The codec remembers what it made of them."""

    images: np.ndarray

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, rows) -> "Pictures":
        return Pictures(self.images[rows])


@dataclass(frozen=True)
class Candidate:
    """A point of an upper-bound curve: pictures as they would arrive, uint8 [P, S, S, 3], and the Es/N0 in dB
    that each needs to arrive, float [P] (inf: never)."""

    curve: str
    label: str
    images: np.ndarray
    threshold_db: np.ndarray


@register("scheme", "jpeg2000_ldpc")
class Jpeg2000Ldpc(Scheme):
    """JPEG2000 + 5G LDPC + QAM, the MCS chosen per SNR on calibration pictures."""

    follows_snr = True

    class Config(SchemeConfig):
        """rate: see the module. mcs: "best_per_snr", or an index into `linksim.link.mcs.MCS` for all SNRs.
        failure: what is shown for a lost picture, "drop": mid-grey. uses: total channel uses per picture,
        header and pilots included, where there is no budget_as."""

        rate: Literal["per_picture", "constant_quality"] = "per_picture"
        mcs: Literal["best_per_snr"] | NonNegativeInt = "best_per_snr"
        failure: Literal["drop"] = "drop"
        uses: PositiveInt | None = None

        @model_validator(mode="after")
        def _consistent(self):
            if (self.budget_as is None) == (self.uses is None):
                raise ValueError("give either budget_as (a scheme whose uses it gets) or uses (a number)")
            if self.mcs != "best_per_snr" and self.mcs >= len(MCS):
                raise ValueError(f"mcs must be best_per_snr or 0..{len(MCS) - 1}, got {self.mcs}")
            return self

    def __init__(self, config: Config, bench: Bench):
        super().__init__(config, bench)
        self.codec = Jpeg2000()
        self.most = bench.size**2  # payload symbols: with more than one use per pixel nobody needs a codec
        self.header = Header.for_values(len(MCS), self.most)
        self.tried = range(len(MCS)) if config.mcs == "best_per_snr" else [config.mcs]

    @property
    def transport(self):
        return self.bench.link.transport

    def analyse(self, images: np.ndarray) -> Pictures:
        return Pictures(images)

    def make_plan(self, survey: Survey) -> dict:
        """header_uses; snr_db and mcs, an index for each; mcs_without_snr; quality_db, one per MCS (null: too
        dear) or null; symbols: width of a burst; expected: the calibration pictures' metric per SNR."""
        from linksim.link.headercode import header_candidates, header_threshold_db

        codes = header_candidates(self.header.bits)
        self.plan = {"header_uses": codes[-1], "symbols": self.most, "quality_db": None}
        if self.config.rate == "constant_quality":
            self.plan["quality_db"] = self._qualities(survey)
        lowest_db, scores = self._calibrate(survey)
        mcs = [self.tried[m] for m in scores.argmax(axis=0)]  # of equals the first, the most robust one
        overall = self.tried[int(scores.mean(axis=1).argmax())]
        chosen = {*mcs, overall}
        needed_db = min(lowest_db[index] for index in chosen) - HEADER_MARGIN_DB
        robust = [uses for uses in codes if header_threshold_db(self.header.bits, uses) <= needed_db]
        self.plan |= {"header_uses": (robust or codes[-1:])[0],
                      "snr_db": [float(snr) for snr in survey.snr_db], "mcs": mcs, "mcs_without_snr": overall,
                      "expected": [float(score) for score in scores.max(axis=0)]}
        if self.config.rate == "constant_quality":  # again: the header just chosen costs less than the first guess
            self.plan["quality_db"] = self._qualities(survey)
        self.plan["symbols"] = max(int(self._codestreams(pictures, budget, index)[1].max())
                                   for pictures, budget in ((survey.analysis, survey.budget),
                                                            (survey.test_analysis, survey.test_budget))
                                   for index in self.tried)
        return self.plan

    def adopt(self, plan: dict) -> None:
        needed = {"header_uses", "symbols", "snr_db", "mcs", "mcs_without_snr", "quality_db"}
        if missing := needed - set(plan):
            raise UserError(f"the plan of scheme {self.config.name!r} lacks {', '.join(sorted(missing))}; "
                            "delete `plan` from the scenario, and it is made again")
        super().adopt(plan)

    def choice(self, knowledge: Knowledge) -> str:
        """Name of the MCS in use, e.g. "16-QAM 1/2"."""
        return MCS[self._index(knowledge)].name

    def encode(self, analysis: Pictures, budget: np.ndarray | None, knowledge: Knowledge) -> Burst:
        index, rows_total = self._index(knowledge), len(analysis)
        codestreams, symbols = self._codestreams(analysis, budget, index)
        sent = np.zeros((rows_total, self.plan["symbols"]), np.complex64)
        ledger = {use: np.zeros(rows_total, np.int32) for use in ("payload", "coding", "crc_filler")}
        if len(rows := np.flatnonzero(symbols)):
            room = self.transport.payload_bits(symbols[rows], MCS[index])
            bits = [to_bits(codestreams[row], count) for row, count in zip(rows, room, strict=True)]
            waves = self.transport.encode(bits, symbols[rows], MCS[index])
            sent[rows, : waves.shape[1]] = waves
            for use, split in self.transport.split(symbols[rows], MCS[index]).items():
                ledger[use][rows] = split
            empty = room - [8 * len(codestreams[row]) for row in rows]  # bits, billed as filler
            empty = np.rint(ledger["payload"][rows] * empty / room).astype(np.int32)
            ledger["payload"][rows] -= empty
            ledger["crc_filler"][rows] += empty
        header = self.header.pack(index, symbols)
        return Burst(sent, symbols.astype(np.int32), header, self.plan["header_uses"], ledger)

    def decode(self, reception: Reception) -> tuple[np.ndarray, np.ndarray]:
        index, symbols = self.header.unpack(reception.header)
        plausible = (index < len(MCS)) & (symbols > 0) & (symbols <= reception.symbols.shape[1])
        sent, codestreams = reception.header_ok & plausible, {}
        for mcs in np.unique(index[sent]):
            rows = np.flatnonzero(sent & (index == mcs))
            bits, passed = self.transport.decode(reception.symbols[rows], reception.noise_variance[rows],
                                                 symbols[rows], MCS[mcs])
            codestreams |= {row: from_bits(bits[i]) for i, row in enumerate(rows) if passed[i]}
        return self._shown([codestreams.get(row) for row in range(len(sent))])

    def bounds(self, analysis: Pictures, budget: np.ndarray | None) -> Iterator[Candidate]:
        """Upper bounds, no systems. Curve "envelope": this chain with the best MCS for the test pictures
        themselves and a header that never fails. Curve "capacity bound": JPEG2000 behind a code of rate R
        that arrives wherever log2(1 + SNR) >= R, without header and CRC; R on a ladder over fading, at exactly
        the capacity of each SNR point where nothing fades. Both take a code's waterfall for a step."""
        for index in self.tried:
            yield Candidate("envelope", MCS[index].name, *self._arriving(analysis, budget, index))
        if self.config.rate == "constant_quality":
            return  # its budget is a mean: pictures of given sizes wouldn't bound it
        uses = self.bench.link.capacity(self._budget(budget, len(analysis)))
        for rate in self._capacities():
            images, ok = self._shown(self.codec.to_size(analysis.images, (rate * uses / 8).astype(np.int64)))
            threshold_db = np.where(ok, 10 * np.log10(2**rate - 1) - 1e-6, np.inf)  # rounding loses no picture
            yield Candidate("capacity bound", f"{rate:g} bit/use", images, threshold_db)

    def _capacities(self) -> list[float]:
        """Rates of the capacity bound, bits per channel use."""
        gain = self.bench.link.gain(Draw(0, np.arange(8), np.zeros(8, np.int64)))
        if (gain != gain[0]).any():
            return list(CAPACITY_LADDER)
        return [float(np.log2(1 + gain[0] * 10 ** (snr / 10))) for snr in self.plan["snr_db"]]

    def _index(self, knowledge: Knowledge) -> int:
        """The MCS that the plan has for what the transmitter knows: for the nearest SNR it was made for."""
        if knowledge.snr_db is None:
            return self.plan["mcs_without_snr"]
        return self.plan["mcs"][int(np.abs(np.array(self.plan["snr_db"]) - knowledge.snr_db).argmin())]

    def _budget(self, budget: np.ndarray | None, pictures: int) -> np.ndarray:
        return np.asarray(budget) if self.config.uses is None else np.full(pictures, self.config.uses)

    def _codestreams(self, analysis: Pictures, budget: np.ndarray | None, index: int):
        """A codestream per picture (None: nothing fits), and the payload symbols int64 [B] that carry it."""
        if self.config.rate == "per_picture":
            given = self.bench.link.capacity(self._budget(budget, len(analysis))) - self.plan["header_uses"]
            given = np.clip(given, 0, self.plan["symbols"])
            return fill(self.codec, self.transport, analysis.images, given, MCS[index])
        if (quality_db := self.plan["quality_db"][index]) is None:
            return [None] * len(analysis), np.zeros(len(analysis), np.int64)
        most = self.plan["symbols"]
        return at_quality(self.codec, self.transport, analysis.images, quality_db, most, MCS[index])

    def _shown(self, codestreams: list[bytes | None]) -> tuple[np.ndarray, np.ndarray]:
        """Pictures uint8 [B, S, S, 3] and ok bool [B]; the lost picture for what isn't or can't be shown."""
        shape, ok = (self.bench.size, self.bench.size, 3), np.zeros(len(codestreams), bool)
        images = np.repeat(lost_picture(self.bench.size)[None], len(codestreams), axis=0)
        here = [row for row, codestream in enumerate(codestreams) if codestream]
        for row, image in zip(here, self.codec.decode([codestreams[row] for row in here]), strict=True):
            if image is not None and image.shape == shape:
                images[row], ok[row] = image, True
        return images, ok

    def _arriving(self, analysis: Pictures, budget: np.ndarray | None, index: int):
        """Pictures as they arrive, uint8 [B, S, S, 3], and the Es/N0 in dB that each needs, float64 [B]."""
        codestreams, symbols = self._codestreams(analysis, budget, index)
        threshold_db = np.full(len(analysis), np.inf)
        if len(rows := np.flatnonzero(symbols)):
            threshold_db[rows] = self.transport.threshold_db(MCS[index], symbols[rows])
        return self._shown(codestreams)[0], threshold_db

    def _calibrate(self, survey: Survey) -> tuple[dict[int, float], np.ndarray]:
        """On calibration pictures: the lowest 50 % point in dB of each MCS tried, and the metric [M, P]."""
        lowest_db: dict[int, float] = {}
        draw = self.bench.link.calibration_draws(survey.seed, len(survey.analysis), survey.realisations)
        gain = self.bench.link.gain(draw).astype(np.float64)

        def candidates():
            for index in self.tried:
                images, threshold_db = self._arriving(survey.analysis, survey.budget, index)
                lowest_db[index] = threshold_db.min()
                yield images, threshold_db

        gain_db = 10 * np.log10(gain).reshape(len(survey.analysis), -1)
        scores = expected_scores(self.bench.task, survey.truths, candidates(), gain_db, survey.snr_db)
        return lowest_db, scores

    def _qualities(self, survey: Survey) -> list[float | None]:
        """The common quality in dB of each MCS tried, None for the others and where none is cheap enough."""
        images, head = survey.test_analysis.images, self.plan["header_uses"]
        mean_uses = self._budget(survey.test_budget, len(images)).mean()

        def quality(mcs):
            def uses_of(sizes):
                return self.bench.link.uses(fewest_symbols(self.transport, sizes, self.most, mcs) + head)

            return common_quality(self.codec, images, uses_of, mean_uses)

        return [quality(mcs) if mcs.index in self.tried else None for mcs in MCS]
