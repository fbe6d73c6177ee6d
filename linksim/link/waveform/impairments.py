"""What radio hardware does to a signal: the keys of a scenario, and the receiver's oscillator.

The power amplifier and the converter are in `nonlinear`; nothing here needs TensorFlow.
"""

from math import ceil
from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from linksim.errors import UserError
from linksim.link.burst import Draw
from linksim.link.draws import normal
from linksim.link.grid import GridConfig


class ImpairmentsConfig(BaseModel):
    """Hardware impairments of a link whose `domain` is `time`. All off by default.

    cfo_hz: what is left of the carrier frequency offset after synchronisation, in Hz, below half a subcarrier
        spacing either way.
    phase_noise_hz: full width at half maximum, in Hz, of the oscillator's Lorentzian line; its phase is a
        Wiener process. 0 is off.
    clipping_db: saturation power of the power amplifier over its mean power, in dB, of a soft limiter:
        amplitudes above it are cut, phases kept. None is off.
    adc_bits: bits of the receiver's converters, one for the in-phase and one for the quadrature part. None is
        off.
    """

    model_config = ConfigDict(extra="forbid")
    cfo_hz: FiniteFloat = 0.0
    phase_noise_hz: Annotated[FiniteFloat, Field(ge=0)] = 0.0
    clipping_db: Annotated[FiniteFloat, Field(ge=-10, le=40)] | None = None
    adc_bits: Annotated[int, Field(ge=1, le=16)] | None = None

    def asked(self) -> list[str]:
        """The keys that are on, each as `key=value`."""
        return [f"{key}={value}" for key, value in self if value != type(self).model_fields[key].default]

    def check(self, grid: GridConfig) -> None:
        """UserError where the offset is too large for `grid`: the receiver would see other subcarriers."""
        if abs(self.cfo_hz) >= (half := grid.subcarrier_spacing / 2):
            raise UserError(f"link.impairments.cfo_hz: must lie between -{half:g} and {half:g} Hz, half a subcarrier "
                            f"spacing (link.grid.subcarrier_spacing), got {self.cfo_hz:g}. Whole subcarriers are "
                            "the synchroniser's business, which isn't simulated: give what it leaves over.")

    @property
    def turns(self) -> bool:
        """Whether the oscillator turns what is received."""
        return bool(self.cfo_hz or self.phase_noise_hz)

    def correlation(self, grid: GridConfig) -> np.ndarray:
        """E[exp(j theta_i) exp(-j theta_k)] between the OFDM symbols of a slot, complex128 [symbols, symbols]:
        exp(2 pi j cfo_hz t - pi phase_noise_hz |t|) over the time t from k to i."""
        number = np.arange(grid.symbols_per_slot)
        lag = (number[:, None] - number) * grid.symbol_seconds
        return np.exp(2j * np.pi * self.cfo_hz * lag - np.pi * self.phase_noise_hz * np.abs(lag))

    def oscillator(self, draw: Draw, grid: GridConfig, slots: int) -> np.ndarray | None:
        """exp(j theta) at every sample of a burst, complex64 [B, slots, samples of a slot]; None where it is 1.

        theta(i) = 2 pi cfo_hz i / W + phi(i), with sampling rate W = fft_size * subcarrier_spacing and i counted
        from the burst's first sample, prefixes included. phi is a Wiener process from 0 whose increments are
        N(0, 2 pi phase_noise_hz / W) (Demir, Mehrotra, Roychowdhury, "Phase noise in oscillators", IEEE Trans.
        Circuits Syst. I, 2000), keyed by the draw: a longer burst begins with the shorter one.
        """
        if not self.turns:
            return None
        rate = grid.fft_size * grid.subcarrier_spacing
        samples = grid.symbols_per_slot * (grid.fft_size + grid.cyclic_prefix)
        count = slots * samples
        turns = np.broadcast_to(self.cfo_hz / rate * np.arange(count), (len(draw.picture), count))
        if self.phase_noise_hz:
            steps = normal(draw, "phase noise", ceil(count / 2)).view(np.float32)[:, : count - 1]  # variance 1/2
            walk = np.cumsum(steps, axis=1, dtype=np.float64) * np.sqrt(4 * np.pi * self.phase_noise_hz / rate)
            turns = turns + np.pad(walk, ((0, 0), (1, 0))) / (2 * np.pi)
        phase = (2 * np.pi * (turns - np.rint(turns))).astype(np.float32)
        return np.exp(1j * phase).astype(np.complex64).reshape(len(phase), slots, samples)
