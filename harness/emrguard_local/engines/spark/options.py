"""Read `sparkSubmitParameters`: spark-submit's options become Spark properties; the few that are none stay apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from emrguard_local.exceptions import EngineError

# Option names: `spark-submit --help` of Spark 3.5 and 4.0.
_PROPERTIES = {
    "--archives": "spark.archives",
    "--deploy-mode": "spark.submit.deployMode",
    "--driver-class-path": "spark.driver.extraClassPath",
    "--driver-cores": "spark.driver.cores",
    "--driver-java-options": "spark.driver.extraJavaOptions",
    "--driver-library-path": "spark.driver.extraLibraryPath",
    "--driver-memory": "spark.driver.memory",
    "--exclude-packages": "spark.jars.excludes",
    "--executor-cores": "spark.executor.cores",
    "--executor-memory": "spark.executor.memory",
    "--files": "spark.files",
    "--jars": "spark.jars",
    "--keytab": "spark.kerberos.keytab",
    "--master": "spark.master",
    "--name": "spark.app.name",
    "--num-executors": "spark.executor.instances",
    "--packages": "spark.jars.packages",
    "--principal": "spark.kerberos.principal",
    "--py-files": "spark.submit.pyFiles",
    "--queue": "spark.yarn.queue",
    "--repositories": "spark.jars.repositories",
    "--total-executor-cores": "spark.cores.max",
}
_SWITCHES = {"--verbose", "-v", "--supervise"}
_REFUSED = {"--help", "-h", "--version", "--kill", "--status", "--properties-file", "--proxy-user", "--remote"}


@dataclass(frozen=True)
class SubmitOptions:
    """What the options say: Spark properties in their order, the main class, and switches without a value."""

    properties: dict[str, str] = field(default_factory=dict)
    main_class: str | None = None
    switches: tuple[str, ...] = ()


def parse(tokens: Sequence[str]) -> SubmitOptions:
    """Read the tokens as spark-submit does; of two equal settings the later one holds.

    Raises:
        EngineError: an option is unknown, lacks its value or cannot be used for a job run.
    """
    properties: dict[str, str] = {}
    main_class = None
    switches = []
    rest = list(tokens)
    while rest:
        token = rest.pop(0)
        name, has_value, value = token.partition("=") if token.startswith("--") else (token, "", "")
        if name in _SWITCHES:
            switches.append(name)
            continue
        if name in _REFUSED:
            raise EngineError(f"sparkSubmitParameters: {name} cannot be used for a job run: remove it")
        if name not in _PROPERTIES and name not in {"--conf", "-c", "--class"}:
            raise EngineError(f"sparkSubmitParameters: {token!r} is no option of spark-submit: remove or correct it")
        if not has_value:
            if not rest:
                raise EngineError(f"sparkSubmitParameters: {name} needs a value and is the last word: add the value")
            value = rest.pop(0)
        if name in {"--conf", "-c"}:
            key, equals, setting = value.partition("=")
            if not equals or not key.strip():
                raise EngineError(f"sparkSubmitParameters: --conf {value!r} is not of the form name=value: correct it")
            properties[key.strip()] = setting
        elif name == "--class":
            main_class = value
        else:
            properties[_PROPERTIES[name]] = value
    return SubmitOptions(properties, main_class, tuple(switches))
