"""Deploys a cloud assembly to the local cloud, resource by resource, exactly or not at all.

Everything is checked before the first resource is created: types, properties, references and order. What the local
cloud does not model is an error, or an exception listed with its reason in `resources.exceptions`; nothing is left out
silently.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from emrguard_local.exceptions import DeployError
from emrguard_local.resources.base import Created, Creation
from emrguard_local.resources.exceptions import exemption
from emrguard_local.resources.registry import HANDLERS
from emrguard_local.resources.shapes import ShapeMismatch
from emrguard_local.stacks.environment import Cloud, Environment
from emrguard_local.stacks.evaluation import EvaluationError
from emrguard_local.stacks.functions import FunctionError, text
from emrguard_local.stacks.plan import PlannedResource, PlannedStack, plan
from emrguard_local.stacks.records import DeployedResource, Deployment, Progress
from emrguard_policies.assembly import Assembly

__all__ = ["DeployedResource", "Deployment", "Progress", "deploy"]


def deploy(assembly: Assembly, cloud: Cloud, progress: Callable[[Progress], object] | None = None) -> Deployment:
    """Create every stack of an assembly, as an administrator of the cloud.

    Args:
        assembly: what `emrguard_policies.assembly.load` read.
        cloud: the local cloud.
        progress: called before each resource is created.

    Raises:
        DeployError: something is not modelled or does not make sense: then nothing was created, and the message has a
            line for each problem; or a resource could not be created as its template says: then the message names it,
            and what was created before it stays in the cloud.
    """
    environment = Environment(cloud)
    try:
        planned = plan(assembly, environment, HANDLERS)
    except (ClientError, BotoCoreError) as error:
        raise DeployError(f"the local cloud could not be asked for what the templates need: {error}") from error
    deployed: list[DeployedResource] = []
    for stack in planned:
        for resource in stack.resources:
            if progress is not None:
                progress(Progress(stack.scope.name, resource.logical_id, resource.handler.type))
            created = _create(stack, resource, environment)
            stack.scope.created[resource.logical_id] = created
            deployed.append(
                DeployedResource(
                    stack.scope.name, resource.logical_id, resource.handler.type, created.physical_id or created.ref
                )
            )
        _finish(stack)
    return Deployment(
        tuple(deployed), tuple(environment.exceptions), {stack.scope.name: stack.scope.outputs for stack in planned}
    )


def _create(stack: PlannedStack, resource: PlannedResource, environment: Environment) -> Created:
    handler = resource.handler
    where = f"{stack.scope.name}/{resource.logical_id} ({handler.type})"

    def concede(property_name: str) -> None:
        listed = exemption(handler.type, property_name)
        if listed is None:
            raise DeployError(f"{where}: {property_name} is not applied, and no listed exception allows that")
        environment.exceptions[f"{handler.type} {property_name}: {listed.reason}"] = None

    try:
        properties = handler.shape.coerce(stack.scope.evaluate(dict(resource.properties)), "")
        creation = Creation(
            stack=stack.scope.name,
            stack_id=stack.scope.id,
            stack_tags=stack.tags,
            logical_id=resource.logical_id,
            type=handler.type,
            properties=properties,
            region=environment.region,
            account_id=environment.account_id,
            partition=environment.partition,
            client=environment.client,
            system_tagged=handler.system_tagged,
            concede=concede,
        )
        return handler.create(creation)
    except (ShapeMismatch, EvaluationError) as error:
        raise DeployError(f"{where}: {error}") from error
    except ClientError as error:
        said = error.response["Error"]
        raise DeployError(
            f"{where}: {error.operation_name} was refused: {said.get('Code')}: {said.get('Message')}"
        ) from error
    except BotoCoreError as error:
        raise DeployError(f"{where}: {error}") from error
    except (LookupError, ValueError, TypeError) as error:
        # A handler reads answers as AWS gives them; an emulated service may leave something out.
        raise DeployError(f"{where}: the local cloud answered otherwise than AWS: {error!r}") from error


def _finish(stack: PlannedStack) -> None:
    """Evaluate the outputs of a stack whose resources are all there."""
    for name, planned in stack.outputs.items():
        where = f"{stack.scope.name}: Outputs.{name}"
        try:
            value: Any = stack.scope.evaluate(planned, "Value")
            stack.scope.outputs[name] = text(value, "Value")
        except (EvaluationError, FunctionError) as error:
            raise DeployError(f"{where}: {error}") from error
    stack.scope.finished = True
