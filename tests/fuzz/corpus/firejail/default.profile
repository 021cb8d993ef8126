allow-debuggers
seccomp !chroot
seccomp.block-secondary
protocol unix
