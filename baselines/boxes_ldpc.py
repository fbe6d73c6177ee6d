"""Boxes instead of pictures: the transmitter runs the receiver's detector and sends what it finds, 5G LDPC and QAM.

What every reviewer of a task-oriented codec asks for. Where the task is known before sending, runs at the transmitter
and is the only one, its answer is the shortest message there is, and nothing beats it. What SE-SC gives and boxes don't
is a picture: for a person to look at, for another task or a detector that comes later, for a transmitter that has no
detector or must not be trusted with the verdict.

A message (`baselines.codecs.boxes`) goes in one transport block, behind a short coded header that names its MCS and its
number of payload symbols, and is received where both pass their CRC; else nothing was found. MCS: QPSK and 16-QAM of TS
38.214, table 5.1.3.1-3 (low spectral efficiency, down to rate 30/1024), the one per SNR that serves the task best on
calibration pictures and draws, or best on average over the scenario's SNRs where the transmitter doesn't know it. All
channel uses given are spent: on more boxes while there are any, then on protection.
"""

from dataclasses import dataclass

import numpy as np
from pydantic import PositiveInt, model_validator

from baselines.codecs.boxes import BoxesCode, drawn
from baselines.separate.frame import from_bits, to_bits
from baselines.separate.refusals import too_few_uses
from linksim.errors import UserError
from linksim.link.burst import Burst, Reception
from linksim.link.mcs import Mcs
from linksim.registry import register
from linksim.schemes import header
from linksim.schemes.base import Bench, Knowledge, Scheme, SchemeConfig, Survey

RATES = {2: (30, 40, 50, 64, 78, 99, 120, 157, 193, 251, 308, 379, 449, 526, 602), 4: (340, 378, 434, 490, 553, 616)}
TABLE3 = tuple(Mcs(i, bits, rate / 1024, f"{'QPSK' if bits == 2 else '16-QAM'} {rate}/1024", "table3")
               for i, (bits, rate) in enumerate((bits, rate) for bits, rates in RATES.items() for rate in rates))
HEADER_MARGIN_DB = 3.0  # the header's 50 % point lies so far below the payload's, where a code is that robust and
HEADER_SHARE = 0.25  # takes at most this share of the uses given
INDEX_BITS = len(TABLE3).bit_length()


@dataclass(frozen=True)
class Finds:
    """What the transmitter's detector found: object array [B] of dicts boxes, scores, labels."""

    found: np.ndarray

    def __len__(self) -> int:
        return len(self.found)

    def __getitem__(self, rows) -> "Finds":
        return Finds(self.found[rows])


@register("scheme", "boxes_ldpc")
class BoxesLdpc(Scheme):
    """The transmitter detects and sends the boxes, + 5G LDPC + QAM: the task's answer, no picture."""

    follows_snr = uses_follow_snr = True
    analog = False

    class Config(SchemeConfig):
        """uses: total channel uses per picture, header and pilots included, where there is no budget_as."""

        uses: PositiveInt | None = None

        @model_validator(mode="after")
        def _one_budget(self):
            if (self.budget_as is None) == (self.uses is None):
                raise ValueError("give either budget_as (a scheme whose uses it gets) or uses (a number)")
            return self

    def __init__(self, config: Config, bench: Bench):
        super().__init__(config, bench)
        self.budgeted, self.code = config.uses, BoxesCode(len(bench.task.classes), bench.size)
        self.symbols_bits = (bench.size**2).bit_length()
        self._last: tuple[Reception | None, list] = (None, [])

    @classmethod
    def refusal(cls, config: Config, scenario) -> str | None:
        bits = INDEX_BITS + (scenario.source.size**2).bit_length()
        return None if config.uses is None else too_few_uses(config.uses, bits, scenario.link)

    def analyse(self, images: np.ndarray) -> Finds:
        """UserError where the task isn't detection."""
        found = np.empty(len(images), object)
        found[:] = self.bench.task.observe(images)
        if len(found) and not {"boxes", "scores", "labels"} <= set(found[0]):
            raise UserError(f"scheme {self.config.name!r} sends what a detector finds; task.type must be detection")
        return Finds(found)

    def make_plan(self, survey: Survey) -> dict:
        """header_uses; symbols: width of a burst; snr_db and mcs, an index into TABLE3 for each; mcs_without_snr;
        expected: the calibration pictures' metric per SNR."""
        from linksim.link.headercode import header_candidates, header_threshold_db

        bits = INDEX_BITS + self.symbols_bits
        budgets = [(survey.analysis, survey.budget), (survey.test_analysis, survey.test_budget)]
        self.plan = {"header_uses": 0, "symbols": 2**self.symbols_bits - 1}
        widest = max(int(self._given(budget, len(finds)).max()) for finds, budget in budgets)
        median = np.median(self._given(survey.budget, len(survey.analysis)))
        codes = header_candidates(bits)
        codes = [uses for uses in codes if uses <= HEADER_SHARE * median] or codes[:1]
        self.plan["header_uses"] = codes[-1]  # a guess; the code chosen below is no longer
        scores, needed_db = self._expected(survey, header_threshold_db(bits, codes[-1]))
        if not np.isfinite(needed_db).any():
            key = "uses" if self.config.uses is not None else "budget_as"
            raise UserError(f"schemes.{self.config.name}.{key}: {median:.0f} channel uses but for pilots hold no "
                            f"message beside a header of {codes[-1]}; give more")
        mcs, overall = scores.argmax(axis=0), int(scores.mean(axis=1).argmax())  # of equals the most robust one
        least_db = min(needed_db[index] for index in {*mcs, overall}) - HEADER_MARGIN_DB
        robust = [uses for uses in codes if header_threshold_db(bits, uses) <= least_db]
        return {"header_uses": (robust or codes[-1:])[0], "symbols": widest,
                "snr_db": [float(snr) for snr in survey.snr_db], "mcs": [int(index) for index in mcs],
                "mcs_without_snr": overall, "expected": [float(score) for score in scores.max(axis=0)]}

    def choice(self, knowledge: Knowledge) -> str:
        """Name of the MCS in use, e.g. "QPSK 30/1024"."""
        return TABLE3[self._index(knowledge)].name

    def encode(self, analysis: Finds, budget: np.ndarray | None, knowledge: Knowledge) -> Burst:
        index, transport = self._index(knowledge), self.bench.link.transport
        mcs, given = TABLE3[index], self._given(budget, len(analysis))
        room = transport.payload_bits(given, mcs)
        messages = self._messages(analysis, room)
        symbols = np.where([message is not None for message in messages], given, 0)
        sent = np.zeros((len(analysis), self.plan["symbols"]), np.complex64)
        ledger = {use: np.zeros(len(analysis), np.int32) for use in ("payload", "coding", "crc_filler")}
        if len(rows := np.flatnonzero(symbols)):
            waves = transport.encode([to_bits(messages[row], int(room[row])) for row in rows], symbols[rows], mcs)
            sent[rows, : waves.shape[1]] = waves
            for use, split in transport.split(symbols[rows], mcs).items():
                ledger[use][rows] = split
            empty = 1 - np.array([8 * len(messages[row]) for row in rows]) / room[rows]
            empty = np.rint(ledger["payload"][rows] * empty).astype(np.int32)  # billed as filler
            ledger["payload"][rows] -= empty
            ledger["crc_filler"][rows] += empty
        head = np.concatenate([header.to_bits(np.full(len(symbols), index), INDEX_BITS),
                               header.to_bits(symbols, self.symbols_bits)], axis=1)
        return Burst(sent, symbols.astype(np.int32), head, self.plan["header_uses"], ledger, mcs.bits_per_symbol)

    def observe(self, reception: Reception) -> list[dict[str, np.ndarray]]:
        """What the receiver has for the task, one dict per row as `Task.observe` gives; empty where it was lost."""
        return [self.code.decode(message or b"") for message in self._received(reception)]

    def decode(self, reception: Reception) -> tuple[np.ndarray, np.ndarray]:
        """Boxes drawn on grey, uint8 [B, S, S, 3], and ok bool [B]: there is no picture to show."""
        ok = np.array([message is not None for message in self._received(reception)], bool)
        return np.stack([drawn(found, self.bench.size) for found in self.observe(reception)]), ok

    def _received(self, reception: Reception) -> list[bytes | None]:
        if self._last[0] is reception:  # decode and observe ask for the same
            return self._last[1]
        index = header.from_bits(reception.header[:, :INDEX_BITS])
        symbols = header.from_bits(reception.header[:, INDEX_BITS:])
        sent = reception.header_ok & (index < len(TABLE3)) & (symbols > 0) & (symbols <= reception.symbols.shape[1])
        messages: list[bytes | None] = [None] * len(sent)
        for mcs in np.unique(index[sent]):
            rows = np.flatnonzero(sent & (index == mcs))
            llr = None if reception.llr is None else reception.llr[rows]
            decoded = self.bench.link.transport.receive(
                [(reception.symbols[rows], reception.noise_variance[rows], llr)], symbols[rows], TABLE3[mcs], [0])
            for row, bits, passed in zip(rows, decoded.bits, decoded.ok, strict=True):
                messages[row] = from_bits(bits) if passed else None
        self._last = reception, messages
        return messages

    def _index(self, knowledge: Knowledge) -> int:
        if knowledge.snr_db is None:
            return self.plan["mcs_without_snr"]
        return self.plan["mcs"][int(np.abs(np.array(self.plan["snr_db"]) - knowledge.snr_db).argmin())]

    def _given(self, budget: np.ndarray | None, pictures: int) -> np.ndarray:
        """Payload symbols of each picture, int64 [B]."""
        total = np.full(pictures, self.config.uses) if self.config.uses is not None else np.asarray(budget)
        given = self.bench.link.capacity(total) - self.plan["header_uses"]
        return np.clip(given, 0, self.plan["symbols"])

    def _messages(self, finds: Finds, room: np.ndarray) -> list[bytes | None]:
        """The best boxes in room int [B] bits; None where not even an empty message fits."""
        return [self.code.encode(found, int(bits) // 8) for found, bits in zip(finds.found, room, strict=True)]

    def _expected(self, survey: Survey, header_db: float) -> tuple[np.ndarray, list[float]]:
        """The task's metric on calibration pictures and draws, float64 [M, P], behind a header whose 50 % point is
        header_db; and the least 50 % point of each MCS."""
        bench, count = self.bench, len(survey.analysis)
        draw = bench.link.calibration_draws(survey.seed, count, survey.realisations)
        picture = np.repeat(np.arange(count), len(draw.picture) // count)
        truths, nothing = [survey.truths[p] for p in picture], self.code.decode(b"")
        given, scores, needed_db = self._given(survey.budget, count), [], []
        over = given + self.plan["header_uses"]
        effective = {(bits, snr): bench.link.effective_snr_db(draw, float(snr), over[picture], bits)
                     for bits in RATES for snr in survey.snr_db}
        for mcs in TABLE3:
            messages = self._messages(survey.analysis, bench.link.transport.payload_bits(given, mcs))
            seen = [self.code.decode(message or b"") for message in messages]
            at_db = np.where([m is not None for m in messages], bench.link.transport.threshold_db(mcs, given), np.inf)
            needed_db.append(at_db.min())
            at_db, row = np.maximum(at_db, header_db), []
            for snr_db in survey.snr_db:
                arrived = effective[mcs.bits_per_symbol, snr_db] >= at_db[picture]
                rows = [seen[p] if here else nothing for p, here in zip(picture, arrived, strict=True)]
                row.append(bench.task.score(rows, truths, picture)[bench.task.metric])
            scores.append(row)
        return np.array(scores), needed_db
