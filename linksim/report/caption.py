"""What a figure is, in words, read from the resolved scenario: protocol, data, channel, budget, policies, interval."""

from pathlib import Path

from linksim.report.store import Run

PROTOCOLS = {"coco": "COCO, 101 points", "voc_all": "VOC devkit, all points", "voc_11": "VOC devkit, 11 points"}


def metric(run: Run) -> str:
    """The metric with its protocol, for an axis."""
    protocol = run.scenario.get("task", {}).get("protocol", "coco")
    return f"AP50 ({PROTOCOLS.get(protocol, protocol)})"


def channel(run: Run) -> str:
    """The channel in a few words, for a title."""
    model = dict(run.scenario.get("link", {}).get("channel", {}))
    name = {"awgn": "AWGN", "rayleigh": "Rayleigh fading"}.get(model.get("model"), str(model.get("model", "channel")))
    return f"{model['fading']} {name}" if model.get("fading") else name


def data(run: Run) -> str:
    """Pictures and judge."""
    source, task = run.scenario.get("source", {}), run.scenario.get("task", {})
    pictures, draws = run.scenario.get("pictures"), run.scenario.get("realisations", 1)
    size, kind = source.get("size", 256), source.get("type", "?")
    part = f", subset {source['imageset']}" if isinstance(source.get("imageset"), str) else ""
    judge = Path(str(task.get("weights") or task.get("judge", "?"))).name  # a path's folders are nobody's business
    return (f"{pictures} test pictures of {kind}{part} ({size}\u00d7{size}), {_count(draws, 'channel draw')} each and "
            f"the same for every scheme; judge {judge}, {metric(run)}, difficult objects ignored")


def air(run: Run) -> str:
    """Channel and what each side knows of it."""
    knows = run.scenario.get("knowledge", {})
    sender = {"mean_snr": "transmitter knows the mean SNR", "none": "transmitter knows nothing of the channel"}
    sides = [sender.get(knows.get("transmitter"), f"transmitter knows: {knows.get('transmitter', 'mean_snr')}"),
             f"receiver has {knows.get('receiver', run.scenario.get('link', {}).get('csi', 'perfect'))} CSI"]
    return f"{channel(run)} on an OFDM grid, SNR is Es/N0 per resource element, " + ", ".join(sides)


def budget(run: Run) -> str:
    """Who is given whose channel uses; all purposes counted."""
    owners: dict[str, list[str]] = {}
    for scheme in run.scenario.get("schemes", []):
        if scheme.get("budget_as"):
            owners.setdefault(scheme["budget_as"], []).append(f"\u201c{scheme['name']}\u201d")
    rules = [f"{_and(names)} {'are' if len(names) > 1 else 'is'} given the uses of \u201c{owner}\u201d"
             for owner, names in owners.items()]
    return "; ".join(rules or ["every scheme spends its own budget"]) + "; headers, CRC and pilots are billed"


def policies(run: Run) -> str:
    """MCS and failure policy."""
    calibration = run.scenario.get("calibration", {})
    chosen = "MCS per SNR and header rates chosen on {} calibration pictures and {} draws, never on test pictures"
    failure = {scheme.get("failure", "drop") for scheme in run.scenario.get("schemes", [])}
    lost = "a failed CRC of header or payload loses the picture, which then counts with nothing found"
    return (chosen.format(calibration.get("pictures", "?"), calibration.get("realisations", "?")) + "; "
            + (lost if failure == {"drop"} else f"failure policy: {', '.join(sorted(map(str, failure)))}"))


def interval(run: Run) -> str:
    """How the band was made."""
    return f"95 % percentile bootstrap over pictures, {run.scenario.get('bootstrap', 500)} resamples"


def command(run: Run) -> str:
    """The command that makes this run again."""
    return run.provenance.get("command") or f"linksim run {run.folder.name}/scenario.yaml"


def sentences(*parts: str) -> str:
    """Parts as sentences of one paragraph."""
    return " ".join(part[:1].upper() + part[1:] + "." for part in parts if part)


def _count(n, what: str) -> str:
    return f"{n} {what}" + ("" if n == 1 else "s")


def _and(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
