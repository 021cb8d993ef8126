// Jobs and CronJobs. Source: pkg/apis/batch/validation, pkg/apis/batch/v1/defaults.go, pkg/registry/batch/job.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "kube/cron_schedule.h"
#include "kube/job_policies.h"
#include "kube/names.h"
#include "kube/selector.h"
#include "kube/struct_json.h"
#include "kube/validate.h"
#include "kube/validate_values.h"
#include "manifest/go_text.h"

namespace callgate::kube {

namespace {

using manifest::go_quote;
using text::Node;

// The object's uid. What is not stored yet has none: the server makes it up.
std::string uid_of(Node object) {
  const std::string_view own = string_field(field(object, "metadata"), "uid");
  return std::string(own.empty() ? "(uid)" : own);
}

// acme.io/controller.
void managed_by(const Value& found) {
  constexpr std::size_t kLongest = 63;
  constexpr std::string_view kOthers = "/-._~%!$&'()*+,;=:";
  if (!found) return;
  const std::string_view text = found.text();
  const auto slash = text.find('/');
  const std::string_view domain = text.substr(0, slash),
                         path = slash == std::string_view::npos ? std::string_view() : text.substr(slash + 1);
  if (text.empty()) {
    found.required();
  } else if (domain.empty() || path.empty()) {
    found.invalid("must be a domain-prefixed path (such as \"acme.io/foo\")");
  } else {
    for (const std::string_view fault : subdomain_faults(domain)) found.invalid_as(go_quote(domain), fault);
    const bool good = std::all_of(path.begin(), path.end(), [&](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             kOthers.find(c) != std::string_view::npos;
    });
    if (!good)
      found.invalid_as(go_quote(path),
                       "Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')");
  }
  if (text.size() > kLongest) found.too_long(kLongest);
}

void limit(const Value& found, std::int64_t most, std::string_view rest = "") {
  if (found && found.number() > most) found.invalid(fmt::format("must be less than or equal to {}{}", most, rest));
}

// Jobs whose Pods have numbers.
void indexed(const Value& spec, std::optional<std::int64_t> completions) {
  constexpr std::int64_t kMost = 100'000, kMany = 100'000, kMostOfMany = 10'000;
  constexpr std::string_view kOfMany = " when completions are above 100000 and used with backoff limit per index";
  const Value parallel = spec.at("parallelism"), failed = spec.at("maxFailedIndexes");
  if (!completions) spec.at("completions").required("when completion mode is Indexed");
  limit(parallel, kMost, " when completion mode is Indexed");
  if (completions && failed.number() > *completions) failed.invalid("must be less than or equal to completions");
  limit(failed, kMost);
  if (!completions || *completions <= kMany || !spec.has("backoffLimitPerIndex")) return;
  if (!failed) failed.required("must be specified when completions is above 100000");
  limit(parallel, kMostOfMany, kOfMany);
  limit(failed, kMostOfMany, kOfMany);
}

struct Job {
  Node object;
  const std::optional<Pod>& pod;
  std::string_view kind;
  Value spec;
  std::optional<std::int64_t> completions;  // as the server fills them in
  std::string uid = uid_of(object);
};

void counts(const Job& job) {
  const Value &spec = job.spec, failed = spec.at("maxFailedIndexes"), mode = spec.at("completionMode");
  for (const std::string_view name : {"parallelism", "completions", "activeDeadlineSeconds", "backoffLimit",
                                      "ttlSecondsAfterFinished", "backoffLimitPerIndex", "maxFailedIndexes"})
    spec.at(name).not_negative();
  if (failed && !spec.has("backoffLimitPerIndex"))
    spec.at("backoffLimitPerIndex").required("when maxFailedIndexes is specified");
  managed_by(spec.at("managedBy"));
  mode.one_set_of({"NonIndexed", "Indexed"});
  if (mode.text() == "Indexed") indexed(spec, job.completions);
  if (!mode || mode.text() == "NonIndexed")
    for (const std::string_view name : {"backoffLimitPerIndex", "maxFailedIndexes"})
      if (const Value found = spec.at(name)) found.invalid("requires indexed completion mode");
}

void restart_policy(const Job& job) {
  const Value policy = job.spec.at("template").at("spec").at("restartPolicy");
  if (policy.text().empty() || policy.text() == "Always")
    policy.required("valid values: \"OnFailure\", \"Never\"");
  else if (policy.text() != "OnFailure" && policy.text() != "Never")
    policy.not_supported({"OnFailure", "Never"});
  else if (job.spec.has("podFailurePolicy") && policy.text() != "Never")
    policy.invalid_as(json::text(policy.text()), "only \"Never\" is supported when podFailurePolicy is specified");
}

void job_spec(const Job& job) {
  counts(job);
  job_failure_policy(job.spec);
  job_success_policy(job.spec, job.completions);
  job_replacement_policy(job.spec);
  validate_template(job.object, job.pod, job.kind, job.spec.errors());
  restart_policy(job);
}

// What a Job's selector and its Pods' labels are after the server has added its own.
struct Generated {
  Labels labels;     // of the Pods
  Labels selection;  // the selector's matchLabels
};

constexpr std::array<std::string_view, 2> kUidLabels{"controller-uid", "batch.kubernetes.io/controller-uid"};
constexpr std::array<std::string_view, 2> kNameLabels{"job-name", "batch.kubernetes.io/job-name"};

Generated generate(const Job& job, const std::string& name) {
  Generated out{read_labels(job.spec.at("template").at("metadata").at("labels").node()),
                read_labels(job.spec.at("selector").at("matchLabels").node())};
  for (const std::string_view label : kNameLabels) out.labels.try_emplace(std::string(label), name);
  for (const std::string_view label : kUidLabels) out.labels.try_emplace(std::string(label), job.uid);
  out.selection.try_emplace(std::string(kUidLabels[1]), job.uid);
  return out;
}

std::string selector_json(const Job& job, const Labels& selection) {
  const std::string rest = json::label_selector(job.spec.at("selector").node());
  const auto rules = rest.find("\"matchExpressions\"");
  return fmt::format("{{\"matchLabels\":{}{}}}", labels_json(selection),
                     rules == std::string::npos ? "" : "," + rest.substr(rules, rest.size() - rules - 1));
}

bool selects(const Job& job, const Labels& selection, const Labels& labels) {
  const bool all = std::all_of(selection.begin(), selection.end(), [&](const auto& each) {
    const auto found = labels.find(each.first);
    return found != labels.end() && found->second == each.second;
  });
  // With its own labels taken as given, what is left are the rules.
  Labels both = labels;
  for (const auto& [key, value] : read_labels(job.spec.at("selector").at("matchLabels").node()))
    both.insert_or_assign(key, value);
  const Node selector = job.spec.at("selector").node();
  return all && (!selector || matches(selector, both));
}

void must_have(const Value& labels, std::string_view label, std::string_view wanted, const Generated& generated) {
  const auto found = generated.labels.find(label);
  if (found->second != wanted)
    labels.key(label).invalid_as(labels_json(generated.labels), fmt::format("must be '{}'", wanted));
}

void generated_selector(const Job& job, const std::string& name, const Generated& generated) {
  const Value labels = job.spec.at("template").at("metadata").at("labels");
  for (std::size_t i = 0; i < kUidLabels.size(); ++i) {
    must_have(labels, kUidLabels[i], job.uid, generated);
    must_have(labels, kNameLabels[i], name, generated);
  }
  Labels expected;
  for (std::size_t i = 0; i < kUidLabels.size(); ++i) {
    expected.emplace(kUidLabels[i], job.uid);
    expected.emplace(kNameLabels[i], name);
  }
  if (!selects(job, generated.selection, expected))
    job.spec.at("selector").invalid_as(selector_json(job, generated.selection), "`selector` not auto-generated");
}

void selector_of(const Job& job, const Labels& labels, bool manual, const Generated& generated) {
  const Value selector = job.spec.at("selector"), told = job.spec.at("template").at("metadata").at("labels");
  if (!selector && manual) selector.required();
  if (!check_selector(selector)) return;
  const bool fits = manual ? matches(selector.node(), labels) : selects(job, generated.selection, labels);
  if (!fits) told.invalid_as(labels_json(labels), "`selector` does not match template `labels`");
}

// A Pod's host is called after the Job and its number.
void host_names(const Job& job, const Value& name) {
  if (name.text().empty() || job.spec.text("completionMode") != "Indexed" || job.completions.value_or(0) <= 0) return;
  const std::string last = fmt::format("{}-{}", name.text(), *job.completions - 1);
  if (!label_faults(last).empty())
    name.invalid(fmt::format("will not able to create pod with invalid DNS label: {}", last));
}

void time_zone(const Value& found) {
  constexpr std::size_t kLongest = 14;
  constexpr std::string_view kOthers = ".-_+";
  if (!found) return;
  const std::string_view text = found.text();
  const auto refuse = [&](std::string_view why) { found.invalid_as(json::text(text), why); };
  if (text.empty()) return refuse("timeZone must be nil or non-empty string");
  for (const std::string_view part : base::split(text, '/')) {
    const bool good = !part.empty() && part.size() <= kLongest && part != "." && part != ".." && part.front() != '-' &&
                      std::all_of(part.begin(), part.end(), [&](char c) {
                        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                               kOthers.find(c) != std::string_view::npos;
                      });
    if (!good) return refuse(fmt::format("unknown time zone {}", text));
  }
  if (base::to_lower(std::string(text)) == "local")
    refuse("timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones");
  if (const auto fault = location_fault(text)) refuse(*fault);
}

void schedule(const Value& found) {
  if (found.text().empty()) return found.required();
  if (const auto fault = schedule_fault(found.text())) found.invalid(*fault);
  if (found.text().find("TZ") != std::string_view::npos)
    found.invalid("cannot use TZ or CRON_TZ in schedule, use timeZone field instead");
}

}  // namespace

void validate_job(Node object, const std::optional<Pod>& pod, FieldErrors& errors) {
  const Value whole(object, "", object.span(), errors), spec = whole.at("spec"), count = spec.at("completions"),
                                                        name = whole.at("metadata").at("name");
  const bool neither = !count && !spec.has("parallelism"), manual = bool_field(spec.node(), "manualSelector") == true;
  const Job job{object, pod, "Job", spec,
                count     ? std::optional(count.number())
                : neither ? std::optional<std::int64_t>(1)
                          : std::nullopt};
  const std::string own(name.text());
  const Generated generated = generate(job, own);
  if (!manual && !own.empty()) generated_selector(job, own, generated);
  job_spec(job);
  if (manual || !own.empty())
    selector_of(job, manual ? read_labels(spec.at("template").at("metadata").at("labels").node()) : generated.labels,
                manual, generated);
  host_names(job, name);
}

void validate_cron_job(Node object, const std::optional<Pod>& pod, FieldErrors& errors) {
  constexpr std::size_t kLongest = 52;  // its Jobs' names are longer by eleven
  const Value whole(object, "", object.span(), errors),
      spec = whole.at("spec"), own = spec.at("jobTemplate").at("spec"), count = own.at("completions"),
      name = whole.at("metadata").at("name");
  schedule(spec.at("schedule"));
  spec.at("startingDeadlineSeconds").not_negative();
  time_zone(spec.at("timeZone"));
  spec.at("concurrencyPolicy").one_of({"Allow", "Forbid", "Replace"});
  job_spec({object, pod, "CronJob", own, count ? std::optional(count.number()) : std::nullopt});
  if (const Value selector = own.at("selector"))
    selector.invalid_as(json::label_selector(selector.node()), "`selector` will be auto-generated");
  if (const Value manual = own.at("manualSelector"); truth(manual.node()) == true)
    errors.not_supported_struct(manual.path(), "true", {"nil", "false"}, manual.place());
  for (const std::string_view limit : {"successfulJobsHistoryLimit", "failedJobsHistoryLimit"})
    spec.at(limit).not_negative();
  if (name.text().size() > kLongest) name.invalid("must be no more than 52 characters");
}

}  // namespace callgate::kube
