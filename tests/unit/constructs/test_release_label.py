"""Releases by name: the catalogue, and what a release is too old for."""

from __future__ import annotations

from datetime import date

import aws_cdk as cdk
import pytest
from construct_support import acknowledged, synthesize

from emrguard import ArgumentError, Feature, ReleaseLabel, Tenant
from emrguard.release_label import DEFAULT_RELEASE, demand
from emrguard_policies.releases import RELEASES


def test_every_release_has_a_name() -> None:
    """The attributes that an editor completes are the table of releases, one each."""
    names = [name for name, kind in ReleaseLabel.__annotations__.items() if kind == "ClassVar[ReleaseLabel]"]
    labels = {getattr(ReleaseLabel, name).label for name in names}
    assert labels == {label for label in RELEASES if not label.endswith("-preview")}
    assert len(names) == len(labels)


def test_a_release_tells_what_it_holds() -> None:
    """Versions and support are as AWS documents them."""
    assert DEFAULT_RELEASE is ReleaseLabel.EMR_7_14_0
    release = ReleaseLabel.of("emr-7.14.0")
    assert release == ReleaseLabel.EMR_7_14_0
    assert str(release) == "emr-7.14.0"
    assert (release.spark_version, release.hive_version) == ("3.5.8", "3.1.3")
    assert release.standard_support_ends == date(2028, 9, 8)
    assert ReleaseLabel.EMR_SPARK_8_1_0.hive_version is None
    assert ReleaseLabel.EMR_6_15_0.standard_support_ends is None


def test_features_have_floors() -> None:
    """A feature is in its first release and all later ones; the error names feature, label and floor."""
    assert ReleaseLabel.EMR_7_13_0.supports(Feature.SESSIONS)
    assert ReleaseLabel.EMR_SPARK_8_0_0.supports(Feature.SESSIONS)
    assert not ReleaseLabel.EMR_7_12_0.supports(Feature.SESSIONS)
    with pytest.raises(
        ArgumentError, match=r"release_label is 'emr-7\.12\.0'; use emr-7\.13\.0 or newer: Spark Connect sessions came"
    ):
        demand("App", "release_label", ReleaseLabel.EMR_7_12_0, Feature.SESSIONS)


@pytest.mark.parametrize(
    ("label", "because", "message"),
    [
        ("7.14.0", None, r"ReleaseLabel\.of: label is '7\.14\.0'; write a label such as 'emr-7\.14\.0'"),
        ("emr-7.99.0", None, r"emrguard does not know this release: .* unknown_because="),
        ("emr-7.99.0", " ", r"unknown_because is ' '; say in a few words why"),
        ("latest", "it is the newest one", r"label is 'latest'; write a label"),
    ],
)
def test_a_strange_label_fails_early(label: str, because: str | None, message: str) -> None:
    """A typing error is not taken for a new release."""
    with pytest.raises(ArgumentError, match=message):
        ReleaseLabel.of(label, unknown_because=because)


def test_an_unknown_release_needs_a_reason_in_the_template() -> None:
    """Its number still decides what it can do, and the acknowledgment tells why it is used."""
    release = ReleaseLabel.of("emr-7.99.0", unknown_because="came out last week, tested by us")
    assert release.supports(Feature.SESSIONS)
    assert release.spark_version is None
    with pytest.raises(ArgumentError, match=r"Tenant/Application: release_label is 'emr-7\.99\.0'; emrguard does not"):
        synthesize(lambda stack: Tenant(stack, "Tenant", name="flights", release_label="emr-7.99.0"))

    def build(stack: cdk.Stack) -> None:
        team = Tenant(stack, "Tenant", name="flights", release_label=release)
        assert acknowledged(team.application) == {"EmrGuard::EMRG502": "came out last week, tested by us"}

    assert synthesize(build).one("AWS::EMRServerless::Application")["ReleaseLabel"] == "emr-7.99.0"
