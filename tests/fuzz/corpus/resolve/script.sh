#!/bin/sh
set -e
docker run --privileged alpine
podman run --security-opt seccomp=p.json alpine
