"""A tag may be moved: who can push to the repository decides what the next job runs, with the tenant's rights.

A digest (`@sha256:…`) names one image for ever. Images of CDK assets are left out: their tag is the hash of the
content, in a repository of the bootstrap stack with immutable tags.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from emrguard_policies.assembly import Resource
from emrguard_policies.rules.base import Rule, Violation
from emrguard_policies.rules.context import Context

_IMAGE = "ImageConfiguration.ImageUri"
_WORKERS = "WorkerTypeSpecifications"
_DIGEST = re.compile(r"@sha256:[0-9a-f]{64}$")
_ASSET = re.compile(r"/cdk-[a-z0-9]+-container-assets-[^:]*:[0-9a-f]{64}$")


def check(context: Context) -> Iterator[Violation]:
    """Applications whose image is not named by its digest."""
    for application in context.applications:
        for path, uri in _images(context, application):
            if not isinstance(uri, str):
                continue
            readable = context.resolver.symbols.readable(uri)
            if _DIGEST.search(uri) or _ASSET.search(readable):
                continue
            if context.unknown(uri):
                yield Violation(application, path, "the image depends on the deployment", undecided=True)
            else:
                yield Violation(application, path, f"ImageUri is {context.shown(uri)}")


def _images(context: Context, application: Resource) -> Iterator[tuple[str, object]]:
    yield _IMAGE, context.get(application, _IMAGE)
    workers = context.get(application, _WORKERS)
    if isinstance(workers, str):
        yield _WORKERS, workers
    for name in workers if isinstance(workers, Mapping) else ():
        path = f"{_WORKERS}.{name}.{_IMAGE}"
        yield path, context.get(application, path)


RULE = Rule(
    id="EMRG511",
    name="image-by-tag",
    severity="warning",
    title="Custom image by tag in place of digest",
    rationale=__doc__,
    mend="Write the image as <repository>@sha256:<digest>.",
    source="https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/application-custom-image.html",
    frameworks={"NIST 800-53 r5": ("SI-7",)},
    check=check,
)
