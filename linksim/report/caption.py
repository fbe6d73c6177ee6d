"""What a figure is, in words from the resolved scenario: protocol, data, channel, budget, policies."""

from pathlib import Path

from linksim.report.store import Run

PROTOCOLS = {"coco": "COCO, IoU .5", "voc_all": "VOC, all points", "voc_11": "VOC, 11 points"}
RATES = {"per_picture": "picture by picture the same uses",
         "constant_quality": "at constant quality the same mean uses", "harq": "in expectation the same uses"}
CHANNELS = {"awgn": "AWGN", "rayleigh": "Rayleigh fading", "rician": "Rician fading", "cir": "measured channel",
            "shadowed-rician": "shadowed Rician fading", "ray-traced": "ray-traced scene", "umi": "UMi", "uma": "UMa",
            "rma": "RMa"}
SENDER = {"mean_snr": "transmitter knows the mean SNR", "none": "transmitter knows nothing of the channel",
          "realisation": "the oracle's transmitter knows each realisation, the others' the mean SNR"}


def metric(run: Run) -> str:
    """The metric with its protocol, for an axis."""
    protocol = run.scenario.get("task", {}).get("protocol", "coco")
    return run.provenance.get("metric") or f"AP50 ({PROTOCOLS.get(protocol, protocol)})"


def short(run: Run) -> str:
    """The metric's name without its protocol or unit."""
    return "AP50" if run.provenance.get("headline", "ap50") == "ap50" else metric(run).partition(" (")[0]


def channel(run: Run) -> str:
    """The channel in a few words, for a title."""
    model = run.scenario.get("link", {}).get("channel", {})
    name = str(model.get("model", "channel"))
    called = CHANNELS.get(name, name.upper())
    how = model.get("fading")
    words = [f"{how} {called}" if how in ("slow", "fast") else called]
    if model.get("k_db") is not None:
        words.append(f"K = {model['k_db']:g} dB")
    if model.get("delay_spread") is not None:
        words.append(f"{1e9 * model['delay_spread']:g} ns")
    if model.get("speed") is not None and how not in ("slow", "fast"):
        words.append(f"{model['speed']:g} km/h")
    return ", ".join(words)


def data(run: Run) -> str:
    """Pictures and judge."""
    source, task = run.scenario.get("source", {}), run.scenario.get("task", {})
    pictures, draws = run.scenario.get("pictures"), run.scenario.get("realisations", 1)
    size, kind = source.get("size", 256), source.get("type", "?")
    part = f", list {source['imagesets']['test']}" if source.get("imagesets") else ""
    judge = Path(str(task.get("weights") or task.get("judge", "?"))).name
    objects = ", difficult objects ignored" if task.get("type", "detection") in ("detection", "classification") else ""
    return (f"{pictures} test pictures of {kind}{part} ({size}\u00d7{size}), {_count(draws, 'channel draw')} "
            f"each, the same for every scheme; judge {judge}, {metric(run)}{objects}")


def air(run: Run) -> str:
    """Channel, what each side knows of it, and what the receiver does."""
    knows, link = run.scenario.get("knowledge", {}), run.scenario.get("link", {})
    sender = SENDER.get(knows.get("transmitter"), "the transmitter's knowledge isn't recorded")
    csi = link.get("csi", "perfect")
    receiver = "receiver has perfect CSI" if csi == "perfect" else f"receiver estimates the channel ({csi.upper()})"
    words = [f"{channel(run)} on an OFDM grid", "SNR is Es/N0 per resource element", sender, receiver]
    antennas, chain = link.get("antennas") or {}, link.get("transport") or {}
    ports = antennas.get("transmit", 1), antennas.get("receive", 1)
    if ports != (1, 1):
        words.append(f"{ports[0]} transmit and {ports[1]} receive antennas, {link.get('equaliser', 'lmmse').upper()}")
    if link.get("domain") == "time":
        words.append("simulated in the time domain")
    words += [f"{key} {value:g}" for key, value in (link.get("impairments") or {}).items()
              if value or (key == "clipping_db" and value is not None)]  # an amplifier clips at 0 dB too
    if chain:
        words.append(f"LDPC decoded by {chain.get('rule')}, {chain.get('iterations')} iterations")
    return ", ".join(words)


def budget(run: Run) -> str:
    """Who is given whose channel uses; all purposes counted."""
    groups: dict[tuple[str, str], list[str]] = {}
    for scheme in run.scenario.get("schemes", []):
        if scheme.get("budget_as"):
            several = (scheme.get("harq") or {}).get("rounds", 1) > 1
            rule = RATES["harq" if several else scheme.get("rate", "per_picture")]
            owner = run.series.get(scheme["budget_as"], scheme["budget_as"])
            _once(groups.setdefault((owner, rule), []), run, scheme["name"])
    rules = [f"{_and(names)}: {rule} as {_quoted(owner)}" for (owner, rule), names in groups.items()]
    return "; ".join(rules or ["every scheme spends its own budget"]) + "; headers, CRC and pilots are billed"


def policies(run: Run) -> str:
    """What was chosen how, and what becomes of what doesn't arrive."""
    calibration = run.scenario.get("calibration", {})
    groups: dict[str, list[str]] = {}
    for name, told in run.provenance.get("policies", {}).items():
        _once(groups.setdefault(told, []), run, name)
    own = "; ".join(f"{_and(names)}: {told}" for told, names in groups.items())
    failure = run.provenance.get("failure_policy", "drop: a lost picture is judged as a mid-grey one")
    chosen = (f"{_chosen(run)} chosen on {calibration.get('pictures', '?')} calibration pictures with "
              f"{_count(calibration.get('realisations', '?'), 'draw')} each, never on test pictures")
    return "; ".join(part for part in (own, chosen, f"failure policy {failure}") if part)


def _chosen(run: Run) -> str:
    """What planning chooses: no MCS where every scheme's is fixed, or follows each realisation."""
    schemes = run.scenario.get("schemes", [])
    if not any(scheme.get("type") == "boxes_ldpc" or (scheme.get("mcs") in ("best_per_snr", "outage")
               and not isinstance(scheme.get("layers"), list)) for scheme in schemes):
        return "header rates"
    unknown = run.scenario.get("knowledge", {}).get("transmitter") == "none"
    return "header rates and one MCS for all SNRs" if unknown else "header rates and MCS per SNR"


def interval(run: Run) -> str:
    """How the band was made."""
    resamples = run.scenario.get("bootstrap", 500)
    if not resamples:
        return "no interval was asked for (bootstrap: 0)"
    return f"95 % percentile bootstrap over pictures, {resamples} resamples"


def command(run: Run) -> str:
    """The command that makes this run again."""
    return run.provenance.get("command") or f"linksim run {run.folder.name}/scenario.yaml"


def sentences(*parts: str) -> str:
    """Parts as sentences of one paragraph."""
    return " ".join(part[:1].upper() + part[1:] + "." for part in parts if part)


def _count(n, what: str) -> str:
    return f"{n} {what}" + ("" if n == 1 else "s")


def _once(group: list[str], run: Run, name: str) -> None:
    """Name a scheme, or once for all of them the series that it is of."""
    if (name := _quoted(run.series.get(name, name))) not in group:
        group.append(name)


def _quoted(name: str) -> str:
    return f"\u201c{name}\u201d"


def _and(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
