"""SE-SC: scalable extraction based semantic communication. Registered by `linksim.schemes.sesc.scheme`."""

from linksim.schemes.sesc import scheme  # noqa: F401
