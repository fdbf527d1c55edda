"""What can be read as an assembly, and what a person is told when it cannot."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from emrguard_policies.assembly import Mark, load
from emrguard_policies.exceptions import InputError

BUCKET = {"Type": "AWS::S3::Bucket"}
NESTED_STACK = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": {"Fn::Sub": "https://s3/abc.json"}}}


def write(file: Path, body: Any) -> Path:
    """Write JSON, or text as it is."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(body if isinstance(body, str) else json.dumps(body), encoding="utf-8")
    return file


def cloud_assembly(
    directory: Path, *, nested: str | None = None, environment: str = "aws://111122223333/eu-west-1"
) -> Path:
    """A `cdk.out` with the stack `Data`, and in it a nested stack if a template is named."""
    artifacts = {
        "Data": {
            "type": "aws:cloudformation:stack",
            "environment": environment,
            "properties": {"templateFile": "Data.template.json", "stackName": "data-stack"},
            "dependencies": ["Data.assets"],
        },
        "Data.assets": {"type": "cdk:asset-manifest", "properties": {"file": "Data.assets.json"}},
        "Tree": {"type": "cdk:tree", "properties": {"file": "tree.json"}},
    }
    resources = {"Bucket": BUCKET, **({"Child": NESTED_STACK} if nested else {})}
    write(directory / "manifest.json", {"version": "1", "artifacts": artifacts})
    write(directory / "Data.template.json", {"Resources": resources})
    source = {"source": {"path": nested}, "destinations": {"current": {"objectKey": "abc.json"}}}
    write(directory / "Data.assets.json", {"files": {"abc": source} if nested else {}})
    write(directory / "other.nested.template.json", {"Resources": {"NotOurs": BUCKET}})
    return directory


def test_a_cloud_assembly_is_read_by_its_manifest(tmp_path: Path) -> None:
    """The stacks of cdk.out come with their names and environments; files that no stack names are left alone."""
    assembly = load(cloud_assembly(tmp_path))
    (template,) = assembly.templates
    assert (template.name, template.account, template.region) == ("data-stack", "111122223333", "eu-west-1")
    assert [resource.logical_id for resource in assembly.resources()] == ["Bucket"]


def test_an_agnostic_stack_has_no_environment(tmp_path: Path) -> None:
    """What CDK calls unknown-account and unknown-region is unknown here, not a name."""
    (template,) = load(cloud_assembly(tmp_path, environment="aws://unknown-account/unknown-region")).templates
    assert (template.account, template.region) == (None, None)


def test_nested_stacks_are_followed_by_the_asset_manifest(tmp_path: Path) -> None:
    """A nested stack is audited as part of its parent, by the file that the asset manifest names."""
    cloud_assembly(tmp_path, nested="child.nested.template.json")
    write(tmp_path / "child.nested.template.json", {"Resources": {"Inner": BUCKET}})
    assembly = load(tmp_path)
    parent, child = assembly.templates
    assert child.parent is parent
    assert parent.children == {"Child": child}
    assert (child.account, child.region) == (parent.account, parent.region)
    assert [resource.logical_id for resource in assembly.resources("AWS::S3::Bucket")] == ["Bucket", "Inner"]


def test_a_nested_stack_without_its_template_is_reported(tmp_path: Path) -> None:
    """A template that is not there is named as unread, so that nobody takes it for clean."""
    write(tmp_path / "a.json", {"Resources": {"Child": NESTED_STACK}})
    (unread,) = load(tmp_path).unread
    assert "Child" in unread


def test_stages_are_read(tmp_path: Path) -> None:
    """The stacks of a stage, which stand in an assembly of their own, belong to the app."""
    cloud_assembly(tmp_path / "assembly-Prod")
    stage = {"type": "cdk:cloud-assembly", "properties": {"directoryName": "assembly-Prod"}}
    write(tmp_path / "manifest.json", {"artifacts": {"assembly-Prod": stage}})
    assert [template.name for template in load(tmp_path).templates] == ["data-stack"]


def test_a_directory_of_templates_needs_no_manifest(tmp_path: Path) -> None:
    """Templates of other tools are read from a directory, beside files that are none."""
    write(tmp_path / "a.template.json", {"Resources": {"A": BUCKET}})
    write(tmp_path / "b.yaml", "Resources:\n  B:\n    Type: AWS::S3::Bucket\n")
    write(tmp_path / "package.json", {"name": "not a template"})
    write(tmp_path / "notes.txt", "nothing")
    assembly = load(tmp_path)
    assert [template.name for template in assembly.templates] == ["a", "b"]
    assert not any(template.named for template in assembly.templates)


def test_yaml_short_forms_become_functions(tmp_path: Path) -> None:
    """A YAML template means the same as its JSON form."""
    text = """
Resources:
  Bucket:
    Type: AWS::S3::Bucket
    Properties:
      Ref: !Ref Other
      Att: !GetAtt Other.Endpoint.Address
      Sub: !Sub ["${a}", {a: !Ref B}]
      If: !If [Chosen, 1, !Ref "AWS::NoValue"]
      Version: 2012-10-17
      Flag: true
"""
    (resource,) = load(write(tmp_path / "t.yaml", text)).resources()
    assert resource.properties == {
        "Ref": {"Ref": "Other"},
        "Att": {"Fn::GetAtt": ["Other", "Endpoint.Address"]},
        "Sub": {"Fn::Sub": ["${a}", {"a": {"Ref": "B"}}]},
        "If": {"Fn::If": ["Chosen", 1, {"Ref": "AWS::NoValue"}]},
        "Version": "2012-10-17",
        "Flag": True,
    }


def test_a_template_without_resources_is_fine(tmp_path: Path) -> None:
    """An empty stack is no error."""
    assert not list(load(write(tmp_path / "t.json", {"Resources": {}})).resources())


def test_the_tenant_mark_is_read(tmp_path: Path) -> None:
    """What the constructs wrote about a resource reaches the rules and the proof."""
    marked = BUCKET | {
        "Metadata": {"emrguard": {"shared": "one lake", "part": "data-bucket", "prefixes": {"a": ["a/"]}}}
    }
    tenant = BUCKET | {"Metadata": {"emrguard": {"tenant": "a", "part": "log-bucket"}}}
    shared, own, plain = load(
        write(tmp_path / "t.json", {"Resources": {"S": marked, "O": tenant, "P": BUCKET}})
    ).resources()
    assert shared.mark == Mark(None, "data-bucket", "one lake", {"a": ("a/",)})
    assert own.mark == Mark("a", "log-bucket")
    assert plain.mark == Mark()


def test_a_resource_knows_its_construct_and_its_line(tmp_path: Path) -> None:
    """A finding can be traced to the construct and to the line of the template."""
    body = {"Resources": {"A": BUCKET | {"Metadata": {"aws:cdk:path": "Stack/Data/Resource"}}, "B": BUCKET}}
    one, two = load(write(tmp_path / "t.json", json.dumps(body, indent=1))).resources()
    assert (one.construct_path, one.line) == ("Stack/Data/Resource", 3)
    assert (two.construct_path, two.line) == ("t/B", 9)


def test_lines_of_yaml_are_those_of_the_resources(tmp_path: Path) -> None:
    """A property that is called like a resource does not steal its line."""
    text = "Resources:\n  A:\n    Type: X\n    Properties:\n      B: 1\n  B: {Type: AWS::S3::Bucket}\n"
    assert [resource.line for resource in load(write(tmp_path / "t.yaml", text)).resources()] == [2, 6]


def test_a_template_of_fifty_megabytes_loads(tmp_path: Path) -> None:
    """Size alone is no reason to fail."""
    resource = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "x" * 5_000}}
    file = write(tmp_path / "t.json", {"Resources": {f"B{index}": resource for index in range(10_000)}})
    assert file.stat().st_size > 50_000_000
    assert len(load(file).templates[0].resources) == 10_000


BROKEN = {
    "broken-json": ('{"Resources": {\n"A":', "not JSON", "line 2"),
    "broken-yaml": ("Resources: [\n  A: ]\n  B", "not YAML", "line 3"),
    "two-keys-json": ('{"Resources": {}, "Resources": {}}', "'Resources' stands twice"),
    "two-keys-yaml": ("Resources: {}\nResources: {}\n", "'Resources' stands twice", "line 2"),
    "alias": ("Resources: &a {A: *a}", "alias *a", "line 1"),
    "not-a-template": ("[1, 2]", "not a CloudFormation template"),
    "empty": ("", "not a CloudFormation template"),
    "resource-is-text": ('{"Resources": {"A": "x"}}', 'resource A is "x"'),
    "resources-are-a-list": ('{"Resources": []}', "Resources is []"),
    "type-is-a-number": ('{"Resources": {"A": {"Type": 3}}}', "resource A has the Type 3"),
    "properties-are-text": ('{"Resources": {"A": {"Type": "X", "Properties": "x"}}}', "resource A, Properties"),
    "outputs-are-text": ('{"Resources": {}, "Outputs": "x"}', 'Outputs is "x"'),
    "loop": ('{"Resources": {"Fn::ForEach::X": []}}', "Fn::ForEach::X", "processed template"),
    "bad-mark": (
        '{"Resources": {"A": {"Type": "X", "Metadata": {"emrguard": {"tenant": 3}}}}}',
        "emrguard.tenant is 3",
    ),
    "deep-json": ("[" * 5_000, "nested deeper"),
    "deep-yaml": ("a: " + "[" * 5_000, "nest"),
    "binary": ("\x00\x01", "not YAML"),
}


@pytest.mark.parametrize("case", BROKEN, ids=str)
def test_a_bad_file_gives_one_line_with_file_and_reason(case: str, tmp_path: Path) -> None:
    """Whatever is wrong with a file, a person reads one line that names the file and what is wrong."""
    text, *expected = BROKEN[case]
    file = write(tmp_path / "t.yaml", text)
    with pytest.raises(InputError) as caught:
        load(file)
    message = str(caught.value)
    assert str(file) in message
    assert "\n" not in message
    assert all(part in message for part in expected), message


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    """A zip or an image in place of a template is named as such."""
    file = tmp_path / "t.json"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="not UTF-8"):
        load(file)


def test_a_missing_path_is_named(tmp_path: Path) -> None:
    """A mistyped path is no clean audit."""
    with pytest.raises(InputError, match="no such file or directory"):
        load(tmp_path / "nowhere")


def test_an_empty_directory_is_refused(tmp_path: Path) -> None:
    """A directory in which CDK has not written yet is no clean audit."""
    with pytest.raises(InputError, match="no CloudFormation template"):
        load(tmp_path)


def test_a_nested_stack_that_contains_itself_is_refused(tmp_path: Path) -> None:
    """A circle of nested stacks ends with a message, not with a hang."""
    body = {"Resources": {"Self": {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "t.json"}}}}
    file = write(tmp_path / "t.json", body)
    with pytest.raises(InputError, match="Self contains itself"):
        load(file)


def test_a_manifest_that_names_a_missing_template_is_refused(tmp_path: Path) -> None:
    """A damaged cdk.out is no clean audit."""
    cloud_assembly(tmp_path)
    (tmp_path / "Data.template.json").unlink()
    with pytest.raises(InputError, match="Data names the template"):
        load(tmp_path)


ROLE_MARK = {"emrguard": {"tenant": "flights", "part": "execution-role", "reasons": {"some_because": "for a reason"}}}


@pytest.mark.parametrize(
    ("policy", "owner"),
    [
        ({"Type": "AWS::IAM::Policy", "Properties": {"Roles": [{"Ref": "Ours"}]}}, "flights"),
        ({"Type": "AWS::IAM::ManagedPolicy", "Properties": {"Roles": [{"Ref": "Ours"}]}}, "flights"),
        ({"Type": "AWS::S3::BucketPolicy", "Properties": {"Bucket": {"Ref": "Ours"}}}, "flights"),
        ({"Type": "AWS::IAM::Policy", "Properties": {"Roles": [{"Ref": "Ours"}, {"Ref": "Other"}]}}, None),
        ({"Type": "AWS::IAM::Policy", "Properties": {"Roles": ["a-name", {"Ref": "Gone"}]}}, None),
        ({"Type": "AWS::IAM::Policy", "Properties": {"Roles": "of another form"}}, None),
        ({"Type": "AWS::IAM::Policy", "Properties": {"Roles": [{"Ref": ["Ours"]}]}}, None),
        ({"Type": "AWS::IAM::Policy"}, None),
        (
            {
                "Type": "AWS::IAM::Policy",
                "Properties": {"Roles": [{"Ref": "Ours"}]},
                "Metadata": {"emrguard": {"tenant": "payroll"}},
            },
            "payroll",
        ),
    ],
)
def test_a_policy_is_marked_like_what_it_is_of(tmp_path: Path, policy: dict[str, Any], owner: str | None) -> None:
    """The rights of a tenant's role are the tenant's; a mark of its own counts first, mixed owners give none."""
    roles = {
        "Ours": {"Type": "AWS::IAM::Role", "Metadata": ROLE_MARK},
        "Other": {"Type": "AWS::IAM::Role", "Metadata": {"emrguard": {"tenant": "payroll"}}},
    }
    file = write(tmp_path / "a.template.json", {"Resources": roles | {"Policy": policy}})
    (found,) = (each for each in load(file).resources() if each.logical_id == "Policy")
    assert found.mark.tenant == owner
    assert found.mark.part == ("execution-role" if owner == "flights" else None)
    assert found.mark.reasons == {}
