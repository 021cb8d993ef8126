// A shared library that few commands need: it is loaded by the first that does, so that the others start without it and
// work where it is not installed.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <dlfcn.h>

namespace callgate::base {

class OnDemandLibrary {
 public:
  // `soname`: "libcurl.so.4". False as a bool if the loader does not find it.
  explicit OnDemandLibrary(const char* soname) : handle_(dlopen(soname, RTLD_NOW | RTLD_LOCAL)) {}
  ~OnDemandLibrary() {
    if (handle_ != nullptr) dlclose(handle_);
  }
  OnDemandLibrary(const OnDemandLibrary&) = delete;
  OnDemandLibrary& operator=(const OnDemandLibrary&) = delete;

  explicit operator bool() const { return handle_ != nullptr; }

  // Whether it has the function, which is `out` then: of the type that the library's own header gives it.
  template <class Function>
  bool find(const char* name, Function& out) const {
    out = reinterpret_cast<Function>(dlsym(handle_, name));  // what POSIX defines dlsym for
    return out != nullptr;
  }

 private:
  void* handle_;
};

}  // namespace callgate::base
