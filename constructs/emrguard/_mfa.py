"""Roles that people assume."""

from __future__ import annotations

from aws_cdk import aws_iam as iam


def with_mfa(people: iam.PrincipalBase | None) -> iam.PrincipalBase:
    """The principals, by default all of the account that have the right to assume the role, but with MFA only.

    An absent `aws:MultiFactorAuthPresent` (long-term access keys) does not match, so it counts as without MFA.
    """
    return (people or iam.AccountRootPrincipal()).with_conditions({"Bool": {"aws:MultiFactorAuthPresent": "true"}})
