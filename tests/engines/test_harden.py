"""`callgate harden` of Docker's containers: what is recorded counts by the profile that a container is really under; what is new
in log mode is taken in, what is denied under the profile ends in a patch."""
# SPDX-License-Identifier: Apache-2.0
import subprocess
import unittest

from containers import run
from harden_flow import DockerTest, Flow, Harden
from test_record import TIME


class Docker(Flow, DockerTest):
    def test_a_container(self):
        self.check_container(self.daemons.client, "--host", self.host)

    def test_another_image(self):
        def harden():
            self.addCleanup(run, *self.daemons.client, "rm", "--force", "web")
            out = Harden("-o", self.dir, "--container", "web", "--host", self.host)
            self.addCleanup(out.kill)
            return out
        self.docker("create", "--name", "web", "--network", "none", "contained:1", "/contained", TIME)
        first = harden().until("waiting for container:web")
        run(*self.daemons.client, "start", "--attach", "web")
        self.assertEqual(first.end(), 0, first.err)
        run(*self.daemons.client, "rm", "--force", "web")
        archive = self.folder / "other.tar"
        (self.folder / "file").write_text("other")
        subprocess.run(["tar", "-C", self.daemons.folder / "image", "-cf", archive, "contained"], check=True)
        subprocess.run(["tar", "-C", self.folder, "-rf", archive, "file"], check=True)
        self.docker("import", archive, "other:1")
        self.docker("create", "--name", "web", "--network", "none", "other:1", "/contained", TIME)
        second = harden()
        self.assertEqual(second.end(), 3, second.err)
        self.assertIn("CG5502", second.err)

    def test_nobody_there(self):
        harden = Harden("-o", self.dir, "--container", "nobody", "--host", self.host)
        self.assertEqual(harden.end(), 125, harden.err)


if __name__ == "__main__":
    unittest.main()
