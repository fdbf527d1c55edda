"""`emrguard rules` and `emrguard explain`: the rule pack described, and a new rule begun."""

from __future__ import annotations

import click
import yaml

from emrguard_policies.exceptions import InputError
from emrguard_policies.rules import example_templates, pages
from emrguard_policies.rules.base import SEVERITIES, Severity
from emrguard_policies.rules.context import APPLICATION
from emrguard_policies.rules.registry import CATEGORIES, all_rules, rule_of


@click.group(invoke_without_command=True)
@click.option("--format", "form", type=click.Choice(["text", "json", "markdown"]), default="text", show_default=True)
@click.option("--output", type=click.Path(file_okay=False), help="Write one Markdown page a rule into this directory.")
@click.pass_context
def rules(context: click.Context, form: str, output: str | None) -> None:
    """List all rules, or begin a new one."""
    if context.invoked_subcommand is not None:
        if form != "text" or output is not None:
            raise click.UsageError(f"--format and --output are for the list, not for '{context.invoked_subcommand}'")
        return
    if output is not None:
        if form != "markdown":
            raise click.UsageError("--output needs --format markdown")
        count = pages.write(output)
        click.echo(f"{output}: {count} pages")
    elif form == "json":
        click.echo(pages.as_json())
    elif form == "markdown":
        click.echo(pages.index(), nl=False)
    else:
        width = max(len(rule.severity) for rule in all_rules())
        for rule in all_rules():
            click.echo(f"{rule.id}  {rule.severity:<{width}}  {rule.title}")


@rules.command()
@click.argument("name")
@click.option("--type", "kind", default=APPLICATION, show_default=True, help="The resource type that it judges.")
@click.option("--property", "path", default="Name", show_default=True, help="The property that is to be set, dotted.")
@click.option(
    "--category",
    type=click.Choice([*CATEGORIES]),
    help="Where its id comes from; without it the category that fits the resource type.",
)
@click.option("--severity", type=click.Choice(SEVERITIES[1:]), default="warning", show_default=True)
@click.option("--why", default="", help="The rationale: what goes wrong, and for whom.")
def new(name: str, kind: str, path: str, category: str | None, severity: Severity, why: str) -> None:
    """Begin the rule NAME (the bad pattern, such as application-without-name) in a checkout of emrguard.

    Writes its module, a bad, a good and an undecidable example, a test and its page. The rule works at once: it asks
    whether a property is set. Without --why one test fails until the rationale is written. The sound templates in
    rules/sound/, which examples are laid over, must pass the new rule, too.
    """
    # The schemas of cfn-lint take half a second to import, which listing the rules need not wait for.
    from emrguard_policies.rules import scaffold

    rule_id, files = scaffold.write(scaffold.NewRule(name, kind, path, category, severity, why))
    for file in files:
        click.echo(file)
    click.echo(f"{rule_id}: change the check, the examples and the test; then run")
    click.echo("  emrguard rules --format markdown --output docs/rules")
    click.echo(f"  python -m pytest tests/unit/policies/rules -k {rule_id}")


@click.command()
@click.argument("rule_id", metavar="ID")
@click.option("--whole", metavar="EXAMPLE", help="Print one example, such as bad-1, as a whole template to audit.")
def explain(rule_id: str, whole: str | None) -> None:
    """Explain one rule: why it exists, how to mend a finding, a bad and a good template."""
    try:
        rule = rule_of(rule_id)
    except InputError as error:
        raise click.BadParameter(str(error), param_hint="ID") from error
    if whole is None:
        click.echo(pages.page(rule), nl=False)
        return
    try:
        file = pages.example(rule, whole)
    except InputError as error:
        raise click.BadParameter(str(error), param_hint="--whole") from error
    click.echo(yaml.dump(example_templates.whole(file), Dumper=_Plain, sort_keys=False, width=120), nl=False)


class _Plain(yaml.SafeDumper):
    """YAML without anchors, which CloudFormation does not read."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002
        return True
