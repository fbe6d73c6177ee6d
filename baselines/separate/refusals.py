"""What a scenario can't have: found when it is read, before anything runs."""

from baselines.separate.config import SeparateConfig
from baselines.separate.modes import Modes


def refusal(scheme: type, config: SeparateConfig, scenario) -> str | None:
    """The first thing wrong, as `linksim.schemes.base.Scheme.refusal`; None where nothing is."""
    checks = (_knowledge, _mcs, _detector, _uses)
    return _codec(scheme, config) or next(filter(None, (check(config, scenario) for check in checks)), None)


def too_few_uses(uses: int, header_bits: int, link) -> str | None:
    """Why `uses` channel uses a picture hold no header of so many bits on a `LinkConfig`; None where they do."""
    from linksim.link.grid import Grid
    from linksim.link.headercode import header_candidates

    needed = int(Grid(link.grid, link.antennas.transmit).uses(header_candidates(header_bits)[0] + 1))
    if uses >= needed:
        return None
    return (f"uses: should be at least {needed}: the shortest header of {header_bits} bits, pilots, and one payload "
            f"symbol (found {uses})")


def _knowledge(config, scenario) -> str | None:
    if config.mcs == "oracle" and scenario.knowledge.transmitter != "realisation":
        return (f"mcs: oracle knows each burst's channel, and knowledge.transmitter grants "
                f"{scenario.knowledge.transmitter!r}; set knowledge.transmitter to realisation, "
                "or mcs to best_per_snr, outage or an index")
    if config.harq.rounds > 1 and scenario.knowledge.transmitter == "none":
        return ("harq.rounds: how often a picture is sent again depends on the SNR, and who doesn't know it meets the "
                f"budget at no SNR: should be 1 where knowledge.transmitter is none (found {config.harq.rounds})")
    return None


def _mcs(config, scenario) -> str | None:
    from linksim.link.mcs import TABLES

    table = scenario.link.transport.mcs_table
    asked = {"mcs": config.mcs} if isinstance(config.mcs, int) else {}
    if isinstance(config.layers, list):
        asked = {f"layers.{i}.mcs": layer.mcs for i, layer in enumerate(config.layers)}
    for key, index in asked.items():
        if index >= len(TABLES[table]):
            return (f"{key}: should be 0..{len(TABLES[table]) - 1}, an index into the link's MCS table {table!r} "
                    f"(found {index})")
    return None


def _codec(scheme, config) -> str | None:
    if scheme.progressive or (config.failure == "drop" and config.layers is None):
        return None
    key = "layers" if config.layers is not None else "failure: prefix"
    return f"{key} needs a codec whose codestreams may be cut, which {config.type}'s may not; leave it out"


def _detector(config, scenario) -> str | None:
    if scenario.link.equaliser != "kbest" or (config.layers is None and config.mcs != "oracle"):
        return None
    key = "layers" if config.layers is not None else "mcs: oracle"
    return f"{key} sends several constellations side by side, and link.equaliser: kbest searches one; use lmmse"


def _uses(config, scenario) -> str | None:
    from linksim.link.mcs import TABLES

    if config.uses is None:
        return None
    modes = Modes(config, TABLES[scenario.link.transport.mcs_table], scenario.source.size**2)
    return too_few_uses(config.uses, modes.header.bits, scenario.link)
