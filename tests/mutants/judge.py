"""Asks the rules and the proof about each mutant: is there anything that they did not say of the unchanged app?"""

from __future__ import annotations

import json
import multiprocessing
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mutants.generate import templates
from mutants.model import Mutant

from emrguard_policies.assembly import load
from emrguard_policies.audit import Finding, run
from emrguard_policies.isolation import prove
from emrguard_policies.rules.registry import all_rules

_ACKNOWLEDGMENTS = ("EMRG001", "EMRG002")
# One rule puts so many requests to endpoint policies that it takes as long as all others: it is asked after them.
_PARTS = (
    tuple(rule for rule in all_rules() if rule.id not in (*_ACKNOWLEDGMENTS, "EMRG250")),
    tuple(rule for rule in all_rules() if rule.id == "EMRG250"),
)


@dataclass(frozen=True)
class Verdict:
    """What caught a mutant: rules, and checks of the proof. Neither: it survived."""

    mutant: Mutant
    rules: tuple[str, ...]
    proof: tuple[str, ...]

    @property
    def survived(self) -> bool:
        """Whether nothing was said."""
        return not self.rules and not self.proof


class Judge:
    """Judges mutants of assemblies on copies of them in a directory of its own.

    A quick one asks the proof only where no rule spoke.
    """

    def __init__(self, assemblies: Mapping[str, Path], directory: Path, *, quick: bool = False) -> None:
        self._quick = False
        self._directories: dict[str, Path] = {}
        self._bodies: dict[str, dict[str, dict[str, Any]]] = {}
        self._known: dict[str, set[tuple[str, ...]]] = {}
        self._undecided: dict[str, set[str]] = {}
        for app, assembly in assemblies.items():
            copy = directory / app
            shutil.copytree(assembly, copy)
            self._directories[app] = copy
            self._bodies[app] = templates(copy)
            self._known[app], self._undecided[app] = set(), set()
            found, checks = self._say(copy, app)
            self._known[app] = {_key(finding) for finding in found}
            self._undecided[app] = checks & {"undecided"}
            if checks - self._undecided[app]:
                raise RuntimeError(f"{app} is not isolated before it is changed: {', '.join(sorted(checks))}")
        self._quick = quick

    def __call__(self, mutant: Mutant) -> Verdict:
        """What the rules and the proof say of a mutant."""
        directory = self._directories[mutant.app]
        file = directory / mutant.template
        body = self._bodies[mutant.app][mutant.template]
        file.write_text(json.dumps(mutant.apply(body)), encoding="utf-8")
        try:
            findings, checks = self._say(directory, mutant.app)
        finally:
            file.write_text(json.dumps(body), encoding="utf-8")
        return Verdict(mutant, tuple(sorted({finding.rule for finding in findings})), tuple(sorted(checks)))

    def _say(self, directory: Path, app: str) -> tuple[list[Finding], set[str]]:
        """The findings that are new, and the checks of the proof that fail."""
        assembly = load(directory)
        found: list[Finding] = []
        for rules in _PARTS if self._quick else (all_rules(),):
            found += [finding for finding in run(assembly, rules).findings if self._counts(finding, app)]
            if found and self._quick:
                return found, set()
        return found, {each.check for each in prove(assembly).counterexamples} - self._undecided[app]

    def _counts(self, finding: Finding, app: str) -> bool:
        known = _key(finding) in self._known[app]
        return not known and finding.acknowledged is None and finding.rule not in _ACKNOWLEDGMENTS


def judge(
    mutants: Iterable[Mutant], assemblies: Mapping[str, Path], *, workers: int = 2, quick: bool = False
) -> Iterator[Verdict]:
    """The verdicts in the order of the mutants; one worker is this process. See `Judge` for quick ones."""
    if workers == 1:
        with _judge(assemblies, quick) as one:
            yield from map(one, mutants)
        return
    context = multiprocessing.get_context("spawn")
    with context.Pool(workers, _start, (dict(assemblies), quick)) as pool:
        yield from pool.imap(_ask, mutants, chunksize=16)


@contextmanager
def _judge(assemblies: Mapping[str, Path], quick: bool) -> Iterator[Judge]:
    with tempfile.TemporaryDirectory() as directory:
        yield Judge(assemblies, Path(directory), quick=quick)


_worker: list[tuple[Judge, tempfile.TemporaryDirectory[str]]] = []


def _start(assemblies: Mapping[str, Path], quick: bool) -> None:
    directory = tempfile.TemporaryDirectory()
    _worker.append((Judge(assemblies, Path(directory.name), quick=quick), directory))


def _ask(mutant: Mutant) -> Verdict:
    return _worker[0][0](mutant)


def _key(finding: Finding) -> tuple[str, ...]:
    return (finding.rule, Path(finding.template).name, finding.logical_id, finding.property, finding.message)
