"""The container image that workers run."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_emrserverless as emrserverless
from aws_cdk import aws_iam as iam
from constructs import Construct

from emrguard import _actions
from emrguard._kept import unresolved
from emrguard._reasons import Reasons
from emrguard.exceptions import ArgumentError
from emrguard.release_label import ReleaseLabel, demand
from emrguard_policies.releases import Feature

_DIGEST = re.compile(r"@sha256:[0-9a-f]{64}$")
_IMAGE = re.compile(
    r"\d{12}\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/[a-z0-9._/-]+"
    r"(?::[\w][\w.-]{0,127}|@sha256:[0-9a-f]{64})"
)


@dataclass(frozen=True, kw_only=True)
class WorkerImage:
    """An image in Amazon ECR, of the application's Region and built for its architecture and release.

    EMR Serverless itself pulls it, not the execution role: the repository's policy must let
    `emr-serverless.amazonaws.com` do so, which `WorkerImage.from_repository` sees to.
    https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/application-custom-image.html

    Args:
        uri: `<account>.dkr.ecr.<region>.amazonaws.com/<repository>@sha256:<digest>`, or what
            `repository.repository_uri_for_digest(…)` of CDK gives.
        mutable_tag_because: needed for a URI with a tag in place of the digest: whoever can push to the repository then
            decides what jobs run, unreviewed. The reason goes into the manifest.
    """

    uri: str
    mutable_tag_because: str | None = None

    @staticmethod
    def from_repository(repository: ecr.IRepository, digest: str) -> WorkerImage:
        """An image of a repository of the same app, whose policy then lets applications of the account pull it.

        The policy of an imported repository cannot be changed from here: its owner must add the statement.

        Args:
            repository: the repository.
            digest: `sha256:` and 64 digits.

        Raises:
            ArgumentError: the digest has another form.
        """
        if not unresolved(digest) and not _DIGEST.fullmatch(f"@{digest}"):
            raise ArgumentError(repository.node.path, "digest", digest, "write sha256:<64 digits>; a tag can be moved")
        stack = cdk.Stack.of(repository)
        applications = stack.format_arn(service="emr-serverless", resource="/applications", resource_name="*")
        repository.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal("emr-serverless.amazonaws.com")],
                actions=list(_actions.PULL_IMAGE),
                conditions={
                    "StringEquals": {"aws:SourceAccount": stack.account},
                    "ArnLike": {"aws:SourceArn": applications},
                },
            )
        )
        return WorkerImage(uri=repository.repository_uri_for_digest(digest))


def properties(
    scope: Construct, argument: str, image: WorkerImage, reasons: Reasons
) -> emrserverless.CfnApplication.ImageConfigurationInputProperty:
    """One image as CloudFormation has it.

    Raises:
        ArgumentError: it is no image of the Region, or has no digest and no reason.
    """
    path, uri = scope.node.path, image.uri
    if not unresolved(uri):
        found = _IMAGE.fullmatch(uri)
        if found is None or len(uri) > 1024:
            mend = "write <12 digits>.dkr.ecr.<region>.amazonaws.com/<repository>@sha256:<64 digits>"
            raise ArgumentError(path, f"{argument}.uri", uri, mend)
        region = cdk.Stack.of(scope).region
        if not unresolved(region) and found["region"] != region:
            raise ArgumentError(path, f"{argument}.uri", uri, f"use an image in the application's Region, {region}")
    tagged = reasons.take(f"{argument}.mutable_tag_because", image.mutable_tag_because, "EMRG511")
    if tagged == bool(_DIGEST.search(uri)):
        mend = (
            "leave mutable_tag_because out: the image has a digest"
            if tagged
            else "name the image by @sha256:<digest>, which nobody can change, or say mutable_tag_because"
        )
        raise ArgumentError(path, f"{argument}.uri", uri, mend)
    return emrserverless.CfnApplication.ImageConfigurationInputProperty(image_uri=uri)


def images(
    scope: Construct,
    image: WorkerImage | None,
    worker_images: dict[str, WorkerImage],
    worker_types: Sequence[str],
    release: ReleaseLabel,
    reasons: Reasons,
) -> tuple[
    emrserverless.CfnApplication.ImageConfigurationInputProperty | None,
    dict[str, emrserverless.CfnApplication.WorkerTypeSpecificationInputProperty] | None,
]:
    """The image of all workers, or those of each worker type.

    Raises:
        ArgumentError: both are given, a worker type is missing, or an image is wrong.
    """
    if image is None and not worker_images:
        return None, None
    demand(scope.node.path, "release_label", release, Feature.CUSTOM_IMAGES)
    if image is not None:
        if worker_images:
            mend = "leave it or image out: there is one image for all workers, or one for each type"
            raise ArgumentError(scope.node.path, "worker_images", sorted(worker_images), mend)
        return properties(scope, "image", image, reasons), None
    if set(worker_images) != set(worker_types):
        mend = f"give an image for each of {' and '.join(worker_types)}"
        raise ArgumentError(scope.node.path, "worker_images", sorted(worker_images), mend)
    return None, {
        worker: emrserverless.CfnApplication.WorkerTypeSpecificationInputProperty(
            image_configuration=properties(scope, f"worker_images[{worker!r}]", worker_images[worker], reasons)
        )
        for worker in worker_types
    }
