#!/usr/bin/env python3
"""The repository's own checks must catch what they are for: each test plants one violation in a small tree.

SPDX-License-Identifier: Apache-2.0
"""

import json
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SCRIPTS = ROOT / "scripts"


class Tree(unittest.TestCase):
    """A throw-away repository."""

    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.addCleanup(self.temporary.cleanup)
        self.root = Path(self.temporary.name)

    def put(self, name: str, text: str):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def run_script(self, name: str, *arguments: str) -> tuple[int, str]:
        command = [sys.executable] if name.endswith(".py") else ["bash"]
        done = subprocess.run([*command, str(SCRIPTS / name), *arguments], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr


class Layers(Tree):
    def setUp(self):
        super().setUp()
        self.put("cmake/layers.txt", "base:\narch: base\nbpf: base\napi: base arch\n")
        self.put("src/base/a.h", "#include <vector>\n")
        self.put("src/arch/a.cpp", '#include "arch/b.h"\n#include "base/a.h"\n#include <yaml.h>\n')
        self.put("src/api/a.cpp", '#include "callgate/arch.h"\n#include "arch/a.h"\n')
        self.put("include/callgate/arch.h", '#include <cstdint>\n#include "callgate/version.h"\n')

    def check(self):
        return self.run_script("check-layers.py", str(self.root))

    def test_accepts_a_good_tree(self):
        self.assertEqual(self.check(), (0, ""))

    def test_keeps_the_host_in_its_folder(self):
        self.put("cmake/layers.txt", "base:\narch: base\nbpf: base\napi: base arch\ntracee: base\n")
        test = "#if defined(__aarch64__)\n#endif\n"
        self.put("src/tracee/host/a.cpp", test)
        self.put("src/arch/arch.cpp", test)
        self.assertEqual(self.check(), (0, ""))
        self.put("src/bpf/b.cpp", test)
        code, text = self.check()
        self.assertEqual((code, text.count("\n")), (1, 1))
        self.assertIn("src/bpf/b.cpp:1: __aarch64__ belongs in", text)

    def test_refuses_a_folder_that_the_row_does_not_name(self):
        self.put("src/bpf/a.cpp", '\n#include "arch/a.h"\n')
        self.assertEqual(self.check(), (1, 'src/bpf/a.cpp:2: bpf may not include "arch/a.h"\n'))

    def test_refuses_the_public_interface_below_it(self):
        self.put("src/base/b.cpp", "#include <callgate/arch.h>\n")
        self.assertEqual(self.check(), (1, 'src/base/b.cpp:1: base may not include "callgate/arch.h"\n'))

    def test_refuses_includes_without_a_folder(self):
        self.put("src/base/b.cpp", '#include "a.h"\n')
        self.assertEqual(self.check(), (1, 'src/base/b.cpp:1: "a.h" names no folder; write "base/a.h"\n'))

    def test_refuses_a_folder_without_a_row(self):
        self.put("src/extra/b.cpp", "")
        self.assertEqual(self.check(), (1, "src/extra/b.cpp: src/extra has no row in cmake/layers.txt\n"))

    def test_refuses_cycles(self):
        self.put("cmake/layers.txt", "base: arch\narch: base\nbpf: base\napi: base arch\n")
        self.assertEqual(self.check(), (1, "layers.txt:1: 'base' names 'arch', which has no row above\n"))

    def test_refuses_internal_headers_in_public_ones(self):
        self.put("include/callgate/x.h", '#include "arch/arch.h"\n')
        self.assertEqual(self.check(), (1, 'include/callgate/x.h:1: public headers may not include "arch/arch.h"\n'))

    def test_refuses_other_libraries_in_public_headers(self):
        self.put("include/callgate/x.h", "#include <tl/expected.hpp>\n#include <unistd.h>\n")
        status, output = self.check()
        self.assertEqual(status, 1)
        self.assertEqual(len(output.splitlines()), 2)


class Sizes(Tree):
    def setUp(self):
        super().setUp()
        self.put("scripts/size-exceptions.txt", "# path, reason\n")
        self.put("src/a/good.cpp", "\n" * 700)

    def check(self):
        return self.run_script("check-size.sh", str(self.root))

    def test_accepts_700_lines(self):
        self.assertEqual(self.check(), (0, ""))

    def test_refuses_701_lines(self):
        self.put("src/a/long.cpp", "\n" * 701)
        status, output = self.check()
        self.assertEqual(status, 1)
        self.assertIn("src/a/long.cpp: 701 lines", output)

    def test_an_exception_needs_a_reason(self):
        self.put("src/a/long.cpp", "\n" * 701)
        self.put("scripts/size-exceptions.txt", "src/a/long.cpp one table that cannot be split\n")
        self.assertEqual(self.check(), (0, ""))
        self.put("scripts/size-exceptions.txt", "src/a/long.cpp\n")
        self.assertEqual(self.check()[0], 1)

    def test_refuses_exceptions_without_need(self):
        self.put("scripts/size-exceptions.txt", "src/a/good.cpp it was long once\n")
        self.assertEqual(self.check()[0], 1)


class Diagnostics(Tree):
    GOOD = '// Explained.\ninline constexpr base::DiagnosticId kOne{2001, base::Severity::error, "one | two"};\n'

    def setUp(self):
        super().setUp()
        self.put("src/bpf/diagnostic_ids.h", self.GOOD)
        self.put("tests/unit/a_test.cpp", 'EXPECT_EQ(code, "CG2001");\n')
        (self.root / "docs").mkdir()

    def generate(self):
        return self.run_script("gen_diagnostics.py", str(self.root))

    def check(self):
        return self.run_script("gen_diagnostics.py", "--check", str(self.root))

    def test_round_trip(self):
        self.assertEqual(self.generate(), (0, ""))
        self.assertEqual(self.check(), (0, ""))
        page = (self.root / "docs/diagnostics.md").read_text()
        self.assertIn("| **CG2001** error | one \\| two | Explained. |", page)

    def test_finds_a_stale_page(self):
        self.generate()
        self.put("src/bpf/diagnostic_ids.h", self.GOOD.replace("Explained", "Otherwise"))
        self.assertEqual(self.check(), (1, "docs/diagnostics.md is out of date; run scripts/gen_diagnostics.py\n"))

    def test_finds_numbers_used_twice(self):
        self.put("src/bpf/diagnostic_ids.h", self.GOOD + self.GOOD.replace("kOne", "kTwo"))
        self.assertEqual(self.generate(), (1, "CG2001 is both bpf::kOne and bpf::kTwo\n"))

    def test_finds_numbers_out_of_range(self):
        self.put("src/bpf/diagnostic_ids.h", self.GOOD.replace("2001", "1001"))
        self.assertEqual(self.generate(), (1, "CG1001 (bpf::kOne) lies outside the range of src/bpf\n"))

    def test_finds_ids_without_a_comment(self):
        self.put("src/bpf/diagnostic_ids.h", self.GOOD.replace("// Explained.\n", "\n"))
        self.assertEqual(self.generate(), (1, "src/bpf/diagnostic_ids.h: kOne has no comment above it\n"))

    def test_finds_ids_without_a_test(self):
        self.put("tests/unit/a_test.cpp", "CG2002 CG20011\n")
        self.generate()
        self.assertEqual(self.check(), (1, "CG2001 (bpf::kOne) occurs in no test\n"))

    def test_finds_definitions_it_cannot_read(self):
        self.put("src/bpf/diagnostic_ids.h", self.GOOD + "inline constexpr base::DiagnosticId kTwo = make(7);\n")
        self.assertEqual(self.generate()[0], 1)


class LintData(Tree):
    HEADER = "group,cve,what,source\n"
    RECORD = "https://github.com/CVEProject/cvelistV5/blob/main/cves/2016/0xxx/CVE-2016-0728.json"

    def setUp(self):
        super().setUp()
        shutil.copytree(ROOT / "data" / "lint", self.root / "lint")

    def check(self, *rows: str):
        if rows:
            self.put("lint/risk_cves.csv", self.HEADER + "".join(row + "\n" for row in rows))
        return self.run_script("gen_lint.py", "--data", str(self.root / "lint"), "--out", str(self.root / "lint.inc"))

    def test_accepts_the_tables_of_the_tree(self):
        self.assertEqual(self.check(), (0, ""))

    def test_accepts_a_record_and_a_page_about_the_call(self):
        self.assertEqual(self.check(f"keyrings,CVE-2016-0728,overflow,{self.RECORD}",
                                    f"ptrace,CVE-2016-0728,overflow,{self.RECORD} https://example.org/ptrace"), (0, ""))

    def test_refuses_what_is_no_cve_id(self):
        for ident in ("CVE-2016-728", "cve-2016-0728", "CVE-16-0728", "2016-0728", "CVE-2016-0728 ", ""):
            self.assertEqual(self.check(f"keyrings,{ident},overflow,{self.RECORD}"),
                             (1, f"risk_cves.csv:2: '{ident}' is no CVE id\n"))

    def test_refuses_sources_that_are_no_https_addresses(self):
        for source in ("", "nvd.nist.gov", self.RECORD.replace("https", "http"), "https://nvd.nist.gov",
                       f"{self.RECORD} keyctl(2)", f"{self.RECORD}  https://example.org/keyctl"):
            self.assertEqual(self.check(f"keyrings,CVE-2016-0728,overflow,{source}"),
                             (1, "risk_cves.csv:2: the source of CVE-2016-0728 is not one https address or more\n"))

    def test_refuses_the_record_of_another_id(self):
        self.assertEqual(self.check(f"keyrings,CVE-2017-7472,memory,{self.RECORD}"),
                         (1, "risk_cves.csv:2: the first source of CVE-2017-7472 is not its record\n"))

    def test_refuses_rows_twice_and_out_of_order(self):
        row = f"keyrings,CVE-2016-0728,overflow,{self.RECORD}"
        self.assertEqual(self.check(row, row), (1, "risk_cves.csv:3: CVE-2016-0728 stands twice or out of order\n"))
        later = row.replace("2016-0728", "2016-10728")
        self.assertEqual(self.check(later, row), (1, "risk_cves.csv:3: CVE-2016-0728 stands twice or out of order\n"))


class Tidy(Tree):
    """scripts/tidy.py --fast, which looks at several files at once."""

    HELPER = "namespace n {\nnamespace {\nint help() {\n  return 1;\n}\n}\nint %s() {\n  return help();\n}\n}\n"

    def setUp(self):
        super().setUp()
        self.put(".clang-tidy", (ROOT / ".clang-tidy").read_text())
        self.put("src/a/header.h", "#pragma once\nnamespace n {\nstruct Known;\n}\nnamespace m {\nstruct Known;\n}\n")
        self.put("src/a/one.cpp", self.HELPER % "one")
        self.put("src/a/two.cpp", "namespace n {\nint two(const int* at) {\n  return at == nullptr ? 0 : *at;\n}\n}\n")

    def look(self):
        """What --fast says of src/, and with how many units."""
        files = sorted(self.root.glob("src/*/*.cpp"))
        self.put("build/compile_commands.json", json.dumps([
            {"directory": str(self.root / "build"), "file": str(file),
             "command": f"c++ -std=c++20 -I{self.root}/src -Wall -Werror -o x.o -c {file}"} for file in files]))
        shutil.rmtree(self.root / "build/tidy", ignore_errors=True)
        code, text = self.run_script("tidy.py", "--fast", "--root", str(self.root), "--build", "build")
        return code, text.replace(f"{self.root}/", ""), len(list(self.root.glob("build/tidy/*/unit.cpp")))

    def test_accepts_a_good_tree_as_one_unit(self):
        self.assertEqual(self.look(), (0, "", 1))

    def test_names_the_file_and_the_line(self):
        self.put("src/a/two.cpp", "namespace n {\nint two(const int* at) {\n  return at == 0 ? 0 : *at;\n}\n}\n")
        code, text, _ = self.look()
        self.assertEqual(code, 1)
        self.assertIn("src/a/two.cpp:3:16: error: use nullptr [modernize-use-nullptr", text)

    def test_names_the_header(self):
        self.put("src/a/bad.h", "#pragma once\nnamespace n {\nstruct bad_name {};\n}\n")
        self.put("src/a/two.cpp", '#include "a/bad.h"\n')
        code, text, _ = self.look()
        self.assertEqual(code, 1)
        self.assertIn("src/a/bad.h:3:8: error: invalid case style for struct 'bad_name'", text)

    def test_keeps_files_with_the_same_helper_apart(self):
        self.put("src/a/three.cpp", self.HELPER % "three")
        self.assertEqual(self.look(), (0, "", 1))  # and one file that is left over

    def test_a_clash_that_was_not_seen_is_no_finding(self):
        for name in ("three", "four"):
            self.put(f"src/a/{name}.cpp", f"#define HIDDEN_{name} static int\nHIDDEN_{name} one_more(int);\n"
                     f"HIDDEN_{name} one_more(int) {{ return 1; }}\nint {name}() {{\n  return one_more(2);\n}}\n")
        code, text, units = self.look()
        self.assertEqual((code, units), (0, 1))
        self.assertIn("tidy: note: what a unit of several files brings up is not in the files themselves", text)

    def test_finds_what_only_a_file_alone_shows(self):
        self.put("src/a/three.cpp", '#include "a/header.h"\n#include "a/header.h"\n')
        code, text, _ = self.look()
        self.assertEqual(code, 1)
        self.assertIn("src/a/three.cpp:2:1: error: duplicate include", text)
        using = '#include "a/header.h"\nnamespace k {\nusing n::Known;\n%s}\n'
        self.put("src/a/three.cpp", using % "")
        self.put("src/a/zero.cpp", using % "Known* known();\n")
        code, text, _ = self.look()
        self.assertEqual(code, 1)
        self.assertIn("src/a/three.cpp:3:10: error: using decl 'Known' is unused", text)


if __name__ == "__main__":
    unittest.main()
