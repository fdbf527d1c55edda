"""`emrguard prove`: are the tenants of some templates isolated from each other?"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from emrguard_policies.assembly import load
from emrguard_policies.exceptions import InputError
from emrguard_policies.isolation import prove as prove_isolation
from emrguard_policies.proof import Proof
from emrguard_policies.proof_text import proof_text


@click.command()
@click.argument("path", type=click.Path(path_type=Path), default=Path("cdk.out"))
@click.option("--format", "form", type=click.Choice(["text", "json", "html"]), default="text", show_default=True)
@click.option(
    "--tenants",
    type=click.Path(path_type=Path),
    help="JSON file that says which tenant owns what, instead of the templates.",
)
@click.option(
    "--scp",
    "scps",
    type=click.Path(path_type=Path),
    multiple=True,
    help="JSON file with a service control policy of the accounts; its Denies count. May be given several times.",
)
def prove(path: Path, form: str, tenants: Path | None, scps: tuple[Path, ...]) -> None:
    """Prove that no tenant in PATH (a cdk.out or a template, by default cdk.out) can reach another one's resources.

    Exit code 0: isolated. 3: a counterexample was found, or a question could not be decided. 1: could not run.
    """
    proof = prove_isolation(
        load(path),
        tenants=None if tenants is None else _read(tenants, _TENANTS),
        scps={str(each): _read(each, _SCP) for each in scps},
    )
    click.echo(_FORMS[form](proof), nl=False)
    sys.exit(0 if proof.verdict == "isolated" else 3)


def _html(proof: Proof) -> str:
    # Imported where it is used: the template engine is slow to load.
    from emrguard_policies.proof_html import proof_html

    return proof_html(proof)


_FORMS: Mapping[str, Callable[[Proof], str]] = {
    "text": proof_text,
    "json": lambda proof: json.dumps(proof.as_json(), indent=2) + "\n",
    "html": _html,
}


_TENANTS = 'the map of tenants is an object, such as {"tenants": {"a": ["StackA/*"]}}'
_SCP = 'a service control policy is an object, such as {"Version": "2012-10-17", "Statement": []}'


def _read(path: Path, form: str) -> Mapping[str, Any]:
    try:
        body = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: not JSON: {error}") from error
    if not isinstance(body, dict):
        raise InputError(f"{path}: {form}")
    return body
