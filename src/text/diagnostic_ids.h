// What can be wrong with JSON (CG01xx), YAML (CG02xx) and TOML (CG03xx) as such, whatever the file is about.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/diagnostic.h"

namespace callgate::text {

// The file holds nothing but white space.
inline constexpr base::DiagnosticId kJsonEmpty{101, base::Severity::error, "empty JSON file"};
// Something stands where JSON's grammar allows it not.
inline constexpr base::DiagnosticId kJsonUnexpected{102, base::Severity::error, "unexpected token in JSON"};
// A comma stands before a closing bracket, or two commas follow each other.
inline constexpr base::DiagnosticId kJsonExtraComma{103, base::Severity::error, "extra comma in JSON"};
// JSON has no comments, neither // nor /* */ nor #.
inline constexpr base::DiagnosticId kJsonComment{104, base::Severity::error, "comment in JSON"};
// Strings and keys are written with double quotes.
inline constexpr base::DiagnosticId kJsonSingleQuotes{105, base::Severity::error, "single quotes in JSON"};
// Keys are strings and need double quotes.
inline constexpr base::DiagnosticId kJsonUnquotedKey{106, base::Severity::error, "unquoted key in JSON"};
// Two values or members follow each other with nothing between them.
inline constexpr base::DiagnosticId kJsonMissingComma{107, base::Severity::error, "missing comma in JSON"};
// A key and its value are parted by a colon.
inline constexpr base::DiagnosticId kJsonMissingColon{108, base::Severity::error, "missing colon in JSON"};
// The file ends before every object and array is closed; often it was cut off.
inline constexpr base::DiagnosticId kJsonUnclosed{109, base::Severity::error, "unclosed bracket in JSON"};
// A string has no closing quote on its line.
inline constexpr base::DiagnosticId kJsonUnclosedString{110, base::Severity::error, "unclosed string in JSON"};
// Characters below U+0020 must be escaped in strings.
inline constexpr base::DiagnosticId kJsonControl{111, base::Severity::error, "control character in JSON string"};
// A backslash starts no known escape, or \u names half a surrogate pair.
inline constexpr base::DiagnosticId kJsonEscape{112, base::Severity::error, "invalid escape in JSON string"};
// A number has a leading zero or plus, lacks digits, or is not decimal.
inline constexpr base::DiagnosticId kJsonNumber{113, base::Severity::error, "invalid number in JSON"};
// A bare word that is not true, false or null.
inline constexpr base::DiagnosticId kJsonWord{114, base::Severity::error, "unknown word in JSON"};
// JSON files are UTF-8.
inline constexpr base::DiagnosticId kJsonUtf8{115, base::Severity::error, "invalid UTF-8 in JSON"};
// The file begins with a byte order mark, which engines refuse.
inline constexpr base::DiagnosticId kJsonBom{116, base::Severity::error, "byte order mark in JSON"};
// A JSON file holds one value; something follows it.
inline constexpr base::DiagnosticId kJsonTrailing{117, base::Severity::error, "content after the JSON value"};
// An object is closed with ] or an array with }.
inline constexpr base::DiagnosticId kJsonMismatch{118, base::Severity::error, "mismatched bracket in JSON"};
// Objects and arrays lie inside each other more deeply than the limit.
inline constexpr base::DiagnosticId kJsonDepth{119, base::Severity::error, "JSON nested too deeply"};
// The file holds more values than the limit.
inline constexpr base::DiagnosticId kJsonNodes{120, base::Severity::error, "too many JSON values"};
// The file is larger than the limit.
inline constexpr base::DiagnosticId kJsonSize{121, base::Severity::error, "JSON file too large"};
// A key occurs twice in one object; engines take the last one without a word.
inline constexpr base::DiagnosticId kJsonDuplicateKey{122, base::Severity::warning, "duplicate key in JSON"};

// The file is not YAML; often indentation, a tab, or a quote or bracket that is not closed.
inline constexpr base::DiagnosticId kYamlSyntax{201, base::Severity::error, "YAML syntax error"};
// YAML files are UTF-8 and hold no control characters.
inline constexpr base::DiagnosticId kYamlCharacter{202, base::Severity::error, "invalid character in YAML"};
// A key occurs twice in one mapping.
inline constexpr base::DiagnosticId kYamlDuplicateKey{203, base::Severity::error, "duplicate key in YAML"};
// A mapping's key is itself a mapping or a list.
inline constexpr base::DiagnosticId kYamlKey{204, base::Severity::error, "YAML key is not a scalar"};
// *name stands before any &name.
inline constexpr base::DiagnosticId kYamlUnknownAlias{205, base::Severity::error, "unknown YAML alias"};
// *name stands inside the value that &name marks.
inline constexpr base::DiagnosticId kYamlLoop{206, base::Severity::error, "YAML alias inside its own anchor"};
// Aliases multiply the file beyond the limit ("billion laughs").
inline constexpr base::DiagnosticId kYamlExpansion{207, base::Severity::error, "YAML aliases expand too far"};
// Mappings and lists lie inside each other more deeply than the limit.
inline constexpr base::DiagnosticId kYamlDepth{208, base::Severity::error, "YAML nested too deeply"};
// The file holds more values than the limit.
inline constexpr base::DiagnosticId kYamlNodes{209, base::Severity::error, "too many YAML values"};
// The file is larger than the limit.
inline constexpr base::DiagnosticId kYamlSize{210, base::Severity::error, "YAML file too large"};
// A value cannot be what its tag says, for instance !!int many.
inline constexpr base::DiagnosticId kYamlTag{211, base::Severity::error, "value does not fit its YAML tag"};

// The file is not TOML.
inline constexpr base::DiagnosticId kTomlSyntax{301, base::Severity::error, "TOML syntax error"};
// The file is larger than the limit.
inline constexpr base::DiagnosticId kTomlSize{302, base::Severity::error, "TOML file too large"};
// A dotted key has more parts than the limit.
inline constexpr base::DiagnosticId kTomlDepth{303, base::Severity::error, "TOML nested too deeply"};

}  // namespace callgate::text
