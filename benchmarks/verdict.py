"""How a benchmark says what it found: one line each, with the goal, and an exit code."""


def tell(*found: tuple[str, float, str, float]) -> int:
    """found: (what, measured, "<=" or ">=", goal). Returns 0 where all goals are met, else 1."""
    missed = 0
    for what, measured, sense, goal in found:
        met = measured <= goal if sense == "<=" else measured >= goal
        missed |= not met
        print(f"{what}: {measured:.2f} (goal {sense} {goal:g}){'' if met else '   MISSED'}", flush=True)
    return int(missed)
