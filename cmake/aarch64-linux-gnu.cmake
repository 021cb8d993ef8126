# Debian's cross compiler for aarch64, with the libraries that scripts/aarch64-sysroot unpacks into
# build/aarch64-sysroot (another place: environment variable CALLGATE_AARCH64_SYSROOT). Programs run under qemu's user
# emulation, so ctest works.
# SPDX-License-Identifier: Apache-2.0
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)

if(DEFINED ENV{CALLGATE_AARCH64_SYSROOT})
  set(callgate_sysroot $ENV{CALLGATE_AARCH64_SYSROOT})
else()
  get_filename_component(callgate_sysroot ${CMAKE_CURRENT_LIST_DIR}/../build/aarch64-sysroot ABSOLUTE)
endif()
if(NOT EXISTS ${callgate_sysroot}/usr/include)
  message(FATAL_ERROR "no aarch64 libraries in ${callgate_sysroot}; run scripts/aarch64-sysroot first")
endif()
# The C library and its headers come with the cross compiler; everything else from the unpacked packages.
set(CMAKE_FIND_ROOT_PATH ${callgate_sysroot} /usr/aarch64-linux-gnu)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(ENV{PKG_CONFIG_SYSROOT_DIR} ${callgate_sysroot})
set(ENV{PKG_CONFIG_LIBDIR}
  ${callgate_sysroot}/usr/lib/aarch64-linux-gnu/pkgconfig:${callgate_sysroot}/usr/share/pkgconfig)
set(callgate_libraries ${callgate_sysroot}/usr/lib/aarch64-linux-gnu)
# For libraries that come without a CMake package or a pkg-config file.
set(CMAKE_CXX_FLAGS_INIT "-idirafter ${callgate_sysroot}/usr/include -idirafter ${callgate_sysroot}/usr/include/aarch64-linux-gnu")
set(CMAKE_EXE_LINKER_FLAGS_INIT "-L${callgate_libraries} -Wl,-rpath-link,${callgate_libraries}")
set(CMAKE_CROSSCOMPILING_EMULATOR
  qemu-aarch64-static;-L;/usr/aarch64-linux-gnu;-E;LD_LIBRARY_PATH=${callgate_libraries})
