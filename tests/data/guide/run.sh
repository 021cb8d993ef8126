docker run -d --name web --security-opt seccomp=profile.json web
docker run -d --name shell --security-opt seccomp=unconfined shell  # callgate:ignore unconfined only on developers' machines
docker run -d --name jobs --security-opt seccomp=default jobs
