// "extends": a service that begins as a copy of another, of this file or of one elsewhere (loader/extends.go).
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "compose/diagnostic_ids.h"
#include "compose/loader.h"
#include "compose/merge.h"
#include "compose/paths.h"
#include "manifest/go_text.h"

namespace callgate::compose {
namespace {

constexpr std::size_t kMaxChain = 100;  // services that extend each other in a row

// Takes what the extending file's !reset and !override name out of the base.
void drop_from_base(Value& base, const std::string& name, const std::vector<std::vector<std::string>>& resets) {
  for (const std::vector<std::string>& reset : resets) {
    if (reset.size() < 3 || reset[0] != "services" || reset[1] != name) continue;
    Value* holder = &base;
    for (std::size_t i = 2; holder && i + 1 < reset.size(); ++i) holder = holder->find(reset[i]);
    if (holder) holder->erase(reset.back());
  }
}

}  // namespace

Loaded<bool> Loader::apply_extends(Value& model, const Context& context, const Resets& resets) {
  Value* services = model.find("services");
  if (!services) return true;
  if (!services->is_map()) return refuse("services must be a mapping", services->place);
  for (std::size_t i = 0; i < services->items.size(); ++i) {
    const std::string name = services->items[i].key;
    const base::Span key_place = services->items[i].key_place;
    auto merged = extended(name, *services, context, {}, resets);
    if (!merged) return tl::unexpected(merged.error());
    Value& service = services->items[i];
    service = std::move(*merged);
    service.key = name;
    service.key_place = key_place;
  }
  return true;
}

Loaded<Value> Loader::base_services(const std::string& name, const std::string& reference, const std::string& file,
                                    const std::string& message_file, const Context& context, Resets& resets,
                                    Context& base_context) {
  const std::string path = manifest::join_path(context.extends_base, file);
  base_context = context;
  base_context.is_base = true;
  auto model = load_file({path, nullptr}, base_context, make_map(), &resets, {});
  if (!model) return model;
  base_context.is_base = false;
  const Value* services = model->find("services");
  if (!services)
    return refuse(fmt::format("cannot extend service {} in {}: no services section", manifest::go_quote(name), path));
  if (!services->is_map())
    return refuse(
        fmt::format("cannot extend service {} in {}: services must be a mapping", manifest::go_quote(name), path));
  if (!services->find(reference))
    return refuse(fmt::format("cannot extend service {} in {}: service {} not found in {}", manifest::go_quote(name),
                              message_file, manifest::go_quote(reference), file));
  // Paths of that file start from where it lies; what it extends in turn is then named from here.
  const auto expand = [this](const std::string& text) { return expand_user(text); };
  if (auto ok = resolve_paths(*model, directory_of(file), expand); !ok) return tl::unexpected(ok.error());
  return std::move(*model->find("services"));
}

Loaded<Value> Loader::extended(const std::string& name, Value& services, const Context& context,
                               const std::vector<Origin>& chain, const Resets& resets) {
  const Value* known = services.find(name);
  if (!known || known->kind == Kind::null) return known ? *known : Value{};
  if (!known->is_map()) return refuse(fmt::format("services.{} must be a mapping", name), known->place);
  const Value* extends = known->find("extends");
  if (!extends) return *known;
  Value service = *known;
  const Value* reference_value = extends->is_map() ? extends->find("service") : extends;
  if (extends->is_map() && (!reference_value || !reference_value->is_string()))
    return refuse(fmt::format("extends.{}.service is required", name), extends->place);
  const std::string reference = reference_value->is_string() ? reference_value->text : "";
  const base::Span place = extends->place;
  const Value* file_value = extends->find("file");
  const std::string file = file_value ? file_value->text : "";
  const bool elsewhere = file_value && file_value->kind != Kind::null;
  if (elsewhere && !file_value->is_string())
    return refuse(fmt::format("services.{}.extends.file must be a string", name), file_value->place);
  if (elsewhere && is_remote_file(file)) {
    diagnostics_.add(kRemoteFile, file_value->place, fmt::format("'{}' would be downloaded", file),
                     "fetch it and name the copy");
    return tl::unexpected(Refusal{fmt::format("cannot read {}", file), file_value->place, true});
  }
  Value others;
  Resets base_resets;
  Context base_context = context;
  Value* where = &services;
  if (elsewhere) {
    auto found = base_services(name, reference, file, context.file, context, base_resets, base_context);
    if (!found) {
      Refusal refusal = found.error();
      if (!refusal.place.file) refusal.place = place;
      return tl::unexpected(std::move(refusal));
    }
    others = std::move(*found);
    where = &others;
  } else if (!services.find(reference)) {
    return refuse(fmt::format("cannot extend service {} in {}: service {} not found", manifest::go_quote(name),
                              context.file, manifest::go_quote(reference)),
                  place);
  }
  const Origin origin{elsewhere ? file : context.file, name};
  if (std::find(chain.begin(), chain.end(), origin) != chain.end()) {
    std::string message = fmt::format("Circular reference:\n  {} in {}", chain.front().service, chain.front().file);
    for (std::size_t i = 1; i < chain.size(); ++i)
      message += fmt::format("\n  extends {} in {}", chain[i].service, chain[i].file);
    message += fmt::format("\n  extends {} in {}", origin.service, origin.file);
    return refuse(std::move(message), place);
  }
  std::vector<Origin> longer = chain;
  longer.push_back(origin);
  if (longer.size() > kMaxChain)
    return tl::unexpected(Refusal{fmt::format("more than {} services extend each other", kMaxChain), place, true});
  auto base = extended(reference, *where, base_context, longer, base_resets);
  if (!base || base->kind == Kind::null) return base ? Loaded<Value>(std::move(service)) : base;
  if (auto ok = charge_values(*base, place); !ok) return tl::unexpected(ok.error());
  drop_from_base(*base, name, resets);
  if (chain.empty()) {
    notes_.push_back({name,
                      {manifest::Step::Kind::fact,
                       elsewhere ? fmt::format("extends service '{}' of '{}'", reference, file)
                                 : fmt::format("extends service '{}'", reference),
                       place}});
    if (base->find("security_opt") && service.find("security_opt"))
      notes_.push_back(
          {name,
           {manifest::Step::Kind::fact,
            "security_opt is appended to that of the service it extends: the engine takes the last seccomp "
            "entry",
            service.find("security_opt")->key_place}});
  }
  auto merged = merge_services(std::move(*base), std::move(service));
  if (!merged) return merged;
  merged->erase("extends");
  merged->key = name;
  if (Value* own = services.find(name)) {
    merged->key_place = own->key_place;
    *own = *merged;
  }
  return merged;
}

}  // namespace callgate::compose
