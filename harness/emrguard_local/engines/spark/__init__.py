"""Real Apache Spark for job runs of the local cloud."""

from emrguard_local.engines.spark.engine import SparkEngine

__all__ = ["SparkEngine"]
