// Options that several commands share, for their rows.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "cli/command.h"

namespace callgate::cli {

template <std::size_t N, std::size_t M>
constexpr std::array<Option, N + M> operator+(const std::array<Option, N>& a, const std::array<Option, M>& b) {
  std::array<Option, N + M> out{};
  for (std::size_t i = 0; i < N; ++i) out[i] = a[i];
  for (std::size_t i = 0; i < M; ++i) out[N + i] = b[i];
  return out;
}

inline constexpr std::string_view kProfileHelp =
    "a profile or filter: a path, '-', a name that `callgate explain --list` prints (docker-default, basic-fixed …), "
    "or "
    "pid:N for a live process";

inline constexpr std::array<Option, 1> kFormat{
    {{"format", 0, "FORMAT", "print results and findings as text or json", "text,json"}}};
inline constexpr std::array<Option, 1> kOutput{
    {{"output", 'o', "FILE", "write to FILE, not to standard output; '-' is standard output", ""}}};
// How a profile is to be read.
inline constexpr std::array<Option, 6> kReading{{
    {"as", 0, "ENGINE", "read the profile as this engine does (docker if not given)",
     "docker,podman,containerd,runc,crun,oci"},
    {"caps", 0, "LIST", "the container's capabilities, separated by commas; 'none', or 'default' for Docker's 14", ""},
    {"kernel", 0, "X.Y", "the kernel version that minKernel rules see (6.18 if not given)", ""},
    {"arch", 0, "ARCH", "cover this architecture instead of those the profile lists; may be repeated", "", true},
    {"native", 0, "ARCH", "the machine's own architecture, if it is not this one", ""},
    {"strict", 0, "", "make errors of warnings", ""},
}};
// For commands with two profiles.
inline constexpr std::array<Option, 1> kOtherEngine{
    {{"b-as", 0, "ENGINE", "read B as this engine does (as --as says if not given)",
      "docker,podman,containerd,runc,crun,oci"}}};
// For commands that write a policy in a format of the user's choice.
inline constexpr auto kWriting = kOutput + std::array<Option, 2>{{
                                               {"to", 't', "FORMAT",
                                                "write this format: oci, docker, podman, spo-v1beta1, spo-v1, systemd, "
                                                "minijail, kafel, seccompiler, firejail, "
                                                "bpf or c",
                                                ""},
                                               {"lossy", 0, "", "write even what the format cannot say exactly", ""},
                                           }};
inline constexpr std::array<Option, 1> kByteOrder{
    {{"byte-order", 0, "ORDER", "byte order of filter files", "native,little,big"}}};

}  // namespace callgate::cli
