"""The CloudFormation resource types that the local cloud can deploy: one module an AWS service, one handler a type."""
