// The public face of architectures and call tables.
// SPDX-License-Identifier: Apache-2.0
#include "callgate/arch.h"

#include "api/convert.h"
#include "arch/arch.h"
#include "arch/calls.h"

namespace callgate {

std::vector<Architecture> architectures() {
  std::vector<Architecture> out;
  for (const arch::ArchInfo& info : arch::all()) out.push_back(api::to_public(info.arch));
  return out;
}

std::optional<Architecture> find_architecture(std::string_view spelling) {
  const std::optional<arch::Arch> found = arch::find(spelling);
  return found ? std::optional(api::to_public(*found)) : std::nullopt;
}

Architecture native_architecture() {
  return api::to_public(arch::native());
}

std::string_view architecture_name(Architecture architecture) {
  return arch::info(api::to_internal(architecture)).name;
}

std::string_view oci_name(Architecture architecture) {
  return arch::info(api::to_internal(architecture)).oci;
}

std::uint32_t audit_token(Architecture architecture) {
  return arch::info(api::to_internal(architecture)).audit;
}

std::optional<std::uint32_t> call_number(Architecture architecture, std::string_view name) {
  return arch::number(api::to_internal(architecture), name);
}

std::string_view call_name(Architecture architecture, std::uint32_t number) {
  return arch::name_of(api::to_internal(architecture), number);
}

std::optional<std::string_view> suggest_call_name(std::string_view misspelt) {
  return arch::suggest_name(misspelt);
}

}  // namespace callgate
