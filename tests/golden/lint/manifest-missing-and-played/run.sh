podman run --security-opt seccomp=missing.json web
