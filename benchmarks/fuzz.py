"""`emrguard audit` over damaged templates: each is refused in words or judged; exit code 1 if one is not.

    python benchmarks/fuzz.py --count 10000

Three of four templates have one to three values replaced, one has its text damaged. What counts as broken: a
traceback, a rule that gives up (`fatal`), an exit code other than 0, 1 and 3, nothing said on standard error with exit
code 1, and a silent pass: exit code 0 though the template holds an EMR Serverless application, or cannot be read.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from fuzz_support import Fuzz

from emrguard_policies import template_text
from emrguard_policies.cli import run as emrguard
from emrguard_policies.config import FORMATS
from emrguard_policies.exceptions import InputError
from emrguard_policies.rules.context import APPLICATION


def audit(file: Path, form: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of the command, in this process."""
    output, errors = io.StringIO(), io.StringIO()
    arguments = sys.argv
    sys.argv = ["emrguard", "audit", str(file), "--format", form]
    try:
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
            emrguard()
        code: Any = 0
    except SystemExit as end:
        code = end.code or 0
    finally:
        sys.argv = arguments
    return code, output.getvalue(), errors.getvalue()


def has_application(file: Path) -> bool | None:
    """Whether a template holds an application; None if it cannot be read."""
    try:
        body = template_text.read(file)
    except InputError:
        return None
    resources = body.get("Resources") if isinstance(body, dict) else None
    listed = resources.values() if isinstance(resources, dict) else ()
    return any(isinstance(each, dict) and each.get("Type") == APPLICATION for each in listed)


def wrong(file: Path, form: str, counts: Counter[str]) -> str:
    """What is wrong with the answer to a template; empty if nothing is."""
    try:
        code, output, errors = audit(file, form)
    except Exception:  # noqa: BLE001 - that is what is looked for
        return traceback.format_exc()
    counts[{0: "clean", 1: "refused", 3: "found"}.get(code, f"exit code {code}")] += 1
    if code not in (0, 1, 3):
        return f"exit code {code}: {errors}"
    if "the rule crashed" in output:
        return next(line for line in output.splitlines() if "the rule crashed" in line)
    if code == 1 and not output and not errors.startswith("error: "):
        return f"exit code 1 without a word: {errors!r}"
    application = has_application(file)
    if code == 0 and application is not False:
        return "a silent pass: " + ("it cannot be read" if application is None else "it holds an application")
    return ""


def main() -> int:
    """Audit so many templates, each in another format than the one before; print the counts and what went wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    fuzz, counts, broken = Fuzz(given.seed), Counter[str](), 0
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as directory, contextlib.chdir(directory):
        for index in range(given.count):
            template = fuzz.values(index % 4) if index % 4 else fuzz.text()
            file = Path("t.json" if template.lstrip()[:1] == b"{" else "t.yaml")
            file.write_bytes(template)
            message = wrong(file, FORMATS[index // 4 % len(FORMATS)], counts)
            if message:
                broken += 1
                print(f"--- template {index}\n{template.decode(errors='replace')}\n--- {message}")
    said = ", ".join(f"{count:,} {name}" for name, count in counts.most_common())
    print(f"{given.count:,} damaged templates, seed {given.seed}: {said}; {broken} wrong answers")
    print(f"{time.perf_counter() - start:.0f} s")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
