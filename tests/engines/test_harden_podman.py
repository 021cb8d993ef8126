"""`callgate harden` of Podman's containers, over crun and over runc, whose filters of one profile differ."""
# SPDX-License-Identifier: Apache-2.0
import unittest

from harden_flow import Flow
from podman import PodmanTest
from recorder import need_recorder


class Podman(Flow, PodmanTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        need_recorder()

    def client(self, runtime):
        return ["podman", "--tmpdir", self.home / "tmp", "--runtime", self.runtimes[runtime]]

    def test_a_container_of_crun(self):
        self.check_container(self.client("crun"), name="podman", env=self.environment, cwd=self.home)

    def test_a_container_of_runc(self):
        self.check_container(self.client("runc"), name="podman", env=self.environment, cwd=self.home)


if __name__ == "__main__":
    unittest.main()
