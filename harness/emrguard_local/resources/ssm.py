"""AWS::SSM::Parameter."""

from __future__ import annotations

from emrguard_local.resources.base import Created, Creation, handles
from emrguard_local.resources.shapes import MapOf, Text, record


@handles(
    "AWS::SSM::Parameter",
    record(
        ("Type", "Value"),
        AllowedPattern=Text(),
        DataType=Text(),
        Description=Text(),
        Name=Text(),
        Tags=MapOf(Text()),
        Tier=Text(("Standard", "Advanced", "Intelligent-Tiering")),
        Type=Text(("String", "StringList")),
        Value=Text(),
    ),
    attributes=("Type", "Value"),
    system_tagged=True,
)
def parameter(creation: Creation) -> Created:
    """PutParameter; `Ref` is the parameter's name.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ssm-parameter.html
    """
    client = creation.client("ssm")
    name = creation.get("Name") or creation.name(2048)
    value = creation.given(Type="Type", Value="Value")
    described = creation.given(
        AllowedPattern="AllowedPattern", DataType="DataType", Description="Description", Tier="Tier", Type="Type"
    )
    client.put_parameter(Name=name, **(value | described), Tags=creation.tag_list())
    creation.verify("Parameter", value, client.get_parameter(Name=name)["Parameter"])
    only = [{"Key": "Name", "Option": "Equals", "Values": [name]}]
    (found,) = client.describe_parameters(ParameterFilters=only)["Parameters"]
    creation.verify("Parameter", described, found)
    tags = client.list_tags_for_resource(ResourceType="Parameter", ResourceId=name)["TagList"]
    creation.verify_tags({tag["Key"]: tag["Value"] for tag in tags})
    return Created(name, {"Type": creation["Type"], "Value": creation["Value"]})


HANDLERS = (parameter,)
