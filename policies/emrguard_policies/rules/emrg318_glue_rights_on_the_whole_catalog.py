"""A job with rights on every table of the Glue catalog reads, or rewrites, the tables of all tenants.

The catalog itself must be among the resources of Glue; databases and tables can and should be named. Resource `*` has
a rule of its own, EMRG302.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from emrguard_policies.rules import statements
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_WHOLE = re.compile(r"^arn:[^:]*:glue:[^:]*:[^:]*:(\*|database/\*|(?:table|userDefinedFunction)/\*(?:/\*)?)$")
_ACTIONS = tuple(
    f"glue:{name}"
    for name in (
        "getdatabase", "getdatabases", "gettable", "gettables", "getpartition", "getpartitions", "createtable",
        "updatetable", "deletetable", "createpartition", "batchcreatepartition", "deletedatabase",
        "getuserdefinedfunction", "getuserdefinedfunctions",
    )
)  # fmt: skip


def check(context: Context) -> Iterator[Violation]:
    """Statements of execution roles on every database or table."""
    for role in context.execution_roles:
        for document in context.documents_of(role):
            for statement in document.statements:
                if not statements.named(statement, _ACTIONS):
                    continue
                where = document.where(statement)
                found = [item for item in statement.resources or () if _WHOLE.match(item)]
                if found:
                    message = f"Resource {', '.join(map(context.shown, found))}"
                    yield Violation(document.resource, where, message)
                elif any(map(context.unknown, statement.resources or ())):
                    yield Violation(document.resource, where, "a resource depends on the deployment", undecided=True)


RULE = Rule(
    id="EMRG318",
    name="glue-rights-on-the-whole-catalog",
    severity="error",
    title="Execution role with rights on every database or table of the catalog",
    rationale=__doc__,
    mend="Name the tenant's databases and tables: arn:…:database/<name>, arn:…:table/<name>/*.",
    source="https://docs.aws.amazon.com/glue/latest/dg/glue-specifying-resource-arns.html",
    frameworks={"AWS Well-Architected": ("SEC03-BP02",), "NIST 800-53 r5": ("AC-6",)},
    check=check,
)
