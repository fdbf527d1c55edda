"""What jobs do with s3://, in one Spark session; prints `ok NAME` for each feature.

Arguments: a bucket, a bucket of someone else, a bucket of which only `mine/` may be used, a name for what is written.
"""

import sys
from collections.abc import Callable

# PySpark is in the engine environment only.
from py4j.protocol import Py4JJavaError  # type: ignore[import-not-found,unused-ignore]
from pyspark.errors import PySparkException  # type: ignore[import-not-found,unused-ignore]
from pyspark.sql import Row, SparkSession  # type: ignore[import-not-found,unused-ignore]
from pyspark.sql import functions as F

BASE = f"s3://{sys.argv[1]}/features/{sys.argv[4]}"
spark = SparkSession.builder.enableHiveSupport().getOrCreate()
hadoop = spark._jvm.org.apache.hadoop.fs
fs = hadoop.FileSystem.get(spark._jvm.java.net.URI(BASE), spark._jsc.hadoopConfiguration())
features: dict[str, Callable[[], None]] = {}


def feature(check: Callable[[], None]) -> Callable[[], None]:
    """Register a check under its name."""
    features[check.__name__] = check
    return check


def path(text: str):  # type: ignore[no-untyped-def]
    """A Hadoop path below the base."""
    return hadoop.Path(f"{BASE}/{text}")


def numbers(count: int = 100):  # type: ignore[no-untyped-def]
    """Rows with an id, a text and a partition column."""
    return spark.range(count).select(
        "id", F.concat(F.lit("text ✓ "), "id").alias("text"), (F.col("id") % 3).alias("part")
    )


@feature
def formats() -> None:
    for kind in ("csv", "json", "parquet", "orc"):
        target = f"{BASE}/formats/{kind}"
        numbers().write.format(kind).option("header", True).save(target)
        back = spark.read.format(kind).option("header", True).load(target)
        assert back.count() == 100, kind
        assert back.where("text = 'text ✓ 7'").count() == 1, kind
        assert fs.exists(path(f"formats/{kind}/_SUCCESS")), kind


@feature
def every_scheme() -> None:
    numbers(5).write.parquet(f"{BASE}/schemes")
    for scheme in ("s3", "s3a", "s3n"):
        assert spark.read.parquet(BASE.replace("s3://", f"{scheme}://") + "/schemes").count() == 5


@feature
def save_modes() -> None:
    target = f"{BASE}/modes"
    numbers(10).write.parquet(target)
    raises("already exists", lambda: numbers(10).write.parquet(target))
    numbers(10).write.mode("append").parquet(target)
    assert spark.read.parquet(target).count() == 20
    numbers(3).write.mode("overwrite").parquet(target)
    assert spark.read.parquet(target).count() == 3
    numbers(50).write.mode("ignore").parquet(target)
    assert spark.read.parquet(target).count() == 3


@feature
def partitions() -> None:
    target = f"{BASE}/partitions"
    numbers(30).write.partitionBy("part").parquet(target)
    assert spark.read.parquet(target).where("part = 1").count() == 10
    spark.conf.set("spark.sql.sources.partitionOverwriteMode", "dynamic")
    numbers(30).where("part = 1").limit(2).write.mode("overwrite").partitionBy("part").parquet(target)
    spark.conf.set("spark.sql.sources.partitionOverwriteMode", "static")
    assert {row.part: row["count"] for row in spark.read.parquet(target).groupBy("part").count().collect()} == {
        0: 10,
        1: 2,
        2: 10,
    }
    assert not [each for each in listing("partitions") if ".spark-staging" in each or "_temporary" in each]


@feature
def committer_version_1() -> None:
    numbers(40).repartition(4).write.option("mapreduce.fileoutputcommitter.algorithm.version", "1").orc(f"{BASE}/v1")
    assert spark.read.orc(f"{BASE}/v1").count() == 40
    assert not [each for each in listing("v1") if "_temporary" in each]


@feature
def rdd_text() -> None:
    spark.sparkContext.parallelize([f"line {n}" for n in range(1000)], 3).saveAsTextFile(f"{BASE}/text")
    lines = spark.sparkContext.textFile(f"{BASE}/text/part-*")
    assert lines.map(lambda line: int(line.split()[1])).sum() == 499500
    gzip = "org.apache.hadoop.io.compress.GzipCodec"
    spark.sparkContext.parallelize(["a", "b"], 1).saveAsTextFile(f"{BASE}/text.gz", gzip)
    assert spark.sparkContext.textFile(f"{BASE}/text.gz").collect() == ["a", "b"]


@feature
def hive_tables() -> None:
    spark.sql(f"CREATE TABLE kept (id BIGINT, text STRING) USING parquet LOCATION '{BASE}/kept'")
    spark.sql("INSERT INTO kept VALUES (1, 'a'), (2, 'b')")
    spark.sql("INSERT OVERWRITE TABLE kept SELECT 3, 'c'")
    assert spark.table("kept").collect() == [Row(id=3, text="c")]
    spark.sql(f"CREATE TABLE rowwise (id INT) STORED AS TEXTFILE LOCATION '{BASE}/rowwise'")
    spark.sql("INSERT INTO rowwise VALUES (1), (2)")
    assert spark.table("rowwise").count() == 2


@feature
def streaming() -> None:
    numbers(20).write.json(f"{BASE}/stream/in")
    source = spark.readStream.schema("id LONG, text STRING").json(f"{BASE}/stream/in")
    for _ in range(2):  # the second run resumes from the checkpoint and finds nothing new
        query = source.writeStream.format("parquet").option("checkpointLocation", f"{BASE}/stream/state")
        query.trigger(availableNow=True).start(f"{BASE}/stream/out").awaitTermination()
    assert spark.read.parquet(f"{BASE}/stream/out").count() == 20


@feature
def large_object() -> None:
    stream = fs.create(path("large.bin"), True)
    chunk = bytes(range(256)) * 4096
    for _ in range(40):
        stream.write(chunk)
    assert not fs.exists(path("large.bin")), "an object must not appear before it is complete"
    stream.close()
    assert fs.getFileStatus(path("large.bin")).getLen() == 40 << 20
    back = fs.open(path("large.bin"))
    for position in (39 << 20, 0, (17 << 20) + 5, 3):
        back.seek(position)
        assert back.read() == position % 256
    back.close()
    rows = spark.sparkContext.binaryRecords(f"{BASE}/large.bin", 1 << 20)
    assert rows.map(lambda record: record == bytes(range(256)) * 4096).collect() == [True] * 40
    fs.rename(path("large.bin"), path("larger.bin"))
    assert fs.getFileStatus(path("larger.bin")).getLen() == 40 << 20


@feature
def many_objects() -> None:
    """More than one page of a listing and one bulk delete; the test has put 1,100 objects there."""
    assert len(fs.listStatus(path("many"))) == 1100
    assert fs.getContentSummary(path("many")).getFileCount() == 1100
    assert fs.delete(path("many"), True)
    assert not fs.exists(path("many"))


@feature
def directories() -> None:
    assert fs.mkdirs(path("dir/a/b"))
    assert fs.getFileStatus(path("dir/a/b")).isDirectory()
    assert fs.getFileStatus(path("dir")).isDirectory()
    assert len(fs.listStatus(path("dir/a/b"))) == 0
    fs.create(path("dir/a/b/c d+e%?&=ü"), True).close()
    assert [each.getPath().getName() for each in fs.listStatus(path("dir/a/b"))] == ["c d+e%?&=ü"]
    assert [each.getPath().getName() for each in fs.globStatus(path("dir/a/*/c*"))] == ["c d+e%?&=ü"]
    assert fs.rename(path("dir/a"), path("dir/moved"))
    assert not fs.exists(path("dir/a"))
    assert fs.isFile(path("dir/moved/b/c d+e%?&=ü"))
    assert not fs.rename(path("dir/nothing"), path("dir/x"))
    assert not fs.rename(path("dir/moved"), path("dir/moved/b/below-itself"))
    raises("NotEmpty", lambda: fs.delete(path("dir"), False))
    raises("already exists", lambda: fs.create(path("dir/moved/b/c d+e%?&=ü"), False))
    raises("No such file", lambda: fs.getFileStatus(path("nothing")))
    raises("cannot be appended", lambda: fs.append(path("dir/moved/b/c d+e%?&=ü")))
    assert not fs.delete(path("nothing"), True)


@feature
def retries() -> None:
    """The test answers the first requests for this object with 503."""
    assert spark.read.text(f"s3://{sys.argv[1]}/flaky.txt").collect() == [Row(value="came through")]


@feature
def one_prefix_only() -> None:
    """Works where the role may use one prefix and S3 answers 403, not 404, for what is missing."""
    target = f"s3://{sys.argv[3]}/mine/{sys.argv[4]}/deep"
    for _ in range(2):
        numbers(7).write.mode("overwrite").partitionBy("part").parquet(target)
    assert spark.read.parquet(target).count() == 7
    raises("PATH_NOT_FOUND", lambda: spark.read.parquet(f"{target}/nothing"))
    raises("not authorized to perform: s3:", lambda: spark.read.parquet(f"s3://{sys.argv[3]}/other"))


@feature
def refusals() -> None:
    refused = "User: arn:aws:sts::123456789012:assumed-role/job/run is not authorized to perform: s3:"
    raises(refused, lambda: spark.read.text(f"s3://{sys.argv[2]}/secret.txt").collect())
    raises(refused, lambda: numbers(1).write.parquet(f"s3://{sys.argv[2]}/out"))
    raises(
        "AccessDeniedException",
        lambda: fs.get(spark._jvm.java.net.URI(f"s3://{sys.argv[2]}"), fs.getConf()).delete(
            hadoop.Path(f"s3://{sys.argv[2]}/x"), True
        ),
    )


def listing(below: str) -> list[str]:
    """Every path below."""
    found, each = [], fs.listFiles(path(below), True)
    while each.hasNext():
        found.append(each.next().getPath().toString())
    return found


def raises(text: str, call: Callable[[], object]) -> None:
    """The call must fail, and say the text."""
    said = "nothing"
    try:
        call()
    except (Py4JJavaError, PySparkException) as error:
        said = str(error)
    assert text in said, said


for name, check in features.items():
    check()
    print("ok", name, flush=True)
