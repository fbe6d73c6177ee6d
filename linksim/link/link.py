"""The link: a burst goes in, a reception comes out, and every resource element is billed.

SNR is Es/N0 in dB per data resource element at the receiver, averaged over fading: symbols have mean power 1
and E|h|^2 = 1, so N0 = 10^(-SNR/10). Nothing is normalised per row; what fades, fades.
"""

from functools import cache, cached_property
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, SerializeAsAny, field_validator

from linksim.errors import UserError
from linksim.link.burst import Burst, Draw, Reception
from linksim.link.channels.base import ChannelConfig
from linksim.link.draws import calibration_draw, normal
from linksim.link.grid import GridConfig
from linksim.link.ledger import bill
from linksim.registry import lookup


class TransportConfig(BaseModel):
    """Belief-propagation iterations of the LDPC decoders (payload and header) and their check-node rule."""

    model_config = ConfigDict(extra="forbid")
    iterations: Annotated[int, Field(ge=1, le=200)] = 20
    rule: Literal["boxplus-phi", "minsum"] = "boxplus-phi"


class LinkConfig(BaseModel):
    """The `link` part of a scenario. channel: the Config of the channel model it names."""

    model_config = ConfigDict(extra="forbid")
    channel: SerializeAsAny[ChannelConfig]
    grid: GridConfig = GridConfig()
    csi: Literal["perfect"] = "perfect"
    transport: TransportConfig = TransportConfig()

    @field_validator("channel", mode="before")
    @classmethod
    def _by_name(cls, value):
        if not isinstance(value, dict):
            return value
        try:
            model = lookup("channel", value.get("model"))
        except UserError as error:
            raise ValueError(str(error)) from error
        return model.Config.model_validate(value)


class Link:
    """The air between schemes. Stateless: what it does to a row follows from the row, the SNR and its draw.

    tile: pictures of a compiled call elsewhere; here a call takes four slots for each.
    """

    calibration_draws = staticmethod(calibration_draw)

    def __init__(self, config: LinkConfig, tile: int = 16):
        self.config, self.grid = config, config.grid
        self.channel = lookup("channel", config.channel.model)(config.channel)
        self.slot_tile = 4 * tile

    @cached_property
    def air(self):
        """The compiled stage (`linksim.link.air.Air`)."""
        from linksim.link.air import Air

        return Air(self.grid, self.slot_tile)

    @cached_property
    def transport(self):
        """The 5G transport chain (`linksim.link.transport.Transport`)."""
        from linksim.link.transport import Transport

        return Transport(iterations=self.config.transport.iterations, rule=self.config.transport.rule)

    def transmit(self, burst: Burst, snr_db: float, draw: Draw) -> Reception:
        """Send B rows, header first, at a mean SNR of `snr_db` over the channel of their draws.

        ValueError where the burst breaks its contract (shapes, length, more than unit power)."""
        _check(burst, draw)
        code, head = self._header_code(burst), burst.header_uses
        sent = np.arange(burst.symbols.shape[1]) < burst.length[:, None]
        symbols = np.where(sent, burst.symbols, 0).astype(np.complex64)
        if code is not None:
            symbols = np.concatenate([code.encode(burst.header), symbols], axis=1)
        received, variance = self._over_the_air(symbols, head + burst.length, snr_db, draw)
        if code is None:
            header, header_ok = burst.header, np.ones(len(symbols), bool)
        else:
            header, header_ok = code.decode(received[:, :head], variance[:, :head])
        return Reception(received[:, head:], variance[:, head:], header, header_ok)

    def _header_code(self, burst: Burst):
        bits, uses, transport = burst.header.shape[1], burst.header_uses, self.config.transport
        if (bits == 0) != (uses == 0):
            raise ValueError(f"a header of {bits} bits can't take {uses} channel uses")
        return _code(bits, uses, transport.iterations, transport.rule) if bits else None

    def _over_the_air(self, symbols, length, snr_db, draw):
        """Equalised complex64 and variance float32, both [B, M], zero beyond length; a few rows at a time."""
        parts = []
        for start in range(0, len(symbols), self.slot_tile):
            few = slice(start, start + self.slot_tile)
            here = Draw(draw.seed, draw.picture[few], draw.realisation[few], draw.attempt)
            parts.append(self._few_over_the_air(symbols[few], length[few], snr_db, here))
        return tuple(np.concatenate(column) for column in zip(*parts, strict=True))

    def _few_over_the_air(self, symbols, length, snr_db, draw):
        """Only the slots begun are sent."""
        grid, (rows, most) = self.grid, symbols.shape
        shape = grid.symbols_per_slot, grid.fft_size
        slots = grid.slots(length)
        longest = max(int(slots.max()), 1)
        row, slot = np.nonzero(np.arange(longest) < slots[:, None])
        slotted = _fit(symbols, longest * grid.data_per_slot).reshape(rows, longest, -1)
        received, variance = np.zeros_like(slotted), np.zeros(slotted.shape, np.float32)
        if len(row):
            response = self.channel.response(draw, longest, *shape)
            seen = response[row, slot if response.shape[1] > 1 else 0]
            noise = normal(draw, "noise", longest * shape[0] * shape[1]).reshape(rows, longest, *shape)
            n0 = 10 ** (-snr_db / 10)
            out = self.air.send(slotted[row, slot], seen, noise[row, slot], n0)
            received[row, slot], variance[row, slot] = out
        sent = np.arange(most) < length[:, None]
        return tuple(np.where(sent, _fit(a.reshape(rows, -1), most), 0) for a in (received, variance))

    def gain(self, draw: Draw) -> np.ndarray:
        """float32 [B], mean |h|^2 over the first slot of each row's channel, for any scheme and SNR."""
        response = self.channel.response(draw, 1, self.grid.symbols_per_slot, self.grid.fft_size)
        return np.mean(np.abs(response) ** 2, axis=(1, 2, 3), dtype=np.float64).astype(np.float32)

    def ledger(self, burst: Burst) -> dict[str, np.ndarray]:
        """purpose -> int32 [B], header and pilots included; sums to `uses(header_uses + length)`."""
        return bill(burst, self.grid)

    def uses(self, symbols) -> np.ndarray:
        """Resource elements that `symbols` header and payload symbols use, pilots included, int64 [B]."""
        return self.grid.uses(symbols)

    def capacity(self, uses) -> np.ndarray:
        """The most header and payload symbols that fit in `uses` resource elements, int64 [B]."""
        return self.grid.capacity(uses)


def _fit(rows: np.ndarray, width: int) -> np.ndarray:
    """[B, M] cut or zero-padded to [B, width]."""
    return np.pad(rows[:, :width], ((0, 0), (0, max(width - rows.shape[1], 0))))


@cache
def _code(bits: int, uses: int, iterations: int, rule: str):
    from linksim.link.headercode import HeaderCode

    return HeaderCode(bits, uses, iterations, rule)


def _check(burst: Burst, draw: Draw) -> None:
    """The contract of a burst. Power is checked against gross mistakes only (a power of 2 is one): a row of
    QAM symbols has mean power 1 in expectation, not exactly."""
    rows, most = burst.symbols.shape
    if rows == 0:
        raise ValueError("burst has no rows")
    length = np.asarray(burst.length)
    for name, array in {"length": length, "header": burst.header, "draw": draw.picture}.items():
        if len(array) != rows:
            raise ValueError(f"burst has {rows} rows of symbols but {len(array)} of {name}")
    if (length < 0).any() or (length > most).any():
        raise ValueError(f"length must lie in 0..{most}, got {length.min()}..{length.max()}")
    energy = np.square(np.abs(burst.symbols)) * (np.arange(most) < length[:, None])
    power = energy.sum(axis=1, dtype=np.float64) / np.maximum(length, 1)
    if (over := power > 1.01 + 8 / np.sqrt(np.maximum(length, 1))).any():
        raise ValueError(f"mean power must be 1 per symbol sent: row {int(np.argmax(over))} has "
                         f"{power[over][0]:.2f}")
