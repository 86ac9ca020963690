"""Runs the portable tests on whichever interpreter runs this file: MicroPython knows no pytest.

    PYTHONPATH=.:micro python tests/portable/run.py
    MICROPYPATH=.:micro:.frozen micropython tests/portable/run.py test_week test_decide

Without names it runs all of them.
A case is a function `test_*` of a module `test_*.py` here, or a row of its `CASES`: a unique name, then the arguments
of the module's function `check`. pytest expands the same cases (`conftest.py`), so the counts must be equal.
Prints `N passed, M failed`; exit status 1 when a case failed or a module could not be loaded.
"""

import gc
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

HERE = "/".join(__file__.replace("\\", "/").split("/")[:-1]) or "."


def load(name: str) -> "ModuleType":
    """The test module of that name."""
    package = __import__("tests.portable." + name)
    return getattr(package.portable, name)  # type: ignore[no-any-return]


def forget(name: str) -> None:
    """Free what the module of that name took: MicroPython's heap is small, and a full one fails any case by chance."""
    del sys.modules["tests.portable." + name]
    delattr(sys.modules["tests.portable"], name)
    gc.collect()


def cases(module: "ModuleType") -> "list[tuple[str, Callable[..., None], tuple[object, ...]]]":
    """(name, function, arguments) of each case of a module. Raises ValueError for a name used twice."""
    found: "list[tuple[str, Callable[..., None], tuple[object, ...]]]"
    found = [(name, getattr(module, name), ()) for name in sorted(dir(module)) if name.startswith("test_")]
    for row in getattr(module, "CASES", ()):
        found.append((row[0], module.check, tuple(row[1:])))
    if len({name for name, _, _ in found}) != len(found):
        raise ValueError("two cases of a module have the same name")
    return found


def report(error: Exception) -> None:
    """Where it failed, in the words of the interpreter."""
    if hasattr(sys, "print_exception"):
        sys.print_exception(error)
    else:
        sys.excepthook(type(error), error, error.__traceback__)


def main() -> int:
    """Run everything; the exit status."""
    passed = failed = 0
    here = sorted([name[:-3] for name in os.listdir(HERE) if name.startswith("test_") and name.endswith(".py")])
    names = sys.argv[1:] or here
    for name in names:
        try:
            found = cases(load(name))
        except Exception as error:  # a broken module is a failure like any other
            print("FAILED", name)
            report(error)
            failed += 1
            continue
        for case, function, arguments in found:
            try:
                function(*arguments)
                passed += 1
            except Exception as error:
                print("FAILED", name, case)
                report(error)
                failed += 1
        found = []
        forget(name)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
