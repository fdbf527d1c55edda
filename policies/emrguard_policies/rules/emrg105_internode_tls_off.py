"""Shuffle data and broadcasts travel between workers over the network of the application.

`spark.ssl.internode.enabled` (emr-6.15.0 and later) gives each worker its own certificate and encrypts what they
exchange. It is a default only: a job that sends the classification `spark-defaults` itself replaces the application's,
so the submission path must set it, too.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.configurations import INTERNODE_TLS, spark_default
from emrguard_policies.rules.context import Context

_PROPERTY = "RuntimeConfiguration"


def check(context: Context) -> Iterator[Violation]:
    """Spark applications whose spark-defaults do not turn TLS between workers on."""
    for application in context.applications:
        if context.engine(application) == "HIVE":
            continue
        value = spark_default(context.get(application, _PROPERTY), INTERNODE_TLS)
        if context.unknown(value):
            yield Violation(application, _PROPERTY, f"{INTERNODE_TLS} depends on the deployment", undecided=True)
        elif context.flag(value) is not True:
            found = "not set" if value is None else context.shown(value)
            yield Violation(application, _PROPERTY, f"{INTERNODE_TLS} in spark-defaults is {found}")


RULE = Rule(
    id="EMRG105",
    name="internode-tls-off",
    severity="error",
    title="Traffic between Spark workers without mutual TLS",
    rationale=__doc__,
    mend=(
        "Set spark.ssl.internode.enabled to true in the spark-defaults of RuntimeConfiguration, and in every "
        "job that sends spark-defaults."
    ),
    source="https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/interworker-encryption.html",
    frameworks={"AWS Well-Architected": ("SEC09-BP02",), "NIST 800-53 r5": ("SC-8(1)",)},
    check=check,
)
