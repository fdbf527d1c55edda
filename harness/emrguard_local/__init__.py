"""A local cloud that deploys synthesized templates and really runs EMR Serverless jobs."""
