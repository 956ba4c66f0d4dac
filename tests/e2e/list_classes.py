"""Prints FILE.CLASS for each class of tests in this folder, for CMake."""

import importlib
import unittest
from pathlib import Path


def main():
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        for name, value in vars(importlib.import_module(path.stem)).items():
            if is_of_tests(value) and value.__module__ == path.stem:
                print(f"{path.stem}.{name}")


def is_of_tests(value):
    is_case = isinstance(value, type) and issubclass(value, unittest.TestCase)
    return is_case and unittest.defaultTestLoader.getTestCaseNames(value)


if __name__ == "__main__":
    main()
