"""Which headers of a folder can share a translation unit that compiles each of them as if it were alone, and what can be
precompiled for it: header_units.py FOLDER SET…, where a set is the headers to precompile, with blanks between them.

A header sees no more than it includes, directly or through others, if it comes after headers that it includes anyway. So a unit
is a chain, in which each header includes the one before. Prints a line for each unit: the number of its set, or "-", and the
headers in their order.
"""

import re
import sys
from pathlib import Path


def included_by(folder):
    """What each header includes, directly or through others."""
    texts = {str(path.relative_to(folder)): path.read_text(encoding="utf-8") for path in folder.rglob("*.hpp")}
    direct = {header: re.findall(r'^#include "([^"]+)"', text, re.MULTILINE) for header, text in texts.items()}
    all_of = {}

    def find(header):
        if header not in all_of:
            all_of[header] = set()
            for included in direct[header]:
                all_of[header] |= {included} | find(included)
        return all_of[header]

    for header in direct:
        find(header)
    return all_of


def chains(headers, includes):
    """From the header that includes most down to one that includes none of those that are left."""
    left = set(headers)

    def largest(candidates):
        return max(candidates, key=lambda header: (len(includes[header]), header))

    while left:
        chain = [largest(left)]
        left.remove(chain[0])
        while below := includes[chain[-1]] & left:
            chain.append(largest(below))
            left.remove(chain[-1])
        yield chain[::-1]


def main(folder, *sets):
    includes = included_by(Path(folder))
    left = set(includes)
    for number, precompiled in [*enumerate(sets), ("-", "")]:
        users = {header for header in left if includes[header] >= set(precompiled.split())}
        left -= users
        for chain in chains(users, includes):
            print(number, *chain)


main(*sys.argv[1:])
