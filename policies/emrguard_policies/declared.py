"""What templates hand from one tenant to another without any request: deliveries, replicas, Lake Formation grants.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from emrguard_policies.assembly import Resource
from emrguard_policies.carriers import name_of
from emrguard_policies.goals import log_uri
from emrguard_policies.proof import UNDECIDED, Counterexample
from emrguard_policies.resolution import Resolver
from emrguard_policies.runners import function_of
from emrguard_policies.tenants import APPLICATION, Tenants

_PUBLIC = ("PublicRead", "PublicReadWrite", "AuthenticatedRead")
# Where a bucket sends what it holds: the path to the destination in its properties (`*`: every item), the action.
_FROM_BUCKET: tuple[tuple[tuple[str, ...], str], ...] = (
    (("ReplicationConfiguration", "Rules", "*", "Destination", "Bucket"), "s3:ReplicateObject"),
    (("InventoryConfigurations", "*", "Destination", "BucketArn"), "s3:PutInventoryConfiguration"),
    (
        ("AnalyticsConfigurations", "*", "StorageClassAnalysis", "DataExport", "Destination", "BucketArn"),
        "s3:PutAnalyticsConfiguration",
    ),
    (("LoggingConfiguration", "DestinationBucketName"), "s3:PutBucketLogging"),
    (("NotificationConfiguration", "LambdaConfigurations", "*", "Function"), "s3:PutBucketNotification"),
    (("NotificationConfiguration", "QueueConfigurations", "*", "Queue"), "s3:PutBucketNotification"),
    (("NotificationConfiguration", "TopicConfigurations", "*", "Topic"), "s3:PutBucketNotification"),
)
_LAKE = ("AWS::LakeFormation::PrincipalPermissions", "AWS::LakeFormation::Permissions")
# The forms of the resource of a grant: element, the property with the database's name.
_OF_DATABASE = {
    "Database": "Name", "Table": "DatabaseName", "TableWithColumns": "DatabaseName", "DataCellsFilter": "DatabaseName",
    "DatabaseResource": "Name", "TableResource": "DatabaseName", "TableWithColumnsResource": "DatabaseName",
}  # fmt: skip


class Declared:
    """Reads them off an assembly. `assumptions` grows by what leaves it."""

    def __init__(self, resolver: Resolver, tenants: Tenants) -> None:
        self._resolver = resolver
        self._tenants = tenants
        self.assumptions: list[str] = []

    def counterexamples(self) -> Iterator[Counterexample]:
        """What crosses from tenant to tenant."""
        for bucket in self._resolver.assembly.resources("AWS::S3::Bucket"):
            for path, action in _FROM_BUCKET:
                for value in _at(bucket.properties, path):
                    yield from self._delivery(bucket, value, "data", action)
            yield from self._public(bucket)
        for each in self._resolver.assembly.resources("AWS::Logs::SubscriptionFilter"):
            group = self._resolver.target(each.template, each.properties.get("LogGroupName"))
            if group is not None:
                value = each.properties.get("DestinationArn")
                yield from self._delivery(group, value, "logs", "logs:PutSubscriptionFilter", each)
        for application in self._resolver.assembly.resources(APPLICATION):
            yield from self._logs_of(application)
        for each in self._resolver.assembly.resources(*_LAKE):
            yield from self._grant(each)
        for each in self._resolver.assembly.resources("AWS::LakeFormation::DataLakeSettings"):
            yield from self._administrators(each)

    def _delivery(
        self, source: Resource, value: Any, kind: str, action: str, by: Resource | None = None
    ) -> Iterator[Counterexample]:
        owner = self._tenants.mark(source).tenant
        if owner is None or value is None:
            return
        by = by or source
        target = function_of(self._resolver, by.template, value) or self._resolver.target(by.template, value)
        shown = self._shown(by, value)
        if target is None:
            self._assume(f"{name_of(source)} of {owner} delivers to {shown}, which is not in the assembly")
            return
        other = self._tenants.mark(target).tenant
        if other is not None and other != owner:
            yield Counterexample(
                kind, name_of(target), action, name_of(source), {}, (), (name_of(by),),
                f"let {name_of(by)} deliver to what belongs to {owner}", other, owner,
                f"the template itself sends what {name_of(source)} holds to {name_of(target)}, which is {other}'s",
            )  # fmt: skip

    def _logs_of(self, application: Resource) -> Iterator[Counterexample]:
        owner = self._tenants.mark(application).tenant
        targets: list[Resource] = []
        found = log_uri(self._resolver, application)
        if found:
            targets.append(found[0])
        path = ("MonitoringConfiguration", "CloudWatchLoggingConfiguration", "LogGroupName")
        for value in _at(application.properties, path):
            group = self._resolver.target(application.template, value)
            if group is not None:
                targets.append(group)
        for target in targets:
            other = self._tenants.mark(target).tenant
            if owner is not None and other is not None and other != owner:
                yield Counterexample(
                    "logs", name_of(target), "emr-serverless:StartJobRun", name_of(application), {}, (),
                    (name_of(application),), f"let {name_of(application)} log to what belongs to {owner}", other, owner,
                    f"the logs of every job of {owner} go to {name_of(target)}, which is {other}'s",
                )  # fmt: skip

    def _public(self, bucket: Resource) -> Iterator[Counterexample]:
        owner = self._tenants.mark(bucket).tenant
        properties = self._resolver.properties(bucket)
        acl, block = properties.get("AccessControl"), properties.get("PublicAccessBlockConfiguration")
        ignored = isinstance(block, Mapping) and block.get("IgnorePublicAcls") in (True, "true")
        if owner and acl in _PUBLIC and not ignored:
            yield Counterexample(
                "data", "anyone", "s3:ListBucket", name_of(bucket), {}, (), (f"{name_of(bucket)} AccessControl",),
                f"take AccessControl out of {name_of(bucket)}", None, owner, f"its ACL {acl} lets anyone in",
            )  # fmt: skip

    # Lake Formation: https://docs.aws.amazon.com/lake-formation/latest/dg/lf-permissions-reference.html

    def _grant(self, resource: Resource) -> Iterator[Counterexample]:
        grantee = resource.properties.get("Principal") or resource.properties.get("DataLakePrincipal")
        value = grantee.get("DataLakePrincipalIdentifier") if isinstance(grantee, Mapping) else grantee
        principal = None if value is None else self._resolver.target(resource.template, value)
        to = self._tenants.mark(principal).tenant if principal is not None else None
        if principal is None:
            shown = self._shown(resource, value)
            if shown != "IAM_ALLOWED_PRINCIPALS":
                self._assume(f"{name_of(resource)} grants to {shown}, which is not in the assembly")
            return
        if to is None:
            self._assume(f"{name_of(resource)} grants to {name_of(principal)}, which belongs to no tenant")
            return
        on = resource.properties.get("Resource")
        for form, body in on.items() if isinstance(on, Mapping) else [("an unknown resource", None)]:
            known, owner = self._owner(resource, form, body)
            if known and owner in (None, to):
                continue
            permissions = self._resolver.properties(resource).get("Permissions")
            first = str(permissions[0]) if isinstance(permissions, list) and permissions else "*"
            why = f"the grant is on what belongs to {owner}" if known else f"nobody can say whose {form} is"
            yield Counterexample(
                "catalog" if known else UNDECIDED, name_of(principal), f"lakeformation:{first}",
                self._shown(resource, body), {}, (), (name_of(resource),),
                f"let {name_of(resource)} grant on databases of {to} alone, by name", to, owner, why,
            )  # fmt: skip

    def _owner(self, resource: Resource, form: str, body: Any) -> tuple[bool, str | None]:
        """Whether it is known whose the resource of a grant is, and whose (None: no tenant's)."""
        if form in _OF_DATABASE and isinstance(body, Mapping):
            value = body.get(_OF_DATABASE[form])
            found = self._resolver.target(resource.template, value)
            text = self._resolver.resolve(resource.template, value)
            if found is None and isinstance(text, str):
                found = next(
                    (
                        each
                        for each in self._resolver.assembly.resources("AWS::Glue::Database")
                        if self._resolver.ref(each) == text
                    ),
                    None,
                )
            if found is not None:
                return True, self._tenants.mark(found).tenant
            return isinstance(text, str) and self._resolver.is_known(text), None
        if form in ("DataLocation", "DataLocationResource") and isinstance(body, Mapping):
            value = body.get("ResourceArn", body.get("S3Resource"))
            found = self._resolver.target(resource.template, value)
            if found is not None:
                mark = self._tenants.mark(found)
                return not mark.prefixes, mark.tenant
            text = self._resolver.resolve(resource.template, value)
            if isinstance(text, str):
                bucket = self._resolver.find(text.partition("/")[0])
                if bucket is not None:
                    return True, self._tenants.mark(bucket).tenant
                return self._resolver.is_known(text), None
        return False, None

    def _administrators(self, resource: Resource) -> Iterator[Counterexample]:
        for value in _at(resource.properties, ("Admins", "*", "DataLakePrincipalIdentifier")):
            principal = self._resolver.target(resource.template, value)
            tenant = self._tenants.mark(principal).tenant if principal is not None else None
            if principal is not None and tenant is not None:
                yield Counterexample(
                    "escalation", name_of(principal), "lakeformation:PutDataLakeSettings", "*", {}, (),
                    (name_of(resource),), f"take {name_of(principal)} out of the administrators of the lake",
                    tenant, None, "an administrator of the lake can give itself every database and table",
                )  # fmt: skip

    def _shown(self, resource: Resource, value: Any) -> str:
        return self._resolver.symbols.readable(str(self._resolver.resolve(resource.template, value)))

    def _assume(self, text: str) -> None:
        if text not in self.assumptions:
            self.assumptions.append(text)


def _at(value: Any, path: tuple[str, ...]) -> Iterator[Any]:
    if not path:
        yield value
    elif path[0] == "*":
        for item in value if isinstance(value, list) else []:
            yield from _at(item, path[1:])
    elif isinstance(value, Mapping) and path[0] in value:
        yield from _at(value[path[0]], path[1:])
