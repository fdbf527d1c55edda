"""Rules and proofs over synthesized CloudFormation templates for Amazon EMR Serverless."""
