"""The example of the comparison of two policies prints what docs/proof.md says."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from emrguard_policies.commands.iam import iam

PAGE = Path(__file__).parents[3] / "docs" / "proof.md"


def test_the_example_prints_what_it_says(tmp_path: Path) -> None:
    """The two policies that the text describes give the printed witness, and exit code 3."""
    section = PAGE.read_text(encoding="utf-8").split("## Comparing two policies")[1]
    for name, action, resource in (
        ("new.json", "s3:Get*", "arn:aws:s3:::lake/alpha*"),
        ("limit.json", "s3:GetObject*", "arn:aws:s3:::lake/alpha/*"),
    ):
        assert f"`{name}` allows `{action}` on `{resource}`" in section
        statement = {"Effect": "Allow", "Action": action, "Resource": resource}
        (tmp_path / name).write_text(json.dumps({"Version": "2012-10-17", "Statement": statement}), encoding="utf-8")
    files = ["--candidate", str(tmp_path / "new.json"), "--reference", str(tmp_path / "limit.json")]
    result = CliRunner().invoke(iam, ["contains", *files])
    assert result.exit_code == 3
    assert result.output.strip() == section.split("```json\n")[1].split("\n```")[0]
