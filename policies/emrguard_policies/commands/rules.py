"""`emrguard rules` and `emrguard explain`: the rule pack described."""

from __future__ import annotations

import click

from emrguard_policies.exceptions import InputError
from emrguard_policies.rules import pages
from emrguard_policies.rules.registry import all_rules, rule_of


@click.command()
@click.option("--format", "form", type=click.Choice(["text", "json", "markdown"]), default="text", show_default=True)
@click.option("--output", type=click.Path(file_okay=False), help="Write one Markdown page a rule into this directory.")
def rules(form: str, output: str | None) -> None:
    """List all rules."""
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


@click.command()
@click.argument("rule_id", metavar="ID")
def explain(rule_id: str) -> None:
    """Explain one rule: why it exists, how to mend a finding, a bad and a good template."""
    try:
        rule = rule_of(rule_id)
    except InputError as error:
        raise click.BadParameter(str(error), param_hint="ID") from error
    click.echo(pages.page(rule), nl=False)
