"""The HTML report: one file, filters that need no script, everything escaped; and accepted risks in every report."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from emrguard_policies.assembly import load
from emrguard_policies.commands.audit import audit
from emrguard_policies.commands.prove import prove
from emrguard_policies.exceptions import InputError
from emrguard_policies.report import as_html

HOSTILE = "</script><b>x"


def application(tenant: str, **metadata: Any) -> dict[str, Any]:
    """An application of a tenant, with one finding of EMRG601 and one of EMRG602."""
    return {
        "Type": "AWS::EMRServerless::Application",
        "Metadata": {"emrguard": {"tenant": tenant, "part": "application"} | metadata.pop("mark", {}), **metadata},
        "Properties": {"InteractiveConfiguration": {"StudioEnabled": True, "LivyEndpointEnabled": True}},
    }


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """Two tenants, one with a hostile name, an acknowledged finding and an accepted risk, one stack that is unread."""
    accepted = {"cdk_nag": {"rules_to_suppress": [{"id": "EMRG602", "reason": "a <lab>"}]}}
    resources = {
        "A": application("flights", mark={"reasons": {"never_stop_because": "asked at any time"}}, **accepted),
        "B": application(HOSTILE),
        "Child": {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "https://x/y.json"}},
    }
    file = tmp_path / "t.json"
    file.write_text(json.dumps({"Resources": resources}), encoding="utf-8")
    return file


def report(template: Path, form: str) -> str:
    """The report of the interactive rules."""
    arguments = [str(template), "--select", "EMRG601,EMRG602", "--format", form]
    return CliRunner().invoke(audit, arguments).output


class _Page(HTMLParser):
    """Collects the tags, the options by filter, and the classes of the articles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.options: dict[str, list[str]] = {}
        self.articles: list[set[str]] = []
        self._filter = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append((tag, found))
        if tag == "select":
            self._filter = str(found["id"])
        elif tag == "option" and found["value"]:
            self.options.setdefault(self._filter, []).append(found["value"])
        elif tag == "article" and found.get("class"):
            self.articles.append(set(str(found["class"]).split()))


def test_the_page_needs_no_other_file(template: Path) -> None:
    """It can be mailed or kept as an artifact: no style, script, image or font comes from elsewhere."""
    text = report(template, "html")
    assert not re.search(r"@import|url\(", text)
    for tag, attributes in _Page(text).tags:
        assert tag not in ("link", "img", "iframe", "object")
        assert "src" not in attributes


def test_each_filter_shows_what_it_names(template: Path) -> None:
    """Tenant, severity and rule each have an entry for what there is, and a style rule that hides the rest."""
    text = report(template, "html")
    page = _Page(text)
    assert {name: len(values) for name, values in page.options.items()} == {"tenant": 2, "severity": 2, "rule": 2}
    for name, values in page.options.items():
        for value in values:
            assert f'body:has(#{name} [value="{value}"]:checked) main :is(.group, article):not(.{value})' in text
            assert any(value in classes for classes in page.articles)
    assert len(page.articles) == 4


def test_severity_is_said_in_words(template: Path) -> None:
    """Nothing depends on colour: each finding has its severity as text, an accepted one its reason."""
    text = report(template, "html")
    assert text.count('<span class="badge warning">warning</span>') == 3
    assert text.count('<span class="badge acknowledged">acknowledged</span>') == 1
    assert "a &lt;lab&gt;" in text
    assert "nested stack Child is not in the assembly" in text


def test_text_of_a_template_is_no_markup(template: Path) -> None:
    """A name in a template cannot put elements or scripts into the report."""
    text = report(template, "html")
    assert HOSTILE not in text
    assert "&lt;/script&gt;&lt;b&gt;x" in text


def test_a_clean_audit_is_a_page_too() -> None:
    """Without findings there is nothing to filter, and the verdict says so."""
    text = as_html.render([])
    assert "<strong>clean</strong>" in text
    assert "<select" not in text


@pytest.mark.parametrize("form", ["text", "json", "html"])
def test_accepted_risks_are_listed(form: str, template: Path) -> None:
    """What was chosen in the code with a reason stays visible, also where no rule fires for it."""
    text = report(template, form)
    assert "never_stop_because" in text
    assert "asked at any time" in text


def test_machines_read_accepted_risks(template: Path) -> None:
    """Argument, reason, tenant and place, for a register of risks."""
    assert json.loads(report(template, "json"))["summary"]["accepted_risks"] == [
        {
            "argument": "never_stop_because",
            "reason": "asked at any time",
            "tenant": "flights",
            "construct_path": "t/A",
            "template": str(template),
            "logical_id": "A",
        }
    ]


@pytest.mark.parametrize("form", ["text", "json", "html"])
def test_the_proof_lists_accepted_risks(form: str, template: Path) -> None:
    """Who reads the proof also reads what was accepted."""
    text = CliRunner().invoke(prove, [str(template), "--format", form]).output
    assert "accepted in the code: t/A: never_stop_because, because asked at any time" in text


def test_reasons_of_another_form_are_refused(tmp_path: Path) -> None:
    """A manifest that was edited by hand is told what is wrong with it."""
    file = tmp_path / "t.json"
    file.write_text(json.dumps({"Resources": {"A": application("a", mark={"reasons": {"x": 3}})}}), encoding="utf-8")
    with pytest.raises(InputError, match=r"Metadata\.emrguard\.reasons\.x is 3; use a string"):
        load(file)
