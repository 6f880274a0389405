#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "text/jinja/value.h"

namespace kerf::text::jinja {

struct Expression;
using ExpressionPtr = std::unique_ptr<const Expression>;

struct CallArguments {
  std::vector<ExpressionPtr> positional;
  std::vector<std::pair<std::string, ExpressionPtr>> named;
};

/// `parts` are the operands, in the order of the source.
struct Expression {
  enum class Kind {
    kLiteral,
    kName,
    kList,
    kTuple,
    kDict,       ///< key, value, key, value
    kAttribute,  ///< of parts[0]: `name`
    kItem,       ///< parts[0][parts[1]]
    kSlice,      ///< parts[0][parts[1]:parts[2]:parts[3]], each but the first may be null
    kCall,       ///< parts[0](arguments)
    kFilter,     ///< parts[0] | name(arguments); within {% filter %} parts[0] is null
    kTest,       ///< parts[0] is name(arguments)
    kUnary,      ///< `name`: "-", "+", "not"
    kBinary,     ///< `name`: "+", "-", "*", "/", "//", "%", "**", "and", "or"
    kConcat,     ///< parts joined as text
    kCompare,    ///< parts[0] operators[0] parts[1] operators[1] ...
    kCondition,  ///< parts[1] ? parts[0] : parts[2], which may be null
  };
  Kind kind = Kind::kLiteral;
  int line = 1;
  std::string name{};
  Value value{};
  std::vector<ExpressionPtr> parts{};
  CallArguments arguments{};
  std::vector<std::string> operators{};
  int height = 1;  ///< of the tree
};

struct Statement;
using Body = std::vector<std::unique_ptr<const Statement>>;

/// What `set` and `for` assign to: names, an attribute of a namespace ("ns.x"), or several.
struct Target {
  std::string name;
  std::string attribute{};
  std::vector<Target> several{};
};

struct Parameter {
  std::string name;
  ExpressionPtr initial;  ///< may be null
};

struct Statement {
  enum class Kind {
    kData,       ///< `name` is the text
    kPrint,      ///< `value`
    kIf,         ///< value, body, otherwise
    kFor,        ///< target in value if condition: body, otherwise
    kSet,        ///< target = value
    kSetBlock,   ///< target = what body prints, through the filter `value` if there is one
    kMacro,      ///< name(parameters): body
    kCallBlock,  ///< value is the call, body its caller(parameters)
    kFilterBlock,
    kWith,   ///< assignments, body
    kScope,  ///< body with variables of its own: {% generation %}
    kBreak,
    kContinue,
  };
  Kind kind = Kind::kData;
  int line = 1;
  std::string name{};
  ExpressionPtr value{}, condition{};
  Target target{};
  Body body{}, otherwise{};
  std::vector<Parameter> parameters{};
  std::vector<std::pair<Target, ExpressionPtr>> assignments{};
  bool recursive = false;
};

}  // namespace kerf::text::jinja
