#!/usr/bin/env python3
"""Turns the CSV files under data/ into C++ arrays that src/arch includes.

  gen_tables.py --data DIR --out DIR

Writes calls.inc, constants.inc and prototypes.inc. Each is a function of the CSV files alone: no dates, no paths, so
equal input gives equal bytes. A file that is already right is left untouched, which spares a rebuild.

Names are found by a perfect hash (hash and displace): a name's 64-bit hash picks a bucket by its top bits, the
bucket's displacement turns the hash into a slot, the slot holds the name's index. name_hash() here and in
src/arch/name_hash.h must agree; src/arch/calls.cpp proves it with a static_assert over every name.

SPDX-License-Identifier: Apache-2.0
"""
import argparse
import csv
import pathlib
import sys

MASK = (1 << 64) - 1
NONE = 0xFFFFFFFF
# Spellings the kernel has replaced, where old and new share a number: name_of() answers with the new one.
OBSOLETE = {"arm_sync_file_range"}


def read_csv(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


def load(data):
    return int.from_bytes(data, "little")


def name_hash(name):
    """64 bits from the first, middle and last eight bytes and the length; see src/arch/name_hash.h."""
    text = name.encode()
    middle = 0
    if len(text) >= 8:
        half = (len(text) - 8) // 2
        first, middle, last = load(text[:8]), load(text[half:half + 8]), load(text[-8:])
    elif len(text) >= 4:
        first, last = load(text[:4]), load(text[-4:])
    else:
        first, last = load(text), 0
    mixed = (first * 0x9E3779B97F4A7C15 + middle * 0xD6E8FEB86659FD93 + last * 0xC2B2AE3D27D4EB4F +
             len(text) * 0x165667B19E3779F9) & MASK
    mixed ^= mixed >> 29
    mixed = mixed * 0xBF58476D1CE4E5B9 & MASK
    return mixed ^ (mixed >> 32)


def perfect_hash(names):
    """(bits of the slot number, bits of the bucket number, displacements, slots)"""
    slot_bits = (2 * len(names) - 1).bit_length()
    bucket_bits = slot_bits - 2
    buckets = [[] for _ in range(1 << bucket_bits)]
    for index, name in enumerate(names):
        value = name_hash(name)
        buckets[value >> (64 - bucket_bits)].append((value, index))
    slots = [NONE & 0xFFFF] * (1 << slot_bits)
    displacements = [0] * len(buckets)
    for bucket in sorted(range(len(buckets)), key=lambda b: -len(buckets[b])):
        for displacement in range(1 << 16):
            wanted = [slot_of(value, displacement, slot_bits) for value, _ in buckets[bucket]]
            if len(set(wanted)) == len(wanted) and all(slots[slot] == 0xFFFF for slot in wanted):
                break
        else:
            raise SystemExit(f"no perfect hash: {[names[index] for _, index in buckets[bucket]]}")
        displacements[bucket] = displacement
        for slot, (_, index) in zip(wanted, buckets[bucket]):
            slots[slot] = index
    return slot_bits, bucket_bits, displacements, slots


def slot_of(value, displacement, slot_bits):
    low = value & 0xFFFFFFFF
    return (((low ^ displacement) * 0x85EBCA6B) & 0xFFFFFFFF) >> (32 - slot_bits)


def lines(items, columns=110):
    """The items joined by commas into lines of at most `columns` characters."""
    line, out = "", []
    for item in items:
        if line and len(line) + len(item) + 2 > columns:
            out.append("    " + line)
            line = ""
        line += (" " if line else "") + item + ","
    return "\n".join([*out, "    " + line] if line else out)


def array(ctype, name, items):
    items = list(items)
    return f"inline constexpr std::array<{ctype}, {len(items)}> {name} = {{{{\n{lines(items)}\n}}}};\n"


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def hash_arrays(prefix, names):
    slot_bits, bucket_bits, displacements, slots = perfect_hash(names)
    return "".join([
        f"inline constexpr unsigned k{prefix}SlotBits = {slot_bits};\n",
        f"inline constexpr unsigned k{prefix}BucketBits = {bucket_bits};\n",
        array("std::uint16_t", f"k{prefix}Displacements", map(str, displacements)),
        array("std::uint16_t", f"k{prefix}Slots", map(str, slots)),
    ])


def version(text):
    major, minor = text.split(".")
    return "{%d, %d}" % (int(major), int(minor))


def calls_inc(data):
    tables = {}
    for path in sorted((data / "syscalls").glob("*.csv")):
        if path.stem not in ("additions", "since"):
            tables[path.stem] = read_csv(path)
    names = sorted({row["name"] for rows in tables.values() for row in rows})
    index = {name: number for number, name in enumerate(names)}
    out = [array("std::string_view", "kNames", map(quoted, names)), hash_arrays("Name", names)]
    for table, rows in tables.items():
        if len({row["name"] for row in rows}) != len(rows):
            raise SystemExit(f"{table}: a name occurs twice")
        numbers = [NONE] * len(names)
        for row in rows:
            numbers[index[row["name"]]] = int(row["nr"])
        out.append(array("std::uint32_t", f"kNumbers_{table}", (hex(n) if n > 9999 else str(n) for n in numbers)))
        ordered = sorted(rows, key=lambda row: (int(row["nr"]), row["name"] in OBSOLETE, row["name"]))
        out.append(array("CallEntry", f"kEntries_{table}",
                         (f"{{{row['nr']}, NameId{{{index[row['name']]}}}, {version(row['since'])}}}"
                          for row in ordered)))
    # A multiplexed call need not have a number of its own anywhere; one without a name has no NameId to ask with.
    pairs = sorted((index[row["call"]], index[row["multiplexer"]], row["selector"], row["mask"])
                   for row in read_csv(data / "multiplexers.csv"))
    out.append(array("MultiplexedCall", "kMultiplexed",
                     (f"{{NameId{{{call}}}, {{NameId{{{by}}}, {selector}, {mask}}}}}"
                      for call, by, selector, mask in pairs)))
    return "".join(out), index


def constants_inc(data):
    sets = sorted(read_csv(data / "constant_sets.csv"), key=lambda row: row["set"])
    rows = read_csv(data / "constants.csv")
    known = {row["set"] for row in sets}
    by_name = {}
    for row in rows:
        if row["set"] not in known:
            raise SystemExit(f"constants.csv: unknown set {row['set']}")
        value = by_name.setdefault(row["name"], row["value"])
        if value != row["value"]:
            raise SystemExit(f"constants.csv: two values for {row['name']}")
    out, members, ranges = [], [], []
    for entry in sets:
        own = sorted((row for row in rows if row["set"] == entry["set"]),
                     key=lambda row: (int(row["value"], 0), int(row["rank"]), row["name"]))
        ranges.append((entry, len(members), len(own)))
        members += own
    out.append(array("Constant", "kConstants",
                     (f"{{{quoted(row['name'])}, {int(row['value'], 0):#x}, {quoted(row['set'])}}}"
                      for row in members)))
    out.append(array("ConstantSet", "kConstantSets",
                     (f"{{{quoted(entry['set'])}, {first}, {count}, {'true' if entry['flags'] == 'yes' else 'false'}, "
                      f"{entry['field']}}}"
                      for entry, first, count in ranges)))
    first_place = {}
    for place, row in enumerate(members):
        first_place.setdefault(row["name"], place)
    out.append(array("std::uint16_t", "kConstantsByName", (str(first_place[name]) for name in sorted(first_place))))
    for source, name in (("errno.csv", "kErrnos"), ("signals.csv", "kSignals")):
        entries = sorted(read_csv(data / source), key=lambda row: (int(row["number"]), int(row["rank"])))
        out.append(array("NumberName", name, (f"{{{row['number']}, {quoted(row['name'])}}}" for row in entries)))
    return "".join(out)


def prototypes_inc(data, index):
    calls = {}
    for row in read_csv(data / "prototypes.csv"):
        if row["call"] not in index:
            raise SystemExit(f"prototypes.csv: no call {row['call']}")
        arguments = calls.setdefault(row["call"], [])
        if row["index"] == "-":
            continue
        if int(row["index"]) != len(arguments):
            raise SystemExit(f"prototypes.csv: {row['call']}: arguments out of order")
        arguments.append(row)
    out, arguments, spans = [], [], []
    for call in sorted(calls, key=index.get):
        spans.append(f"{{NameId{{{index[call]}}}, {len(arguments)}, {len(calls[call])}}}")
        arguments += calls[call]
    out.append(array("ArgPrototype", "kArguments", (
        "{%s, %s, %s, %s, Direction::%s, %s}" % (quoted(row["name"]), quoted(row["type"]), row["width"],
                                                 "true" if row["signed"] == "yes" else "false", row["direction"],
                                                 quoted(row["set"])) for row in arguments)))
    out.append(array("CallPrototype", "kCallPrototypes", spans))
    return "".join(out)


def write(path, text):
    text = "// Generated by scripts/gen_tables.py from data/; edits here are lost.\n" + text
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    calls, index = calls_inc(options.data)
    write(options.out / "calls.inc", calls)
    write(options.out / "constants.inc", constants_inc(options.data))
    write(options.out / "prototypes.inc", prototypes_inc(options.data, index))
    return 0


if __name__ == "__main__":
    sys.exit(main())
