"""References between stacks whose names in the templates are known at once.

CDK makes the references itself, but only at the end of the synthesis, when the name is too late for the acknowledgment
of a wildcard behind it (see `_wildcards`).
"""

from __future__ import annotations

import aws_cdk as cdk
from constructs import Construct

from emrguard.exceptions import ArgumentError


def bring(value: str, owner: Construct, scope: Construct) -> str:
    """An attribute of a construct's resource, as the stack of another construct may refer to it.

    Out of nested stacks it comes by their outputs, into nested stacks by their parameters, and from one stack to
    another one by an export.

    Raises:
        ArgumentError: the other stack is of another account or Region, from which nothing is exported.
    """
    there, here = cdk.Stack.of(owner), cdk.Stack.of(scope)
    if (there.account, there.region) != (here.account, here.region):
        mend = f"make it in a stack of that environment: nothing is exported to {here.account}/{here.region}"
        raise ArgumentError(scope.node.path, "tenants", f"{owner.node.path} in {there.account}/{there.region}", mend)
    down = _lineage(here)
    name = f"{cdk.Names.unique_id(owner)}Arn"
    while there not in down and there.nested_stack_parent is not None:
        value, there = _lift(value, there, name), there.nested_stack_parent
    if there not in down:
        down[0].add_stack_dependency(there)
        value = there.export_value(value)
        below = down[1:]
    else:
        below = down[down.index(there) + 1 :]
    for nested in below:
        value = _hand_down(value, nested, name)
    return value


def _lineage(stack: cdk.Stack) -> list[cdk.Stack]:
    """A stack and those that it is nested in, the outermost first."""
    found = [stack]
    while found[0].nested_stack_parent is not None:
        found.insert(0, found[0].nested_stack_parent)
    return found


def _lift(value: str, nested: cdk.Stack, name: str) -> str:
    """What the stack above sees of a value of a nested stack."""
    output = nested.node.try_find_child(name)
    if output is None:
        output = cdk.CfnOutput(nested, name, value=value)
    assert isinstance(output, cdk.CfnOutput)
    resource = nested.nested_stack_resource
    assert resource is not None
    return str(cdk.Token.as_string(resource.get_att(f"Outputs.{nested.resolve(output.logical_id)}")))


def _hand_down(value: str, nested: cdk.Stack, name: str) -> str:
    """A value of the stack above as a nested stack sees it."""
    parameter = nested.node.try_find_child(name)
    if parameter is None:
        parameter = cdk.CfnParameter(nested, name)
        assert isinstance(nested, cdk.NestedStack)
        nested.set_parameter(str(nested.resolve(parameter.logical_id)), value)
    assert isinstance(parameter, cdk.CfnParameter)
    return parameter.value_as_string
