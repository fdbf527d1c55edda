"""An alert says who called what, and on which of a tenant's resources it was refused.

A topic without a customer managed key keeps that under the key of AWS, and one whose policy does not refuse plain HTTP
takes and gives it in the clear. The rule judges topics that are marked.
"""

from __future__ import annotations

from collections.abc import Iterator

from emrguard_policies.assembly import Resource
from emrguard_policies.rules import probes
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_POLICY = "AWS::SNS::TopicPolicy"
_PLAIN = {"aws:SecureTransport": "false"}


def check(context: Context) -> Iterator[Violation]:
    """Marked topics without KmsMasterKeyId, or whose policy lets a message without TLS through."""
    for each in context.of("AWS::SNS::Subscription"):
        protocol = context.get(each, "Protocol") if each.mark.tenant or each.mark.shared else None
        if context.unknown(protocol):
            yield Violation(each, "Protocol", "how alerts are sent depends on the deployment", undecided=True)
        elif protocol == "http":
            yield Violation(each, "Protocol", "alerts are sent over plain HTTP")
    listed = {topic: policy for policy in context.of(_POLICY) for topic in _topics(context, policy)}
    for topic in context.of("AWS::SNS::Topic"):
        if not (topic.mark.tenant or topic.mark.shared):
            continue
        given = context.given(topic, "KmsMasterKeyId")
        if given is None:
            yield Violation(topic, "KmsMasterKeyId", "the key depends on the deployment", undecided=True)
        elif not given:
            yield Violation(topic, "KmsMasterKeyId", "KmsMasterKeyId is not set")
        policy = listed.get(topic)
        if policy is None:
            yield Violation(topic, "", "no policy refuses plain HTTP")
            continue
        document = context.document(policy, "PolicyDocument", "resource")
        if document.policy is None:
            yield Violation(policy, document.path, f"the policy cannot be read: {document.problem}", undecided=True)
            continue
        account, arn = probes.own_account(context, topic), context.resolver.ref(topic)
        if probes.unbarred([document.policy], probes.role(account), [("sns:Publish", arn)], account, _PLAIN):
            yield Violation(policy, document.path, "no Deny refuses sns:Publish without TLS")


def _topics(context: Context, policy: Resource) -> Iterator[Resource]:
    listed = policy.properties.get("Topics")
    for value in listed if isinstance(listed, list) else ():
        target = context.resolver.target(policy.template, value)
        if target is not None:
            yield target


RULE = Rule(
    id="EMRG158",
    name="alerts-in-the-open",
    severity="warning",
    title="Topic of alerts without a key of its own or without TLS",
    rationale=__doc__,
    mend="Set KmsMasterKeyId to a key of the platform, and deny sns:Publish where aws:SecureTransport is false.",
    source="https://docs.aws.amazon.com/sns/latest/dg/sns-security-best-practices.html",
    frameworks={"AWS Well-Architected": ("SEC09-BP02",), "NIST 800-53 r5": ("SC-8(1)", "SC-28(1)")},
    check=check,
)
