"""The IAM engine: one reading of policies, used to judge a concrete request and to reason about all requests."""
