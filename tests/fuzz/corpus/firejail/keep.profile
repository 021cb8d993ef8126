seccomp.keep read,@io-event
seccomp.32.keep write
seccomp-error-action kill
