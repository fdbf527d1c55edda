"""Workers of Spark prove to each other that they belong to one job, by default. A setting turns that off.

`spark.authenticate: false` lets any process that reaches a worker's port join in. `spark.network.crypto.enabled: false`
leaves what they exchange in plain text, unless TLS between workers is on. AWS documents that TLS for job runs, not for
interactive use, and names `false` as the default: an application with interactive use needs it set to true.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.configurations import INTERNODE_TLS, spark_default
from emrguard_policies.rules.context import Context
from emrguard_policies.rules.interactive import enabled

_PROPERTY = "RuntimeConfiguration"
_AUTHENTICATE = "spark.authenticate"
_CRYPTO = "spark.network.crypto.enabled"


def check(context: Context) -> Iterator[Violation]:
    """Spark applications that turn authentication, or encryption without TLS, off."""
    for application in context.applications:
        configuration = context.get(application, _PROPERTY)
        tls = context.flag(spark_default(configuration, INTERNODE_TLS)) is True
        by_hand = context.engine(application) != "HIVE" and any(enabled(context, application).values())
        for setting in (_AUTHENTICATE,) if tls and not by_hand else (_AUTHENTICATE, _CRYPTO):
            value = spark_default(configuration, setting)
            if context.unknown(value):
                yield Violation(application, _PROPERTY, f"{setting} depends on the deployment", undecided=True)
            elif value is None and setting == _CRYPTO and by_hand:
                yield Violation(application, _PROPERTY, f"{setting} is not set, and interactive use is on")
            elif value is not None and context.flag(value) is not True:
                yield Violation(application, _PROPERTY, f"{setting} in spark-defaults is {context.shown(value)}")


RULE = Rule(
    id="EMRG120",
    name="spark-authentication-off",
    severity="error",
    title="Workers of Spark that do not authenticate each other",
    rationale=__doc__,
    mend="Leave spark.authenticate on, and turn spark.network.crypto.enabled or spark.ssl.internode.enabled on.",
    source="https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/jobs-spark.html",
    frameworks={"AWS Well-Architected": ("SEC09-BP03",), "NIST 800-53 r5": ("IA-9", "SC-8")},
    check=check,
)
