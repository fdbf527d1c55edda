"""The concrete and the symbolic IAM engine against each other on 100,000 requests and more; exit code 1 if unsound.

An answer is unsound when the symbolic engine says "cannot be reached" or "contained" and the concrete one allows a
sampled request all the same. A "can be reached" that the concrete engine does not confirm is an over-approximation.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from iam_differential_support import Differential


def main() -> int:
    """Run rounds until enough requests have been sampled, then print the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    run = Differential(wanted.seed)
    start = time.perf_counter()
    while run.result.points < wanted.points:
        run.run(25, 150)
    result = run.result
    seconds = time.perf_counter() - start
    print(f"IAM engines: {result.points:,} requests ({result.allowed:,} allowed), seed {wanted.seed}, {seconds:.0f} s")
    print(f"  reach: {result.reach_no:,} cannot, {result.reach_yes:,} can")
    print(f"  contains: {result.contains_yes:,} hold, {result.contains_no:,} do not, each with a confirmed witness")
    share = result.reach_unconfirmed / max(1, result.reach_yes)
    print(f"  undecided: {result.undecided:,}; over-approximated: {share:.1%} of what is said to be reachable")
    print(f"  unsound: {len(result.unsound)}")
    for each in result.unsound[:3]:
        print(f"    {each}")
    return 1 if result.unsound else 0


if __name__ == "__main__":
    sys.exit(main())
