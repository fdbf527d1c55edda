"""AWS CDK constructs for Amazon EMR Serverless with security guardrails."""
