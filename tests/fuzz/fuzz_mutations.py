"""Mutations of scenarios, as hypothesis strategies: of the tree of values, of its YAML text, of `--set`."""

import copy
from pathlib import Path

import yaml
from hypothesis import strategies as st

from linksim.scenario import load

PATHS = sorted((Path(__file__).parents[2] / "scenarios").glob("*.yaml"))
SHIPPED = [path.read_text(encoding="utf-8") for path in PATHS]
TREES = [yaml.safe_load(text) for text in SHIPPED]
TREES += [yaml.safe_load(load(path).dump()) for path in PATHS]  # and with every default written out

EXTREMES = [0, -1, 1, 2, 3, 7, 16, 255, 10**6, 10**9, 2**31, 2**62, 2**63, 2**64, 10**30, 10**400, -(10**30), 0.0, -0.0,
            0.5, 1e-9, 1e-320, 1e9, 1e300, -1e300, float("inf"), float("-inf"), float("nan")]
NUMBERS = st.one_of(
    st.sampled_from(EXTREMES),
    st.integers(-50, 5000), st.floats(width=32))
WORDS = st.one_of(
    st.sampled_from(["", " ", "0", "1e3", "null", "true", "nan", "../x", "/etc/passwd", "~", "con", "a/b", "x" * 3000,
                     "Ω", "𝔘", "\u202e", "é" * 40, "\x07", "\ufeff", "SE-SC mu 0.2", "linear", "sesc", "jpeg2000_ldpc",
                     "avif_ldpc", "boxes_ldpc", "jpeg2000_roi", "awgn", "rayleigh", "rician", "shadowed-rician",
                     "tdl-a", "cdl-c", "umi", "cir", "ray-traced", "folder", "voc", "scenes", "fast", "slow", "jakes",
                     "ls", "lmmse", "time", "oracle", "outage", "prefix", "constant_quality", "realisation", "none",
                     "yolov5n-scenes", "linear-scenes", "sesc-scenes", "table1", "kbest"]),
    st.text(max_size=12))
JUNK = st.recursive(st.one_of(NUMBERS, WORDS, st.booleans(), st.none()),
                    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=3), max_leaves=8)
GRAFTS = [
    ("link", {"csi": "ls"}), ("link", {"csi": "lmmse"}), ("link", {"domain": "time"}), ("link", {"equaliser": "kbest"}),
    ("link", {"antennas": {"receive": 2, "transmit": 2}}), ("link", {"transport": {"mcs_table": "table1"}}),
    ("link", {"grid": {"fft_size": 64, "pilot_spacing": 2}}), ("link", {"impairments": {"cfo_hz": 100.0}}),
    ("link", {"channel": {"model": "tdl-a", "speed": 300.0}}), ("link", {"channel": {"model": "rician", "k_db": 3}}),
    ("link", {"channel": {"model": "rayleigh", "fading": "jakes", "speed": 50}}),
    ("link", {"channel": {"model": "cir", "path": "none.npz"}}), ("source", {"type": "folder", "path": "."}),
    ("task", {"type": "detection", "judge": "onnx", "weights": "none.onnx"}), ("knowledge", {"transmitter": "none"}),
    ("snr_db", {"start": 0, "stop": 1, "step": 0.001}), ("plan", {"linear": {"budget": [1], "choices": {}}}),
]
PLAIN = next(tree for tree in reversed(TREES) if tree["name"] == "rayleigh_slow")
FULL = PLAIN | {"link": {  # a link that uses all it can
    "channel": {"model": "rayleigh", "fading": "jakes", "speed": 30.0, "carrier": 3.5e9}, "csi": "lmmse",
    "domain": "time", "antennas": {"receive": 2, "transmit": 2}, "transport": {"iterations": 20},
    "grid": {"fft_size": 128, "pilot_spacing": 2, "pilot_symbols": [2, 11], "guards": [4, 4], "cyclic_prefix": 9,
             "symbols_per_slot": 14, "subcarrier_spacing": 15e3}, "impairments": {"cfo_hz": 100.0}}}


def places(tree, path=()) -> list[tuple]:
    """Paths of all values below a tree."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    return [here for key, value in items for here in [(*path, key), *places(value, (*path, key))]]


def extremes() -> list[dict]:
    """Every number of a scenario with everything written out, in the place of each an extreme one."""
    made, seen = [], set()
    for tree in (PLAIN, FULL):
        for path in places(tree):
            where = tuple("#" if isinstance(key, int) else key for key in path)
            if isinstance(value_at(tree, path), bool | str | None | list | dict) or where in seen:
                continue
            seen.add(where)
            for value in EXTREMES:
                changed = copy.deepcopy(tree)
                value_at(changed, path[:-1])[path[-1]] = value
                made.append(changed)
    return made


def value_at(tree, path):
    for key in path:
        tree = tree[key]
    return tree


@st.composite
def trees(draw):
    """A shipped scenario with one to four values changed."""
    tree = copy.deepcopy(draw(st.sampled_from(TREES)))
    for _ in range(draw(st.sampled_from([1, 1, 1, 2, 3, 4]))):
        if found := places(tree):
            _change(draw, tree, draw(st.sampled_from(found)))
    return tree


def _change(draw, tree, path) -> None:
    *way, last = path
    here = tree
    for key in way:
        here = here[key]
    how = draw(st.sampled_from(["value", "number", "word", "drop", "rename", "swap", "repeat", "deep", "graft", "new",
                                "nudge", "nudge", "nudge"]))
    if how == "value":
        here[last] = draw(JUNK)
    elif how == "number":
        here[last] = draw(NUMBERS)
    elif how == "word":
        here[last] = draw(WORDS)
    elif how == "nudge":
        if isinstance(here[last], int | float) and abs(here[last]) < 1e300:
            here[last] = draw(st.sampled_from([here[last] + 1, here[last] - 1, here[last] * 2, here[last] / 2, 1]))
    elif how == "drop":
        del here[last]
    elif how == "rename" and isinstance(here, dict):
        here[draw(st.sampled_from([f"{last}s", str(last)[:-1], str(last).upper(), "type", "name"]) | WORDS)] = here.pop(
            last)
    elif how == "swap":
        here[last] = copy.deepcopy(TREES[0][draw(st.sampled_from(list(TREES[0])))])
    elif how == "repeat":
        here[last] = [copy.deepcopy(here[last]) for _ in range(draw(st.sampled_from([0, 1, 2, 200])))]
    elif how == "deep":
        for _ in range(draw(st.sampled_from([5, 80]))):
            here[last] = draw(st.sampled_from([[here[last]], {"type": here[last]}]))
    elif how == "graft":
        at, values = draw(st.sampled_from(GRAFTS))
        if isinstance(tree.get(at), dict):
            tree[at] |= copy.deepcopy(values)
        else:
            tree[at] = copy.deepcopy(values)
    elif isinstance(here, dict):
        here[draw(WORDS)] = draw(JUNK)


BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12))
MAP_BOMB = "m0: &m0 {a: 1}\n" + "".join(
    f"m{i}: &m{i} {{a: *m{i - 1}, b: *m{i - 1}, c: *m{i - 1}}}\n" for i in range(1, 40))
MERGE_BOMB = "k0: &k0 {a: 1}\n" + "".join(
    f"k{i}: &k{i}\n  <<: [{', '.join([f'*k{i - 1}'] * 9)}]\n" for i in range(1, 10))
TEXTS = ["", "\n", "---\n---\n", "\x00", "%YAML 9.9\n---\na: b", "name: !!python/object/apply:os.system [id]\n",
         "- a\n- b", "? [a, b]\n: c", "? {a: b}\n: c", "a: &x\n  b: *x", "&x [*x]", "name: *nowhere",
         BOMB, MAP_BOMB, MERGE_BOMB, "[" * 5000, "{a: " * 5000, "- " * 5000,
         "a:\n" + "".join(" " * i + "a:\n" for i in range(1, 900)),
         "!!binary aGk=", "a: !!set {b, c}", "2001-01-01", "name: 2001-01-01", "<<: {a: b}", "<<: 7", "? \n", "a: b: c",
         "\tname: x", "name: |\n x", "\ufeffname: x", "name: " + "9" * 5000, "seed: 0x" + "f" * 5000,
         "seed: 1:2:3:4:5:6:7:8:9:10:11", "snr_db: [1e400]", "name: !!float abc", "name: !!int x",
         "name: !!timestamp x", "seed: !!omap [a: 1]", "tile: 1_000_000_000_000", "? &a a\n: *a"]


@st.composite
def texts(draw):
    """YAML text or bytes: a changed tree, a shipped scenario with lines moved, or something else altogether."""
    kind = draw(st.sampled_from(["tree"] * 6 + ["lines", "bytes", "splice", "odd"]))
    if kind == "tree":
        return yaml.safe_dump(draw(trees()), allow_unicode=True).encode("utf-8", "surrogatepass")
    text = draw(st.sampled_from(SHIPPED))
    if kind == "odd":
        odd = draw(st.sampled_from(TEXTS))
        return draw(st.sampled_from([odd, odd + "\n" + text, text + "\n" + odd])).encode()
    if kind == "lines":
        lines = text.splitlines()
        for _ in range(draw(st.integers(1, 5))):
            at, to = (draw(st.integers(0, len(lines) - 1)) for _ in range(2))
            how = draw(st.sampled_from(["twice", "gone", "move", "indent", "anchor"]))
            if how == "gone" and len(lines) > 1:
                del lines[at]
            elif how in ("twice", "move"):
                lines.insert(to, lines[at] if how == "twice" else lines.pop(at))
            else:
                lines[at] = ("  " + lines[at]) if how == "indent" else lines[at].replace(": ", ": &a ", 1)
        return "\n".join(lines).encode()
    data = bytearray(text.encode())
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(data) - 1))
        if kind == "bytes":
            data[at] = draw(st.integers(0, 255))
        else:
            data[at:at] = draw(st.sampled_from([b"*", b"&a ", b"!!", b"{", b"[", b"]", b": ", b"- ", b"\t", b"\x00",
                                                b"'", b'"', b"|", b">", b"#", b"\r", b"?", b"%", b"@", b"`"]))
    return bytes(data)


OVERRIDES = st.just([]) | st.just([]) | st.lists(st.one_of(
    st.builds("{}={}".format, st.sampled_from(
        ["name", "seed", "source.size", "source.type", "link.channel.model", "link.csi", "link.grid.fft_size",
         "schemes.0.mu", "schemes.-1.name", "schemes.linear.uses", "schemes", "plan", "snr_db", "snr_db.0", "also",
         "examples.pictures.0", "task.weights", "task.input_size", "knowledge.transmitter", "tile", "a.b.c.d.e.f"]),
        st.one_of(NUMBERS.map(str), WORDS, st.sampled_from(["[", "{a: 1}", "[[]]", "&a [*a]", "!!python/none", "{}"]))),
    WORDS), max_size=2)
