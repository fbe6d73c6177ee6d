"""The `link` part of a scenario, and what can't go together in it."""

from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, SerializeAsAny, field_validator, model_validator

from linksim.errors import UserError
from linksim.link.channels.base import Channel, ChannelConfig
from linksim.link.grid import Grid, GridConfig
from linksim.link.waveform.impairments import ImpairmentsConfig
from linksim.registry import lookup

_VISIBLE_DOPPLER = 0.02  # of the subcarrier spacing: interference of -32 dB (pi^2 / 6 (f_D T)^2)


class TransportConfig(BaseModel):
    """Belief-propagation iterations of the LDPC decoders (payload and header), their check-node rule, and the table
    of modulation and coding schemes. decoder: of the payload, its schedule and whose it is: flooding (`link.ldpc`),
    layered (`link.ldpc_layered`, which finds more in as many iterations) or sionna (Sionna's flooding decoder, stopped
    early, `link.ldpc_sionna`). Headers are decoded by flooding."""

    model_config = ConfigDict(extra="forbid")
    iterations: Annotated[int, Field(ge=1, le=200)] = 20
    rule: Literal["boxplus-phi", "boxplus", "minsum"] = "boxplus-phi"
    mcs_table: Literal["ladder", "table1", "table2"] = "ladder"
    decoder: Literal["flooding", "layered", "sionna"] = "flooding"


class AntennasConfig(BaseModel):
    """Antennas at either end. Each transmit antenna sends a stream of its own (spatial multiplexing) of power 1 /
    transmit; one transmit and several receive antennas are maximum ratio combining."""

    model_config = ConfigDict(extra="forbid")
    receive: Annotated[int, Field(ge=1, le=16)] = 1
    transmit: Annotated[int, Field(ge=1, le=8)] = 1

    @model_validator(mode="after")
    def _enough(self):
        if self.transmit > self.receive:
            raise ValueError(f"{self.transmit} transmit antennas send as many streams, which need at least as many "
                             f"receive antennas, got {self.receive}")
        return self


class LinkConfig(BaseModel):
    """channel: the Config of the channel model it names. csi: what the receiver knows of the channel, all of it or
    what it estimates from the pilots of each slot; interpolation: between the pilots, for csi ls. equaliser: all the
    same for one stream. domain: frequency (each resource element by itself) or time (the waveform, with interference
    between OFDM symbols and between subcarriers, and impairments)."""

    model_config = ConfigDict(extra="forbid")
    channel: SerializeAsAny[ChannelConfig]
    grid: GridConfig = GridConfig()
    csi: Literal["perfect", "ls", "lmmse"] = "perfect"
    interpolation: Literal["nearest", "linear"] = "linear"
    equaliser: Literal["lmmse", "zf", "kbest"] = "lmmse"
    antennas: AntennasConfig = AntennasConfig()
    domain: Literal["frequency", "time"] = "frequency"
    impairments: ImpairmentsConfig = ImpairmentsConfig()
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

    @model_validator(mode="after")
    def _fits(self):
        on = self.impairments.asked()
        if on and self.domain != "time":
            raise ValueError(f"impairments ({', '.join(on)}) act on the waveform; set domain: time")
        self.impairments.check(self.grid)
        if self.domain == "time":
            self._has_waveform()
        if self.csi != "perfect":
            self._enough_pilots()
        return self

    def build_channel(self) -> Channel:
        """The channel model between the antennas. UserError where it can't do those."""
        return lookup("channel", self.channel.model)(self.channel, self.antennas.receive, self.antennas.transmit)

    def refusal(self, analog: bool) -> str | None:
        """Why a scheme whose symbols are `analog` (no constellation's) can't use this link; None where it can."""
        if analog and self.equaliser == "kbest":
            return ("link.equaliser: kbest searches a constellation and this scheme sends analog symbols; "
                    "use lmmse or zf, or leave the scheme out")
        return None

    def warnings(self) -> list[str]:
        """What the frequency domain leaves out of this channel though it matters; empty in the time domain."""
        channel, grid = self.build_channel(), self.grid
        if self.domain == "time" or channel.frequency_only:
            return []
        left_out = []
        if channel.spread_s > grid.prefix_seconds:
            left_out.append(f"delays reach {channel.spread_s * 1e6:.3g} us beyond a cyclic prefix of "
                            f"{grid.prefix_seconds * 1e6:.3g} us (interference between OFDM symbols)")
        if (share := channel.doppler_hz / grid.subcarrier_spacing) > _VISIBLE_DOPPLER:
            left_out.append(f"the Doppler shift reaches {100 * share:.2g} % of the subcarrier spacing (interference "
                            "between subcarriers)")
        return [f"link.domain: frequency leaves out that {what}; domain: time has it" for what in left_out]

    def _has_waveform(self):
        channel = self.build_channel()
        if channel.frequency_only:
            raise ValueError(f"channel {self.channel.model} draws each resource element by itself and has no waveform; "
                             "set domain: frequency")
        if channel.spread_s > self.grid.symbol_seconds:
            raise ValueError(f"channel {self.channel.model} has delays of up to {channel.spread_s * 1e6:.3g} us, more "
                             f"than an OFDM symbol ({self.grid.symbol_seconds * 1e6:.3g} us); take a smaller delay "
                             "spread or subcarrier_spacing, or domain: frequency")

    def _enough_pilots(self):
        """Pilots sample the channel in time and frequency: Nyquist asks 2 f_D dt < 1 and spread df < 1. The receiver
        takes each slot by itself, so beyond its outermost pilots twice the distance to the next counts."""
        grid, streams, channel = Grid(self.grid, self.antennas.transmit), self.antennas.transmit, self.build_channel()
        if not self.grid.pilot_symbols:
            raise ValueError(f"csi {self.csi} needs pilots, got pilot_symbols: []; give some, or set csi: perfect")
        if not len(grid.pilots_of(streams - 1)[1]):
            raise ValueError(f"every pilot symbol has {len(grid.pilots_of(0)[1])} pilots for {streams} streams; take "
                             "a smaller pilot_spacing or fewer transmit antennas")
        if channel.frequency_only:
            raise ValueError(f"channel {self.channel.model} draws every resource element by itself, so pilots say "
                             f"nothing about their neighbours; csi {self.csi} can't work, set csi: perfect")
        widest = max(_gap(grid.pilots_of(stream)[1], self.grid.used) for stream in range(streams))
        spacing = widest * self.grid.subcarrier_spacing
        if (turns := channel.spread_s * spacing) >= 1:
            raise ValueError(
                f"too few pilots for the channel: each stream has one every {spacing / 1e3:g} kHz, and a delay spread "
                f"of {channel.spread_s * 1e6:.3g} us turns the response {turns:.2g} times between them (must be below "
                "1); take a smaller pilot_spacing, subcarrier_spacing or delay spread, or csi: perfect")
        symbols = np.arange(self.grid.symbols_per_slot)
        gap = _gap(np.array(self.grid.pilot_symbols), symbols) * self.grid.symbol_seconds
        on = self.impairments
        shift = channel.doppler_hz + abs(on.cfo_hz) + on.phase_noise_hz
        if (turns := 2 * shift * gap) >= 1:
            oscillator = " with frequency offset and phase noise" if on.turns else ""
            raise ValueError(
                f"too few pilots for the channel: pilot symbols are up to {gap * 1e3:.3g} ms apart (twice "
                "the way from the outermost to the slot's end), and a Doppler "
                f"shift of {shift:.4g} Hz{oscillator} makes 2 f_D dt = {turns:.2g} (must be below 1); take more "
                "pilot_symbols, a larger subcarrier_spacing or a lower speed, or csi: perfect")


def _gap(pilots: np.ndarray, all_of: np.ndarray) -> int:
    """The widest distance between pilots, or twice that to the nearest one where there is none beyond."""
    reach = np.min(np.abs(all_of[:, None] - pilots), axis=1).max()
    return int(max(np.diff(pilots).max(initial=0), 2 * reach))
