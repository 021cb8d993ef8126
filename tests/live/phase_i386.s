# A 32-bit program, by int $0x80: exits with 0 if getcwd is granted before the marker and refused after it.
# SPDX-License-Identifier: Apache-2.0
.globl _start
.text
_start:
  call may_getcwd
  test %eax, %eax
  jle fail
  mov $33, %eax          # access
  mov $marker, %ebx
  xor %ecx, %ecx
  int $0x80
  call may_getcwd
  cmp $-1, %eax          # EPERM
  jne fail
  xor %ebx, %ebx
  jmp leave
fail:
  mov $1, %ebx
leave:
  mov $1, %eax           # exit
  int $0x80
may_getcwd:
  mov $183, %eax
  mov $place, %ebx
  mov $4096, %ecx
  int $0x80
  ret
.section .rodata
marker: .asciz "/callgate:next"
.bss
place: .skip 4096
