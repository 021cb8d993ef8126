"""`callgate harden` of a server under load."""
# SPDX-License-Identifier: Apache-2.0
import http.client
import json
import sys
import threading
import unittest

from containers import CALLGATE, SOURCE, EngineTest, need_engines, run, wait_for
from harden_flow import Harden
from recorder import need_recorder

sys.path.insert(0, str(SOURCE / "tests" / "live"))
import loads  # noqa: E402  (they lie beside the other live tests)
import servers  # noqa: E402
from work import provide  # noqa: E402


class Server(EngineTest):
    """nginx, while wrk asks it for pages: recorded, tried and enforced, each until nothing new comes or it is told to end."""

    @classmethod
    def setUpClass(cls):
        need_engines("nginx", "wrk")
        need_recorder()

    def harden(self, *options):
        self.folder.chmod(0o755)
        provide(self.folder)
        server = servers.nginx(self.folder)
        over, rounds = threading.Event(), []

        def use():
            while not over.wait(0.2):
                try:
                    server.load()
                    loads.put_to("nginx")(server.port)
                    rounds.append(None)
                except (AssertionError, OSError, http.client.HTTPException):
                    pass  # it is between two runs
        client = threading.Thread(target=use)
        client.start()
        folder = self.folder / "state"
        try:
            harden = Harden("-o", folder, "--quiet-for", "4s", "--accept", *options, "--", *server.words)
            self.addCleanup(harden.kill)
            harden.until("from here on", 120)
            before = len(rounds)
            self.assertTrue(wait_for(lambda: len(rounds) > before or harden.process.poll() is not None, 60))
            self.assertIsNone(harden.process.poll(), harden.err)
            self.assertEqual(harden.tell(), 0, harden.err)
        finally:
            over.set()
            client.join()
        self.assertGreater(len(rounds), before, "it was served under the profile")
        state = json.loads((folder / "state.json").read_text(encoding="utf-8"))
        self.assertEqual(state["stage"], "hardened", harden.err)
        self.assertTrue(wait_for(lambda: not servers.answer(server.port, "GET / HTTP/1.0\r\n\r\n"), 20), "nobody is left")
        return folder, harden.err

    def test_one_profile(self):
        _, told = self.harden()
        self.assertIn("under profile.json, exit status 0: no call denied", told)

    def test_two_profiles(self):
        folder, told = self.harden("--phases", "accept")
        self.assertRegex(told, r"in \d process(es)? from accept on, serving\.json, exit status 0: no call denied")
        for call, granted in (("openat", True), ("epoll_wait", True), ("clone", False), ("bind", False), ("execve", False)):
            answer = run(CALLGATE, "eval", folder / "serving.json", call, "--as", "oci").stdout
            self.assertEqual("ALLOW" in answer, granted, f"{call}: {answer}")


if __name__ == "__main__":
    unittest.main()
