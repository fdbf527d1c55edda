"""`python -m combinations`: judge many combinations of arguments, print what there is against any, exit 1 if so."""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time

from combinations.run import TENANTS, Judged, quiet, some_of


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="combinations", description=__doc__)
    parser.add_argument("--count", type=int, default=300, help="tenants to judge, five in an app, default 300")
    parser.add_argument("--seed", type=int, default=1, help="the same seed draws the same apps, default 1")
    parser.add_argument("--workers", type=int, default=2, help="processes, default 2")
    parser.add_argument("--no-lint", action="store_true", help="leave cfn-lint out, which takes most of the time")
    given = parser.parse_args()
    start = time.monotonic()
    apps = -(-given.count // TENANTS)
    # A process keeps what it built, so each builds twenty apps at most.
    shares = [min(20, apps - done) for done in range(0, apps, 20)]
    tasks = [(share, given.seed * 1000 + number, not given.no_lint) for number, share in enumerate(shares)]
    judged: list[Judged] = []
    with multiprocessing.get_context("spawn").Pool(given.workers, quiet, maxtasksperchild=1) as pool:
        for some in pool.imap(some_of, tasks):
            judged += some
            print(f"{len(judged)} of {apps} apps, {time.monotonic() - start:.0f} s", flush=True)
    wrong = [each for each in judged if each.found]
    for each in wrong:
        print("\n".join(["", str(each.drawn), *each.found]))
    tenants = sum(len(each.drawn.tenants) for each in judged)
    applications = sum(each.applications for each in judged)
    print(
        f"{tenants} combinations of a tenant's arguments ({applications} applications) in {len(judged)} apps: "
        f"{len(wrong)} apps with findings; {time.monotonic() - start:.0f} s"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
