// SPDX-License-Identifier: Apache-2.0
#include "compose/services.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "base/text.h"
#include "compose/paths.h"
#include "manifest/go_json.h"
#include "manifest/go_text.h"

namespace callgate::compose {
namespace {

using manifest::Step;

constexpr std::size_t kMaxContainers = 10'000;                    // told of one project
constexpr std::size_t kMaxProfileBytes = std::size_t{256} << 20;  // in all of their security options

std::string text_of(const Value& service, std::string_view key) {
  const Value* found = service.find(key);
  return found ? found->text : std::string();
}

std::vector<std::string> list_of(const Value& service, std::string_view key) {
  std::vector<std::string> out;
  if (const Value* found = service.find(key))
    for (const Value& item : found->items) out.push_back(item.text);
  return out;
}

class Requester {
 public:
  Requester(const Project& project, Loader& loader, const manifest::Files& files)
      : project_(project), loader_(loader), files_(files) {
    for (const Note& note : loader.notes()) steps_[note.service].push_back(note.step);
  }
  ServiceRequest request(const Value& service);

 private:
  Loaded<bool> security_opt(const Value& option, container::Request& request);
  Loaded<bool> profile(const std::string& written, base::Span place, container::Request& request);
  void tell_base(const std::string& written, const std::string& path, base::Span place, container::Request& request);
  const Project& project_;
  Loader& loader_;
  const manifest::Files& files_;
  std::map<std::string, std::vector<Step>> steps_;
};

// Where a relative profile is looked for surprises whoever wrote it into a file that lies elsewhere.
void Requester::tell_base(const std::string& written, const std::string& path, base::Span place,
                          container::Request& request) {
  if (written.starts_with('/') || written.starts_with('~') || !place.file) return;
  const std::string source = manifest::join_path(files_.working_directory(), place.file->name());
  const std::string beside = manifest::join_path(directory_of(source), written);
  if (place.file->name() == "<stdin>" || beside == path) return;
  if (look_at(beside) == Found::file)
    request.steps.push_back({Step::Kind::hazard,
                             fmt::format("'{}' is taken from the project's directory, {}; the file of that name beside "
                                         "'{}' is not read",
                                         written, project_.directory, place.file->name()),
                             place, manifest::Topic::other_directory});
  else
    request.steps.push_back({Step::Kind::fact,
                             fmt::format("'{}' is looked for in the project's directory, {}, not beside '{}'", written,
                                         project_.directory, place.file->name()),
                             place});
}

Loaded<bool> Requester::profile(const std::string& written, base::Span place, container::Request& request) {
  if (written.empty()) return refuse("panic: runtime error: index out of range [0] with length 0", place);
  const std::string path = manifest::join_path(project_.directory, loader_.expand_user(written));
  tell_base(written, path, place, request);
  auto file = loader_.open(path);
  if (!file)
    return refuse(fmt::format("opening seccomp profile ({}) failed: {}", written, file.error().message), place);
  auto compact = manifest::go_compact((*file)->text());
  if (!compact)
    return refuse(fmt::format("compacting json for seccomp profile ({}) failed: {}", written, compact.error().message),
                  place);
  request.security_opt.push_back({"seccomp=" + *compact, place, *file, written});
  return true;
}

Loaded<bool> Requester::security_opt(const Value& option, container::Request& request) {
  const std::string& text = option.text;
  if (text == "systempaths=unconfined") {
    request.steps.push_back({Step::Kind::hazard,
                             "systempaths=unconfined: /proc and /sys lie open; it is not sent as a "
                             "security option",
                             option.place});
    return true;
  }
  std::size_t cut = text.find('=');
  if (cut == std::string::npos && text != "no-new-privileges") {
    cut = text.find(':');
    if (cut == std::string::npos) return refuse("invalid security-opt: " + manifest::go_quote(text), option.place);
  }
  const std::string key = text.substr(0, cut);
  const std::string value = cut == std::string::npos ? "" : text.substr(cut + 1);
  if (key == "seccomp" && value != "unconfined" && value != "builtin") return profile(value, option.place, request);
  request.security_opt.push_back({text, option.place, nullptr, {}});
  return true;
}

ServiceRequest Requester::request(const Value& service) {
  ServiceRequest out;
  container::Request& request = out.request;
  request.owner = "service " + service.key;
  request.image = text_of(service, "image");
  request.source = service.key_place;
  if (const auto told = steps_.find(service.key); told != steps_.end()) request.steps = told->second;
  const Value* privileged = service.find("privileged");
  request.privileged = privileged && privileged->is_true();
  request.cap_add = list_of(service, "cap_add");
  request.cap_drop = list_of(service, "cap_drop");
  request.runtime = text_of(service, "runtime");
  request.userns = text_of(service, "userns_mode");
  if (const Value* options = service.find("security_opt"))
    for (const Value& option : options->items)
      if (auto ok = security_opt(option, request); !ok) {
        out.refused = ok.error();
        break;
      }
  return out;
}

int scale_of(const Value& service) {
  const Value* deploy = service.find("deploy");
  const Value* count = service.find("scale");
  if (!count && deploy) count = deploy->find("replicas");
  int number = 1;
  if (count) std::from_chars(count->text.data(), count->text.data() + count->text.size(), number);
  return number;
}

// --scale SERVICE=NUM, over what the file says.
Loaded<std::map<std::string, int>> scales(const Project& project, const Options& options) {
  std::map<std::string, int> out;
  const Value* services = project.model.find("services");
  for (const std::string& option : options.scale) {
    const auto parts = base::split(option, '=');
    if (parts.size() != 2)
      return refuse(fmt::format("invalid --scale option {}. Should be SERVICE=NUM", manifest::go_quote(option)));
    int number = 0;
    const auto [end, error] = std::from_chars(parts[1].data(), parts[1].data() + parts[1].size(), number);
    if (parts[1].empty() || error != std::errc() || end != parts[1].data() + parts[1].size())
      return refuse(fmt::format("strconv.Atoi: parsing {}: invalid syntax", manifest::go_quote(parts[1])));
    const std::string name(parts[0]);
    if (!services || !services->find(name)) {
      const bool is_disabled = std::any_of(project.disabled.begin(), project.disabled.end(),
                                           [&name](const Project::Disabled& off) { return off.name == name; });
      return refuse(fmt::format("no such service: {}: {}", name, is_disabled ? "disabled" : "not found"));
    }
    out[name] = number;
  }
  return out;
}

Loaded<bool> check_container_names(const Value& services) {
  std::map<std::string, std::string> seen;
  for (const Value& service : services.items) {
    const std::string name = text_of(service, "container_name");
    if (name.empty()) continue;
    if (const auto [known, is_new] = seen.emplace(name, service.key); !is_new)
      // Compose prints an empty value where the other service's name was meant.
      return refuse(fmt::format("services.{}: container name {} is already in use by service {{}}\"", service.key,
                                manifest::go_quote(name)),
                    service.find("container_name")->place);
  }
  return true;
}

void change_capabilities(container::Request& request, const OneOff& one_off) {
  const auto move = [](const std::vector<std::string>& given, std::vector<std::string>& into,
                       std::vector<std::string>& out_of) {
    into.insert(into.end(), given.begin(), given.end());
    std::erase_if(out_of, [&given](const std::string& each) {
      return std::find(given.begin(), given.end(), each) != given.end();
    });
  };
  move(one_off.cap_add, request.cap_add, request.cap_drop);
  move(one_off.cap_drop, request.cap_drop, request.cap_add);
}

}  // namespace

Loaded<std::vector<ServiceRequest>> requests_of(const Project& project, Loader& loader, const Options& options,
                                                const OneOff* one_off) {
  std::vector<ServiceRequest> out;
  const Value* services = project.model.find("services");
  if (options.wants_services && (!services || services->items.empty())) return refuse("no service selected");
  if (!services) return out;
  auto wanted = scales(project, options);
  if (!wanted) return tl::unexpected(wanted.error());
  if (auto ok = check_container_names(*services); !ok) return tl::unexpected(ok.error());
  std::size_t bytes = 0;
  std::optional<ServiceRequest> last;
  const std::string separator = options.compatibility ? "_" : "-";
  Requester requester(project, loader, loader.files());
  for (const Value& service : services->items) {
    if (service.find("provider")) continue;
    const ServiceRequest request = requester.request(service);
    const std::string own_name = text_of(service, "container_name");
    if (one_off && one_off->service == service.key) {
      ServiceRequest single = request;
      single.request.name = !one_off->name.empty()
                                ? one_off->name
                                : fmt::format("{}{}{}{}run", project.name, separator, service.key, separator);
      change_capabilities(single.request, *one_off);
      last = std::move(single);  // what it needs comes first
      continue;
    }
    const auto scale = wanted->find(service.key);
    const int count = scale == wanted->end() ? scale_of(service) : scale->second;
    if (count > 1 && !own_name.empty())
      return refuse(fmt::format("WARNING: The {} service is using the custom container name {}. Docker requires each "
                                "container to have a unique name. Remove the custom name to scale the service",
                                manifest::go_quote(service.key), manifest::go_quote(own_name)),
                    service.find("container_name")->place);
    if (count > 0) {
      const auto more = static_cast<std::size_t>(count);
      for (const container::SecurityOpt& option : request.request.security_opt) bytes += option.text.size() * more;
      if (out.size() + more > kMaxContainers || bytes > kMaxProfileBytes)
        return refuse_limit(fmt::format("service '{}' has {} replicas; at most {} containers are told", service.key,
                                        count, kMaxContainers),
                            service.key_place);
    }
    for (int number = 1; number <= count; ++number) {
      out.push_back(request);
      out.back().request.name = own_name.empty()
                                    ? fmt::format("{}{}{}{}{}", project.name, separator, service.key, separator, number)
                                    : own_name;
    }
  }
  if (last) out.push_back(std::move(*last));
  return out;
}

}  // namespace callgate::compose
