"""Golden templates: what a minimal tenant and its platform are made of, to the letter.

    make golden        # writes tests/golden again; read the difference before it is committed

What another version of CDK or another machine changes is left out: hashes of files, the version check of the bootstrap
stack, CDK's own metadata. So is the code of functions, which has tests of its own.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

if not shutil.which("node"):
    # jsii starts Node when aws_cdk is imported; the virtual environment has one.
    os.environ.setdefault("JSII_NODE", str(Path(sys.executable).with_name("node")))

import aws_cdk as cdk
import yaml
from aws_cdk.assertions import Template
from construct_support import new_app

from emrguard import (
    Capacity,
    HiveJob,
    InitialCapacity,
    Interactive,
    JobStateMachine,
    Monitoring,
    Platform,
    RuntimeConfiguration,
    SparkJob,
    Tenant,
    WorkerImage,
    WorkerSize,
)

DIRECTORY = Path(__file__).parent / "golden"
KEPT = (
    "AWS::CloudTrail::Trail",
    "AWS::EC2::VPC",
    "AWS::EMRServerless::Application",
    "AWS::IAM::Role",
    "AWS::KMS::Key",
    "AWS::Logs::LogGroup",
    "AWS::S3::Bucket",
    "AWS::SNS::Topic",
    "AWS::StepFunctions::StateMachine",
)
"""Types whose logical ids must never change: CloudFormation would make a new resource and leave or delete the old one,
with what it holds, or with the name that people and pipelines know it by."""
_HASH = re.compile(r"\b[0-9a-f]{64}(?=\.(?:zip|json)\b)")
_REASON = "every option is set once"


def tenant() -> cdk.Stack:
    """A tenant with a name and nothing else."""
    stack = cdk.Stack(new_app(), "Flights")
    Tenant(stack, "Tenant", name="flights").add_outputs()
    return stack


def platform() -> cdk.Stack:
    """Trail, alerts, a budget and Macie over one tenant in a stack of its own."""
    app = new_app()
    flights = Tenant(cdk.Stack(app, "Flights"), "Tenant", name="flights")
    stack = cdk.Stack(app, "DataPlatform")
    Platform(stack, "Platform", tenants=[flights], monthly_budgets={"flights": 500}, macie="new").add_outputs()
    return stack


def options() -> cdk.Stack:
    """An application with each option."""
    stack = cdk.Stack(new_app(), "Options", env=cdk.Environment(account="111122223333", region="eu-west-1"))
    image = WorkerImage(uri=f"111122223333.dkr.ecr.eu-west-1.amazonaws.com/spark@sha256:{'0a' * 32}")
    Tenant(
        stack,
        "Tenant",
        name="options",
        architecture="X86_64",
        maximum_capacity=Capacity(cpu=64, memory=256, disk=4096),
        spark_defaults={"spark.executor.memory": "8g"},
        initial_capacity={
            "DRIVER": InitialCapacity(workers=1),
            "EXECUTOR": InitialCapacity(
                workers=2, size=WorkerSize(cpu=8, memory=32, disk=1000, shuffle_optimized=True)
            ),
        },
        auto_start=False,
        never_stop_because=_REASON,
        keep_warm_because=_REASON,
        max_concurrent_runs=3,
        queue_timeout=cdk.Duration.hours(1),
        runtime_configuration=[RuntimeConfiguration(classification="spark-log4j2", properties={"status": "warn"})],
        worker_images={"Driver": image, "Executor": image},
        monitoring=Monitoring(
            log_types={"SPARK_DRIVER": ["STDERR"], "SPARK_EXECUTOR": ["STDOUT"]},
            log_stream_prefix="nightly",
            prometheus_url="https://aps-workspaces.eu-west-1.amazonaws.com/workspaces/ws-1/api/v1/remote_write",
            no_managed_logs_because=_REASON,
        ),
        interactive=Interactive(studio_because=_REASON, livy_because=_REASON, sessions_because=_REASON),
        identity_center_instance_arn="arn:aws:sso:::instance/ssoins-0123456789abcdef",
        tags={"cost-center": "4711"},
    )
    return stack


def several() -> cdk.Stack:
    """A tenant with a Hive application beside its first one, and a state machine for each."""
    stack = cdk.Stack(new_app(), "Several")
    team = Tenant(stack, "Tenant", name="several")
    team.add_hive_application("sql", plaintext_between_workers_because=_REASON)
    code = f"s3://{team.data.bucket_name}/jobs/"
    spark, hive = SparkJob(entry_point=f"{code}main.py"), HiveJob(query=f"{code}count.sql")
    JobStateMachine(stack, "Spark", tenant=team, jobs=[spark], application="several")
    JobStateMachine(stack, "Hive", tenant=team, jobs=[hive], application="sql")
    return stack


STACKS: Mapping[str, Callable[[], cdk.Stack]] = {
    "tenant": tenant,
    "platform": platform,
    "options": options,
    "several": several,
}
"""What there is a golden file of, by its name."""
_ONLY: Mapping[str, frozenset[str]] = {
    "options": frozenset({"AWS::EMRServerless::Application"}),
    "several": frozenset({"AWS::EMRServerless::Application", "AWS::IAM::Role", "AWS::StepFunctions::StateMachine"}),
}
"""Types that alone are in a golden file whose other resources stand in that of `tenant`."""


def golden(name: str) -> dict[str, Any]:
    """The template of a stack, without what is not ours."""
    template = Template.from_stack(STACKS[name]()).to_json()
    kinds = _ONLY.get(name)
    resources = {
        logical_id: _resource(resource)
        for logical_id, resource in template["Resources"].items()
        if (kinds is None or resource["Type"] in kinds) and resource["Type"] != "AWS::CDK::Metadata"
    }
    found: dict[str, Any] = {"Resources": resources}
    if kinds is None and "Outputs" in template:
        found["Outputs"] = template["Outputs"]
    plain: dict[str, Any] = _plain(found)
    return plain


def logical_ids(template: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Logical id and type of what must keep its id."""
    for logical_id, resource in template["Resources"].items():
        if resource["Type"] in KEPT:
            yield logical_id, resource["Type"]


def _resource(resource: dict[str, Any]) -> dict[str, Any]:
    mark = resource.get("Metadata", {}).get("emrguard")
    return {key: value for key, value in resource.items() if key != "Metadata"} | ({"Mark": mark} if mark else {})


def _plain(value: Any) -> Any:
    """References inside of strings as `Fn::Sub` has them, which is short to read, and no hashes."""
    if isinstance(value, dict):
        found = {key: "<code>" if key == "ZipFile" else _plain(item) for key, item in value.items()}
        match found:
            case {"Ref": str(name)}:
                return f"${{{name}}}"
            case {"Fn::GetAtt": [str(name), str(attribute)]}:
                return f"${{{name}.{attribute}}}"
            case {"Fn::Join": ["", list(parts)]} if all(isinstance(part, str) for part in parts):
                return "".join(parts)
        return found
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return _HASH.sub("<hash>", value) if isinstance(value, str) else value


def text(body: Any) -> str:
    """A golden file's text: YAML in the order of the keys, so that a difference is where something changed."""
    flat = None if "Resources" in body else False
    dumped: str = yaml.safe_dump(body, default_flow_style=flat, width=118, allow_unicode=True)
    return "# Written by: make golden\n" + dumped


def files() -> Iterator[tuple[Path, str]]:
    """Each golden file and what it should hold."""
    found = {name: golden(name) for name in STACKS}
    for name, body in found.items():
        yield DIRECTORY / f"{name}.yaml", text(body)
    ids = {name: dict(sorted(logical_ids(found[name]))) for name in ("tenant", "platform", "several")}
    yield DIRECTORY / "logical-ids.yaml", text(ids)


if __name__ == "__main__":
    DIRECTORY.mkdir(exist_ok=True)
    for path, content in files():
        path.write_text(content, encoding="utf-8")
        print(path)
