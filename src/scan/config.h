// What the configuration files of a root name that a program may open: name services, converters of character sets,
// PAM's modules; and what a file's own notes name (.note.dlopen). A file that is missing, or that does not say what it
// should, is a problem: what depends on it is not known then.
//
// Not seen: what the environment puts in their places (GCONV_PATH, an /etc of another mount namespace).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "scan/library.h"

namespace callgate::scan {

struct Named {
  struct Problem {
    std::string where;  // "/etc/nsswitch.conf:3"
    std::string why;
  };
  std::vector<std::string> libraries;  // names or paths, as they are opened; sorted, each once
  std::vector<Problem> problems;
};

// What stands in texts of these kinds; `path` names them in problems.
// nsswitch.conf(5), as glibc reads it: a line that it would not take is a problem.
Named name_services(const std::string& path, std::string_view text);
// A gconv-modules file of a directory.
Named gconv_modules(const std::string& path, std::string_view text, const std::string& directory);
// What iconvconfig(8) makes of them, gconv-modules.cache.
Named gconv_cache(const std::string& path, std::string_view bytes);
// pam.conf(5) or, with `with_service` false, a file of /etc/pam.d. `included` gets the names of further files: paths,
// or to be looked for in the directories of such files.
Named pam_modules(const std::string& path, std::string_view text, bool with_service, const std::string& directory,
                  std::vector<std::string>& included);
// The JSON of .note.dlopen (https://systemd.io/ELF_DLOPEN_METADATA).
Named noted_libraries(const Module& module);

// The files of one library's root, each kind read once.
class Config {
 public:
  explicit Config(Library& library) : library_(library) {}
  // /etc/nsswitch.conf.
  const Named& name_services();
  // The files in the directory that a C library has them in.
  const Named& gconv(const Module& c_library);
  // /etc/pam.d and /usr/lib/pam.d, or /etc/pam.conf if there is neither.
  const Named& pam(const Module& libpam);

 private:
  bool gconv_file(Named& out, const std::string& path, const std::string& directory);
  struct PamFiles;
  void pam_file(PamFiles& files, const std::string& path, bool with_service);
  // What a directory holds; nothing if it is not there.
  std::optional<std::vector<std::string>> names(const std::string& directory);

  Library& library_;
  std::optional<Named> name_services_, pam_;
  std::map<std::string, Named> gconv_;
};

}  // namespace callgate::scan
