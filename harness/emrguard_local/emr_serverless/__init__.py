"""The EMR Serverless service of the local cloud: applications, job runs and their states, on real engines.

https://docs.aws.amazon.com/emr-serverless/latest/APIReference/Welcome.html
"""
