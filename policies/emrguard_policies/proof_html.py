"""A proof as one HTML page: the isolation matrix and the paths around the seal. It needs no network and no script."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from emrguard_policies.goals import KINDS
from emrguard_policies.proof import Proof


def proof_html(proof: Proof) -> str:
    """The page of `emrguard prove --format html`."""
    environment = Environment(
        loader=PackageLoader("emrguard_policies", ""),
        autoescape=select_autoescape(["j2"], default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("proof.html.j2").render(proof=proof, kinds=KINDS)
