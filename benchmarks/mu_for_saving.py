"""Which threshold takes so many fewer channel uses than another? Chosen on calibration pictures alone.

    python benchmarks/mu_for_saving.py scenarios/claims.yaml "SE-SC mu 0.2" --saving 0.237
    python benchmarks/mu_for_saving.py scenarios/claims.yaml "SE-SC full" --saving 0.4
    python benchmarks/mu_for_saving.py scenarios/voc_claims.yaml "SE-SC full" --saving 0.4 --mu 0.34

Prints the mu that goes into the scenario; where a mu is given, the most channel uses for each of its features that save
as much. No picture of the test set is looked at, and nothing is judged.
"""

import argparse

from linksim.errors import UserError
from linksim.experiment.saving import on_calibration
from linksim.scenario import load


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scenario")
    parser.add_argument("scheme", help="scheme of the scenario whose uses are to be saved on")
    parser.add_argument("--saving", type=float, default=0.237, help="share of its channel uses, 0 to 1")
    parser.add_argument("--mu", type=float, help="keep to this threshold and find the uses for each feature instead")
    parser.add_argument("--set", dest="changes", action="append", default=[], metavar="KEY=VALUE")
    options = parser.parse_args()
    try:
        scenario = load(options.scenario, options.changes)
        mu, uses, saved = on_calibration(scenario, options.scheme, options.saving, options.mu)
    except UserError as error:
        raise SystemExit(str(error)) from None
    print(f"mu: {mu:.4f}  uses: {uses}  saves {saved:.1%} of the channel uses of {options.scheme!r} on "
          f"{scenario.calibration.pictures} calibration pictures")


if __name__ == "__main__":
    main()
