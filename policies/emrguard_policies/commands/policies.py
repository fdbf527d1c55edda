"""`emrguard policies`: the policies that IAM can enforce for a whole account."""

from __future__ import annotations

import click

from emrguard_policies import guardrails
from emrguard_policies.guardrails import AccountPolicy

_FORMAT = click.option(
    "--format",
    "form",
    type=click.Choice(["json", "markdown"]),
    default="json",
    show_default=True,
    help="The document, or a page with the reason for each statement.",
)


@click.group()
def policies() -> None:
    """Print policies for a whole account, ready for AWS Organizations and IAM."""


@policies.command()
@click.option(
    "--platform-role",
    "platform_roles",
    multiple=True,
    default=guardrails.DEPLOYING_ROLES,
    show_default=True,
    help="ARN of a role that deploys the platform; * is a wildcard. Can be given several times.",
)
@click.option(
    "--execution-role",
    "execution_roles",
    multiple=True,
    help="ARN of execution roles, which only EMR Serverless may be passed; * is a wildcard. Several times.",
)
@click.option("--region", "regions", multiple=True, help="A Region in which EMR Serverless may be used. Several times.")
@_FORMAT
def scp(platform_roles: tuple[str, ...], execution_roles: tuple[str, ...], regions: tuple[str, ...], form: str) -> None:
    """The service control policy: nobody undoes the guardrails but those who deploy the platform."""
    _show(guardrails.service_control_policy(platform_roles, execution_roles, regions), form)


@policies.command()
@click.option("--account", "accounts", multiple=True, help="Another account whose data jobs may reach. Several times.")
@_FORMAT
def boundary(accounts: tuple[str, ...], form: str) -> None:
    """The permissions boundary of execution roles: the most that a job can ever do."""
    _show(guardrails.permissions_boundary(accounts), form)


def _show(policy: AccountPolicy, form: str) -> None:
    if form == "markdown":
        click.echo(guardrails.page(policy), nl=False)
        return
    click.echo(policy.text())
    for each in policy.guardrails:
        if each.left_out is not None:
            click.echo(f"left out: {each.sid}, which needs {each.left_out}", err=True)
