"""How long one concrete decision takes with compiled policies, beside moto's own evaluation of the same policies."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Sequence

from moto.iam.access_control import IAMPolicy, PermissionResult

from emrguard_policies.iam.decide import Policies, Principal, Request, decide
from emrguard_policies.iam.model import Policy, parse

ACCOUNT = "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/job"
SESSION = Principal("role-session", f"arn:aws:sts::{ACCOUNT}:assumed-role/job/run", ACCOUNT, ROLE)
REQUESTS = [
    (action, resource)
    for action in ("s3:GetObject", "s3:PutObject", "s3:ListBucket", "kms:Decrypt", "logs:PutLogEvents", "iam:PassRole")
    for resource in ("arn:aws:s3:::data7/in/x", "arn:aws:s3:::other/x", "arn:aws:kms:us-east-1:111122223333:key/k7")
]
ROUNDS = 300


def documents() -> list[dict[str, object]]:
    """Ten policies of six statements, as an execution role has them; no conditions, which moto does not judge."""
    return [
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["s3:Get*", "s3:PutObject"],
                    "Resource": f"arn:aws:s3:::data{number}/in/*",
                },
                {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::data{number}"},
                {"Effect": "Allow", "Action": ["kms:Decrypt"], "Resource": f"arn:aws:kms:*:{ACCOUNT}:key/k{number}"},
                {"Effect": "Allow", "Action": "logs:*", "Resource": f"arn:aws:logs:*:*:log-group:/aws/{number}:*"},
                {"Effect": "Deny", "Action": "s3:*", "Resource": f"arn:aws:s3:::data{number}/secret/*"},
                {"Effect": "Deny", "Action": "iam:*", "Resource": f"arn:aws:iam::{ACCOUNT}:role/admin{number}"},
            ],
        }
        for number in range(10)
    ]


def medians(*calls: Callable[[str, str], bool]) -> list[float]:
    """Median microseconds of each call over all requests, taken in turn so that a busy machine slows all alike."""
    taken: list[list[float]] = [[] for _ in calls]
    for _ in range(ROUNDS):
        for action, resource in REQUESTS:
            for call, times in zip(calls, taken, strict=True):
                start = time.perf_counter()
                call(action, resource)
                times.append((time.perf_counter() - start) * 1e6)
    return [statistics.median(each) for each in taken]


def moto_allows(policies: Sequence[IAMPolicy], action: str, resource: str) -> bool:
    """As moto joins the answers of several policies."""
    results = [each.is_action_permitted(action, resource) for each in policies]
    return PermissionResult.DENIED not in results and PermissionResult.PERMITTED in results


def ours_allows(policies: Sequence[Policy], action: str, resource: str) -> bool:
    """One decision of the engine."""
    return decide(Request(SESSION, action, resource, {}, ACCOUNT), Policies(policies)).allowed


def main() -> None:
    """Print the medians, their ratio, and what a change of one policy costs."""
    written = documents()
    ours = [parse(each, f"policy {number}") for number, each in enumerate(written)]
    theirs = [IAMPolicy({"policy_document": json.dumps(each)}) for each in written]
    differing = sum(ours_allows(ours, *each) != moto_allows(theirs, *each) for each in REQUESTS)
    mine, peer = medians(lambda *each: ours_allows(ours, *each), lambda *each: moto_allows(theirs, *each))
    print(f"one decision, 10 policies, 60 statements: {mine:.0f} µs median; moto {peer:.0f} µs: {peer / mine:.1f}x")
    print(f"  {len(REQUESTS)} requests, {differing} decided differently")

    compiled = [id(each.__dict__["_compiled"]) for each in ours]
    changed = [*ours[:-1], parse(written[-1], "changed")]
    start = time.perf_counter()
    ours_allows(changed, *REQUESTS[0])
    first = (time.perf_counter() - start) * 1e6
    kept = sum(id(each.__dict__["_compiled"]) == before for each, before in zip(changed, compiled, strict=True))
    print(f"  after a change of one policy: {kept} of {len(ours)} stay compiled; first decision {first:.0f} µs")


if __name__ == "__main__":
    main()
