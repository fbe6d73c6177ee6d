"""Who measures: this process, processes of this machine, or the workers of a Ray cluster. The table is the same."""

from linksim.errors import UserError

NAMES = ("local", "ray")


def choose(name: str = "local", address: str | None = None, workers: int | None = None):
    """The `Executor` that the door was asked for. UserError for what doesn't go together."""
    if name not in NAMES:
        raise UserError(f"--executor: known are {', '.join(NAMES)} (found {name!r})")
    if address and name != "ray":
        raise UserError("--address is that of a Ray cluster; give --executor ray too")
    if workers is not None and workers < 1:
        raise UserError(f"--workers: should be at least 1 (found {workers})")
    if name == "ray":
        from linksim.experiment.executors.ray import Ray

        return Ray(address, workers)
    if (workers or 1) == 1:
        from linksim.experiment.executors.local import Local

        return Local()
    from linksim.experiment.executors.processes import Processes

    return Processes(workers)
