"""Engines that run the jobs of local EMR Serverless applications."""
