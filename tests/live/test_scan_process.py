#!/usr/bin/env python3
"""callgate scan --after pid:N: what a running process can still call, by what it has mapped and what its memory holds.

usage: test_scan_process.py CALLGATE CC
SPDX-License-Identifier: Apache-2.0
"""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

CALLGATE, CC = Path(sys.argv[1]).resolve(), sys.argv[2]
PLUGIN = "#include <unistd.h>\n#include <sys/syscall.h>\nvoid act(void) { syscall(SYS_swapoff, 0); }\n"
PROGRAM = r"""
#include <dlfcn.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
#define KEEP __attribute__((noinline, noclone, used))
static jmp_buf there;
KEEP static void* load(const char* name) { syscall(SYS_sync); return dlopen(name, RTLD_NOW); }
KEEP static void waits(void) { puts("ready"); fflush(stdout); read(0, &there, 0); pause(); syscall(SYS_setfsgid, -1); }
KEEP static void jumps(void) { if (setjmp(there)) syscall(SYS_setfsuid, -1); }
static void* thread(void* name) { for (;;) { pause(); syscall(SYS_getpgrp); } }
KEEP static void serve(void (*act)(void), char** words) {
  for (;;) {
    act();
#ifdef AGAIN
    load(words[1]);
#endif
    waits();
    syscall(SYS_getppid);
  }
}
int main(int argc, char** words) {
  pthread_t t;
  syscall(SYS_acct, 0);
  void* plugin = load(words[1]);
  jumps();
  pthread_create(&t, 0, thread, 0);
  serve((void (*)(void))dlsym(plugin, words[2]), words);
}
"""
# Of each call the place in the program's life that it stands for.
GONE, THERE = {"acct"}, {"getppid", "setfsgid", "swapoff", "getpgrp", "pause"}


class Process(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="callgate-scan.")
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)
        (self.folder / "plugin.c").write_text(PLUGIN)
        (self.folder / "program.c").write_text(PROGRAM)
        self.compile("plugin.c", "plugin.so", "-shared", "-fPIC")

    def compile(self, source, out, *options):
        subprocess.run([CC, "-O1", "-w", "-pthread", source, "-o", out, *options], cwd=self.folder, check=True)

    def start(self, *options):
        self.compile("program.c", "program", *options)
        process = subprocess.Popen([self.folder / "program", self.folder / "plugin.so", "act"], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.assertEqual(process.stdout.readline(), b"ready\n")
        return process

    def scan(self, *options):
        run = subprocess.run([CALLGATE, "scan", self.folder / "program", "--format", "json", "--no-cache",
                              "--assume=no-gconv", "--assume=no-missing", *options], capture_output=True, timeout=120, check=False)
        self.assertIn(run.returncode, (0, 1), run.stderr)
        answer = json.loads(run.stdout)["programs"][0]
        return {call["name"] for call in answer["calls"]}, {u["kind"] for u in answer["unresolved"]}, answer

    def test_what_it_has_opened_is_known(self):
        process = self.start()
        life, open_because, _ = self.scan()
        self.assertTrue({"dlopen", "dlsym"} <= open_because)
        self.assertNotIn("swapoff", life)  # of the plugin, whose name is not known
        can, open_because, answer = self.scan("--after", f"pid:{process.pid}")
        self.assertEqual(answer["after"]["point"], "pid")
        self.assertFalse({"dlopen", "dlsym"} & open_because, answer["unresolved"])
        self.assertIn(str(self.folder / "plugin.so"), answer["libraries"])
        self.assertTrue(THERE <= can, THERE - can)
        self.assertFalse(GONE & can)
        self.assertLess(len(can - {"swapoff"}), len(life))
        # It is left as it was.
        status = Path(f"/proc/{process.pid}/status").read_text()
        self.assertIn("TracerPid:\t0", status)
        self.assertIn("State:\tS", status)

    def test_what_it_can_open_again_stays_open(self):
        process = self.start("-DAGAIN")
        can, open_because, _ = self.scan("--after", f"pid:{process.pid}")
        self.assertIn("dlopen", open_because)
        self.assertIn("sync", can)
        self.assertTrue(THERE <= can and not GONE & can)

    def test_a_place_that_a_long_jump_comes_back_to_counts(self):
        process = self.start()
        can, _, _ = self.scan("--after", f"pid:{process.pid}")
        self.assertIn("setfsuid", can)

    def test_a_file_that_was_replaced_leaves_it_open(self):
        process = self.start()
        os.rename(self.folder / "plugin.so", self.folder / "old.so")
        self.compile("plugin.c", "plugin.so", "-shared", "-fPIC")
        os.remove(self.folder / "old.so")
        _, open_because, answer = self.scan("--after", f"pid:{process.pid}")
        self.assertIn("file", open_because, answer["unresolved"])

    def test_no_such_process(self):
        for word, status in (("pid:2147483647", 3), ("pid:x", 2), ("pid:0", 2)):
            run = subprocess.run([CALLGATE, "scan", "/bin/true", "--after", word], capture_output=True, check=False)
            self.assertEqual(run.returncode, status, run.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
