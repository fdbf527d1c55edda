"""How long `emrguard prove` takes for 25 to 200 tenants, reading included, how that grows, and the peak of memory."""

from __future__ import annotations

import json
import math
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

from emrguard_policies.assembly import load
from emrguard_policies.isolation import prove

SERVICE = "emr-serverless.amazonaws.com"


def tenant(name: str) -> dict[str, Any]:
    """The template of one tenant: application, key, two sealed buckets, log group, execution and submitter role."""
    arn = {each: {"Fn::GetAtt": [each, "Arn"]} for each in ("App", "Key", "Data", "Logs", "Group", "Job", "Submitter")}
    roles = {"ArnNotEquals": {"aws:PrincipalArn": [arn["Job"], arn["Submitter"]]}}

    def below(which: str, rest: str) -> dict[str, Any]:
        return {"Fn::Join": ["", [arn[which], rest]]}

    def role(trust: dict[str, Any], *grants: tuple[list[str], list[Any]]) -> dict[str, Any]:
        statements = [{"Effect": "Allow", "Action": actions, "Resource": resources} for actions, resources in grants]
        return {
            "AssumeRolePolicyDocument": {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", **trust}]},
            "Policies": [{"PolicyName": "rights", "PolicyDocument": {"Statement": statements}}],
        }

    def sealed(which: str) -> dict[str, Any]:
        refuse = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": below(which, "/*")}
        insecure = {**refuse, "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
        return {"Bucket": {"Ref": which}, "PolicyDocument": {"Statement": [{**refuse, "Condition": roles}, insecure]}}

    use = ["kms:Decrypt", "kms:GenerateDataKey"]
    root = {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:root"}
    key = [
        {"Effect": "Allow", "Principal": {"AWS": root}, "Action": ["kms:Describe*", "kms:Get*"], "Resource": "*"},
        {"Effect": "Allow", "Principal": {"AWS": [arn["Job"], arn["Submitter"]]}, "Action": use, "Resource": "*"},
    ]
    source = {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    mfa = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    job = role(
        {"Principal": {"Service": SERVICE}, "Condition": source},
        (["s3:GetObject", "s3:PutObject"], [below("Data", "/*"), below("Logs", "/logs/*")]),
        (["s3:ListBucket"], [arn["Data"]]),
        (use, [arn["Key"]]),
        (["logs:CreateLogStream", "logs:PutLogEvents"], [arn["Group"]]),
    )
    submitter = role(
        {"Principal": {"AWS": root}, "Condition": mfa},
        (["emr-serverless:StartJobRun", "emr-serverless:GetJobRun"], [arn["App"], below("App", "/jobruns/*")]),
        (["iam:PassRole"], [arn["Job"]]),
        (["s3:GetObject", "s3:PutObject"], [below("Data", "/jobs/*")]),
    )
    found = {
        "App": ("AWS::EMRServerless::Application", {"Name": name, "Type": "SPARK"}, "application"),
        "Key": ("AWS::KMS::Key", {"KeyPolicy": {"Statement": key}}, "key"),
        "Data": ("AWS::S3::Bucket", {}, "data-bucket"),
        "DataPolicy": ("AWS::S3::BucketPolicy", sealed("Data"), "data-bucket"),
        "Logs": ("AWS::S3::Bucket", {}, "log-bucket"),
        "LogsPolicy": ("AWS::S3::BucketPolicy", sealed("Logs"), "log-bucket"),
        "Group": ("AWS::Logs::LogGroup", {"LogGroupName": f"/aws/emr-serverless/{name}"}, "log-group"),
        "Job": ("AWS::IAM::Role", job, "execution-role"),
        "Submitter": ("AWS::IAM::Role", submitter, "submitter-role"),
    }
    resources = {
        logical_id: {"Type": kind, "Properties": body, "Metadata": {"emrguard": {"tenant": name, "part": part}}}
        for logical_id, (kind, body, part) in found.items()
    }
    return {"Resources": resources}


def main() -> None:
    """Print a line for each number of tenants, then how the time grows."""
    taken: dict[int, float] = {}
    for count in (25, 50, 100, 200):
        with tempfile.TemporaryDirectory() as directory:
            for index in range(count):
                file = Path(directory) / f"tenant{index}.template.json"
                file.write_text(json.dumps(tenant(f"tenant{index}")), encoding="utf-8")
            start = time.perf_counter()
            proof = prove(load(directory))
            taken[count] = time.perf_counter() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{count} tenants: {proof.verdict}, {proof.checked:,} questions, {taken[count]:.2f} s,"
            f" peak {peak:.0f} MiB, {taken[count] / taken[25]:.1f}x the time of 25"
        )
    exponent = math.log(taken[200] / taken[50]) / math.log(200 / 50)
    print(f"from 50 to 200 tenants the time grows with exponent {exponent:.2f} (pairs of tenants with 2)")


if __name__ == "__main__":
    main()
