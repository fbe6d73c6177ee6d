"""The OFDM resource grid as arithmetic: what a burst costs and how much fits.

A burst fills the data resource elements of as many slots as it needs, subcarrier by subcarrier, then OFDM
symbol by OFDM symbol. It is billed for the resource elements it fills and for the pilots of every slot it
begins; what it leaves free in its last slot belongs to others.
"""

import numpy as np
from pydantic import (
    BaseModel,
    ConfigDict,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    field_validator,
    model_validator,
)


class GridConfig(BaseModel):
    """Shape of a slot.

    fft_size: subcarriers, all of them used. pilot_symbols: OFDM symbols (from 0) filled with QPSK pilots.
    subcarrier_spacing in Hz. cyclic_prefix in samples of the FFT's rate: a time overhead, no channel use.
    """

    model_config = ConfigDict(extra="forbid")
    fft_size: PositiveInt = 128
    symbols_per_slot: PositiveInt = 14
    pilot_symbols: tuple[NonNegativeInt, ...] = (2, 11)
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
        if self.pilot_symbols and self.pilot_symbols[-1] >= self.symbols_per_slot:
            raise ValueError(f"pilot_symbols must be below symbols_per_slot ({self.symbols_per_slot}), "
                             f"got {list(self.pilot_symbols)}")
        if len(self.pilot_symbols) == self.symbols_per_slot:
            raise ValueError("pilot_symbols leave no OFDM symbol for data")
        if self.cyclic_prefix >= self.fft_size:
            raise ValueError(f"cyclic_prefix must be below fft_size ({self.fft_size}), "
                             f"got {self.cyclic_prefix}")
        return self

    @property
    def data_symbols(self) -> tuple[int, ...]:
        """OFDM symbols of a slot that carry data."""
        return tuple(s for s in range(self.symbols_per_slot) if s not in self.pilot_symbols)

    @property
    def data_per_slot(self) -> int:
        """Data resource elements of a slot."""
        return self.fft_size * len(self.data_symbols)

    @property
    def pilots_per_slot(self) -> int:
        """Pilot resource elements of a slot."""
        return self.fft_size * len(self.pilot_symbols)

    @property
    def cyclic_prefix_overhead(self) -> float:
        """Share of the time on air that is cyclic prefix."""
        return self.cyclic_prefix / (self.fft_size + self.cyclic_prefix)

    @property
    def slot_seconds(self) -> float:
        """Duration of a slot, cyclic prefixes included."""
        samples = self.symbols_per_slot * (self.fft_size + self.cyclic_prefix)
        return samples / (self.fft_size * self.subcarrier_spacing)

    def slots(self, symbols) -> np.ndarray:
        """Slots begun by a burst of `symbols` data symbols, int64 [B]."""
        return -(-np.asarray(symbols, np.int64) // self.data_per_slot)

    def pilots(self, symbols) -> np.ndarray:
        """Pilot resource elements billed to a burst of `symbols` data symbols, int64 [B]."""
        return self.slots(symbols) * self.pilots_per_slot

    def uses(self, symbols) -> np.ndarray:
        """Resource elements used in total by a burst of `symbols` data symbols, int64 [B]."""
        return np.asarray(symbols, np.int64) + self.pilots(symbols)

    def capacity(self, uses) -> np.ndarray:
        """The most data symbols that fit in `uses` resource elements, pilots included, int64 [B].

        capacity(uses(n)) = n, and uses(capacity(u)) <= u < uses(capacity(u) + 1)."""
        uses = np.asarray(uses, np.int64)
        full, rest = np.divmod(uses, self.data_per_slot + self.pilots_per_slot)
        return full * self.data_per_slot + np.maximum(rest - self.pilots_per_slot, 0)
