"""What the scenarios share: the repository's root and the deployed platform."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from emrguard_local.cloud import LocalCloud
from emrguard_local.credentials import Credentials
from emrguard_local.demo import story
from emrguard_local.demo.people import Person

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Platform:
    """The deployed platform and the people who use it."""

    cloud: LocalCloud
    stacks: story.Stacks
    people: dict[str, Person]
    auditor: Credentials

    @property
    def submitters(self) -> dict[str, Credentials]:
        """Credentials of each tenant's submitter."""
        return {name: person.credentials for name, person in self.people.items()}

    @property
    def flights(self) -> dict[str, str]:
        """Outputs of the flights stack."""
        return self.stacks.tenants["flights"]

    @property
    def payroll(self) -> dict[str, str]:
        """Outputs of the payroll stack."""
        return self.stacks.tenants["payroll"]
