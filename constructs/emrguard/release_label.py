"""Releases of EMR Serverless by name."""

from __future__ import annotations

import datetime
from typing import ClassVar

from emrguard import _arguments
from emrguard._kept import unresolved
from emrguard.exceptions import ArgumentError
from emrguard_policies import releases
from emrguard_policies.releases import Feature


class ReleaseLabel:
    """A release of EMR Serverless, such as `ReleaseLabel.EMR_7_14_0`, with what it holds and how long it is supported.

    The catalogue is that of 2026-11-23. For a release that is younger, see `ReleaseLabel.of`.
    https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/release-versions.html
    """

    EMR_SPARK_8_1_0: ClassVar[ReleaseLabel]
    EMR_SPARK_8_0_0: ClassVar[ReleaseLabel]
    EMR_7_14_0: ClassVar[ReleaseLabel]
    EMR_7_13_0: ClassVar[ReleaseLabel]
    EMR_7_12_0: ClassVar[ReleaseLabel]
    EMR_7_11_0: ClassVar[ReleaseLabel]
    EMR_7_10_0: ClassVar[ReleaseLabel]
    EMR_7_9_0: ClassVar[ReleaseLabel]
    EMR_7_8_0: ClassVar[ReleaseLabel]
    EMR_7_7_0: ClassVar[ReleaseLabel]
    EMR_7_6_0: ClassVar[ReleaseLabel]
    EMR_7_5_0: ClassVar[ReleaseLabel]
    EMR_7_4_0: ClassVar[ReleaseLabel]
    EMR_7_3_0: ClassVar[ReleaseLabel]
    EMR_7_2_0: ClassVar[ReleaseLabel]
    EMR_7_1_0: ClassVar[ReleaseLabel]
    EMR_7_0_0: ClassVar[ReleaseLabel]
    EMR_6_15_0: ClassVar[ReleaseLabel]
    EMR_6_14_0: ClassVar[ReleaseLabel]
    EMR_6_13_0: ClassVar[ReleaseLabel]
    EMR_6_12_0: ClassVar[ReleaseLabel]
    EMR_6_11_0: ClassVar[ReleaseLabel]
    EMR_6_10_0: ClassVar[ReleaseLabel]
    EMR_6_9_0: ClassVar[ReleaseLabel]
    EMR_6_8_0: ClassVar[ReleaseLabel]
    EMR_6_7_0: ClassVar[ReleaseLabel]
    EMR_6_6_0: ClassVar[ReleaseLabel]

    def __init__(self, label: str, unknown_because: str | None = None) -> None:
        # Not for users: `of` checks.
        self.label = label
        """The label as the API takes it, such as `emr-7.14.0`."""
        self.unknown_because = unknown_because
        """Why a release that the catalogue lacks is used; None for all others."""
        self._release = releases.RELEASES.get(label)

    @staticmethod
    def of(label: str, *, unknown_because: str | None = None) -> ReleaseLabel:
        """A release by its label.

        Args:
            label: such as `emr-7.14.0`. A token, whose value only the deployment knows, is taken unchecked.
            unknown_because: needed for a release that the catalogue lacks: why it is used all the same. Nothing is
                known of its versions and support; features are judged by its number. The application carries the
                reason as the acknowledgment of EMRG502.

        Raises:
            ArgumentError: it is no label, or not in the catalogue and no reason is given.
        """
        return _read("ReleaseLabel.of", "label", label, unknown_because)

    @property
    def spark_version(self) -> str | None:
        """Version of Spark, such as `3.5.8`; None if the catalogue lacks the release."""
        return self._release.spark if self._release else None

    @property
    def hive_version(self) -> str | None:
        """Version of Hive, such as `3.1.3`; None if the release has no Hive or the catalogue lacks it."""
        return self._release.hive if self._release else None

    @property
    def standard_support_ends(self) -> datetime.date | None:
        """Last day of standard support; None if there is none (emr-6.x) or the catalogue lacks the release.

        https://docs.aws.amazon.com/emr/latest/ManagementGuide/emr-standard-support.html
        """
        return self._release.standard_until if self._release else None

    def supports(self, feature: Feature) -> bool:
        """Whether the release has a feature; True for a token, which cannot be judged."""
        number = releases.version(self.label)
        return number is None or number >= feature.since

    def __str__(self) -> str:
        return self.label

    def __repr__(self) -> str:
        return f"ReleaseLabel.of({self.label!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ReleaseLabel) and other.label == self.label

    def __hash__(self) -> int:
        return hash(self.label)


def _read(path: str, argument: str, label: str, unknown_because: str | None = None) -> ReleaseLabel:
    if unknown_because is not None:
        _arguments.reason(path, "unknown_because", unknown_because)
    if unresolved(label) or releases.is_known(label):
        return ReleaseLabel(label)
    if releases.version(label) is None:
        raise ArgumentError(path, argument, label, f"write a label such as {DEFAULT_RELEASE.label!r}")
    if unknown_because is None:
        raise ArgumentError(
            path,
            argument,
            label,
            f"emrguard does not know this release: use one of ReleaseLabel, such as {DEFAULT_RELEASE.label!r}, "
            f"or ReleaseLabel.of({label!r}, unknown_because='…')",
        )
    return ReleaseLabel(label, unknown_because.strip())


def release_label(path: str, argument: str, value: ReleaseLabel | str) -> ReleaseLabel:
    """The release that a construct was given by label or by name.

    Raises:
        ArgumentError: it is no label, or the catalogue lacks it.
    """
    return value if isinstance(value, ReleaseLabel) else _read(path, argument, value)


def demand(path: str, argument: str, release: ReleaseLabel, feature: Feature) -> None:
    """Check that a release has a feature that the application uses.

    Raises:
        ArgumentError: the release is too old; names the feature and its first release.
    """
    if not release.supports(feature):
        raise ArgumentError(
            path, argument, release.label, f"use {feature.floor} or newer: {feature.title} came with that release"
        )


for _label in releases.RELEASES:
    if not _label.endswith("-preview"):
        setattr(ReleaseLabel, _label.upper().replace("-", "_").replace(".", "_"), ReleaseLabel(_label))

DEFAULT_RELEASE = ReleaseLabel.EMR_7_14_0
"""The newest release with Spark 3.5 and Hive: Spark 3.5.8, standard support until 2028-09-08."""
