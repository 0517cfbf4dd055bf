"""The smallest test runner that speaks TAP: functions called test_* of a module, in order.

A test fails by any exception, is skipped by raising Skip("reason"). With names as arguments only
those tests run. What a failed test printed follows it as comments.
"""
import contextlib
import inspect
import io
import sys
import traceback


class Skip(Exception):
    """Raised by a test that needs what this machine does not have."""


def run(module_name):
    module = sys.modules[module_name]
    wanted = sys.argv[1:]
    tests = [(name, function) for name, function in vars(module).items()
             if name.startswith("test_") and inspect.isfunction(function)
             and (not wanted or name in wanted)]
    tests.sort(key=lambda item: item[1].__code__.co_firstlineno)
    print("TAP version 13")
    print(f"1..{len(tests)}")
    failed = 0
    for number, (name, function) in enumerate(tests, 1):
        said = io.StringIO()
        try:
            with contextlib.redirect_stdout(said):
                function()
            print(f"ok {number} - {name}")
        except Skip as reason:
            print(f"ok {number} - {name} # SKIP {reason}")
        except Exception:
            failed += 1
            print(f"not ok {number} - {name}")
            for line in (said.getvalue() + traceback.format_exc()).splitlines()[-60:]:
                print(f"# {line}")
        sys.stdout.flush()
    sys.exit(1 if failed else 0)
