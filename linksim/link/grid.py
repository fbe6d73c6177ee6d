"""The OFDM resource grid: where data and pilots lie, and as arithmetic what a burst costs and how much fits.

A burst fills the data resource elements of as many slots as it needs, stream by stream, then subcarrier by
subcarrier, then OFDM symbol by OFDM symbol. A channel use is one complex symbol of one stream on one resource
element. The burst is billed for the uses it fills and, in all streams, for the pilots of every slot it begins; what
it leaves free in its last slot belongs to others. Guards and DC are no uses.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    field_validator,
    model_validator,
)


class GridConfig(BaseModel):
    """Shape of a slot.

    fft_size: subcarriers, the lowest first; DC is number fft_size // 2. guards: how many at either end stay empty;
    dc_null: DC stays empty too. pilot_symbols: OFDM symbols (from 0) with QPSK pilots on every `pilot_spacing`-th
    used subcarrier, data between them. subcarrier_spacing in Hz. cyclic_prefix in samples of the FFT's rate: a time
    overhead, no channel use.
    """

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)
    fft_size: Annotated[PositiveInt, Field(le=2**14)] = 128
    guards: tuple[NonNegativeInt, NonNegativeInt] = (0, 0)
    dc_null: bool = False
    symbols_per_slot: Annotated[PositiveInt, Field(le=280)] = 14
    pilot_symbols: tuple[NonNegativeInt, ...] = (2, 11)
    pilot_spacing: PositiveInt = 1
    subcarrier_spacing: PositiveFloat = 15e3
    cyclic_prefix: NonNegativeInt = 9

    @field_validator("pilot_symbols")
    @classmethod
    def _increasing(cls, value):
        if list(value) != sorted(set(value)):
            raise ValueError("must be increasing and without repeats")
        return value

    @model_validator(mode="after")
    def _fits(self):
        low, high = self.guards
        if low > self.fft_size // 2 or high >= self.fft_size - self.fft_size // 2:
            raise ValueError(f"guards must leave DC (subcarrier {self.fft_size // 2} of {self.fft_size}) between them, "
                             f"got {list(self.guards)}")
        if not len(self.used):
            raise ValueError(f"guards and dc_null leave no subcarrier of fft_size {self.fft_size}")
        if self.pilot_symbols and self.pilot_symbols[-1] >= self.symbols_per_slot:
            raise ValueError(f"pilot_symbols must be below symbols_per_slot ({self.symbols_per_slot}), "
                             f"got {list(self.pilot_symbols)}")
        if self.pilots.all():
            raise ValueError("pilot_symbols leave no OFDM symbol for data; take fewer or a larger pilot_spacing")
        if self.cyclic_prefix >= self.fft_size:
            raise ValueError(f"cyclic_prefix must be below fft_size ({self.fft_size}), "
                             f"got {self.cyclic_prefix}")
        return self

    @property
    def used(self) -> np.ndarray:
        """int64 [U], subcarriers that are neither guard nor an empty DC."""
        between = np.arange(self.guards[0], self.fft_size - self.guards[1])
        return between[between != self.fft_size // 2] if self.dc_null else between

    @property
    def pilots(self) -> np.ndarray:
        """bool [symbols_per_slot, U], which of the used resource elements are pilots."""
        mask = np.zeros((self.symbols_per_slot, len(self.used)), bool)
        mask[list(self.pilot_symbols), :: self.pilot_spacing] = True
        return mask

    @property
    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """OFDM symbol and subcarrier, both int64 [K], of the data resource elements in the order they are filled."""
        symbol, used = np.nonzero(~self.pilots)
        return symbol, self.used[used]

    @property
    def frequencies(self) -> np.ndarray:
        """float64 [fft_size], offset of each subcarrier from the carrier in Hz."""
        return (np.arange(self.fft_size) - self.fft_size // 2) * self.subcarrier_spacing

    @property
    def cyclic_prefix_overhead(self) -> float:
        """Share of the time on air that is cyclic prefix."""
        return self.cyclic_prefix / (self.fft_size + self.cyclic_prefix)

    @property
    def prefix_seconds(self) -> float:
        """Duration of a cyclic prefix."""
        return self.cyclic_prefix / (self.fft_size * self.subcarrier_spacing)

    @property
    def symbol_seconds(self) -> float:
        """Duration of an OFDM symbol, its cyclic prefix included."""
        return (self.fft_size + self.cyclic_prefix) / (self.fft_size * self.subcarrier_spacing)

    @property
    def slot_seconds(self) -> float:
        """Duration of a slot, cyclic prefixes included."""
        samples = self.symbols_per_slot * (self.fft_size + self.cyclic_prefix)
        return samples / (self.fft_size * self.subcarrier_spacing)


@dataclass(frozen=True)
class Grid:
    """What bursts cost on the slots of `config` with so many streams (one per transmit antenna)."""

    config: GridConfig
    streams: int = 1

    @property
    def data_per_slot(self) -> int:
        """Channel uses for data in a slot."""
        return int(np.sum(~self.config.pilots)) * self.streams

    @property
    def pilots_per_slot(self) -> int:
        """Channel uses that the pilots of a slot take: a pilot of one stream silences the others."""
        return int(np.sum(self.config.pilots)) * self.streams

    def slots(self, symbols) -> np.ndarray:
        """Slots begun by a burst of `symbols` data symbols, int64 [B]."""
        return -(-np.asarray(symbols, np.int64) // self.data_per_slot)

    def pilots(self, symbols) -> np.ndarray:
        """Channel uses for pilots billed to a burst of `symbols` data symbols, int64 [B]."""
        return self.slots(symbols) * self.pilots_per_slot

    def uses(self, symbols) -> np.ndarray:
        """Channel uses in total of a burst of `symbols` data symbols, int64 [B]."""
        return np.asarray(symbols, np.int64) + self.pilots(symbols)

    def capacity(self, uses) -> np.ndarray:
        """The most data symbols that fit in `uses` channel uses, pilots included, int64 [B].

        capacity(uses(n)) = n, and uses(capacity(u)) <= u < uses(capacity(u) + 1)."""
        uses = np.asarray(uses, np.int64)
        full, rest = np.divmod(uses, self.data_per_slot + self.pilots_per_slot)
        return full * self.data_per_slot + np.maximum(rest - self.pilots_per_slot, 0)

    def pilots_of(self, stream: int) -> tuple[np.ndarray, np.ndarray]:
        """OFDM symbols [p] and subcarriers [q] of a stream's pilots (every pair of the two). The streams take turns
        along the frequency, and where one sends a pilot (of unit power) the others are silent."""
        turns = self.config.used[:: self.config.pilot_spacing][stream :: self.streams]
        return np.array(self.config.pilot_symbols, np.int64), turns
