#!/usr/bin/env python3
"""Reads call numbers and constants out of the installed kernel headers and rewrites data/.

  import_headers.py [calls] [constants] [--out DIR] [--list-packages]

`calls` preprocesses asm/unistd.h of every architecture (Debian's linux-libc-dev and its cross packages), adds
data/syscalls/additions.csv (calls younger than those headers, and architectures without a package) and
data/syscalls/since.csv (kernel versions), and writes data/syscalls/<architecture>.csv.
`constants` compiles a probe from data/constants.list and writes data/constants.csv with x86_64's values.
Without either word both run. Exit status 3: headers of some architecture are not installed (their packages are
printed). Nothing of the output depends on the date or the machine, so a second run changes nothing.

SPDX-License-Identifier: Apache-2.0
"""
import argparse
import ast
import csv
import pathlib
import re
import subprocess
import sys
import tempfile

REPO = pathlib.Path(__file__).resolve().parent.parent

# Architecture: (include directories, defines its headers choose by, Debian package). The *el and big endian twins
# share numbers. loongarch64 has no package in Debian 12: its kernel uses asm-generic/unistd.h with these two choices
# (arch/loongarch/include/uapi/asm/unistd.h); what else it has is in additions.csv.
NATIVE = ["/usr/include/x86_64-linux-gnu", "/usr/include"]
ARCHES = {
    "x86_64": (NATIVE, ["__x86_64__"], "linux-libc-dev"),
    "x86": (NATIVE, ["__i386__"], "linux-libc-dev"),
    "x32": (NATIVE, ["__x86_64__", "__ILP32__"], "linux-libc-dev"),
    "arm": (["/usr/arm-linux-gnueabihf/include"], ["__arm__", "__ARM_EABI__"], "linux-libc-dev-armhf-cross"),
    "aarch64": (["/usr/aarch64-linux-gnu/include"], ["__aarch64__", "__LP64__"], "linux-libc-dev-arm64-cross"),
    "mips": (["/usr/mips-linux-gnu/include"], ["__mips__", "_MIPS_SIM=1"], "linux-libc-dev-mips-cross"),
    "mips64n32": (["/usr/mips64-linux-gnuabin32/include"], ["__mips__", "_MIPS_SIM=2"],
                  "linux-libc-dev-mipsn32-cross"),
    "mips64": (["/usr/mips64-linux-gnuabi64/include"], ["__mips__", "_MIPS_SIM=3"], "linux-libc-dev-mips64-cross"),
    "ppc": (["/usr/powerpc-linux-gnu/include"], ["__powerpc__"], "linux-libc-dev-powerpc-cross"),
    "ppc64": (["/usr/powerpc64le-linux-gnu/include"], ["__powerpc__", "__powerpc64__"],
              "linux-libc-dev-ppc64el-cross"),
    "s390": (["/usr/s390x-linux-gnu/include"], ["__s390__"], "linux-libc-dev-s390x-cross"),
    "s390x": (["/usr/s390x-linux-gnu/include"], ["__s390__", "__s390x__"], "linux-libc-dev-s390x-cross"),
    "parisc": (["/usr/hppa-linux-gnu/include"], ["__hppa__"], "linux-libc-dev-hppa-cross"),
    "parisc64": (["/usr/hppa-linux-gnu/include"], ["__hppa__", "__LP64__"], "linux-libc-dev-hppa-cross"),
    "riscv64": (["/usr/riscv64-linux-gnu/include"], ["__riscv", "__SIZEOF_POINTER__=8", "__LP64__"],
                "linux-libc-dev-riscv64-cross"),
    "loongarch64": (NATIVE, ["__x86_64__", "__ARCH_WANT_SYS_CLONE", "__ARCH_WANT_SYS_CLONE3"], "linux-libc-dev"),
    "m68k": (["/usr/m68k-linux-gnu/include"], ["__m68k__"], "linux-libc-dev-m68k-cross"),
    "sh": (["/usr/sh4-linux-gnu/include"], ["__sh__"], "linux-libc-dev-sh4-cross"),
}

# The first kernel with the architecture (Linux release notes): none of its calls is older.
FIRST_KERNEL = {"x32": "3.4", "aarch64": "3.7", "riscv64": "4.15", "loongarch64": "5.19"}

# __NR_ macros that are no calls: counts, bases, masks, and MIPS's holes.
NOT_CALLS = re.compile(r"^(syscalls|Linux|Linux_syscalls|(O32|N32|64)_Linux(_syscalls)?|SYSCALL_BASE|SYSCALL_MASK|"
                       r"OABI_SYSCALL_BASE|arch_specific_syscall|(unused|reserved)\d+)$")


def preprocess(include_dirs, defines, text, *options):
    """`text` through cc -E, seeing nothing of this machine but `include_dirs`."""
    command = ["cc", "-E", "-P", "-undef", "-nostdinc", *options]
    command += [f"-I{path}" for path in include_dirs] + [f"-D{define}" for define in defines]
    return subprocess.run([*command, "-x", "c", "-"], input=text, capture_output=True, text=True, check=True).stdout


def integer(expression):
    """The value of a preprocessed constant expression such as `(4000 + 17)`."""
    def value(node):
        match node:
            case ast.Expression(body=body):
                return value(body)
            case ast.Constant(value=int(number)):
                return number
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return value(left) + value(right)
        raise ValueError(f"not a call number: {expression}")
    return value(ast.parse(re.sub(r"\b(0[xX][0-9a-fA-F]+|\d+)[uUlL]+\b", r"\1", expression.strip()), mode="eval"))


def header_calls(arch):
    """{name: number} of one architecture, and the headers' kernel version."""
    include_dirs, defines, _ = ARCHES[arch]
    header = "asm-generic/unistd.h" if arch == "loongarch64" else "asm/unistd.h"
    macros = preprocess(include_dirs, defines, f"#include <{header}>\n", "-dM")
    names = {}
    for prefix, name in re.findall(r"^#define (__NR_|__ARM_NR_)(\w+) ", macros, re.M):
        if not NOT_CALLS.match(name) and (prefix, name) != ("__ARM_NR_", "BASE"):
            names[name] = prefix + name
    lines = [f'"{name}" = {macro}' for name, macro in sorted(names.items())]
    expanded = preprocess(include_dirs, defines, "\n".join([f"#include <{header}>", *lines, ""]))
    calls = {name: integer(number) for name, number in re.findall(r'^"(\w+)" = (.+)$', expanded, re.M)}
    version = preprocess(include_dirs, defines, '#include <linux/version.h>\n"v" = LINUX_VERSION_CODE\n')
    code = integer(re.search(r'"v" = (.+)', version).group(1))
    return calls, f"{code >> 16}.{code >> 8 & 255}"


def read_csv(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


def write_csv(path, header, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def version_key(text):
    return [int(part) for part in text.split(".")]


def import_calls(out):
    since = {}
    for row in read_csv(REPO / "data/syscalls/since.csv"):
        for arch in row["architectures"].split():
            since[arch, row["name"]] = row["since"]
    additions = read_csv(REPO / "data/syscalls/additions.csv")
    for arch in ARCHES:
        calls, version = header_calls(arch)
        first = FIRST_KERNEL.get(arch, "0.0")
        rows = {name: (number, max(since.get((arch, name), first), first, key=version_key), f"linux-libc-dev {version}")
                for name, number in calls.items()}
        for row in additions:
            if row["arch"] != arch:
                continue
            number = int(row["nr"])
            if row["name"] in rows and rows[row["name"]][0] != number:
                raise SystemExit(f"{arch}: additions.csv has {row['name']} as {number}, the headers as "
                                 f"{rows[row['name']][0]}")
            rows.setdefault(row["name"], (number, row["since"], row["source"]))
        ordered = sorted((number, name, version, source) for name, (number, version, source) in rows.items())
        write_csv(out / "syscalls" / f"{arch}.csv", ["name", "nr", "since", "source"],
                  [(name, number, version, source) for number, name, version, source in ordered])


class ConstantSet:
    """One [set] of data/constants.list."""

    def __init__(self, heading):
        words, self.description = re.match(r"\[([^]]+)\]\s*(.*)", heading).groups()
        self.name, *options = words.split()
        self.flags = "flags" in options
        fields = [int(option[6:], 0) for option in options if option.startswith("field=")]
        self.field = fields[0] if fields else 0
        self.headers, self.names, self.given, self.skipped = [], [], {}, set()

    def add(self, name):
        name, _, value = name.partition("=")
        if name not in self.names:
            self.names.append(name)
        if value:
            self.given[name] = int(value, 0)

    def read(self, line):
        word, *rest = line.split()
        if word == "include":
            self.headers += rest
        elif word == "skip":
            self.skipped |= set(rest)
        elif word == "match":
            header, name_pattern, body_pattern = rest
            for name in matching_macros(header, name_pattern, body_pattern):
                self.add(name)
        else:
            for name in [word, *rest]:
                self.add(name)

    def probe(self, out):
        """Names and values; a name the headers do not know stops the run."""
        self.names = [name for name in self.names if name not in self.skipped]
        probed = [name for name in self.names if name not in self.given]
        values = dict(self.given)
        if probed:
            source = "".join(f"#include <{header}>\n" for header in self.headers)
            source += "int printf(const char*, ...);\nint main(void) {\n"
            source += "".join(f'  printf("{name} %llu\\n", (unsigned long long)({name}));\n' for name in probed) + "}\n"
            program = pathlib.Path(out, self.name)
            subprocess.run(["cc", "-D_GNU_SOURCE", "-w", "-x", "c", "-", "-o", program], input=source, text=True,
                           check=True)
            printed = subprocess.run([program], capture_output=True, text=True, check=True).stdout
            values |= {name: int(value) for name, value in (line.split() for line in printed.splitlines())}
        return [(name, values[name]) for name in self.names]


def matching_macros(header, name_pattern, body_pattern):
    text = f"#include <{header}>\n"
    for needed in ("linux/types.h", "linux/time.h"):
        text = f"#include <{needed}>\n" + text
    dump = subprocess.run(["cc", "-E", "-dD", "-D_GNU_SOURCE", "-x", "c", "-"], input=text, capture_output=True,
                          text=True, check=True).stdout
    return [name for name, body in re.findall(r"^#define (\w+) (.+)$", dump, re.M)
            if re.search(name_pattern, name) and re.search(body_pattern, body)]


def import_constants(out):
    sets = []
    for line in (REPO / "data/constants.list").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            sets.append(ConstantSet(line))
        elif line.strip() and not line.startswith("#"):
            sets[-1].read(line)
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        for entry in sets:
            for rank, (name, value) in enumerate(entry.probe(scratch)):
                source = "Linux, newer headers" if name in entry.given else "linux-libc-dev 6.1"
                rows.append((entry.name, rank, name, hex(value) if value > 9 else str(value), source))
    rows.sort()
    write_csv(out / "constants.csv", ["name", "value", "set", "rank", "source"],
              [(name, value, entry, rank, source) for entry, rank, name, value, source in rows])
    write_csv(out / "constant_sets.csv", ["set", "flags", "field", "description"],
              sorted((entry.name, "yes" if entry.flags else "no", hex(entry.field), entry.description)
                     for entry in sets))


def missing_packages():
    missing = set()
    for include_dirs, _, package in ARCHES.values():
        if not any(pathlib.Path(path, "asm/unistd.h").exists() for path in include_dirs):
            missing.add(package)
    return sorted(missing)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", nargs="*", choices=["calls", "constants", []])
    parser.add_argument("--out", type=pathlib.Path, default=REPO / "data")
    parser.add_argument("--list-packages", action="store_true", help="print the Debian packages needed")
    options = parser.parse_args()
    if options.list_packages:
        print(" ".join(sorted({package for _, _, package in ARCHES.values()})))
        return 0
    missing = missing_packages()
    if missing:
        print("not installed: " + " ".join(missing), file=sys.stderr)
        return 3
    what = options.what or ["calls", "constants"]
    if "calls" in what:
        import_calls(options.out)
    if "constants" in what:
        import_constants(options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
