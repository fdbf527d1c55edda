"""What the local cloud knowingly does not apply, with the reason. Anything else that is not applied is an error."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Exemption:
    """A resource type, or a property of it, that a deployment may leave out; `property` is empty for the whole type."""

    type: str
    property: str
    reason: str


BOOTSTRAP = Exemption(
    "AWS::SSM::Parameter::Value<String>",
    "BootstrapVersion",
    "CDK's bootstrap resources serve the CDK CLI; here cdk.out is deployed without them, so where the version's SSM "
    "parameter is missing the check of the version passes",
)
"""The one parameter that has a value without being in the local cloud."""

_SECURITY_GROUP_TYPES = ("AWS::EC2::SecurityGroup", "AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress")

EXCEPTIONS: tuple[Exemption, ...] = (
    BOOTSTRAP,
    Exemption("AWS::Budgets::Budget", "", "nothing costs anything in a local cloud, so there is no bill to watch"),
    Exemption("AWS::CDK::Metadata", "", "CDK's usage analytics; it creates nothing in an account"),
    *(
        Exemption(
            name,
            "Description",
            "the rule applies, but of a rule that names a group or a prefix list the emulated service keeps no text",
        )
        for name in _SECURITY_GROUP_TYPES
    ),
    *(
        Exemption(
            name,
            "PrefixListId",
            "the rule applies with the id as written, but the local cloud does not know AWS's own prefix lists, so it "
            "cannot tell whether the id is right",
        )
        for name in _SECURITY_GROUP_TYPES
    ),
    Exemption(
        "AWS::KMS::Key",
        "PendingWindowInDays",
        "counts only when CloudFormation deletes the key, and a local cloud is thrown away as a whole",
    ),
    Exemption(
        "AWS::KMS::Key",
        "RotationPeriodInDays",
        "rotation is on, but the emulated service keeps no period, and keys do not live long enough to rotate",
    ),
    Exemption(
        "AWS::Macie::Session",
        "Status",
        "Macie is on and keeps its jobs, but it looks into data with AWS's own models: nothing does that locally, so "
        "there are no findings",
    ),
    Exemption(
        "AWS::LakeFormation::PrincipalPermissions",
        "",
        "the local cloud has neither a Data Catalog nor Lake Formation, so nobody asks for permissions on tables",
    ),
    Exemption(
        "AWS::SNS::Subscription",
        "Endpoint",
        "no mail leaves the machine; what would have been sent stays with the topic",
    ),
    Exemption(
        "AWS::S3::Bucket",
        "Tags",
        "S3 refuses aws:cloudformation:* tags from API callers, so the bucket carries the template's own tags only",
    ),
)


def exemption(type_name: str, property_name: str = "") -> Exemption | None:
    """The entry for a type (`property_name` empty) or for one of its properties, or None."""
    return next((item for item in EXCEPTIONS if (item.type, item.property) == (type_name, property_name)), None)
