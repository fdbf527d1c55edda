"""A proof as a colleague would explain it: who can do what to whom, because of which statement, and how to mend it."""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.goals import KINDS
from emrguard_policies.proof import Counterexample, Proof


def proof_text(proof: Proof) -> str:
    """The text of `emrguard prove`."""
    return "\n".join(_lines(proof)) + "\n"


def _lines(proof: Proof) -> Iterator[str]:
    names = ", ".join(proof.tenants)
    count = len(proof.counterexamples)
    if proof.verdict == "undecided":
        about = f" about {names}" if names else ""
        questions = "1 question" if count == 1 else f"{count} questions"
        yield f"Undecided, which counts as failed: {questions}{about} {'stays' if count == 1 else 'stay'} open."
    elif not proof.tenants:
        yield "Isolated: the templates have no tenant, so there is nothing to prove."
    elif proof.verdict == "isolated":
        what = f"The tenants {names} are isolated" if len(proof.tenants) > 1 else f"The tenant {names} is isolated"
        yield f"{what}: {proof.checked:,} questions, and none of them has a request that would be allowed."
    else:
        yield f"Not isolated: {count} {'way' if count == 1 else 'ways'} around the seal of {names}."
    for number, example in enumerate(proof.counterexamples, 1):
        yield ""
        yield from _example(number, example)
    if proof.counterexamples and len(proof.tenants) > 1:
        yield ""
        yield from _matrix(proof)
    yield ""
    yield "Assumptions:"
    yield from (f"  - {text}" for text in proof.assumptions)


def _example(number: int, example: Counterexample) -> Iterator[str]:
    who = f" ({example.source})" if example.source else ""
    whose = f" ({example.target})" if example.target else ""
    verb = "may be able to do" if example.check in ("undecided", "unowned") else "can do"
    if example.check == "least-privilege":
        verb = "is allowed by its own policies to do"
    yield f"{number}. [{example.check}] {example.principal}{who}"
    yield f"   {verb} {'anything' if example.action == '*' else example.action}"
    yield f"   on {'any resource' if example.resource == '*' else example.resource}{whose}"
    for role in example.via:
        yield f"   as {role}, which it can become"
    if example.context:
        yield f"   when {', '.join(f'{key} = {value}' for key, value in example.context.items())}"
    if example.why:
        yield f"   Why it matters: {example.why}."
    for statement in example.statements:
        yield f"   Because of: {statement}"
    yield f"   Mend: {example.mend}."


def _matrix(proof: Proof) -> Iterator[str]:
    pairs = [(source, target, kinds) for source, row in proof.matrix.items() for target, kinds in row.items()]
    opened = [
        f"  {source} -> {target}: {', '.join(kind for kind in KINDS if kinds[kind] == 'open')}"
        for source, target, kinds in pairs
        if "open" in kinds.values()
    ]
    doubtful = [f"  {source} -> {target}" for source, target, kinds in pairs if "undecided" in kinds.values()]
    if opened:
        yield "Open between tenants (all other pairs and kinds are sealed, unless undecided):"
        yield from opened
    if doubtful:
        yield "Undecided between tenants:"
        yield from doubtful
    if not opened and not doubtful:
        yield "Between the tenants every pair and kind is still sealed; what is above leaves less than it should."
