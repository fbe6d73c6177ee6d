"""A picture codec, 5G NR LDPC and QAM: separate source and channel coding as it is deployed.

A picture is one codestream in one transport block (CRC, segmentation, LDPC, rate matching, QAM), behind a short
coded header that names the MCS and the number of payload symbols. It is received where both pass their CRC, and
lost otherwise; what a damaged codestream decodes to is never shown.

Policies, declared:

- `mcs: best_per_snr`: the transmitter knows the mean SNR and takes the MCS that served the task best there on
  calibration pictures and draws. Without that knowledge: the one best on average over the scenario's SNRs.
  `mcs: outage`: the highest rate whose probability of outage on the calibration draws is at most `outage`.
  `mcs: oracle`, an upper bound for who knows each burst's channel: the highest rate that arrives over it.
  `mcs: 5`: that one, always.
- Header: the shortest code whose 50 % point lies at least 3 dB below that of every MCS chosen, so that over slow
  fading practically no picture is lost for its header alone; the most robust one if none does. Only codes of at most a
  quarter of the uses given are looked at (or the shortest).
- `rate: per_picture`: each picture is the largest codestream that fits the channel uses it was given.
  `rate: constant_quality`: all pictures have one PSNR per MCS, the highest at which they cost on average what
  they were given on average. That mean is over the very pictures tested, which a real system wouldn't know.
- `failure: drop`: a picture that isn't whole is lost (mid-grey). `failure: prefix`: the code blocks in front of the
  first one whose CRC fails are kept, and shown as far as they make whole packets; the codestream has quality layers.
  The MCS is chosen as if for drop.
- `layers`: unequal protection. The codestream, in quality layers, is cut into two or three transport blocks, each with
  its own MCS; what lies in front of the first block that fails is shown. One mode per SNR, as for best_per_snr.
- `harq`: a picture that isn't acknowledged is sent again, with a header of its own. Every round gets that share of the
  budget which makes all rounds together cost the budget in expectation, over the calibration draws; a run's table has
  what was spent. The acknowledgement is free and free of errors.
- Where not even the smallest codestream fits, the header alone is sent and the picture is lost.
"""

from abc import abstractmethod
from collections.abc import Iterator

import numpy as np

from baselines.codecs.base import ImageCodec
from baselines.separate import bounds, oracle, planning, policies, refusals
from baselines.separate.config import SeparateConfig
from baselines.separate.interleaver import spread
from baselines.separate.modes import Mode, Modes
from baselines.separate.pictures import Candidate, Pictures, Shown, few
from baselines.separate.rate import at_quality, fill, room
from baselines.separate.receiving import Receiver
from baselines.separate.sending import send
from linksim.errors import UserError
from linksim.link.burst import Burst, Reception
from linksim.schemes.base import Bench, Knowledge, Scheme, Survey, lost_picture


class SeparateScheme(Scheme):
    """Everything but the codec. A subclass makes its codec, and may give it hints about every picture.

    progressive: whether the codec's codestreams may be cut (`ImageCodec.prefix`): for `failure: prefix`, `layers`."""

    follows_snr = uses_follow_snr = True
    analog = False
    progressive = False
    Config = SeparateConfig

    def __init__(self, config: SeparateConfig, bench: Bench):
        super().__init__(config, bench)
        self.budgeted = config.uses
        self.most = bench.size**2  # payload symbols: with more than one use per pixel nobody needs a codec
        self.modes = Modes(config, self.transport.mcs, self.most)
        self.rounds, self.follows_channel = config.harq.rounds, config.mcs == "oracle"
        self.codec = self.make_codec()
        from linksim.link.transport import redundancy_versions

        self.rvs = redundancy_versions(config.harq.combining, self.rounds)
        air = bench.link.channel
        self.interleaves = config.interleave and bool(air.doppler_hz or air.spread_s)
        self._receiver, self._needed = Receiver(self), {}

    @abstractmethod
    def make_codec(self) -> ImageCodec:
        """The codec, made once; in quality layers where `self.layered`."""

    def hints(self, images: np.ndarray) -> np.ndarray | None:
        """What the codec should know about every picture, [B, ...] for uint8 [B, S, S, 3]."""
        return None

    @classmethod
    def refusal(cls, config: SeparateConfig, scenario) -> str | None:
        return refusals.refusal(cls, config, scenario)

    @property
    def transport(self):
        return self.bench.link.transport

    @property
    def layered(self) -> bool:
        """Whether the front of a codestream may be shown without the rest."""
        return self.config.failure == "prefix" or self.config.layers is not None

    def analyse(self, images: np.ndarray) -> Pictures:
        return Pictures(images, self.hints(images))

    def make_plan(self, survey: Survey) -> dict:
        """header_uses; snr_db and mcs, a mode for each (`Modes.plain`; null for the oracle); mcs_without_snr;
        quality_db, one per MCS (null: too dear) or null; symbols: width of a burst; expected: the calibration pictures'
        metric per SNR, or their outage; share and share_without_snr: of the budget that a HARQ round gets."""
        return planning.make_plan(self, survey)

    def adopt(self, plan: dict) -> None:
        needed = {"header_uses", "symbols", "snr_db", "mcs", "mcs_without_snr", "quality_db"}
        needed |= {"share", "share_without_snr"} if self.rounds > 1 else set()
        if missing := needed - set(plan):
            raise UserError(f"the plan of scheme {self.config.name!r} lacks {', '.join(sorted(missing))}; "
                            "delete `plan` from the scenario, and it is made again")
        super().adopt(plan)

    def choice(self, knowledge: Knowledge) -> str:
        """Name of the mode in use, e.g. "16-QAM 1/2"."""
        return "per realisation" if self.follows_channel else self.mode(knowledge)[0].name

    def declared(self) -> str:
        return policies.declared(self.config, self.modes)

    def mode(self, knowledge: Knowledge) -> tuple[Mode, float]:
        """The mode, and the share of the budget, that the plan has for the nearest SNR it was made for."""
        if knowledge.snr_db is None:
            plain, share = self.plan["mcs_without_snr"], self.plan.get("share_without_snr", 1.0)
        else:
            nearest = int(np.abs(np.array(self.plan["snr_db"]) - knowledge.snr_db).argmin())
            plain, share = self.plan["mcs"][nearest], self.plan.get("share", {nearest: 1.0})[nearest]
        return self.modes.planned(plain), share

    def encode(self, analysis: Pictures, budget: np.ndarray | None, knowledge: Knowledge) -> Burst:
        return self.retransmit(analysis, budget, knowledge, 0)

    def retransmit(self, analysis: Pictures, budget: np.ndarray | None, knowledge: Knowledge, attempt: int) -> Burst:
        if self.follows_channel:
            return oracle.burst(self, analysis, budget, knowledge)
        mode, share = self.mode(knowledge)
        codestreams, symbols = self.codestreams(analysis, budget, mode, share)
        return self.burst(codestreams, symbols, mode, attempt)

    def acknowledge(self, reception: Reception) -> np.ndarray:
        return self._receiver.receive(reception)[1]

    def decode(self, reception: Reception) -> tuple[np.ndarray, np.ndarray]:
        return self.shown(self._receiver.receive(reception)[0])

    def bounds(self, analysis: Pictures, budget: np.ndarray | None) -> Iterator[Candidate]:
        """Upper bounds, see `baselines.separate.bounds`."""
        return bounds.bounds(self, analysis, budget)

    def budget(self, budget: np.ndarray | None, pictures: int) -> np.ndarray:
        """Total channel uses of each picture, int [B]."""
        return np.asarray(budget) if self.config.uses is None else np.full(pictures, self.config.uses)

    def given(self, budget: np.ndarray | None, pictures: int, share: float = 1.0) -> np.ndarray:
        """Payload symbols int64 [B] that fit in a share of the budget, beside the header."""
        uses = np.floor(self.budget(budget, pictures) * share + 1e-9)
        return np.clip(self.bench.link.capacity(uses) - self.plan["header_uses"], 0, self.plan["symbols"])

    def codestreams(self, analysis: Pictures, budget: np.ndarray | None, mode: Mode, share: float = 1.0):
        """A codestream per picture (None: nothing fits), and the payload symbols int64 [B] that carry it."""
        if self.config.rate == "per_picture":
            return fill(self.codec, self.transport, analysis, self.given(budget, len(analysis), share), mode)
        if (quality_db := self.plan["quality_db"][mode.mcs[0].index]) is None:
            return [None] * len(analysis), np.zeros(len(analysis), np.int64)
        return at_quality(self.codec, self.transport, analysis, quality_db, self.plan["symbols"], mode.mcs[0])

    def thresholds(self, symbols: np.ndarray, mode: Mode) -> np.ndarray:
        """Es/N0 in dB that each transport block needs to arrive, float64 [B, parts]: inf where nothing is sent, -inf
        for the blocks that a mode doesn't have."""
        needed = np.full((len(symbols), len(mode.mcs)), np.inf)
        for k, (part, mcs) in enumerate(zip(mode.parts(symbols).T, mode.mcs, strict=True)):
            if (key := (mcs, part.tobytes())) not in self._needed:  # hundreds of modes share few such parts
                rows, self._needed[key] = np.flatnonzero(part), np.full(len(part), np.inf)
                self._needed[key][rows] = self.transport.threshold_db(mcs, part[rows])
            needed[:, k] = np.where((part == 0) & (np.asarray(symbols) > 0), -np.inf, self._needed[key])
        return needed

    def outcomes(self, codestreams: list[bytes | None], symbols: np.ndarray, mode: Mode) -> list[np.ndarray]:
        """Pictures uint8 [B, S, S, 3] as they look when 1, 2, ... transport blocks have arrived."""
        ends = np.cumsum(room(self.transport, symbols, mode), axis=1)

        def front(codestream, end):
            return codestream if codestream is None or len(codestream) <= end else self.codec.prefix(codestream[:end])

        return [self.shown([front(*pair) for pair in zip(codestreams, column, strict=True)])[0] for column in ends.T]

    def arriving(self, analysis: Pictures, budget: np.ndarray | None, mode: Mode):
        """Pictures as they arrive whole, `Shown`, and the Es/N0 in dB that each needs, float64 [B]."""
        parts = [self.codestreams(analysis[rows], None if budget is None else budget[rows], mode)
                 for rows in few(len(analysis))]
        shown = Shown(self, [codestream for codestreams, _ in parts for codestream in codestreams])
        return shown, self.thresholds(np.concatenate([symbols for _, symbols in parts]), mode).max(axis=1)

    def shown(self, codestreams: list[bytes | None]) -> tuple[np.ndarray, np.ndarray]:
        """Pictures uint8 [B, S, S, 3] and ok bool [B]; the lost picture for what isn't or can't be shown."""
        shape, ok = (self.bench.size, self.bench.size, 3), np.zeros(len(codestreams), bool)
        images = np.repeat(lost_picture(self.bench.size)[None], len(codestreams), axis=0)
        here = [row for row, codestream in enumerate(codestreams) if codestream]
        for row, image in zip(here, self.codec.decode([codestreams[row] for row in here]), strict=True):
            if image is not None and image.shape == shape:
                images[row], ok[row] = image, True
        return images, ok

    def burst(self, codestreams: list[bytes | None], symbols: np.ndarray, mode: Mode, attempt: int = 0) -> Burst:
        """What `codestreams` returned, as round `attempt` sends it."""
        sent, ledger = send(self.transport, codestreams, symbols, mode, self.rvs[attempt], self.plan["symbols"])
        if self.interleaves:
            sent = spread(sent, symbols)
        header = self.modes.header.pack(*[mcs.index for mcs in mode.mcs], mode.split, attempt, symbols)
        return Burst(sent, symbols.astype(np.int32), header, self.plan["header_uses"], ledger, mode.bits_per_symbol)
