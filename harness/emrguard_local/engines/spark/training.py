"""The job that is run once when an engine environment is made: it does what most jobs do.

So the classes that they load are known. Argument: a directory to work in.
"""

import sys
from pathlib import Path

# PySpark is in the engine environment only, never beside the harness.
from pyspark.sql import SparkSession  # type: ignore[import-not-found,unused-ignore]
from pyspark.sql import functions as F

directory = Path(sys.argv[1])
(directory / "input.csv").write_text("id,name,at,value\n1,a,2013-01-01 10:00:00,1.5\n2,b,2013-01-02 11:00:00,\n")
spark = SparkSession.builder.getOrCreate()
rows = spark.read.csv((directory / "input.csv").as_uri(), header=True, inferSchema=True)
rows.createOrReplaceTempView("rows")
for kind in ("parquet", "json", "orc", "csv"):
    target = (directory / kind).as_uri()
    rows.withColumn("day", F.to_date("at")).write.mode("overwrite").partitionBy("day").format(kind).save(
        target, header=True
    )
    back = spark.read.format(kind).load(target, header=True)
    back.join(rows, "id").groupBy("day").agg(F.count("*"), F.avg("id"), F.percentile_approx("id", 0.95)).collect()
spark.sql("SELECT name, row_number() OVER (ORDER BY value DESC) AS place FROM rows").orderBy("place").show()
lines = spark.sparkContext.textFile((directory / "input.csv").as_uri())
lines.map(lambda line: (line[:1], 1)).reduceByKey(lambda a, b: a + b).collect()
spark.stop()
