// SPDX-License-Identifier: Apache-2.0
#include "cli/scan_source.h"

#include <fmt/format.h>

#include "base/text.h"
#include "cli/diagnostic_ids.h"
#include "image/image.h"

namespace callgate::cli {

namespace {

std::optional<ScanSource> image_source(Session& session, const std::string& file, int& status) {
  const Arguments& given = session.arguments();
  const char* const scratch = session.env().variable("TMPDIR");
  auto image = image::read_image(image::file_source(file), std::string(given.last("tag").value_or("")),
                                 scratch != nullptr ? scratch : "/var/tmp");
  if (!image) {
    status = session.fail(std::move(image.error()).within(base::printable(file)));
    return std::nullopt;
  }
  ScanSource out{std::move(image->tree), fmt::format("{} ({})", image->name, image->id), given.operands,
                 given.has("all") || given.has("package")};
  if (given.operands.empty() && !out.all) {
    if (image->program.empty()) {
      session.diagnostics().add(kNoEntryPoint, {},
                                image->command.empty() ? "the image says of no program that it is to be executed"
                                                       : fmt::format("the image's program '{}' is not in it",
                                                                     base::printable(image->command.front())),
                                "name a program, or give --all");
      status = kBadInput;
      return std::nullopt;
    }
    out.programs = {image->program};
  }
  return out;
}

}  // namespace

std::optional<ScanSource> scan_source(Session& session, int& status) {
  const Arguments& given = session.arguments();
  std::string_view wrong;
  if (given.has("image") && given.has("root")) wrong = "scan: --image and --root exclude each other";
  if (given.has("tag") && !given.has("image")) wrong = "scan: --tag is for --image";
  if (given.operands.empty() && !given.has("image") && !given.has("root") && !given.has("package") && !given.has("all"))
    wrong = "scan: a program is missing, or --root, --image or --package";
  if (!wrong.empty()) {
    status = session.usage(kBadOperands, std::string(wrong));
    return std::nullopt;
  }
  if (const auto file = given.last("image")) return image_source(session, std::string(*file), status);
  const std::string root(given.last("root").value_or("/"));
  auto tree = fleet::open_directory(root);
  if (tree)
    return ScanSource{std::move(*tree), root, given.operands,
                      given.operands.empty() || given.has("all") || given.has("package")};
  status = session.fail(tree.error());
  return std::nullopt;
}

}  // namespace callgate::cli
