"""YAML without surprises: its safe subset, keys written once, and nothing that grows or nests without end.

    parse("{a: 1}", "scenario.yaml")  ->  {"a": 1}

Anchors and aliases are fine; a text that aliases blow up beyond LARGEST values ("billion laughs"), that refers to
itself or nests deeper than DEEPEST is refused before anything is made of it.
"""

from typing import Any

import yaml

from linksim.errors import UserError

LONGEST = 2**24  # characters; the plan of 100,000 pictures takes half a million for each scheme
LARGEST = 5_000_000  # values, aliases followed
DEEPEST = 40  # levels; scenarios have 6
MOST = 10**300  # of a whole number: more digits than can be printed, or no float


def parse(text: str, what: str) -> Any:
    """What a YAML text says, as plain Python. UserError, which begins with `what`, where it can't be read."""
    if len(text) > LONGEST:
        raise UserError(f"{what} isn't readable YAML: it is longer than {LONGEST} characters")
    try:
        return yaml.load(text, Loader=_Loader)
    except (yaml.YAMLError, ValueError, TypeError, OverflowError, AttributeError, LookupError) as error:
        raise UserError(f"{what} isn't readable YAML: {str(error)[:1000]}") from None


class _Loader(yaml.SafeLoader):
    """A key written twice is an error, not the last one's victory."""

    _depth = 0

    def compose_node(self, parent, index):
        self._depth += 1
        if self._depth > DEEPEST:
            raise yaml.YAMLError(f"nested deeper than {DEEPEST} levels, {self.peek_event().start_mark}")
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def get_single_node(self):
        node = super().get_single_node()
        if node is not None and _size(node, {}) > LARGEST:
            raise yaml.YAMLError(f"aliases make more than {LARGEST} values of it")
        return node

    def construct_mapping(self, node, deep=False):
        if isinstance(node, yaml.MappingNode):
            seen = set()
            for key, _ in node.value:
                if isinstance(key, yaml.ScalarNode) and key.value != "<<":
                    if key.value in seen:
                        raise yaml.YAMLError(f"key {key.value[:80]!r} is written twice, {node.start_mark}")
                    seen.add(key.value)
        return super().construct_mapping(node, deep)

    def construct_yaml_int(self, node):
        value = super().construct_yaml_int(node)
        if abs(value) >= MOST:
            raise yaml.YAMLError(f"a number of more than 300 digits, {node.start_mark}")
        return value


_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.construct_yaml_int)


def _size(node: yaml.Node, known: dict[int, int | None]) -> int:
    """Values below a node and itself, aliases followed. known: by node, None while it is being counted."""
    if isinstance(node, yaml.ScalarNode):
        return 1
    if id(node) not in known:
        known[id(node)] = None
        pairs = node.value if isinstance(node, yaml.SequenceNode) else [one for pair in node.value for one in pair]
        known[id(node)] = 1 + sum(_size(one, known) for one in pairs)
    if known[id(node)] is None:
        raise yaml.YAMLError(f"an alias refers to what it is in, {node.start_mark}")
    return known[id(node)]
