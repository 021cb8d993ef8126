// An image in a file, as docker save, podman save and skopeo write it: a tar archive with a manifest and layers, in
// Docker's layout or OCI's. It is read and not unpacked: what a scan may ask for lies in a file without a name
// (spool.h), all else is only remembered by name. Digests are not checked: who gives us the file could give us another.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "fleet/tree.h"
#include "image/archive.h"

namespace callgate::image {

// What an image may hold. What is larger is refused: nothing else bounds what a small archive unpacks to.
struct Limits {
  std::uint64_t unpacked_bytes = std::uint64_t{64} << 30;  // all layers together
  std::uint64_t kept_bytes = std::uint64_t{16} << 30;      // programs, libraries, scripts
  std::uint64_t entries = 4'000'000;
  std::uint64_t json_bytes = std::uint64_t{16} << 20;  // manifests and configurations together
  std::size_t layers = 512;
};

struct Image {
  std::unique_ptr<fleet::Tree> tree;
  std::string name;                  // "REPOSITORY:TAG", or the configuration's digest where there is none
  std::string id;                    // the configuration's name in the archive
  std::vector<std::string> command;  // Entrypoint and Cmd
  std::string program;               // what the command's first word leads to, by PATH and WorkingDir; empty if nothing
};

// Begins the archive from its beginning.
using Reopen = std::function<base::Result<Pieces>()>;
Reopen file_source(const std::string& path);

// `which`: a tag or the beginning of an id; needed where there are several images. Of several platforms linux/amd64.
// `scratch`: the directory for the nameless file. Errors: io; invalid for what is no image, or is damaged, or which of
// several is meant is not said; limit; unsupported where libarchive is not there.
base::Result<Image> read_image(const Reopen& source, const std::string& which, const std::string& scratch,
                               const Limits& limits = {});

}  // namespace callgate::image
