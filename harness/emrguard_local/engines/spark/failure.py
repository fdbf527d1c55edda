"""Why a driver failed, in one line, from what it wrote."""

from __future__ import annotations

import re

_MAXIMAL_LENGTH = 1000
_REFUSAL = re.compile(r"User: \S+ is not authorized to perform: [^\n]+")
_OUT_OF_MEMORY = re.compile(r"java\.lang\.OutOfMemoryError: [^\n]+")
_TRACEBACK = "Traceback (most recent call last):"
_PYTHON_ERROR = re.compile(r"(?:[A-Za-z_]\w*\.)*[A-Za-z_]\w*(?::.*)?")
_JAVA_CAUSE = re.compile(r"^: ([\w.$]+(?:Exception|Error)\b.*)$", re.MULTILINE)
_JAVA_MAIN = re.compile(r'^Exception in thread "main" (.+)$|^(Error: .+)$|^(Error occurred .+\n.+)$', re.MULTILINE)
# Spark's exceptions for tasks and queries wrap the one that tells; of a task's, only stderr has it.
_WRAPPER = re.compile(r"[\w.]*(?:SparkException|StreamingQueryException)\b")
_ROOT_CAUSE = re.compile(r"^Caused by: (.+)$", re.MULTILINE)
_SIGNALS = {130: "SIGINT", 134: "SIGABRT", 137: "SIGKILL", 139: "SIGSEGV", 143: "SIGTERM"}


def reason(exit_code: int, log: str, heap_mib: int) -> str:
    """The line that explains a failure best: a refusal by S3 or another service, the last error, the exit code.

    `log` is the driver's stderr followed by its stdout: Spark sends a Python driver's stderr to stdout.
    """
    if memory := _OUT_OF_MEMORY.search(log):
        return _one_line(f"{memory[0]} (the heap has {heap_mib} MiB: raise spark.driver.memory)")
    block = _last_error(log)
    found = _explained(block)
    if found and _WRAPPER.match(found) and (causes := _ROOT_CAUSE.findall(log)):
        found = block = causes[-1]
    if refusals := _REFUSAL.findall(block):
        return _one_line(f"AccessDenied: {refusals[-1].removesuffix(' (AccessDenied)')}")
    if found:
        return _one_line(found)
    if signal := _SIGNALS.get(exit_code):
        return f"the driver was ended by {signal} (exit code {exit_code})"
    return f"the driver ended with exit code {exit_code} and without an error message"


def _last_error(log: str) -> str:
    """From the last traceback or uncaught Java exception to the end."""
    starts = [log.rfind(_TRACEBACK), *(found.start() for found in _JAVA_MAIN.finditer(log))]
    return log[max(starts) :] if max(starts) >= 0 else ""


def _explained(block: str) -> str | None:
    if found := _JAVA_CAUSE.search(block):
        return found[1]
    if found := _JAVA_MAIN.search(block):
        return found[1] or found[2] or found[3]
    if block.startswith(_TRACEBACK):
        lines = [line for line in block.splitlines() if line and not line.startswith((" ", "\t"))]
        errors = [line for line in lines[1:] if _PYTHON_ERROR.fullmatch(line)]
        return errors[0] if errors else None
    return None


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _MAXIMAL_LENGTH else f"{line[: _MAXIMAL_LENGTH - 1]}…"
