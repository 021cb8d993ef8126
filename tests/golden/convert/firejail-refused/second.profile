seccomp.drop ptrace
seccomp.32 mount
