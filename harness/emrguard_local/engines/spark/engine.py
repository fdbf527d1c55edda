"""The Spark engine: each job run is a real `SparkSubmit` in a JVM of its own, with the local cloud behind s3://."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from xml.sax.saxutils import escape

from emrguard_local.engines.base import JobSpec, Progress
from emrguard_local.engines.spark import options
from emrguard_local.engines.spark.environment import JVM_OPTIONS, SparkEnvironment
from emrguard_local.engines.spark.process import SparkProcess
from emrguard_local.engines.spark.properties import LocalJob, local_job
from emrguard_local.engines.spark.releases import release_of, required_release
from emrguard_local.exceptions import EngineError

_LOGGING = """\
rootLogger.level = warn
rootLogger.appenderRef.stderr.ref = stderr
appender.stderr.type = Console
appender.stderr.name = stderr
appender.stderr.target = SYSTEM_ERR
appender.stderr.layout.type = PatternLayout
appender.stderr.layout.pattern = %d{yy/MM/dd HH:mm:ss} %p %c{1}: %m%n%ex
logger.native.name = org.apache.hadoop.util.NativeCodeLoader
logger.native.level = error
logger.metrics.name = org.apache.hadoop.metrics2
logger.metrics.level = error
"""


class SparkEngine:
    """Runs Spark jobs of emr-7.x and emr-spark-8.x releases; an `Engine`."""

    def supports(self, release_label: str) -> bool:
        """Whether this engine has a Spark of the release's minor version."""
        return release_of(release_label) is not None

    def prepare(self, release_label: str, progress: Progress) -> None:
        """Make the engine environment where it is missing (about 330 MB to download); quick when it is there.

        Raises:
            EngineError: the label is not supported, or the environment cannot be made.
        """
        SparkEnvironment.of(required_release(release_label)).prepare(progress)

    def start(self, spec: JobSpec) -> SparkProcess:
        """Start the job; returns at once.

        Raises:
            EngineError: the label is not supported, the environment has not been prepared, or the job asks for
                something that the local engine cannot do.
        """
        environment = SparkEnvironment.of(required_release(spec.release_label))
        if not environment.is_ready:
            raise EngineError(f"Spark for {spec.release_label} has not been prepared: call prepare() first")
        submit = options.parse(spec.spark_submit_parameters)
        job = local_job(spec, submit)
        for each in ("conf", "local", "home"):
            (spec.work_dir / each).mkdir(parents=True, exist_ok=True)
        _write_configuration(spec.work_dir / "conf", job)
        return SparkProcess(
            _command(spec, submit, job, environment),
            python=environment.python,
            environment=_variables(spec, job, environment),
            work_dir=spec.work_dir,
            notes=job.notes,
            heap_mib=job.heap_mib,
        )


def _command(spec: JobSpec, submit: options.SubmitOptions, job: LocalJob, environment: SparkEnvironment) -> list[str]:
    conf = spec.work_dir / "conf"
    extra = job.properties.get("spark.driver.extraClassPath")
    class_path = [*([extra] if extra else []), environment.class_path, str(conf)]
    java_options = [
        *shlex.split(job.properties.get("spark.driver.defaultJavaOptions", "")),
        *shlex.split(job.properties.get("spark.driver.extraJavaOptions", "")),
    ]
    if any(each.startswith("-Xmx") for each in java_options):
        raise EngineError("spark.driver.extraJavaOptions must not set -Xmx: set spark.driver.memory instead")
    collector = any(re.fullmatch(r"-XX:\+Use\w+GC", each) for each in java_options)
    return [
        str(environment.java),
        *(each for each in JVM_OPTIONS if not (collector and each == "-XX:+UseSerialGC")),
        f"-XX:SharedArchiveFile={environment.archive}",
        f"-Xmx{job.heap_mib}m",
        "-XX:+ExitOnOutOfMemoryError",
        f"-Dlog4j2.configurationFile={(conf / 'log4j2.properties').as_uri()}",
        f"-Djava.io.tmpdir={spec.work_dir / 'local'}",
        *java_options,
        "-cp",
        os.pathsep.join(class_path),
        "org.apache.spark.deploy.SparkSubmit",
        "--properties-file",
        str(conf / "spark-defaults.conf"),
        *(["--class", submit.main_class] if submit.main_class else []),
        *submit.switches,
        spec.entry_point,
        *spec.entry_point_arguments,
    ]


def _variables(spec: JobSpec, job: LocalJob, environment: SparkEnvironment) -> dict[str, str]:
    """The whole environment of the job: nothing of the harness's own, no keys."""
    return {
        **job.variables,
        "PYSPARK_PYTHON": str(environment.python),
        "PYSPARK_DRIVER_PYTHON": str(environment.python),
        "PATH": os.pathsep.join([str(environment.python.parent), str(environment.java.parent), os.defpath]),
        "HOME": str(spec.work_dir / "home"),
        "TMPDIR": str(spec.work_dir / "local"),
        "LANG": "C.UTF-8",
        "TZ": "UTC",  # as on EMR Serverless
        "JAVA_HOME": str(environment.java_home),
        "SPARK_HOME": str(environment.spark_home),
        "SPARK_CONF_DIR": str(spec.work_dir / "conf"),
        "SPARK_LOCAL_DIRS": str(spec.work_dir / "local"),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "PYTHONUNBUFFERED": "1",
        "AWS_REGION": spec.region,
        "AWS_DEFAULT_REGION": spec.region,
        "AWS_ENDPOINT_URL": spec.endpoint_url,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": spec.credentials_uri,
        "AWS_CONTAINER_AUTHORIZATION_TOKEN": spec.credentials_token,
    }


def _write_configuration(directory: Path, job: LocalJob) -> None:
    """`spark-defaults.conf`, `log4j2.properties` and the `core-site.xml` that Hive's metastore reads."""
    lines = [f"{_escaped(name, key=True)}={_escaped(value)}" for name, value in job.properties.items()]
    (directory / "spark-defaults.conf").write_text("\n".join(lines) + "\n", encoding="latin-1")
    (directory / "log4j2.properties").write_text("\n".join([_LOGGING, *job.log_lines]) + "\n", encoding="utf-8")
    (directory / "core-site.xml").write_text(_hadoop_xml(job.hadoop), encoding="utf-8")


def _hadoop_xml(settings: Mapping[str, str]) -> str:
    items = [
        f"<property><name>{escape(name)}</name><value>{escape(value)}</value></property>"
        for name, value in settings.items()
    ]
    return f"<configuration>{''.join(items)}</configuration>\n"


def _escaped(text: str, *, key: bool = False) -> str:
    """Text for a Java properties file, which Spark reads as UTF-8 and java.util.Properties unescapes."""
    special = "\\=:#! " if key else "\\"
    escaped = "".join(f"\\{char}" if char in special else char for char in text)
    if not key and escaped.startswith(" "):
        escaped = f"\\{escaped}"
    for char, written in (("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
        escaped = escaped.replace(char, written)
    return "".join(char if ord(char) < 127 else "".join(f"\\u{unit:04x}" for unit in _utf16(char)) for char in escaped)


def _utf16(char: str) -> list[int]:
    encoded = char.encode("utf-16-be")
    return [int.from_bytes(encoded[at : at + 2]) for at in range(0, len(encoded), 2)]
