# callgate:ignore unconfined a debugger needs ptrace and perf
docker run --security-opt seccomp=unconfined debugger
docker run --security-opt seccomp=unconfined web  # callgate:ignore unconfined
docker run --security-opt seccomp=unconfined jobs  # callgate:ignore unconfind no such rule
docker run web  # callgate:ignore option-twice there is none
