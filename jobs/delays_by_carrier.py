"""Delays by carrier: reads flights as CSV, writes one row a carrier as Parquet and prints the table.

spark-submit delays_by_carrier.py --input s3://bucket/input/flights.csv --output s3://bucket/output/delays/

The CSV has a header with at least carrier, dep_delay and arr_delay (minutes) and dep_time (empty for a cancelled
flight); `NA` and an empty field mean unknown. Runs on Spark 3.5 and 4.0.
"""

import argparse

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F


def delays_by_carrier(flights: DataFrame) -> DataFrame:
    """One row a carrier: flights, mean delays in minutes (negative: early), cancelled flights."""

    def mean_minutes(name: str) -> Column:
        return F.round(F.avg(F.col(name).cast("double")), 2)

    return (
        flights.groupBy("carrier")
        .agg(
            F.count("*").alias("flights"),
            mean_minutes("dep_delay").alias("mean_dep_delay"),
            mean_minutes("arr_delay").alias("mean_arr_delay"),
            F.count_if(F.col("dep_time").isNull()).alias("cancelled"),
        )
        .orderBy("carrier")
    )


def main() -> None:
    """Read, aggregate, write, print."""
    parser = argparse.ArgumentParser(description="Delays by carrier")
    parser.add_argument("--input", required=True, help="URI of the CSV file or folder")
    parser.add_argument("--output", required=True, help="URI of the folder to write; what is there is replaced")
    arguments = parser.parse_args()

    spark = SparkSession.builder.appName("delays-by-carrier").getOrCreate()
    try:
        # Quoted empty fields are read as emptyValue, unquoted ones as nullValue.
        flights = spark.read.csv(arguments.input, header=True, nullValue="NA", emptyValue="NA")
        delays = delays_by_carrier(flights).cache()
        delays.coalesce(1).write.mode("overwrite").parquet(arguments.output)
        delays.show(n=1000, truncate=False)
    finally:
        spark.stop()


if __name__ == "__main__":
    main()
