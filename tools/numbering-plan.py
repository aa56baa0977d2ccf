#!/usr/bin/python3
"""Writes the tables of src/number/*_data.c and test/unit/number_samples.tsv.

Source: Debian's python3-phonenumbers (Google's libphonenumber metadata,
Apache-2.0).  Usage: tools/numbering-plan.py [--check]
--check writes nothing and fails when a file differs from what would be written.

Every table is a minimal acyclic automaton over digits: state -> ten next
states (0 = none) and a value.  The numbering plan's automaton is compiled from
the national patterns of all regions under a country code; the other two from
lists of prefixes.  src/number/README.md describes the tables.
"""
import os
import random
import re
import sys
from functools import lru_cache

import phonenumbers
from phonenumbers import carrier, timezone, phonenumberutil as util
from phonenumbers.carrierdata import CARRIER_DATA
from phonenumbers.phonemetadata import PhoneMetadata
from phonenumbers.tzdata import TIMEZONE_DATA

WORLD = "001"

# The values of PtLineType in number.h, in its order.
LINE_TYPES = ["unknown", "fixed_line", "mobile", "fixed_or_mobile", "toll_free",
              "premium_rate", "shared_cost", "voip", "personal_number", "pager",
              "uan", "voicemail"]
# The order in which libphonenumber tries them.
PATTERNS = ["premium_rate", "toll_free", "shared_cost", "voip", "personal_number",
            "pager", "uan", "voicemail", "fixed_line", "mobile"]

# --- regular expressions over digits, by Brzozowski derivatives ---

NONE, EMPTY = ("none",), ("empty",)


def cat(a, b):
    if NONE in (a, b):
        return NONE
    if a == EMPTY:
        return b
    if b == EMPTY:
        return a
    if a[0] == "cat":
        return cat(a[1], cat(a[2], b))
    return ("cat", a, b)


def alt(items):
    found = set()
    for item in items:
        if item[0] == "alt":
            found |= item[1]
        elif item != NONE:
            found.add(item)
    if len(found) <= 1:
        return found.pop() if found else NONE
    return ("alt", frozenset(found))


class Regex:
    """Parses the subset that the metadata uses: digits, classes, groups, ? and {}."""

    def __init__(self, pattern):
        self.p, self.i = pattern, 0
        self.tree = self.alternatives()
        assert self.i == len(pattern), pattern

    def alternatives(self):
        items = [self.sequence()]
        while self.p.startswith("|", self.i):
            self.i += 1
            items.append(self.sequence())
        return alt(items)

    def sequence(self):
        parts = []
        while self.i < len(self.p) and self.p[self.i] not in "|)":
            parts.append(self.repeated(self.atom()))
        tree = EMPTY
        for part in reversed(parts):
            tree = cat(part, tree)
        return tree

    def repeated(self, atom):
        low = high = 1
        count = re.compile(r"\{(\d+)(?:,(\d+))?\}").match(self.p, self.i)
        if self.p.startswith("?", self.i):
            low, self.i = 0, self.i + 1
        elif count:
            low, high = int(count[1]), int(count[2] or count[1])
            self.i = count.end()
        tree = EMPTY
        for n in range(high):
            tree = cat(atom, tree) if n >= high - low else alt([EMPTY, cat(atom, tree)])
        return tree

    def atom(self):
        c = self.p[self.i]
        self.i += 1
        if c == "(":
            if self.p.startswith("?:", self.i):
                self.i += 2
            tree = self.alternatives()
            assert self.p[self.i] == ")", self.p
            self.i += 1
            return tree
        if c == "[":
            end = self.p.index("]", self.i)
            body, self.i = self.p[self.i:end], end + 1
            return ("digit", frozenset(d for d in range(10) if re.match("[" + body + "]", str(d))))
        if c == "\\":
            assert self.p[self.i] == "d", self.p
            self.i += 1
            return ("digit", frozenset(range(10)))
        assert c.isdigit(), self.p
        return ("digit", frozenset([int(c)]))


@lru_cache(None)
def nullable(tree):
    kind = tree[0]
    if kind == "cat":
        return nullable(tree[1]) and nullable(tree[2])
    if kind == "alt":
        return any(nullable(item) for item in tree[1])
    return kind == "empty"


@lru_cache(None)
def derive(tree, digit):
    kind = tree[0]
    if kind == "digit":
        return EMPTY if digit in tree[1] else NONE
    if kind == "cat":
        first = cat(derive(tree[1], digit), tree[2])
        return alt([first, derive(tree[2], digit)]) if nullable(tree[1]) else first
    if kind == "alt":
        return alt([derive(item, digit) for item in tree[1]])
    return NONE


# --- automata ---

class Automaton:
    """A pool of distinct states; state 0 is the dead one."""

    def __init__(self):
        self.rows, self.values, self.known = [(0,) * 10], [0], {}

    def state(self, value, row):
        key = (value, tuple(row))
        if key not in self.known:
            self.known[key] = len(self.rows)
            self.rows.append(key[1])
            self.values.append(value)
        return self.known[key]

    def from_prefixes(self, values):
        """Returns the start state of the trie of {prefix: value}, value > 0."""
        trie = {}
        for prefix, value in values.items():
            node = trie
            for digit in prefix:
                node = node.setdefault(int(digit), {})
            node["value"] = value

        def add(node):
            row = [add(node[d]) if d in node else 0 for d in range(10)]
            return self.state(node.get("value", 0), row)

        return add(trie)


class Numbering:
    """The automaton of one country code: its values are region * 16 + type."""

    def __init__(self, code, automaton, region_index):
        self.automaton, self.region_index = automaton, region_index
        self.regions = util.COUNTRY_CODE_TO_REGION_CODE[code]
        self.data = {r: PhoneMetadata.metadata_for_region_or_calling_code(code, r)
                     for r in self.regions}
        self.memo = {}
        patterns = []
        for region, data in self.data.items():
            for name in ["general_desc"] + PATTERNS:
                desc = getattr(data, name)
                if desc is not None and desc.national_number_pattern:
                    patterns.append(((region, name), Regex(desc.national_number_pattern).tree))
            if data.leading_digits:
                patterns.append(((region, "leading"), Regex(data.leading_digits).tree))
        self.start = self.build(tuple(patterns), 0, frozenset())[0]

    def line_type(self, region, matches, length):
        """The type by libphonenumber's order of tests, or None."""
        def fits(name):
            desc = getattr(self.data[region], name)
            return (region, name) in matches and (not desc.possible_length or
                                                  length in desc.possible_length)
        if not fits("general_desc"):
            return None
        found = next((name for name in PATTERNS if fits(name)), None)
        if found == "fixed_line" and (self.data[region].same_mobile_and_fixed_line_pattern
                                      or fits("mobile")):
            return "fixed_or_mobile"
        return found

    def answer(self, matches, length, led):
        """(region, type) of a whole number, as libphonenumber decides it."""
        for region in self.regions:
            line_type = self.line_type(region, matches, length)
            if len(self.regions) > 1 and self.data[region].leading_digits:
                if region in led:
                    return region, line_type
            elif line_type:
                return region, line_type
        return None, None

    def build(self, patterns, length, led):
        """Returns (state, regions that can still come of it)."""
        key = (patterns, length, led)
        if key in self.memo:
            return self.memo[key]
        matches = {name for name, tree in patterns if nullable(tree)}
        led = led | {r for r, name in matches if name == "leading"}
        region, line_type = self.answer(matches, length, led)
        row, reach = [], set([region] if region else led)
        for digit in range(10):
            rest = tuple((name, derived) for name, tree in patterns
                         for derived in [derive(tree, digit)] if derived != NONE)
            state, more = self.build(rest, length + 1, led) if rest else (0, set())
            row.append(state)
            reach = reach | more
        if region is None and led:
            region = next(r for r in self.regions if r in led)
        if region is None and len(reach) == 1:
            region = next(iter(reach))
        value = self.region_index[region] * 16 if region else 0
        value += LINE_TYPES.index(line_type) if line_type else 0
        self.memo[key] = (self.automaton.state(value, row), reach)
        return self.memo[key]


def without_repeats(full, start, known, automaton, memo):
    """Copies a state to automaton with region 0 where the way to it tells the
    region already: this lets countries share states."""
    if start == 0:
        return 0
    if (start, known) not in memo:
        region, line_type = divmod(full.values[start], 16)
        row = [without_repeats(full, to, region or known, automaton, memo)
               for to in full.rows[start]]
        memo[start, known] = automaton.state(
            line_type + (region * 16 if region != known else 0), row)
    return memo[start, known]


# --- what the library would rewrite ---

def bits(numbers):
    return sum(1 << n for n in set(numbers))


def canonical(code, national):
    """What libphonenumber makes of +code national, or None."""
    try:
        parsed = phonenumbers.parse("+%d%s" % (code, national), None)
    except phonenumbers.NumberParseException:
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def random_assigned(rng, automaton, start, first):
    """A random assigned national number with that first digit, or None."""
    state, digits = automaton.rows[start][first], str(first)
    while state:
        ways = [d for d in range(10) if automaton.rows[state][d]]
        if automaton.values[state] % 16 and (not ways or rng.random() < 0.5):
            return digits
        if not ways:
            return None
        digit = rng.choice(ways)
        state, digits = automaton.rows[state][digit], digits + str(digit)
    return None


def rewritten(code, automaton, start, rng):
    """First national digits where canonical-looking input may have a national
    prefix in it: (of any number, of assigned numbers)."""
    data = PhoneMetadata.metadata_for_region_or_calling_code(
        code, util.COUNTRY_CODE_TO_REGION_CODE[code][0])
    # A leading 0 is always for the library, unless the plan has it.
    firsts, assigned = {0}, set()
    if data.national_prefix_for_parsing:
        tree = Regex(data.national_prefix_for_parsing.replace("$", "")).tree
        firsts |= {d for d in range(10) if derive(tree, d) != NONE}
    for first in sorted(firsts):
        for _ in range(2000):
            national = random_assigned(rng, automaton, start, first)
            if national and canonical(code, national) != "+%d%s" % (code, national):
                assigned.add(first)
                break
    return bits(firsts), bits(assigned)


# --- writing C ---

HEADER = """/*
 * %s
 *	  %s
 *
 * Written by tools/numbering-plan.py; do not edit.  Source: libphonenumber
 * %s (October 2022), from Debian's python3-phonenumbers.  Copyright (C) 2009-2022
 * The Libphonenumber Authors, licensed under the Apache License, Version 2.0.
 */
#include "number/number_data.h"
"""


def wrapped(items, width=100):
    line = ""
    for item in items:
        item = str(item) + ","
        if len(line) + len(item) > width:
            yield line
            line = ""
        line += item
    if line:
        yield line


def array(declaration, items):
    return "\n%s = {\n%s\n};\n" % (declaration, "\n".join(wrapped(items)))


def automaton_arrays(name, automaton):
    assert len(automaton.rows) < 65536
    return (array("const uint16_t pt_%s_next[%d][10]" % (name, len(automaton.rows)),
                  ["{%s}" % ",".join(map(str, row)) for row in automaton.rows])
            + array("const uint16_t pt_%s_value[%d]" % (name, len(automaton.values)),
                    automaton.values))


def quoted(words):
    return ['"%s"' % word.replace("\\", "\\\\").replace('"', '\\"') for word in words]


def lengths(numbers, code):
    return bits(n for n in numbers if n > 0 and n + len(str(code)) <= 15)


def plan_file(automaton, starts, region_names, region_index):
    rng = random.Random(164)
    index, entries = [0] * 1000, []
    for code, start in sorted(starts.items()):
        main = util.COUNTRY_CODE_TO_REGION_CODE[code][0]
        general = PhoneMetadata.metadata_for_region_or_calling_code(code, main).general_desc
        entries.append("{%d,%d,%d,0x%x,0x%x,0x%x,0x%x}" % (
            (code, start, region_index[main], lengths(general.possible_length, code),
             lengths(general.possible_length_local_only, code))
            + rewritten(code, automaton, start, rng)))
        index[code] = len(entries)
    text = "\nconst unsigned pt_region_count = %d;\n" % len(region_names)
    text += array("const char pt_region_names[%d][3]" % len(region_names), quoted(region_names))
    text += array("const uint8_t pt_code_index[1000]", index)
    text += array("const PtCountryCode pt_codes[%d]" % (len(entries) + 1),
                  ["{0,0,0,0,0,0,0}"] + entries)
    return text + automaton_arrays("plan", automaton)


# The library still has these names; a system without the old ones (Debian 13
# keeps them in a package of its own, tzdata-legacy) knows their successors only.
ZONES_RENAMED = {
    "Africa/Asmera": "Africa/Asmara",
    "America/Buenos_Aires": "America/Argentina/Buenos_Aires",
    "America/Godthab": "America/Nuuk",
    "Asia/Calcutta": "Asia/Kolkata",
    "Asia/Choibalsan": "Asia/Ulaanbaatar",
    "Asia/Katmandu": "Asia/Kathmandu",
    "Asia/Rangoon": "Asia/Yangon",
    "Atlantic/Faeroe": "Atlantic/Faroe",
    "Pacific/Enderbury": "Pacific/Kanton",
    "Pacific/Ponape": "Pacific/Pohnpei",
    "Pacific/Truk": "Pacific/Chuuk"}


def present_zones(zones):
    return tuple(dict.fromkeys(ZONES_RENAMED.get(zone, zone) for zone in zones))


def zone_file():
    zones_of = {prefix: present_zones(zones) for prefix, zones in TIMEZONE_DATA.items()}
    names = sorted({zone for zones in zones_of.values() for zone in zones})
    lists, where, flat = {}, {}, [0]
    for prefix, zones in sorted(zones_of.items()):
        if zones not in lists:
            lists[zones] = len(flat)
            flat += [len(zones)] + [names.index(zone) for zone in zones]
        where[prefix] = lists[zones]
    automaton = Automaton()
    start = automaton.from_prefixes(where)
    text = "\nconst uint16_t pt_zone_start = %d;\n" % start
    text += array("const char *const pt_zone_names[%d]" % len(names), quoted(names))
    text += array("const uint16_t pt_zone_lists[%d]" % len(flat), flat)
    return text + automaton_arrays("zone", automaton)


def operator_file():
    named = {prefix: names["en"] for prefix, names in CARRIER_DATA.items() if names.get("en")}
    names = [""] + sorted(set(named.values()))
    assert all(len(name.encode()) < 128 for name in names), "PT_OPERATOR_SIZE"
    index = {name: n for n, name in enumerate(names)}
    automaton = Automaton()
    start = automaton.from_prefixes({prefix: index[name] for prefix, name in named.items()})
    text = "\nconst uint16_t pt_operator_start = %d;\n" % start
    text += array("const char *const pt_operator_names[%d]" % len(names), quoted(names))
    return text + automaton_arrays("operator", automaton)


# --- samples for the unit test: the answers of the Python library itself ---

def sample(code, national):
    zeros = len(national) - len(national.lstrip("0"))
    if zeros == len(national):
        return None
    number = phonenumbers.PhoneNumber(
        country_code=code, national_number=int(national), italian_leading_zero=zeros > 0 or None,
        number_of_leading_zeros=zeros if zeros > 1 else None)
    reason = phonenumbers.is_possible_number_with_reason(number)
    possible = (reason == phonenumbers.ValidationResult.IS_POSSIBLE
                and len(str(code)) + len(national) <= 15)
    type_name = phonenumbers.PhoneNumberType.to_string(phonenumbers.number_type(number)).lower()
    type_name = {"fixed_line_or_mobile": "fixed_or_mobile"}.get(type_name, type_name)
    region = phonenumbers.region_code_for_number(number)
    zones = present_zones(timezone.time_zones_for_geographical_number(number))
    operator = carrier.name_for_valid_number(number, "en")
    return "\t".join(["+%d%s" % (code, national), "t" if possible else "f",
                      "-" if region in (None, WORLD) else region,
                      str(LINE_TYPES.index(type_name)),
                      "-" if zones == ("Etc/Unknown",) else ",".join(zones) if len(zones) < 9
                      else "%d zones" % len(zones),
                      operator or "-"])


def samples_file(automaton, starts):
    rng = random.Random(1)
    lines = set()
    for code, start in starts.items():
        nationals = []
        for region in util.COUNTRY_CODE_TO_REGION_CODE[code]:
            data = PhoneMetadata.metadata_for_region_or_calling_code(code, region)
            nationals += [desc.example_number for desc in
                          (getattr(data, name) for name in PATTERNS)
                          if desc is not None and desc.example_number]
        nationals += [text[:-1] + rng.choice("0123456789") * rng.randint(0, 2)
                      for text in list(nationals[:6])]
        for _ in range(30 if code in (1, 7, 39, 44) else 2):
            nationals.append(random_assigned(rng, automaton, start, rng.randint(0, 9)))
            nationals.append("%0*d" % (rng.randint(4, 11), rng.randint(0, 9999)))
            nationals.append(str(rng.randint(1000, 10 ** 10)))
        lines |= {sample(code, n) for n in nationals if n and len(str(code)) + len(n) <= 15}
    head = "# Written by tools/numbering-plan.py with python3-phonenumbers %s (Apache-2.0):\n" \
        "# number, possible, region, PtLineType, time zones, operator\n" % phonenumbers.__version__
    return head + "\n".join(sorted(lines - {None})) + "\n"


def main():
    region_names = [""] + sorted(util.SUPPORTED_REGIONS)
    region_index = {name: n for n, name in enumerate(region_names)}
    region_index[WORLD] = 0
    automaton, starts = Automaton(), {}
    for code, regions in sorted(util.COUNTRY_CODE_TO_REGION_CODE.items()):
        full = Automaton()
        start = Numbering(code, full, region_index).start
        starts[code] = without_repeats(full, start, region_index[regions[0]], automaton, {})
    version = phonenumbers.__version__
    files = {"src/number/%s_data.c" % name: HEADER % (name + "_data.c", what, version) + text
             for name, what, text in [
                 ("plan", "The numbering plan: country codes, regions, line types.",
                  plan_file(automaton, starts, region_names, region_index)),
                 ("zone", "Time zones by prefix.", zone_file()),
                 ("operator", "Operators' names by prefix (no numbers of North America).",
                  operator_file())]}
    files["test/unit/number_samples.tsv"] = samples_file(automaton, starts)
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    differing = 0
    for name, text in files.items():
        path = os.path.join(root, name)
        if sys.argv[1:] == ["--check"]:
            with open(path, encoding="utf-8") as file:
                if file.read() != text:
                    print(name, "differs from its source")
                    differing = 1
        else:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
    return differing


if __name__ == "__main__":
    sys.exit(main())
