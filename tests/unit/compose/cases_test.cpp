// Projects that docker compose 2.40 takes or refuses, by its sources: tests/cases/compose/*.yaml, a case a document:
//   id, files: {name: text}, args: [words before "create"] or command: [all words behind "docker compose"], cwd, env;
//   refused: Compose's words, or sent: {container: [security options]}; codes: [what callgate says besides];
//   steps: [parts of steps that must be told], absent: [services that are not created].
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "text/node.h"
#include "unit/compose/project_folder.h"

namespace callgate::compose {
namespace {

std::vector<std::string> texts(text::Node list) {
  std::vector<std::string> out;
  if (list)
    for (const text::Node item : list) out.emplace_back(item.text());
  return out;
}

std::string all_steps(const manifest::Answer& answer) {
  std::string out;
  for (const manifest::Container& container : answer.containers)
    for (const manifest::Step& step : container.steps) out += step.text + "\n";
  for (const manifest::Object& object : answer.objects)
    for (const manifest::Step& step : object.steps) out += object.name + ": " + step.text + "\n";
  return out;
}

void check_sent(text::Node sent, const ProjectFolder& folder, const manifest::Answer& answer) {
  std::vector<std::string> expected, got;
  for (const text::Node container : sent) {
    std::string line = std::string(container.key());
    for (const std::string& option : texts(container)) line += " " + option;
    expected.push_back(line);
  }
  for (const manifest::Container& container : answer.containers) {
    std::string line = container.name;
    for (const std::string& option : container.security_opt) line += " " + option;
    got.push_back(line);
  }
  EXPECT_EQ(got, expected) << folder.refusal(answer);
}

void check_case(text::Node test, const std::string& folder_name) {
  SCOPED_TRACE(test.find("id").text());
  ProjectFolder folder(folder_name);
  for (const text::Node file : test.find("files"))
    if (file.text() == "(directory)")
      std::filesystem::create_directories(folder.path() + "/" + std::string(file.key()));
    else
      folder.write(std::string(file.key()), std::string(file.text()));
  const text::Node cwd = test.find("cwd");
  const std::string directory = cwd ? std::string(cwd.text()) : ".";
  manifest::Answer answer;
  if (const text::Node command = test.find("command")) {
    std::vector<std::string> words{"docker", "compose"};
    for (const std::string& word : texts(command)) words.push_back(word);
    answer = folder.command(words, directory, texts(test.find("env")));
  } else {
    answer = folder.create(texts(test.find("args")), directory, texts(test.find("env")));
  }
  const text::Node refused = test.find("refused");
  EXPECT_EQ(folder.refusal(answer), refused ? std::string(refused.text()) : "");
  if (const text::Node sent = test.find("sent")) check_sent(sent, folder, answer);
  std::vector<std::string> codes;
  for (const base::Diagnostic& item : folder.diagnostics().items()) codes.push_back(base::diagnostic_code(item.number));
  EXPECT_EQ(codes, texts(test.find("codes"))) << base::render_text(folder.diagnostics(), false);
  const std::string steps = all_steps(answer);
  for (const std::string& part : texts(test.find("steps")))
    EXPECT_NE(folder.shown(steps).find(part), std::string::npos) << part << "\nis not in:\n" << steps;
}

TEST(ComposeCases, EveryCaseComesOutAsWritten) {
  int number = 0;
  for (const auto& entry : std::filesystem::directory_iterator(CALLGATE_SOURCE_DIR "/tests/cases/compose")) {
    const auto text = base::read_file(entry.path().string());
    ASSERT_TRUE(text);
    const base::SourceFile file(entry.path().filename().string(), *text);
    base::Diagnostics diagnostics;
    const auto cases = text::read_yaml(file, diagnostics);
    ASSERT_TRUE(cases) << base::render_text(diagnostics, false);
    for (const text::Document& test : *cases) check_case(test.root(), "case-" + std::to_string(number++));
  }
  EXPECT_GT(number, 60);
}

}  // namespace
}  // namespace callgate::compose
