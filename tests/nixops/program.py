"""What every *_test.py does when it is run."""

import sys
import unittest


def main(*classes):
    """Runs the tests that the command line names, or all; --list prints their names instead."""
    if sys.argv[1:] == ["--list"]:
        for test in classes:
            print(*(f"{test.__name__}.{name}" for name in unittest.defaultTestLoader.getTestCaseNames(test)), sep="\n")
    else:
        unittest.main()
