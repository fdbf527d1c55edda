"""The one line that tells a submitter why the job failed."""

from __future__ import annotations

from emrguard_local.engines.spark.failure import reason

REFUSAL = (
    "User: arn:aws:sts::123456789012:assumed-role/R/s is not authorized to perform: s3:GetObject on resource: "
    '"arn:aws:s3:::b/k" because no identity-based policy allows the s3:GetObject action'
)


def test_a_refusal_through_python() -> None:
    """Action and resource as the service said them, without the exception's wrapping."""
    log = (
        "26/11/24 11:00:00 WARN Something: else\n"
        "Traceback (most recent call last):\n"
        '  File "main.py", line 3, in <module>\n    spark.read.csv(x)\n'
        "py4j.protocol.Py4JJavaError: An error occurred while calling o30.csv.\n"
        f": java.nio.file.AccessDeniedException: s3://b/k: {REFUSAL} (AccessDenied)\n"
        "\tat io.emrguard.fs.S3Exceptions$.of(S3Exceptions.scala:20)\n"
    )
    assert reason(1, log, 1024) == f"AccessDenied: {REFUSAL}"


def test_a_refusal_that_the_job_survived_is_not_the_reason() -> None:
    """Only the last error counts."""
    log = f'WARN {REFUSAL}\nTraceback (most recent call last):\n  File "main.py", line 9\nValueError: no rows\n'
    assert reason(1, log, 1024) == "ValueError: no rows"


def test_python_errors() -> None:
    """The type and message, also of a captured Spark error and of a class of the job's own."""
    head = 'Traceback (most recent call last):\n  File "main.py", line 1, in <module>\n'
    analysis = "pyspark.errors.exceptions.captured.AnalysisException: [PATH_NOT_FOUND] Path does not exist: s3://b/x."
    assert reason(1, f"{head}{analysis}\n\nplan\n", 1024) == analysis
    assert reason(1, f"{head}__main__.TooFew\n", 1024) == "__main__.TooFew"


def test_java_errors() -> None:
    """An uncaught exception of a Java main, a cause inside py4j's, and a JVM that did not start."""
    main = 'Exception in thread "main" java.lang.IllegalArgumentException: bad\n\tat Main.main(Main.java:1)\n'
    assert reason(1, main, 1024) == "java.lang.IllegalArgumentException: bad"
    assert reason(1, "Error: Failed to load class com.example.Main.\n", 1024) == (
        "Error: Failed to load class com.example.Main."
    )
    start = "Error occurred during initialization of VM\nMultiple garbage collectors selected\n"
    assert reason(1, start, 1024) == "Error occurred during initialization of VM Multiple garbage collectors selected"


def test_too_little_memory_names_the_setting() -> None:
    """The submitter learns the heap's size and what to raise."""
    said = reason(3, "Terminating due to java.lang.OutOfMemoryError: Java heap space\n", 600)
    assert said == "java.lang.OutOfMemoryError: Java heap space (the heap has 600 MiB: raise spark.driver.memory)"


def test_without_any_message() -> None:
    """A signal is named, else the exit code is all there is."""
    assert reason(137, "", 1024) == "the driver was ended by SIGKILL (exit code 137)"
    assert reason(7, "all fine\n", 1024) == "the driver ended with exit code 7 and without an error message"


def test_the_reason_is_one_line_of_bearable_length() -> None:
    """Line breaks are folded and very long messages cut."""
    said = reason(1, f'Exception in thread "main" java.lang.Error: {"long " * 1000}\n', 1024)
    assert "\n" not in said
    assert len(said) == 1000


def test_a_refusal_inside_a_task_is_found() -> None:
    """Spark wraps what a task met; the root cause may stand in stderr only."""
    log = (
        "26/11/24 11:00:00 ERROR Executor: Exception in task 0.0\n"
        "org.apache.spark.SparkException: [TASK_WRITE_FAILED] Task failed while writing rows to s3://b/out.\n"
        f"Caused by: java.nio.file.AccessDeniedException: s3://b/out/part-0: {REFUSAL} (AccessDenied)\n\t... 9 more\n"
        'Traceback (most recent call last):\n  File "main.py", line 1, in <module>\n'
        "org.apache.spark.SparkException: [TASK_WRITE_FAILED] Task failed while writing rows to s3://b/out.\n"
    )
    assert reason(1, log, 1024) == f"AccessDenied: {REFUSAL}"
