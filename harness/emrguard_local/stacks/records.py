"""What a deployment tells while it runs and afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from emrguard_local.exceptions import DeployError


@dataclass(frozen=True)
class Progress:
    """A resource that is about to be created."""

    stack: str
    logical_id: str
    type: str


@dataclass(frozen=True)
class DeployedResource:
    """A resource that exists; `physical_id` as CloudFormation shows it."""

    stack: str
    logical_id: str
    type: str
    physical_id: str


@dataclass(frozen=True)
class Deployment:
    """Everything that was created, in order, and every listed exception that was made, with its reason."""

    resources: tuple[DeployedResource, ...]
    exceptions: tuple[str, ...]
    stacks: Mapping[str, Mapping[str, str]]
    """The outputs of each stack."""

    def outputs(self, stack: str) -> dict[str, str]:
        """The outputs of a stack.

        Raises:
            DeployError: no stack of that name was deployed.
        """
        if stack not in self.stacks:
            raise DeployError(f"no stack {stack} was deployed, only {', '.join(self.stacks)}")
        return dict(self.stacks[stack])
