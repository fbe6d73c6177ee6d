"""One file per family of checks; `linksim calibrate` runs them in this order."""

from linksim.theory.checks import (
    antennas,
    capacity,
    coded,
    envelopes,
    estimation,
    harq,
    mcs,
    profiles,
    slow_fading,
    uncoded,
)

CHECKS = (uncoded.CHECK, envelopes.CHECK, capacity.CHECK, profiles.CHECK, estimation.CHECK, antennas.CHECK,
          slow_fading.CHECK, coded.MEASURED, coded.PUBLISHED, coded.OTHER_DECODERS,
          mcs.CHECK, harq.CHECK)
