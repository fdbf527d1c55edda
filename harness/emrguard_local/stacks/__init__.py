"""What CloudFormation does around the resources of a stack: order, names, parameters, rules, values, records."""
