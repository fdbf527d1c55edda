"""How long `emrguard audit` takes: whole process for 500 applications, against checkov, and inside of a synth.

    python benchmarks/audit.py              # all of it; the first run installs checkov into a folder of its own
    python benchmarks/audit.py --no-checkov

Each line has its target. Absolute times are of this machine; the ratios are of one run. Times of a processor leave out
what else the machine does meanwhile.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

APPLICATIONS = 500
TENANTS = 50
CHECKOV = "3.3.30"
"""The version that is compared with; it gets a virtual environment apart, since it is no dependency of ours."""
SERVICE = "emr-serverless.amazonaws.com"


def application(name: str) -> dict[str, Any]:
    """Seven resources: application, key, bucket and its policy, log group, execution role, submitter role."""

    def arn(which: str, rest: str = "") -> Any:
        value = {"Fn::GetAtt": [f"{name}{which}", "Arn"]}
        return {"Fn::Join": ["", [value, rest]]} if rest else value

    def statement(actions: Sequence[str], resources: Any, **more: Any) -> dict[str, Any]:
        return {"Effect": "Allow", "Action": list(actions), "Resource": resources, **more}

    def document(*statements: dict[str, Any]) -> dict[str, Any]:
        return {"Version": "2012-10-17", "Statement": list(statements)}

    def role(trust: dict[str, Any], *statements: dict[str, Any]) -> dict[str, Any]:
        return {
            "AssumeRolePolicyDocument": document({"Effect": "Allow", "Action": "sts:AssumeRole", **trust}),
            "Policies": [{"PolicyName": "rights", "PolicyDocument": document(*statements)}],
        }

    tags = [{"Key": "tenant", "Value": name}]
    root = {"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":iam::", {"Ref": "AWS::AccountId"}, ":root"]]}
    use = ["kms:Decrypt", "kms:GenerateDataKey"]
    everything = [arn("Bucket"), arn("Bucket", "/*")]

    def deny(**more: Any) -> dict[str, Any]:
        return {"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "s3:*", "Resource": everything, **more}

    properties: dict[str, tuple[str, str, dict[str, Any]]] = {
        "App": (
            "AWS::EMRServerless::Application",
            "application",
            {
                "Name": name,
                "Type": "SPARK",
                "ReleaseLabel": "emr-7.12.0",
                "Architecture": "ARM64",
                "AutoStopConfiguration": {"Enabled": True, "IdleTimeoutMinutes": 15},
                "MaximumCapacity": {"Cpu": "64 vCPU", "Memory": "256 GB", "Disk": "1000 GB"},
                "NetworkConfiguration": {"SubnetIds": [{"Ref": "SubnetA"}, {"Ref": "SubnetB"}], "SecurityGroupIds": []},
                "MonitoringConfiguration": {
                    "ManagedPersistenceMonitoringConfiguration": {"Enabled": True, "EncryptionKeyArn": arn("Key")},
                    "S3MonitoringConfiguration": {
                        "LogUri": {"Fn::Join": ["", ["s3://", {"Ref": f"{name}Bucket"}, "/logs/"]]},
                        "EncryptionKeyArn": arn("Key"),
                    },
                    "CloudWatchLoggingConfiguration": {
                        "Enabled": True,
                        "LogGroupName": {"Ref": f"{name}Group"},
                        "EncryptionKeyArn": arn("Key"),
                    },
                },
                "RuntimeConfiguration": [
                    {"Classification": "spark-defaults", "Properties": {"spark.ssl.internode.enabled": "true"}}
                ],
                "Tags": tags,
            },
        ),
        "Key": (
            "AWS::KMS::Key",
            "key",
            {
                "EnableKeyRotation": True,
                "KeyPolicy": document(
                    statement(["kms:Describe*", "kms:Get*", "kms:Put*"], "*", Principal={"AWS": root}),
                    statement(use, "*", Principal={"AWS": [arn("Job"), arn("Submitter")]}),
                ),
            },
        ),
        "Bucket": (
            "AWS::S3::Bucket",
            "data-bucket",
            {
                "BucketEncryption": {
                    "ServerSideEncryptionConfiguration": [
                        {
                            "BucketKeyEnabled": True,
                            "ServerSideEncryptionByDefault": {
                                "SSEAlgorithm": "aws:kms",
                                "KMSMasterKeyID": arn("Key"),
                            },
                        }
                    ]
                },
                "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
                "PublicAccessBlockConfiguration": dict.fromkeys(
                    ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True
                ),
                "VersioningConfiguration": {"Status": "Enabled"},
                "Tags": tags,
            },
        ),
        "Policy": (
            "AWS::S3::BucketPolicy",
            "data-bucket",
            {
                "Bucket": {"Ref": f"{name}Bucket"},
                "PolicyDocument": document(
                    deny(Condition={"Bool": {"aws:SecureTransport": "false"}}),
                    deny(Condition={"NumericLessThan": {"s3:TlsVersion": "1.2"}}),
                    deny(Condition={"ArnNotEquals": {"aws:PrincipalArn": [arn("Job"), arn("Submitter")]}}),
                ),
            },
        ),
        "Group": (
            "AWS::Logs::LogGroup",
            "log-group",
            {"LogGroupName": f"/aws/emr-serverless/{name}", "KmsKeyId": arn("Key"), "RetentionInDays": 365},
        ),
        "Job": (
            "AWS::IAM::Role",
            "execution-role",
            role(
                {
                    "Principal": {"Service": SERVICE},
                    "Condition": {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}},
                },
                statement(["s3:GetObject"], [arn("Bucket", "/jobs/*"), arn("Bucket", "/input/*")]),
                statement(["s3:GetObject", "s3:PutObject"], [arn("Bucket", "/output/*"), arn("Bucket", "/logs/*")]),
                statement(["s3:ListBucket"], [arn("Bucket")], Condition={"StringLike": {"s3:prefix": ["input/*"]}}),
                statement(use, [arn("Key")]),
                statement(["logs:CreateLogStream", "logs:PutLogEvents"], [arn("Group")]),
            ),
        ),
        "Submitter": (
            "AWS::IAM::Role",
            "submitter-role",
            role(
                {"Principal": {"AWS": root}, "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}},
                statement(["emr-serverless:StartJobRun", "emr-serverless:StartApplication"], [arn("App")]),
                statement(["emr-serverless:GetJobRun", "emr-serverless:CancelJobRun"], [arn("App", "/jobruns/*")]),
                statement(["iam:PassRole"], [arn("Job")], Condition={"StringEquals": {"iam:PassedToService": SERVICE}}),
                statement(["s3:GetObject", "s3:PutObject"], [arn("Bucket", "/jobs/*")]),
            ),
        ),
    }
    return {
        f"{name}{suffix}": {
            "Type": kind,
            "Properties": body,
            "Metadata": {"emrguard": {"tenant": name, "part": part}, "aws:cdk:path": f"Platform/{name}/{suffix}"},
        }
        for suffix, (kind, part, body) in properties.items()
    }


def template(count: int) -> dict[str, Any]:
    """A template of `count` applications in one network."""
    resources: dict[str, Any] = {"Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}}}
    for index, suffix in enumerate("AB"):
        zone = {"Fn::Select": [index, {"Fn::GetAZs": ""}]}
        resources[f"Subnet{suffix}"] = {
            "Type": "AWS::EC2::Subnet",
            "Properties": {"VpcId": {"Ref": "Vpc"}, "CidrBlock": f"10.0.{index}.0/24", "AvailabilityZone": zone},
        }
    for index in range(count):
        resources |= application(f"Tenant{index}")
    return {"Resources": resources}


def seconds(call: Callable[[], object]) -> tuple[float, float]:
    """How long the commands of one call take: on the clock, and of the processors alone, whatever else they do."""
    start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    call()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    took = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return time.perf_counter() - start, took


def best(times: Iterable[tuple[float, float]]) -> tuple[float, float]:
    """The least of each."""
    clock, processors = zip(*times, strict=True)
    return min(clock), min(processors)


def run(command: Sequence[str], *allowed: int) -> None:
    """Run a command, which must end with one of the `allowed` codes."""
    environment = {**os.environ, "CDK_VALIDATION": "false"}
    # pip compiles what it installs, checkov here as well as emrguard for its users.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    result = subprocess.run(  # noqa: S603 - the commands are written below
        command, capture_output=True, text=True, check=False, env=environment
    )
    if result.returncode not in allowed:
        raise SystemExit(f"{' '.join(command)}: exit code {result.returncode}\n{result.stderr[-2000:]}")


def checkov() -> list[str]:
    """The command of checkov, installed at the first call; empty where that fails."""
    home = Path(tempfile.gettempdir()) / f"emrguard-bench-checkov-{CHECKOV}"
    command = home / "bin" / "checkov"
    if not command.is_file():
        venv.create(home, with_pip=True)
        pip = [str(home / "bin" / "python"), "-m", "pip", "install", "--quiet", f"checkov=={CHECKOV}"]
        result = subprocess.run(pip, capture_output=True, text=True, check=False)  # noqa: S603
        if result.returncode:
            print(f"checkov {CHECKOV} could not be installed, so it is not compared:\n{result.stderr[-1000:]}")
            return []
    # Without its downloads, and asked for this kind of template alone: its quickest way.
    return [
        str(command),
        "--framework",
        "cloudformation",
        "--skip-download",
        "--quiet",
        "--compact",
        "--output",
        "json",
    ]


def synthesize(*, pack: bool) -> None:
    """Synthesize an app of sealed tenants, with or without the pack."""
    import aws_cdk as cdk

    from emrguard import AuditTrail, Tenant
    from emrguard_policies.nag import EmrGuardChecks

    with tempfile.TemporaryDirectory() as directory:
        app = cdk.App(outdir=directory)
        tenants = [
            Tenant(cdk.Stack(app, f"Tenant{index}"), "Tenant", name=f"tenant{index}") for index in range(TENANTS)
        ]
        buckets = [bucket for tenant in tenants for bucket in (tenant.data, tenant.logs.bucket)]
        AuditTrail(cdk.Stack(app, "Trail"), "Trail", buckets=buckets)
        if pack:
            cdk.Validations.of(app).add_plugins(EmrGuardChecks())
        app.synth()


def main() -> None:
    """Print a line for each measurement."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--no-checkov", action="store_true", help="leave checkov out")
    parser.add_argument("--synth", choices=["bare", "pack"], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.synth:
        synthesize(pack=arguments.synth == "pack")
        return
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "platform.template.json"
        body = template(APPLICATIONS)
        file.write_text(json.dumps(body, indent=1), encoding="utf-8")
        ours = [str(Path(sys.executable).with_name("emrguard")), "audit", str(file), "--format", "json"]
        took, spent = best(seconds(lambda: run(ours, 0, 3)) for _ in range(5))
        about = f"{APPLICATIONS} applications ({len(body['Resources']):,} resources)"
        more = f"{took:.2f} s, {spent:.2f} s of a processor (target: at most 1 s)"
        print(f"emrguard audit, {about}, whole process, best of 5: {more}", flush=True)
        theirs = [] if arguments.no_checkov else checkov()
        if theirs:
            other, of_processor = seconds(lambda: run([*theirs, "--file", str(file)], 0, 1))
            more = f"{other / took:.0f} times, of a processor {of_processor / spent:.0f} times (target: 100)"
            print(
                f"checkov {CHECKOV}, the same template: {other:.0f} s, {of_processor:.0f} s of a processor; {more}",
                flush=True,
            )
    synth = [sys.executable, __file__, "--synth"]
    pairs = [[seconds(lambda each=each: run([*synth, each], 0)) for each in ("bare", "pack")] for _ in range(3)]
    bare, pack = (best(pair[which] for pair in pairs) for which in (0, 1))
    clock, processors = (f"{(pack[which] / bare[which] - 1) * 100:+.0f} %" for which in (0, 1))
    more = f"{clock}, of a processor {processors} (target: at most +15 %)"
    took = f"{bare[0]:.1f} s, with the pack {pack[0]:.1f} s"
    print(f"synth of {TENANTS} tenants, whole process, best of 3: {took}; {more}")


if __name__ == "__main__":
    main()
