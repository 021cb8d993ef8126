# head
seccomp.drop @clock,!read,write:EACCES,$500,open:kill
seccomp.32.drop read
seccomp-error-action log
