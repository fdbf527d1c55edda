"""`spark.authenticate` and `spark.network.crypto.enabled` protect the calls between the workers of a job.

TLS between workers (EMRG105) came with emr-6.15.0; these two hold in every release, and for a job that turns TLS off
they are what is left.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_PROPERTY = "RuntimeConfiguration"
_SETTINGS = ("spark.authenticate", "spark.network.crypto.enabled")


def check(context: Context) -> Iterator[Violation]:
    """Spark applications whose spark-defaults turn one of the two off, or leave it off."""
    for application in context.applications:
        if context.engine(application) == "HIVE":
            continue
        defaults = _defaults(context.get(application, _PROPERTY))
        if isinstance(defaults, str):
            yield Violation(application, _PROPERTY, "spark-defaults depend on the deployment", undecided=True)
            continue
        values = {name: defaults.get(name) for name in _SETTINGS}
        if any(map(context.unknown, values.values())):
            yield Violation(application, _PROPERTY, "a setting depends on the deployment", undecided=True)
            continue
        off = [name for name, value in values.items() if context.flag(value) is not True]
        if off:
            yield Violation(application, _PROPERTY, f"not true in spark-defaults: {', '.join(off)}")


def _defaults(configuration: Any) -> Any:
    if isinstance(configuration, str):
        return configuration
    for item in configuration if isinstance(configuration, list) else ():
        if not isinstance(item, Mapping):
            return item if isinstance(item, str) else {}
        if item.get("Classification") == "spark-defaults":
            found = item.get("Properties") or {}
            return found if isinstance(found, (Mapping, str)) else {}
    return {}


RULE = Rule(
    id="EMRG150",
    name="spark-rpc-without-authentication",
    severity="warning",
    title="Spark application whose workers do not authenticate or encrypt their RPC",
    rationale=__doc__,
    mend="Set both to true in the spark-defaults of RuntimeConfiguration.",
    source="https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/interworker-encryption.html",
    frameworks={"AWS Well-Architected": ("SEC09-BP02",), "NIST 800-53 r5": ("SC-8(1)",)},
    check=check,
)
