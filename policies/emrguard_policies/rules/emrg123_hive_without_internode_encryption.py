"""EMR Serverless encrypts what workers of Spark exchange. For Hive there is no such setting.

What Tez tasks hand to each other, the data of a query among it, is in plain text in the subnets of the application.
Calls of S3, Glue and other services use TLS all the same. The finding cannot be mended with Hive: accept it with the
reason why the data, or the network, makes that right.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context


def check(context: Context) -> Iterator[Violation]:
    """Hive applications, and applications whose engine is known only later."""
    for application in context.applications:
        engine = context.engine(application)
        if engine == "HIVE":
            yield Violation(application, "Type", "Type is HIVE: traffic between its workers is not encrypted")
        elif not engine:
            yield Violation(application, "Type", "the engine depends on the deployment", undecided=True)


RULE = Rule(
    id="EMRG123",
    name="hive-without-internode-encryption",
    severity="warning",
    title="Hive application, whose workers exchange data in plain text",
    rationale=__doc__,
    mend="Run the queries with Spark SQL in a Spark application, or accept the finding and say why that is right.",
    source="https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/interworker-encryption.html",
    frameworks={"AWS Well-Architected": ("SEC09-BP02",), "NIST 800-53 r5": ("SC-8(1)",)},
    check=check,
)
