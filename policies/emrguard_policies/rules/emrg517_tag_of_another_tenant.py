"""Rights of people and shares of the bill go by the tag of a tenant: with the wrong one, both go to somebody else.

Who may start jobs on whatever carries the tag `emrguard:tenant` of their team gets the application of another one. The
rule compares the tag of each resource that is marked as a tenant's with the mark.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_TAG = "emrguard:tenant"


def check(context: Context) -> Iterator[Violation]:
    """Marked resources whose tag names another tenant."""
    for resource in context.assembly.resources():
        tags = resource.properties.get("Tags") if resource.mark.tenant else None
        if isinstance(tags, Mapping):
            found = [("Tags." + _TAG, tags.get(_TAG))]
        else:
            listed = enumerate(tags if isinstance(tags, list) else ())
            found = [
                (f"Tags[{index}].Value", tag.get("Value"))
                for index, tag in listed
                if isinstance(tag, Mapping) and tag.get("Key") == _TAG
            ]
        for path, written in found:
            value = context.resolver.resolve(resource.template, written)
            if context.unknown(value):
                yield Violation(resource, path, "whose tag it is depends on the deployment", undecided=True)
            elif value is not None and value != resource.mark.tenant:
                yield Violation(resource, path, f"the tag says {value}, but it is a part of {resource.mark.tenant}")


RULE = Rule(
    id="EMRG517",
    name="tag-of-another-tenant",
    severity="error",
    title="Resource of a tenant with the tag of another one",
    rationale=__doc__,
    mend="Set the tag emrguard:tenant to the tenant that the resource belongs to.",
    source="https://docs.aws.amazon.com/IAM/latest/UserGuide/introduction_attribute-based-access-control.html",
    frameworks={"AWS Well-Architected": ("COST03-BP02", "SEC03-BP02"), "NIST 800-53 r5": ("AC-16",)},
    check=check,
)
