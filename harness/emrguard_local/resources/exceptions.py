"""What the local cloud knowingly does not apply, each with the reason. Anything else that is not applied is an error."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Exemption:
    """A resource type, or one property of it, that a deployment may leave out; `property` is empty for the whole type."""

    type: str
    property: str
    reason: str


EXCEPTIONS: tuple[Exemption, ...] = (
    Exemption("AWS::CDK::Metadata", "", "CDK's usage analytics; it creates nothing in an account"),
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
        "AWS::S3::Bucket",
        "Tags",
        "S3 refuses aws:cloudformation:* tags from API callers, so the bucket carries the template's own tags only",
    ),
)


def exemption(type_name: str, property_name: str = "") -> Exemption | None:
    """The entry for a type (`property_name` empty) or for one of its properties, or None."""
    return next((item for item in EXCEPTIONS if (item.type, item.property) == (type_name, property_name)), None)
