// What stands in the texts.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/text.h"
#include "scan/config.h"
#include "text/node.h"

namespace callgate::scan {

namespace {

constexpr std::string_view kBlank = " \t\r\f\v";

void settle(std::vector<std::string>& libraries) {
  std::sort(libraries.begin(), libraries.end());
  libraries.erase(std::unique(libraries.begin(), libraries.end()), libraries.end());
}

// Up to the next blank, which is taken off, too.
std::string_view word(std::string_view& rest) {
  rest.remove_prefix(std::min(rest.find_first_not_of(kBlank), rest.size()));
  const std::string_view out = rest.substr(0, rest.find_first_of(kBlank));
  rest.remove_prefix(out.size());
  return out;
}

// Lines that end in a backslash go on.
struct Lines {
  std::string_view rest;
  bool continued = false;
  std::size_t next = 1;
  std::size_t number = 0;  // of the line's beginning

  bool take(std::string& line) {
    line.clear();
    if (rest.empty()) return false;
    number = next;
    for (bool more = true; more;) {
      const auto end = std::min(rest.find('\n'), rest.size());
      line += rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      ++next;
      more = continued && line.ends_with('\\') && !rest.empty();
      if (more) line.back() = ' ';
    }
    return true;
  }
};

bool is_action(std::string_view text) {
  constexpr std::array<std::string_view, 4> kStatuses{"success", "notfound", "unavail", "tryagain"};
  constexpr std::array<std::string_view, 3> kActions{"return", "continue", "merge"};
  if (text.starts_with('!')) text.remove_prefix(1);
  const auto equals = text.find('=');
  const auto is_one_of = [](std::string_view what, const auto& all) {
    return std::any_of(all.begin(), all.end(), [&](std::string_view a) { return base::equals_ignore_case(a, what); });
  };
  return equals != std::string_view::npos && is_one_of(base::trim(text.substr(0, equals)), kStatuses) &&
         is_one_of(base::trim(text.substr(equals + 1)), kActions);
}

// "files [!UNAVAIL=return] dns" → files, dns. Empty text: all is well.
std::string services(std::string_view list, std::vector<std::string>& out) {
  while (true) {
    list = list.substr(std::min(list.find_first_not_of(kBlank), list.size()));
    if (list.empty()) return "";
    if (list.front() != '[') {
      const std::string_view name = list.substr(0, list.find_first_of(" \t\r\f\v["));
      if (name.find_first_of("/]=%") != std::string_view::npos)
        return fmt::format("'{}' names no service", base::printable(name));
      out.emplace_back(name);
      list.remove_prefix(name.size());
      continue;
    }
    const auto end = list.find(']');
    if (end == std::string_view::npos) return "a bracket is not closed";
    for (std::string_view actions = list.substr(1, end - 1);;) {
      const std::string_view one = word(actions);
      if (one.empty()) break;
      if (!is_action(one)) return fmt::format("'{}' is no action", base::printable(one));
    }
    list.remove_prefix(end + 1);
  }
}

// Without a type of PAM before it: the control, a bracket and all.
std::string_view control(std::string_view& rest) {
  rest.remove_prefix(std::min(rest.find_first_not_of(kBlank), rest.size()));
  if (!rest.starts_with('[')) return word(rest);
  const auto end = rest.find(']');
  if (end == std::string_view::npos) return {};
  const std::string_view out = rest.substr(0, end + 1);
  rest.remove_prefix(end + 1);
  return out;
}

bool is_type(std::string_view text) {
  constexpr std::array<std::string_view, 4> kTypes{"auth", "account", "password", "session"};
  if (text.starts_with('-')) text.remove_prefix(1);
  return std::any_of(kTypes.begin(), kTypes.end(), [&](auto t) { return base::equals_ignore_case(t, text); });
}

}  // namespace

Named name_services(const std::string& path, std::string_view text) {
  Named out;
  Lines lines{text};
  for (std::string line; lines.take(line);) {
    std::string_view rest = std::string_view(line).substr(0, line.find('#'));
    if (base::trim(rest).empty()) continue;
    const auto problem = [&](std::string why) {
      out.problems.push_back({fmt::format("{}:{}", path, lines.number), std::move(why)});
    };
    const auto colon = rest.find(':');
    if (colon == std::string_view::npos) {
      problem("a colon is missing");
      continue;
    }
    std::vector<std::string> names;
    if (std::string why = services(rest.substr(colon + 1), names); !why.empty()) problem(std::move(why));
    for (const std::string& each : names) out.libraries.push_back(fmt::format("libnss_{}.so.2", each));
    // What it asks in turn if nothing else is configured.
    if (std::find(names.begin(), names.end(), "compat") != names.end()) out.libraries.emplace_back("libnss_nis.so.2");
  }
  settle(out.libraries);
  return out;
}

Named gconv_modules(const std::string& path, std::string_view text, const std::string& directory) {
  Named out;
  Lines lines{text};
  for (std::string line; lines.take(line);) {
    std::string_view rest = std::string_view(line).substr(0, line.find('#'));
    const std::string_view kind = word(rest);
    if (kind.empty()) continue;
    word(rest);  // from
    const std::string_view to = word(rest), file = word(rest);
    if (kind == "alias" && !to.empty()) continue;
    if (kind != "module" || file.empty()) {
      out.problems.push_back({fmt::format("{}:{}", path, lines.number),
                              fmt::format("'{}' is no module and no alias", base::printable(base::trim(line)))});
      continue;
    }
    std::string name(file);
    if (!name.ends_with(".so")) name += ".so";
    out.libraries.push_back(name.starts_with('/') ? name : fmt::format("{}/{}", directory, name));
  }
  settle(out.libraries);
  return out;
}

// glibc's iconv/iconvconfig.h: a magic number; the places, of 16 bits, of texts, hash table, its size, modules and
// others; the texts; … ; modules {name, directory and file from, directory and file to, other}; others.
Named gconv_cache(const std::string& path, std::string_view bytes) {
  constexpr std::uint32_t kMagic = 0x20010324;
  constexpr std::size_t kHeader = 14, kModule = 12;
  Named out;
  const auto at = [&](std::size_t place) {
    std::uint16_t value = 0;
    if (place + 2 <= bytes.size()) std::memcpy(&value, bytes.data() + place, 2);
    return std::size_t{value};
  };
  std::uint32_t magic = 0;
  if (bytes.size() >= kHeader) std::memcpy(&magic, bytes.data(), 4);
  const std::size_t texts = at(4), end_of_texts = at(6), modules = at(10), others = at(12);
  if (magic != kMagic || texts > end_of_texts || end_of_texts > modules || modules > others || others > bytes.size()) {
    out.problems.push_back({path, "it is no cache of gconv-modules that this version knows"});
    return out;
  }
  const auto text = [&](std::size_t offset) {
    const std::string_view all = bytes.substr(texts, end_of_texts - texts);
    return offset < all.size() ? all.substr(offset, all.find('\0', offset) - offset) : std::string_view();
  };
  const auto take = [&](std::size_t place) {
    const std::string_view directory = text(at(place)), file = text(at(place + 2));
    if (directory.starts_with('/') && file.ends_with(".so"))
      out.libraries.push_back(fmt::format("{}{}{}", directory, directory.ends_with('/') ? "" : "/", file));
    else if (file.ends_with(".so"))
      out.problems.push_back({path, fmt::format("where '{}' is, is not said", base::printable(file))});
  };
  for (std::size_t m = modules; m + kModule <= others; m += kModule) take(m + 2), take(m + 6);
  // Groups {count, then as many of {name, directory, file}}: anything in there that looks like the last two is taken.
  for (std::size_t place = others; place + 4 <= bytes.size(); place += 2)
    if (text(at(place)).starts_with('/')) take(place);
  settle(out.libraries);
  return out;
}

Named pam_modules(const std::string& path, std::string_view text, bool with_service, const std::string& directory,
                  std::vector<std::string>& included) {
  Named out;
  Lines lines{text, true};
  for (std::string line; lines.take(line);) {
    std::string_view rest = std::string_view(line).substr(0, line.find('#'));
    if (base::trim(rest).empty()) continue;
    const auto problem = [&](std::string why) {
      out.problems.push_back({fmt::format("{}:{}", path, lines.number), std::move(why)});
    };
    if (with_service) word(rest);
    const std::string_view type = word(rest);
    if (type == "@include") {
      included.emplace_back(word(rest));
      continue;
    }
    if (!is_type(type)) {
      problem(fmt::format("'{}' is none of auth, account, password, session", base::printable(type)));
      continue;
    }
    const std::string_view how = control(rest), module = word(rest);
    if (how.empty() || module.empty())
      problem("a module is missing");
    else if (base::equals_ignore_case(how, "include") || base::equals_ignore_case(how, "substack"))
      included.emplace_back(module);
    else if (module.find('$') != std::string_view::npos)
      problem(fmt::format("where '{}' is, depends on the library", base::printable(module)));
    else
      out.libraries.push_back(module.starts_with('/') ? std::string(module) : fmt::format("{}/{}", directory, module));
  }
  settle(out.libraries);
  return out;
}

Named noted_libraries(const Module& module) {
  Named out;
  for (const std::string_view each : module.file.dlopen_notes) {
    const base::SourceFile source(module.path, std::string(each));
    base::Diagnostics diagnostics;
    const auto document = text::read_json(source, diagnostics);
    const auto problem = [&](std::string why) { out.problems.push_back({module.path, std::move(why)}); };
    if (!document || !document->root().is_array()) {
      problem(fmt::format(".note.dlopen is no JSON array{}{}", diagnostics.items().empty() ? "" : ": ",
                          diagnostics.items().empty() ? "" : diagnostics.items().front().message));
      continue;
    }
    for (const text::Node entry : document->root()) {
      const text::Node names = entry.is_object() ? entry.find("soname") : text::Node();
      if (!names || !names.is_array() || names.size() == 0) {
        problem("an entry of .note.dlopen has no soname");
        continue;
      }
      for (const text::Node name : names)
        if (name.is_string() && !name.text().empty())
          out.libraries.emplace_back(name.text());
        else
          problem("a soname in .note.dlopen is no text");
    }
  }
  settle(out.libraries);
  return out;
}

}  // namespace callgate::scan
