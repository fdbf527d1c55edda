"""The HTML page of a proof, with few tenants and with many."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

from isolation_support import proof_of
from nasty_support import LAMBDA, READ_BETA, SHARED, allow, arn, below, function, granted, platform, role
from sealed_tenants_support import grant, tenant
from sealed_tenants_support import proof_of as proof_of_many

from emrguard_policies.proof import Counterexample
from emrguard_policies.proof_graph import BOX, HEIGHT, SHOWN, graph
from emrguard_policies.proof_html import proof_html


def _svg(page: str) -> ElementTree.Element:
    found = re.search(r"<svg.*?</svg>", page, re.DOTALL)
    assert found
    return ElementTree.fromstring(found[0])


def test_the_graph_shows_each_hop_of_a_way(tmp_path: Path) -> None:
    """Principal, function, role and target are boxes that differ in shape and caption, joined by numbered arrows."""
    resources = granted(platform(), "AlphaSubmit", allow("lambda:InvokeFunction", arn("Fn")))
    resources |= {"Fn": function("Worker", **SHARED), "Worker": role(None, READ_BETA, trust=LAMBDA)}
    page = proof_html(proof_of(tmp_path, resources))
    drawing = _svg(page)
    boxes = {each.get("class"): "".join(each.itertext()) for each in drawing.findall("g")}
    assert set(boxes) == {"principal", "hop", "target", "badge"}
    assert "of alpha" in boxes["principal"]
    assert "belongs to beta" in boxes["target"]
    assert len([each for each in drawing.findall("g") if each.get("class") == "hop"]) == 2
    assert "⚠ OPEN data" in page
    assert "✕ sealed keys" in page
    for outside in ("http:", "https:", "<script", "<link", "url(data"):
        assert outside not in page


def test_many_tenants_get_letters_and_hatching(tmp_path: Path) -> None:
    """A matrix of twenty tenants stays readable: a letter a kind, a dot where it is sealed, a legend above."""
    resources: dict[str, object] = {}
    for number in range(20):
        resources |= tenant(f"team{number:02d}")
    resources = grant(resources, "team03Submit", allow("emr-serverless:StartJobRun", "*"))
    page = proof_html(proof_of_many(resources, tmp_path))
    assert page.count('class="hole"') == 19
    assert page.count("<b>A</b></td>") == 19
    assert page.count(">·</td>") == 20 * 19 - 19
    assert "<b>A</b> applications" in page


def test_no_box_of_the_graph_covers_another() -> None:
    """However many ways there are, the drawing has a bound, and its boxes lie apart and inside."""
    examples = [
        Counterexample("data", f"p{number % 7}", "a:b", f"r{number}", {}, tuple("xyz"[: number % 4]), (), "m")
        for number in range(3 * SHOWN)
    ]
    drawn = graph(examples)
    assert drawn.shown == SHOWN
    places = {(each.x, each.y) for each in drawn.nodes}
    assert len(places) == len(drawn.nodes)
    for node in drawn.nodes:
        assert 0 <= node.x <= drawn.width - BOX
        assert 0 <= node.y <= drawn.height - HEIGHT
        assert all(node is other or abs(node.x - other.x) >= BOX or abs(node.y - other.y) >= HEIGHT
                   for other in drawn.nodes)  # fmt: skip
    assert graph([]).nodes == ()


def test_names_cannot_break_the_page(tmp_path: Path) -> None:
    """What stands in a template is text on the page, never markup."""
    resources = granted(platform(), "AlphaSubmit", allow("s3:GetObject", below("BetaData", "/<script>*")))
    page = proof_html(proof_of(tmp_path, resources))
    assert "<script" not in page
    assert "&lt;script&gt;" in page
