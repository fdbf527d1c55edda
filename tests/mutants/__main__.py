"""`python -m mutants`: judge all mutants, print each, write a JSON file, exit 1 if any survives."""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
import time
from pathlib import Path

from mutants.apps import APPS
from mutants.generate import generate
from mutants.judge import Verdict, judge


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="mutants", description=__doc__)
    parser.add_argument("--output", type=Path, help="write all verdicts to this JSON file")
    parser.add_argument("--workers", type=int, default=2, help="processes, default 2")
    parser.add_argument("--survivors", action="store_true", help="print those that survive only")
    parser.add_argument("--quick", action="store_true", help="ask the proof only where no rule spoke")
    parser.add_argument("--app", action="append", choices=APPS, help="judge the mutants of this app only; repeatable")
    parser.add_argument("--kind", help="judge only those whose kind of change matches this regular expression")
    given = parser.parse_args()
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as directory:
        assemblies = {name: Path(directory) / name for name in APPS}
        for name, write in APPS.items():
            write(assemblies[name])
        generated = generate(assemblies)
        chosen = [
            mutant
            for mutant in generated.mutants
            if mutant.app in (given.app or APPS) and re.search(given.kind or "", mutant.change.kind)
        ]
        asked = {name: assemblies[name] for name in APPS if any(mutant.app == name for mutant in chosen)}
        verdicts = []
        for verdict in judge(chosen, asked, workers=given.workers, quick=given.quick):
            verdicts.append(verdict)
            if verdict.survived or not given.survivors:
                print(_line(verdict))
    print()
    for why, left_out in sorted(generated.left_out.items()):
        print(f"left out {len(left_out):4}: {why}")
    for name in APPS:
        print(f"{sum(1 for verdict in verdicts if verdict.mutant.app == name):6} mutants of {name}")
    survivors = [verdict for verdict in verdicts if verdict.survived]
    by_rules = sum(1 for verdict in verdicts if verdict.rules)
    by_proof = sum(1 for verdict in verdicts if verdict.proof)
    seconds = time.monotonic() - start
    print(
        f"{len(verdicts)} mutants: {len(verdicts) - len(survivors)} caught ({by_rules} by rules, {by_proof} by the "
        f"proof), {len(survivors)} survived; {sum(map(len, generated.left_out.values()))} left out; {seconds:.0f} s"
    )
    if given.output:
        given.output.parent.mkdir(parents=True, exist_ok=True)
        given.output.write_text(json.dumps([_as_json(each) for each in verdicts], indent=1) + "\n", encoding="utf-8")
    return 1 if survivors else 0


def _line(verdict: Verdict) -> str:
    mutant = verdict.mutant
    stack = mutant.template.removesuffix(".template.json")
    caught = ", ".join([*verdict.rules, *(f"proof: {check}" for check in verdict.proof)]) or "SURVIVED"
    where = f"{stack}/{mutant.logical_id} {mutant.change.property}".rstrip()
    return f"{mutant.id} {where}: {mutant.change.kind}: {mutant.change.text} -> {caught}"


def _as_json(verdict: Verdict) -> dict[str, object]:
    mutant = verdict.mutant
    return {
        "id": mutant.id, "app": mutant.app, "stack": mutant.template.removesuffix(".template.json"),
        "resource": mutant.logical_id, "type": mutant.type, "property": mutant.change.property,
        "kind": mutant.change.kind, "change": mutant.change.text, "rules": list(verdict.rules),
        "proof": list(verdict.proof), "survived": verdict.survived,
    }  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
